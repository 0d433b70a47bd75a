"""Rows of `encryption_key`, `key_material`, `key_alias` and `key_tag`."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, delete, func, insert, select, text, update

from entrepot.db.database import Reader, Row, Transaction, number_of
from entrepot.db.key_records import Alias, Key, Material
from entrepot.db.key_schema import encryption_key, key_alias, key_grant, key_material, key_tag
from entrepot.db.resource_tags import Tags
from entrepot.spec.moments import micros, micros_or_none, moment, moment_or_none

_ID = encryption_key.c.id == bindparam("of")
_PLACE = (encryption_key.c.account_id == bindparam("account"), encryption_key.c.region == bindparam("place"))
_FIND = select(encryption_key).where(_ID)
_LOCK = select(encryption_key).where(_ID).with_for_update()
_LIST = (
    select(encryption_key)
    .where(*_PLACE, encryption_key.c.id > bindparam("after"))
    .order_by(encryption_key.c.id)
    .limit(bindparam("most"))
)
_COUNT = select(func.count()).select_from(encryption_key).where(*_PLACE, encryption_key.c.manager == "CUSTOMER")
_DUE_TO_DIE = (
    select(encryption_key)
    .where(encryption_key.c.deletes_at <= bindparam("at"))
    .order_by(encryption_key.c.deletes_at, encryption_key.c.id)
    .limit(bindparam("most"))
)
_DUE_TO_ROTATE = (
    select(encryption_key)
    .where(encryption_key.c.rotates_at <= bindparam("at"), encryption_key.c.state == "Enabled")
    .order_by(encryption_key.c.rotates_at, encryption_key.c.id)
    .limit(bindparam("most"))
)
_INSERT = insert(encryption_key)
_CHANGE = (
    update(encryption_key)
    .where(_ID)
    .values(
        description=bindparam("new_description"),
        state=bindparam("new_state"),
        policy=bindparam("new_policy"),
        rotation_days=bindparam("new_days"),
        rotates_at=bindparam("new_rotates"),
        deletes_at=bindparam("new_deletes"),
    )
)
_OF_KEY = key_material.c.key_id == bindparam("of")
_MATERIALS = select(key_material).where(_OF_KEY).order_by(key_material.c.ordinal)
_NEWEST = select(key_material).where(_OF_KEY).order_by(key_material.c.ordinal.desc()).limit(1)
_MATERIAL = select(key_material).where(_OF_KEY, key_material.c.id == bindparam("named"))
_ADD_MATERIAL = insert(key_material)
_REMOVE = [delete(table).where(table.c.key_id == bindparam("of")) for table in (key_material, key_alias, key_grant)] + [
    delete(key_tag).where(key_tag.c.key_id == bindparam("of")),
    delete(encryption_key).where(_ID),
]
_ALIAS_PLACE = (key_alias.c.account_id == bindparam("account"), key_alias.c.region == bindparam("place"))
_ALIAS = select(key_alias).where(*_ALIAS_PLACE, key_alias.c.name == bindparam("named"))
_ALIASES = (
    select(key_alias)
    .where(*_ALIAS_PLACE, key_alias.c.name > bindparam("after"))
    .order_by(key_alias.c.name)
    .limit(bindparam("most"))
)
_ALIASES_OF = (
    select(key_alias)
    .where(key_alias.c.key_id == bindparam("of"), key_alias.c.name > bindparam("after"))
    .order_by(key_alias.c.name)
    .limit(bindparam("most"))
)
_ADD_ALIAS = insert(key_alias)
_POINT = (
    update(key_alias)
    .where(*_ALIAS_PLACE, key_alias.c.name == bindparam("named"))
    .values(key_id=bindparam("target"), updated_at=bindparam("at"))
)
_REMOVE_ALIAS = delete(key_alias).where(*_ALIAS_PLACE, key_alias.c.name == bindparam("named"))

_TAGS = Tags(
    key_tag,
    "key_id",
    text(
        "INSERT INTO key_tag (key_id, key, value) VALUES (:of, :key, :value) "
        "ON CONFLICT (key_id, key) DO UPDATE SET value = excluded.value"
    ),
)
tags, put_tags, remove_tag = _TAGS.list_of, _TAGS.put_all, _TAGS.remove


def find(tx: Reader, key_id: str) -> Key | None:
    """The key of an id, wherever it is."""
    row = tx.one(_FIND, of=key_id)
    return None if row is None else _key(row)


def lock(tx: Transaction, key_id: str) -> Key | None:
    """`find`, held for a change."""
    row = tx.one(_LOCK, of=key_id)
    return None if row is None else _key(row)


def list_of(tx: Reader, account: str, region: str, after: str, most: int) -> Sequence[Key]:
    """Keys of a place whose ids come after one, in their order."""
    return [_key(row) for row in tx.all(_LIST, account=account, place=region, after=after, most=most)]


def count(tx: Reader, account: str, region: str) -> int:
    """How many keys of its own an account has in a region."""
    return number_of(tx, _COUNT, account=account, place=region)


def dying(tx: Reader, at: datetime, most: int) -> Sequence[Key]:
    """Keys whose waiting period has ended, the earliest first."""
    return [_key(row) for row in tx.all(_DUE_TO_DIE, at=micros(at), most=most)]


def rotating(tx: Reader, at: datetime, most: int) -> Sequence[Key]:
    """Keys that are due for new material, the earliest first."""
    return [_key(row) for row in tx.all(_DUE_TO_ROTATE, at=micros(at), most=most)]


def add(tx: Transaction, new: Key) -> None:
    """A new key."""
    tx.run(
        _INSERT,
        id=new.id,
        account_id=new.account,
        region=new.region,
        manager=new.manager,
        spec=new.spec,
        usage=new.usage,
        description=new.description,
        state=new.state,
        policy=new.policy,
        rotation_days=new.rotation_days,
        rotates_at=micros_or_none(new.rotates_at),
        created_at=micros(new.created_at),
        deletes_at=micros_or_none(new.deletes_at),
        grants=0,
    )


def change(tx: Transaction, changed: Key) -> None:
    """Store what can change of a key."""
    tx.run(
        _CHANGE,
        of=changed.id,
        new_description=changed.description,
        new_state=changed.state,
        new_policy=changed.policy,
        new_days=changed.rotation_days,
        new_rotates=micros_or_none(changed.rotates_at),
        new_deletes=micros_or_none(changed.deletes_at),
    )


def remove(tx: Transaction, key_id: str) -> None:
    """Destroy a key with its material, and all that names it."""
    for statement in _REMOVE:
        tx.run(statement, of=key_id)


def materials(tx: Reader, key_id: str) -> Sequence[Material]:
    """All material of a key, the first one first."""
    return [_material(row) for row in tx.all(_MATERIALS, of=key_id)]


def newest(tx: Reader, key_id: str) -> Material:
    """What a key encrypts or signs with now: every key has some."""
    return _material(tx.one(_NEWEST, of=key_id))


def material(tx: Reader, key_id: str, material_id: str) -> Material | None:
    """A key's material of an id."""
    row = tx.one(_MATERIAL, of=key_id, named=material_id)
    return None if row is None else _material(row)


