"""Rows of `secret`, `secret_version`, `secret_stage` and `secret_tag`."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, bindparam, delete, func, insert, or_, select, text, update

from entrepot.db.database import Reader, Row, Transaction, number_of
from entrepot.db.resource_tags import Tags
from entrepot.db.secret_records import Secret, Stages, Version
from entrepot.db.secret_schema import secret, secret_stage, secret_tag, secret_version
from entrepot.spec.moments import micros, micros_or_none, moment, moment_or_none

_ID = secret.c.id == bindparam("of")
_PLACE = (secret.c.account_id == bindparam("account"), secret.c.region == bindparam("place"))
_FIND = select(secret).where(*_PLACE, secret.c.name == bindparam("named"))
_LOCK = select(secret).where(_ID).with_for_update()
_COUNT = select(func.count()).select_from(secret).where(*_PLACE)
_PURGING = (
    select(secret)
    .where(secret.c.purges_at <= bindparam("at"))
    .order_by(secret.c.purges_at, secret.c.id)
    .limit(bindparam("most"))
)
_INSERT = insert(secret)
_CHANGE = (
    update(secret)
    .where(_ID)
    .values(
        description=bindparam("new_description"),
        kms_key=bindparam("new_key"),
        policy=bindparam("new_policy"),
        changed_at=bindparam("at"),
        deleted_at=bindparam("new_deleted"),
        purges_at=bindparam("new_purges"),
    )
)
_ORDERED = {
    "created-date": secret.c.created_at,
    "last-accessed-date": func.coalesce(secret.c.accessed_at, 0),
    "last-changed-date": secret.c.changed_at,
    "name": secret.c.name,
}
_LISTS = {
    (name, way): (
        select(secret)
        .where(
            *_PLACE,
            or_(
                column > bindparam("value") if way == "asc" else column < bindparam("value"),
                and_(column == bindparam("value"), secret.c.id > bindparam("after")),
            ),
        )
        .order_by(column.asc() if way == "asc" else column.desc(), secret.c.id)
        .limit(bindparam("most"))
    )
    for name, column in _ORDERED.items()
    for way in ("asc", "desc")
}
_OF = secret_version.c.secret_id == bindparam("of")
_VERSION = select(secret_version).where(_OF, secret_version.c.id == bindparam("named"))
_VERSIONS = select(secret_version).where(_OF).order_by(secret_version.c.created_at, secret_version.c.id)
_ADD_VERSION = insert(secret_version)
_RESEAL = (
    update(secret_version)
    .where(_OF, secret_version.c.id == bindparam("named"))
    .values(key_id=bindparam("new_key"), sealed=bindparam("new_sealed"))
)
_REMOVE_VERSION = delete(secret_version).where(_OF, secret_version.c.id == bindparam("named"))
_STAGES = select(secret_stage).where(secret_stage.c.secret_id == bindparam("of")).order_by(secret_stage.c.label)
_CLEAR_STAGES = delete(secret_stage).where(secret_stage.c.secret_id == bindparam("of"))
_ADD_STAGE = insert(secret_stage)
_REMOVE = [
    _CLEAR_STAGES,
    delete(secret_version).where(_OF),
    delete(secret_tag).where(secret_tag.c.secret_id == bindparam("of")),
    delete(secret).where(_ID),
]
_NOTE = [
    update(secret).where(_ID).values(accessed_at=bindparam("day")),
    update(secret_version).where(_OF, secret_version.c.id == bindparam("named")).values(accessed_at=bindparam("day")),
]
_TAGS = Tags(
    secret_tag,
    "secret_id",
    text(
        "INSERT INTO secret_tag (secret_id, key, value) VALUES (:of, :key, :value) "
        "ON CONFLICT (secret_id, key) DO UPDATE SET value = excluded.value"
    ),
)
tags, put_tags, remove_tag = _TAGS.list_of, _TAGS.put_all, _TAGS.remove


def find(tx: Reader, account: str, region: str, name: str) -> Secret | None:
    """The secret of a name."""
    row = tx.one(_FIND, account=account, place=region, named=name)
    return None if row is None else _secret(row)


def lock(tx: Transaction, secret_id: str) -> Secret | None:
    """The secret of an id, held for a change."""
    row = tx.one(_LOCK, of=secret_id)
    return None if row is None else _secret(row)


def count(tx: Reader, account: str, region: str) -> int:
    """How many secrets there are in a place."""
    return number_of(tx, _COUNT, account=account, place=region)


def list_of(
    tx: Reader, account: str, region: str, order: tuple[str, str], after: tuple[str | int, str], most: int
) -> Sequence[Secret]:
    """Secrets of a place in an order (`created-date`, `asc`), that come after a value of it and an id."""
    found = tx.all(_LISTS[order], account=account, place=region, value=after[0], after=after[1], most=most)
    return [_secret(row) for row in found]


def purging(tx: Reader, at: datetime, most: int) -> Sequence[Secret]:
    """Secrets whose recovery window has ended, the earliest first."""
    return [_secret(row) for row in tx.all(_PURGING, at=micros(at), most=most)]


def add(tx: Transaction, new: Secret) -> None:
    """A new secret, without a value."""
    tx.run(
        _INSERT,
        id=new.id,
        account_id=new.account,
        region=new.region,
        name=new.name,
        suffix=new.suffix,
        description=new.description,
        kms_key=new.kms_key,
        policy=new.policy,
        created_at=micros(new.created_at),
        changed_at=micros(new.changed_at),
        accessed_at=None,
        deleted_at=None,
        purges_at=None,
    )


def change(tx: Transaction, changed: Secret) -> None:
    """Store what can change of a secret."""
    tx.run(
        _CHANGE,
        of=changed.id,
        new_description=changed.description,
        new_key=changed.kms_key,
        new_policy=changed.policy,
        at=micros(changed.changed_at),
        new_deleted=micros_or_none(changed.deleted_at),
        new_purges=micros_or_none(changed.purges_at),
    )


def remove(tx: Transaction, secret_id: str) -> None:
    """Remove a secret with its values."""
    for statement in _REMOVE:
        tx.run(statement, of=secret_id)


def note_access(tx: Transaction, secret_id: str, version_id: str, day: datetime) -> None:
    """Note the day on which a value was read."""
    tx.run(_NOTE[0], of=secret_id, day=micros(day))
    tx.run(_NOTE[1], of=secret_id, named=version_id, day=micros(day))


def version(tx: Reader, secret_id: str, version_id: str) -> Version | None:
    """A version of an id."""
    row = tx.one(_VERSION, of=secret_id, named=version_id)
    return None if row is None else _version(row)


def versions(tx: Reader, secret_id: str) -> Sequence[Version]:
    """A secret's versions, the oldest first."""
    return [_version(row) for row in tx.all(_VERSIONS, of=secret_id)]


