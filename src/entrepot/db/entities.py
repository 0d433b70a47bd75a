"""Rows of `entity` and `entity_tag`: found by kind and name, listed by name below a path, renamed, removed."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, delete, func, insert, select, text, update

from entrepot.db.database import Reader, Row, Transaction, number_of
from entrepot.db.identity_records import Entity, Identity
from entrepot.db.identity_schema import account as account_table
from entrepot.db.identity_schema import entity, entity_tag
from entrepot.spec.moments import micros, moment

_FIND = select(entity).where(
    entity.c.account_id == bindparam("account"),
    entity.c.kind == bindparam("kind"),
    entity.c.name_key == bindparam("name_key"),
)
_BY_ID = select(entity).where(entity.c.id == bindparam("id"))
FIND_IDENTITY = (
    select(entity.c.id, entity.c.account_id, entity.c.kind, entity.c.path, entity.c.name, account_table.c.stamp)
    .select_from(entity.join(account_table, account_table.c.id == entity.c.account_id))
    .where(entity.c.id == bindparam("id"), (entity.c.kind == "user") | (entity.c.kind == "role"))
)
_PAGE = (
    select(entity)
    .where(
        entity.c.account_id == bindparam("account"),
        entity.c.kind == bindparam("kind"),
        entity.c.name_key > bindparam("after"),
        func.substr(entity.c.path, 1, func.length(bindparam("prefix"))) == bindparam("prefix"),
    )
    .order_by(entity.c.name_key)
    .limit(bindparam("limit"))
)
_COUNT = select(func.count().label("number")).where(
    entity.c.account_id == bindparam("account"), entity.c.kind == bindparam("kind")
)
_BOUNDED_BY = (
    select(entity)
    .where(entity.c.account_id == bindparam("account"), entity.c.boundary == bindparam("arn"))
    .order_by(entity.c.kind, entity.c.name_key)
)
_INSERT = insert(entity)
_RENAME = (
    update(entity)
    .where(entity.c.id == bindparam("of"))
    .values(name=bindparam("new_name"), name_key=bindparam("new_key"), path=bindparam("new_path"))
)
_BOUND = update(entity).where(entity.c.id == bindparam("of")).values(boundary=bindparam("arn"))
_DESCRIBE = update(entity).where(entity.c.id == bindparam("of")).values(description=bindparam("new_description"))
_TOUCH = update(entity).where(entity.c.id == bindparam("of")).values(updated_at=bindparam("at"))
_REMOVE = delete(entity).where(entity.c.id == bindparam("of"))
_TAGS = (
    select(entity_tag.c.key, entity_tag.c.value)
    .where(entity_tag.c.entity_id == bindparam("of"))
    .order_by(entity_tag.c.key_key)
)
_PUT_TAG = text(
    "INSERT INTO entity_tag (entity_id, key_key, key, value) VALUES (:of, :key_key, :key, :value) "
    "ON CONFLICT (entity_id, key_key) DO UPDATE SET key = excluded.key, value = excluded.value"
)
_REMOVE_TAG = delete(entity_tag).where(
    entity_tag.c.entity_id == bindparam("of"), entity_tag.c.key_key == bindparam("which")
)
_REMOVE_TAGS = delete(entity_tag).where(entity_tag.c.entity_id == bindparam("of"))


def find(tx: Reader, account: str, kind: str, name: str) -> Entity | None:
    """The entity that takes this name, whatever its case."""
    row = tx.one(_FIND, account=account, kind=kind, name_key=name.lower())
    return None if row is None else record(row)


def by_id(tx: Reader, entity_id: str) -> Entity | None:
    """The entity of this unique id."""
    row = tx.one(_BY_ID, id=entity_id)
    return None if row is None else record(row)


def page(tx: Transaction, account: str, kind: str, prefix: str, after: str, limit: int) -> Sequence[Entity]:
    """Entities whose path begins so, with name keys above `after`, in their order."""
    return [record(row) for row in tx.all(_PAGE, account=account, kind=kind, prefix=prefix, after=after, limit=limit)]


def count(tx: Transaction, account: str, kind: str) -> int:
    """How many of a kind the account has."""
    return number_of(tx, _COUNT, account=account, kind=kind)


def bounded_by(tx: Transaction, account: str, policy_arn: str) -> Sequence[Entity]:
    """Users and roles whose permissions this policy bounds."""
    return [record(row) for row in tx.all(_BOUNDED_BY, account=account, arn=policy_arn)]


def add(tx: Transaction, new: Entity) -> None:
    """A new entity; Conflict when its name or id is taken."""
    tx.run(
        _INSERT,
        id=new.id,
        account_id=new.account,
        kind=new.kind,
        name=new.name,
        name_key=new.name.lower(),
        path=new.path,
        description=new.description,
        boundary=new.boundary,
        created_at=micros(new.created_at),
        updated_at=micros(new.updated_at),
    )


def rename(tx: Transaction, entity_id: str, name: str, path: str) -> None:
    """Another name and path; Conflict when the name is taken."""
    tx.run(_RENAME, of=entity_id, new_name=name, new_key=name.lower(), new_path=path)


def bound(tx: Transaction, entity_id: str, policy_arn: str | None) -> None:
    """Set or remove the permissions boundary."""
    tx.run(_BOUND, of=entity_id, arn=policy_arn)


def describe(tx: Transaction, entity_id: str, description: str) -> None:
    """Another description."""
    tx.run(_DESCRIBE, of=entity_id, new_description=description)


def touch(tx: Transaction, entity_id: str, at: datetime) -> None:
    """Note that what hangs below it changed."""
    tx.run(_TOUCH, of=entity_id, at=micros(at))


def remove(tx: Transaction, entity_id: str) -> None:
    """Remove it with its tags; Conflict while anything else hangs below it."""
    tx.run(_REMOVE_TAGS, of=entity_id)
    tx.run(_REMOVE, of=entity_id)


def tags(tx: Reader, entity_id: str) -> tuple[tuple[str, str], ...]:
    """(key, value) pairs, by key."""
    return tuple((row.key, row.value) for row in tx.all(_TAGS, of=entity_id))


def put_tag(tx: Transaction, entity_id: str, key: str, value: str) -> None:
    """Set one tag; keys that differ in case only are one key."""
    tx.run(_PUT_TAG, of=entity_id, key_key=key.lower(), key=key, value=value)


def remove_tag(tx: Transaction, entity_id: str, key: str) -> None:
    """Remove one tag; absent is fine."""
    tx.run(_REMOVE_TAG, of=entity_id, which=key.lower())


def identity(row: Row) -> Identity:
    """A row of FIND_IDENTITY as a record."""
    return Identity(row.id, row.account_id, row.kind, row.path + row.name, row.stamp)


def record(row: Row) -> Entity:
    """A row of `entity` as a record."""
    return Entity(
        row.id,
        row.account_id,
        row.kind,
        row.name,
        row.path,
        row.description,
        row.boundary,
        moment(row.created_at),
        moment(row.updated_at),
    )