def add_material(tx: Transaction, new: Material) -> None:
    """What a key encrypts or signs with from now on."""
    tx.run(
        _ADD_MATERIAL,
        key_id=new.key_id,
        id=new.id,
        ordinal=new.ordinal,
        made_by=new.made_by,
        created_at=micros(new.created_at),
        sealed=new.sealed,
        public=new.public,
    )


def alias(tx: Reader, account: str, region: str, name: str) -> Alias | None:
    """The alias of a name."""
    row = tx.one(_ALIAS, account=account, place=region, named=name)
    return None if row is None else _alias(row)


def aliases(tx: Reader, account: str, region: str, after: str, most: int) -> Sequence[Alias]:
    """Aliases of a place whose names come after one, in their order."""
    return [_alias(row) for row in tx.all(_ALIASES, account=account, place=region, after=after, most=most)]


def aliases_of(tx: Reader, key_id: str, after: str = "", most: int = 1000) -> Sequence[Alias]:
    """Aliases of a key, by name."""
    return [_alias(row) for row in tx.all(_ALIASES_OF, of=key_id, after=after, most=most)]


def add_alias(tx: Transaction, new: Alias) -> None:
    """A new alias."""
    tx.run(
        _ADD_ALIAS,
        account_id=new.account,
        region=new.region,
        name=new.name,
        key_id=new.key_id,
        created_at=micros(new.created_at),
        updated_at=micros(new.updated_at),
    )


def point_alias(tx: Transaction, found: Alias, key_id: str, at: datetime) -> None:
    """Let an alias name another key."""
    tx.run(_POINT, account=found.account, place=found.region, named=found.name, target=key_id, at=micros(at))


def remove_alias(tx: Transaction, found: Alias) -> None:
    """Remove an alias."""
    tx.run(_REMOVE_ALIAS, account=found.account, place=found.region, named=found.name)


def _key(row: Row) -> Key:
    return Key(
        row.id,
        row.account_id,
        row.region,
        row.manager,
        row.spec,
        row.usage,
        row.description,
        row.state,
        row.policy,
        row.rotation_days,
        moment_or_none(row.rotates_at),
        moment(row.created_at),
        moment_or_none(row.deletes_at),
    )


def _material(row: Row) -> Material:
    return Material(
        row.key_id,
        row.id,
        row.ordinal,
        row.made_by,
        moment(row.created_at),
        bytes(row.sealed),
        bytes(row.public),
    )


def _alias(row: Row) -> Alias:
    return Alias(row.account_id, row.region, row.name, row.key_id, moment(row.created_at), moment(row.updated_at))
