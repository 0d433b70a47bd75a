"""Rows of `service_quota`, `byte_quota` and `quota_credit`: what registries and repositories may have."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, delete, func, select, text, update

from entrepot.db.database import Reader, Transaction, number_of
from entrepot.db.quota_schema import byte_quota, quota_credit, service_quota
from entrepot.db.schema import manifest, repository
from entrepot.spec.moments import micros
from entrepot.spec.repository import RegistryKey

_VALUES = (
    select(service_quota.c.name, service_quota.c.value)
    .where(
        service_quota.c.account_id == bindparam("account"),
        service_quota.c.kind == bindparam("kind"),
        service_quota.c.region == bindparam("region"),
    )
    .order_by(service_quota.c.name)
)
_VALUE = select(service_quota.c.value).where(
    service_quota.c.account_id == bindparam("account"),
    service_quota.c.kind == bindparam("kind"),
    service_quota.c.region == bindparam("region"),
    service_quota.c.name == bindparam("of"),
)
_BYTES = (
    select(byte_quota.c.prefix, byte_quota.c.value)
    .where(
        byte_quota.c.account_id == bindparam("account"),
        byte_quota.c.kind == bindparam("kind"),
        byte_quota.c.region == bindparam("region"),
    )
    .order_by(byte_quota.c.prefix)
)
_WITH_BYTES = (
    select(byte_quota)
    .order_by(byte_quota.c.account_id, byte_quota.c.kind, byte_quota.c.region, byte_quota.c.prefix)
    .limit(bindparam("limit"))
)
_TAKE = (
    update(quota_credit)
    .where(
        quota_credit.c.scope == bindparam("of"),
        quota_credit.c.name == bindparam("quota"),
        quota_credit.c.most == bindparam("limit"),
        quota_credit.c.credit > 0,
    )
    .values(credit=quota_credit.c.credit - 1)
)
_GIVE = text(
    "INSERT INTO quota_credit (scope, name, most, credit) VALUES (:of, :quota, :most, :credit) "
    "ON CONFLICT (scope, name) DO UPDATE SET most = excluded.most, credit = excluded.credit"
)
_HOLD = text(
    "INSERT INTO quota_credit (scope, name, most, credit) VALUES (:of, :quota, 0, 0) "
    "ON CONFLICT (scope, name) DO UPDATE SET credit = 0"
)
_FORGET = delete(quota_credit).where(quota_credit.c.scope == bindparam("of"))


_IMAGES = select(func.count()).select_from(
    select(manifest.c.digest).where(manifest.c.repository_id == bindparam("of")).limit(bindparam("limit")).subquery()
)
_REPOSITORIES = select(func.count()).select_from(
    select(repository.c.name)
    .where(
        repository.c.account_id == bindparam("account"),
        repository.c.kind == bindparam("kind"),
        repository.c.region == bindparam("region"),
        repository.c.deleted_at.is_(None),
    )
    .limit(bindparam("limit"))
    .subquery()
)


_PUT_VALUE = text(
    "INSERT INTO service_quota (account_id, kind, region, name, value, set_at) "
    "VALUES (:account, :kind, :region, :of, :value, :at) "
    "ON CONFLICT (account_id, kind, region, name) DO UPDATE SET value = excluded.value, set_at = excluded.set_at"
)
_REMOVE_VALUE = text(
    "DELETE FROM service_quota WHERE account_id = :account AND kind = :kind AND region = :region AND name = :of"
)
_PUT_BYTES = text(
    "INSERT INTO byte_quota (account_id, kind, region, prefix, value, set_at) "
    "VALUES (:account, :kind, :region, :of, :value, :at) "
    "ON CONFLICT (account_id, kind, region, prefix) DO UPDATE SET value = excluded.value, set_at = excluded.set_at"
)
_REMOVE_BYTES = text(
    "DELETE FROM byte_quota WHERE account_id = :account AND kind = :kind AND region = :region AND prefix = :of"
)


class ByteQuota(NamedTuple):
    """How many bytes the repositories under a prefix may hold: of '' all of a registry."""

    prefix: str
    value: int

    def covers(self, name: str) -> bool:
        """Whether it speaks of a repository: a prefix that ends in `/` of all below it, another of the one so named."""
        return name.startswith(self.prefix) if self.prefix == "" or self.prefix.endswith("/") else name == self.prefix


@dataclass(frozen=True, slots=True)
class QuotasSet:
    """What an operator set for a registry: service quotas by name, and quotas of bytes."""

    values: Mapping[str, int]
    bytes: Sequence[ByteQuota]


def of_registry(tx: Reader, key: RegistryKey) -> QuotasSet:
    """What was set; nothing, as a rule."""
    place = _place(key)
    return QuotasSet(
        {row.name: row.value for row in tx.all(_VALUES, **place)},
        tuple(ByteQuota(row.prefix, row.value) for row in tx.all(_BYTES, **place)),
    )


def value_of(tx: Reader, key: RegistryKey, name: str) -> int | None:
    """What was set for one service quota."""
    row = tx.one(_VALUE, **_place(key), of=name)
    return None if row is None else int(row.value)


def with_bytes(tx: Reader, limit: int) -> Sequence[tuple[RegistryKey, ByteQuota]]:
    """The first quotas of bytes of all registries."""
    return [
        (RegistryKey(row.kind, row.account_id, row.region), ByteQuota(row.prefix, row.value))
        for row in tx.all(_WITH_BYTES, limit=limit)
    ]


def put_value(tx: Transaction, key: RegistryKey, name: str, value: int, at: datetime) -> None:
    """Set a service quota of a registry."""
    tx.run(_PUT_VALUE, **_place(key), of=name, value=value, at=micros(at))


def remove_value(tx: Transaction, key: RegistryKey, name: str) -> bool:
    """Let it have AWS's value again; whether it had another."""
    return tx.run(_REMOVE_VALUE, **_place(key), of=name) == 1