def add_version(tx: Transaction, new: Version) -> None:
    """A new value, without a label."""
    tx.run(
        _ADD_VERSION,
        secret_id=new.secret_id,
        id=new.id,
        kind=new.kind,
        key_id=new.key_id,
        sealed=new.sealed,
        created_at=micros(new.created_at),
        accessed_at=None,
    )


def reseal(tx: Transaction, of: Version, key_id: str, sealed: bytes) -> None:
    """The same value under another key."""
    tx.run(_RESEAL, of=of.secret_id, named=of.id, new_key=key_id, new_sealed=sealed)


def remove_version(tx: Transaction, of: Version) -> None:
    """Remove a value that no label is on."""
    tx.run(_REMOVE_VERSION, of=of.secret_id, named=of.id)


def stages(tx: Reader, secret_id: str) -> Stages:
    """Which version each label is on."""
    return {row.label: row.version_id for row in tx.all(_STAGES, of=secret_id)}


def set_stages(tx: Transaction, secret_id: str, stages_: Stages) -> None:
    """Put the labels on these versions, and on no others."""
    tx.run(_CLEAR_STAGES, of=secret_id)
    for label, version_id in stages_.items():
        tx.run(_ADD_STAGE, secret_id=secret_id, label=label, version_id=version_id)


def _secret(row: Row) -> Secret:
    return Secret(
        row.id,
        row.account_id,
        row.region,
        row.name,
        row.suffix,
        row.description,
        row.kms_key,
        row.policy,
        moment(row.created_at),
        moment(row.changed_at),
        moment_or_none(row.accessed_at),
        moment_or_none(row.deleted_at),
        moment_or_none(row.purges_at),
    )


def _version(row: Row) -> Version:
    return Version(
        row.secret_id,
        row.id,
        row.kind,
        row.key_id,
        bytes(row.sealed),
        moment(row.created_at),
        moment_or_none(row.accessed_at),
    )
