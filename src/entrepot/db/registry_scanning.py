"""Rows of `registry_scanning` and `scan_count`: how a private registry is scanned, and how many scans it has begun."""

from datetime import datetime

import msgspec
from sqlalchemy import bindparam, delete, func, select, text

from entrepot.db.database import Row, Transaction, number_of
from entrepot.db.scan_records import RegistryScanning, ScanningRule
from entrepot.db.scan_schema import registry_scanning, scan_count
from entrepot.spec.moments import micros
from entrepot.spec.repository import RegistryKey

DAY = 24  # hours
FIND = select(registry_scanning.c.scan_type, registry_scanning.c.rules).where(
    registry_scanning.c.account_id == bindparam("account"), registry_scanning.c.region == bindparam("region")
)
_PUT = text(
    "INSERT INTO registry_scanning (account_id, region, scan_type, rules, changed_at) "
    "VALUES (:account, :region, :scan_type, :rules, :at) "
    "ON CONFLICT (account_id, region) DO UPDATE SET scan_type = excluded.scan_type, rules = excluded.rules, "
    "changed_at = excluded.changed_at"
)
_RULES = msgspec.json.Decoder(tuple[ScanningRule, ...])
_COUNT = select(func.coalesce(func.sum(scan_count.c.scans), 0)).where(
    scan_count.c.account_id == bindparam("account"),
    scan_count.c.region == bindparam("region"),
    scan_count.c.hour > bindparam("after"),
)
_ADD = text(
    "INSERT INTO scan_count (account_id, region, hour, scans) VALUES (:account, :region, :hour, 1) "
    "ON CONFLICT (account_id, region, hour) DO UPDATE SET scans = scan_count.scans + 1"
)
_FORGET = delete(scan_count).where(scan_count.c.hour <= bindparam("before"))
NOTHING_SET = RegistryScanning("BASIC", ())


def find(tx: Transaction, key: RegistryKey) -> RegistryScanning:
    """What was set, or what holds where nothing was."""
    return record(tx.one(FIND, account=key.account, region=key.region))


def record(row: Row | None) -> RegistryScanning:
    """A row, if there is one, as a record."""
    return NOTHING_SET if row is None else RegistryScanning(row.scan_type, _RULES.decode(row.rules))


def put(tx: Transaction, key: RegistryKey, new: RegistryScanning, at: datetime) -> None:
    """Replace what was set."""
    rules = msgspec.json.encode(new.rules).decode()
    tx.run(_PUT, account=key.account, region=key.region, scan_type=new.scan_type, rules=rules, at=micros(at))


def count(tx: Transaction, key: RegistryKey, hour: int) -> int:
    """How many scans the registry has begun in the 24 hours that end with this one."""
    return number_of(tx, _COUNT, account=key.account, region=key.region, after=hour - DAY)


def add(tx: Transaction, key: RegistryKey, hour: int) -> None:
    """Count one scan."""
    tx.run(_ADD, account=key.account, region=key.region, hour=hour)


def forget(tx: Transaction, hour: int) -> None:
    """Remove the counts of hours that are too long ago to matter."""
    tx.run(_FORGET, before=hour - DAY)
