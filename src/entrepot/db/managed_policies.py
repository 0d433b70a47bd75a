"""Rows of `managed_policy` and `policy_version`."""

from collections.abc import Sequence

from sqlalchemy import bindparam, delete, insert, select, update

from entrepot.db.database import Reader, Row, Transaction
from entrepot.db.identity_records import Version
from entrepot.db.identity_schema import managed_policy, policy_version
from entrepot.spec.moments import micros, moment

_FIND = select(managed_policy).where(managed_policy.c.entity_id == bindparam("of"))
_IN_FORCE = (
    select(policy_version.c.document)
    .join(managed_policy, managed_policy.c.entity_id == policy_version.c.policy_id)
    .where(managed_policy.c.entity_id == bindparam("of"), policy_version.c.number == managed_policy.c.default_version)
)
_INSERT = insert(managed_policy)
_SET = (
    update(managed_policy)
    .where(managed_policy.c.entity_id == bindparam("of"))
    .values(default_version=bindparam("default_number"), last_version=bindparam("last_number"))
)
_REMOVE = delete(managed_policy).where(managed_policy.c.entity_id == bindparam("of"))
_VERSIONS = (
    select(policy_version).where(policy_version.c.policy_id == bindparam("of")).order_by(policy_version.c.number.desc())
)
_ADD_VERSION = insert(policy_version)
_REMOVE_VERSION = delete(policy_version).where(
    policy_version.c.policy_id == bindparam("of"), policy_version.c.number == bindparam("which")
)


def numbers(tx: Transaction, policy_id: str) -> tuple[int, int]:
    """(default version, last version)."""
    row = tx.one(_FIND, of=policy_id)
    return (0, 0) if row is None else (row.default_version, row.last_version)


def text_in_force(tx: Reader, policy_id: str) -> str | None:
    """The document of the default version."""
    row = tx.one(_IN_FORCE, of=policy_id)
    return None if row is None else str(row.document)


def add(tx: Transaction, policy_id: str, first: Version) -> None:
    """A policy's first version, its default one."""
    tx.run(_INSERT, entity_id=policy_id, default_version=first.number, last_version=first.number)
    add_version(tx, policy_id, first)


def set_numbers(tx: Transaction, policy_id: str, default: int, last: int) -> None:
    """Which version is in force, and which number was the last."""
    tx.run(_SET, of=policy_id, default_number=default, last_number=last)


def remove(tx: Transaction, policy_id: str) -> None:
    """Remove a policy's row; its versions are gone already."""
    tx.run(_REMOVE, of=policy_id)


def versions(tx: Transaction, policy_id: str) -> Sequence[Version]:
    """All versions, newest first."""
    return [_version(row) for row in tx.all(_VERSIONS, of=policy_id)]


def add_version(tx: Transaction, policy_id: str, version: Version) -> None:
    """One more version."""
    tx.run(
        _ADD_VERSION,
        policy_id=policy_id,
        number=version.number,
        document=version.document,
        created_at=micros(version.created_at),
    )


def remove_version(tx: Transaction, policy_id: str, number: int) -> None:
    """Remove one version."""
    tx.run(_REMOVE_VERSION, of=policy_id, which=number)


def _version(row: Row) -> Version:
    return Version(row.number, row.document, moment(row.created_at))
