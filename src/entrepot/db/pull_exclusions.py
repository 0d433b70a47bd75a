"""Rows of `pull_exclusion`: users and roles whose pulls a private registry does not count."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, delete, func, insert, select

from entrepot.db.database import Transaction, number_of
from entrepot.db.schema import pull_exclusion
from entrepot.spec.moments import micros, moment
from entrepot.spec.repository import RegistryKey

_IN = (pull_exclusion.c.account_id == bindparam("account")) & (pull_exclusion.c.region == bindparam("in_region"))
_IS_IT = _IN & (pull_exclusion.c.principal == bindparam("arn"))
_FIND = select(pull_exclusion.c.created_at).where(_IS_IT)
_COUNT = select(func.count()).select_from(pull_exclusion).where(_IN)
_PAGE = (
    select(pull_exclusion.c.principal)
    .where(_IN, pull_exclusion.c.principal > bindparam("after"))
    .order_by(pull_exclusion.c.principal)
    .limit(bindparam("limit"))
)
_ALL = select(pull_exclusion.c.account_id, pull_exclusion.c.region, pull_exclusion.c.principal)
_INSERT = insert(pull_exclusion)
_REMOVE = delete(pull_exclusion).where(_IS_IT)


class Excluded(NamedTuple):
    """Of which registry, and whose pulls."""

    account: str
    region: str
    principal: str


def find(tx: Transaction, key: RegistryKey, principal: str) -> datetime | None:
    """Since when the pulls of this ARN are not counted."""
    row = tx.one(_FIND, **_named(key), arn=principal)
    return None if row is None else moment(row.created_at)


def count(tx: Transaction, key: RegistryKey) -> int:
    """How many there are of a registry."""
    return number_of(tx, _COUNT, **_named(key))


def page(tx: Transaction, key: RegistryKey, after: str, limit: int) -> Sequence[str]:
    """ARNs above `after`, in order."""
    return [row.principal for row in tx.all(_PAGE, **_named(key), after=after, limit=limit)]


def everywhere(tx: Transaction) -> frozenset[Excluded]:
    """Those of all registries."""
    return frozenset(Excluded(*row) for row in tx.all(_ALL))


def add(tx: Transaction, key: RegistryKey, principal: str, at: datetime) -> None:
    """Count the pulls of this ARN no more."""
    tx.run(_INSERT, account_id=key.account, region=key.region, principal=principal, created_at=micros(at))


def remove(tx: Transaction, key: RegistryKey, principal: str) -> bool:
    """Count them again; whether it was there."""
    return tx.run(_REMOVE, **_named(key), arn=principal) == 1


def _named(key: RegistryKey) -> dict[str, str]:
    return {"account": key.account, "in_region": key.region}
