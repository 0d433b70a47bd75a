"""Rows of `replication_options`: what the rules of a private registry cannot say, for AWS has no name for it."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import bindparam, delete, select, text

from entrepot.db.database import Reader, Transaction
from entrepot.db.replication_records import Option
from entrepot.db.replication_schema import replication_options
from entrepot.spec.moments import micros
from entrepot.spec.repository import RegistryKey

_IT = (replication_options.c.account_id == bindparam("account")) & (
    replication_options.c.region == bindparam("in_region")
)
_FIND = select(replication_options.c.options).where(_IT)
_PUT = text(
    "INSERT INTO replication_options (account_id, region, options, updated_at) "
    "VALUES (:account, :region, :options, :at) "
    "ON CONFLICT (account_id, region) DO UPDATE SET options = excluded.options, updated_at = excluded.updated_at"
)
_REMOVE = delete(replication_options).where(_IT)
_OPTIONS = msgspec.json.Decoder(tuple[Option, ...])


def find(tx: Reader, registry: RegistryKey) -> tuple[Option, ...]:
    """The options of a registry, in the order in which they were given."""
    row = tx.one(_FIND, account=registry.account, in_region=registry.region)
    return () if row is None else _OPTIONS.decode(row.options)


def put(tx: Transaction, registry: RegistryKey, options: Sequence[Option], at: datetime) -> None:
    """Replace the options of a registry; without any it has none."""
    if not options:
        tx.run(_REMOVE, account=registry.account, in_region=registry.region)
        return
    kept = msgspec.json.encode(options).decode()
    tx.run(_PUT, account=registry.account, region=registry.region, options=kept, at=micros(at))