def put_bytes(tx: Transaction, key: RegistryKey, prefix: str, value: int, at: datetime) -> None:
    """Set a quota of bytes."""
    tx.run(_PUT_BYTES, **_place(key), of=prefix, value=value, at=micros(at))


def remove_bytes(tx: Transaction, key: RegistryKey, prefix: str) -> bool:
    """Remove a quota of bytes; whether there was one."""
    return tx.run(_REMOVE_BYTES, **_place(key), of=prefix) == 1


def take_credit(tx: Transaction, scope: str, name: str, most: int) -> bool:
    """Take one of the credit that was given under this quota; False where there is none."""
    return tx.run(_TAKE, of=scope, quota=name, limit=most) == 1


def hold_credit(tx: Transaction, scope: str, name: str) -> None:
    """Keep everyone else who adds to the scope waiting until the unit ends."""
    tx.run(_HOLD, of=scope, quota=name)


def give_credit(tx: Transaction, scope: str, name: str, most: int, credit: int) -> None:
    """Let so many be added before they are counted again."""
    tx.run(_GIVE, of=scope, quota=name, most=most, credit=credit)


def forget_credit(tx: Transaction, scope: str) -> None:
    """Of a scope that is gone."""
    tx.run(_FORGET, of=scope)


def count_images(tx: Transaction, repository_id: str, limit: int) -> int:
    """How many images a repository has; of more than `limit`, `limit`."""
    return number_of(tx, _IMAGES, of=repository_id, limit=limit)


def count_repositories(tx: Transaction, key: RegistryKey, limit: int) -> int:
    """How many repositories a registry has; of more than `limit`, `limit`."""
    return number_of(tx, _REPOSITORIES, **_place(key), limit=limit)


def scope_of(key: RegistryKey) -> str:
    """A registry as a scope."""
    return f"{key.kind}/{key.account}/{key.region}"


def _place(key: RegistryKey) -> dict[str, str]:
    return {"account": key.account, "kind": key.kind, "region": key.region}
