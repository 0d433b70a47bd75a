"""Rows of `replication_configuration`: the rules of each private registry that has any."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import bindparam, delete, select, text

from entrepot.db.database import Reader, Transaction
from entrepot.db.replication_records import Rule
from entrepot.db.replication_schema import replication_configuration
from entrepot.spec.moments import micros
from entrepot.spec.repository import RegistryKey

_IT = (replication_configuration.c.account_id == bindparam("account")) & (
    replication_configuration.c.region == bindparam("in_region")
)
_FIND = select(replication_configuration.c.rules).where(_IT)
_ALL = select(replication_configuration).order_by(
    replication_configuration.c.account_id, replication_configuration.c.region
)
_OF_ACCOUNT = (
    select(replication_configuration.c.region)
    .where(replication_configuration.c.account_id == bindparam("account"))
    .limit(1)
)
_PUT = text(
    "INSERT INTO replication_configuration (account_id, region, rules, updated_at) "
    "VALUES (:account, :region, :rules, :at) "
    "ON CONFLICT (account_id, region) DO UPDATE SET rules = excluded.rules, updated_at = excluded.updated_at"
)
_REMOVE = delete(replication_configuration).where(_IT)
_RULES = msgspec.json.Decoder(tuple[Rule, ...])


def find(tx: Reader, registry: RegistryKey) -> tuple[Rule, ...]:
    """The rules of a registry, in the order in which they were given."""
    row = tx.one(_FIND, account=registry.account, in_region=registry.region)
    return () if row is None else _RULES.decode(row.rules)


def find_all(tx: Reader) -> Sequence[tuple[RegistryKey, tuple[Rule, ...]]]:
    """Every registry that has rules."""
    return [(RegistryKey("private", row.account_id, row.region), _RULES.decode(row.rules)) for row in tx.all(_ALL)]


def has_any(tx: Reader, account: str) -> bool:
    """Whether any registry of the account has rules."""
    return tx.one(_OF_ACCOUNT, account=account) is not None


def put(tx: Transaction, registry: RegistryKey, rules: Sequence[Rule], at: datetime) -> None:
    """Replace the rules of a registry; without any it has none."""
    if not rules:
        tx.run(_REMOVE, account=registry.account, in_region=registry.region)
        return
    kept = msgspec.json.encode(rules).decode()
    tx.run(_PUT, account=registry.account, region=registry.region, rules=kept, at=micros(at))
