"""Rows of `lifecycle_policy` and `registry_lifecycle`."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, delete, func, select, text, update

from entrepot.db.database import Reader, Row, Transaction
from entrepot.db.lifecycle_records import LifecycleSettings, StoredPolicy
from entrepot.db.lifecycle_schema import lifecycle_policy, registry_lifecycle
from entrepot.spec.moments import micros, moment_or_none
from entrepot.spec.repository import RegistryKey

_IS_IT = lifecycle_policy.c.repository_id == bindparam("of")
_FIND = select(
    lifecycle_policy.c.repository_id,
    lifecycle_policy.c.id,
    lifecycle_policy.c.version,
    lifecycle_policy.c.text,
    lifecycle_policy.c.extended,
    lifecycle_policy.c.evaluated_at,
    lifecycle_policy.c.failures,
).where(_IS_IT)
_PUT = text(
    "INSERT INTO lifecycle_policy (repository_id, id, version, text, extended, updated_at, due_at, failures) "
    "VALUES (:of, :id, 1, :told, :extended, :at, :at, '') ON CONFLICT (repository_id) "
    "DO UPDATE SET version = lifecycle_policy.version + 1, text = excluded.text, extended = excluded.extended, "
    "updated_at = excluded.updated_at, due_at = excluded.due_at, failures = ''"
)
_REMOVE = delete(lifecycle_policy).where(_IS_IT)
_IS_THIS = _IS_IT & (lifecycle_policy.c.id == bindparam("this")) & (lifecycle_policy.c.version == bindparam("as_of"))
_EVALUATED = (
    update(lifecycle_policy)
    .where(_IS_THIS)
    .values(evaluated_at=bindparam("at"), due_at=bindparam("again_at"), failures=bindparam("told"))
)
_POSTPONE = update(lifecycle_policy).where(_IS_THIS).values(due_at=bindparam("again_at"))
_REST = update(lifecycle_policy).where(_IS_IT).values(due_at=bindparam("again_at"))
_DUE = (
    select(lifecycle_policy.c.repository_id)
    .where(lifecycle_policy.c.due_at <= bindparam("now"))
    .order_by(lifecycle_policy.c.due_at, lifecycle_policy.c.repository_id)
    .limit(bindparam("limit"))
)
_SOONEST = select(func.min(lifecycle_policy.c.due_at).label("due"))
_IS_REGISTRY = (registry_lifecycle.c.account_id == bindparam("account")) & (
    registry_lifecycle.c.region == bindparam("in_region")
)
_SETTINGS = select(
    registry_lifecycle.c.extended, registry_lifecycle.c.spares_in_use, registry_lifecycle.c.spares_pulled_days
).where(_IS_REGISTRY)
_SET = text(
    "INSERT INTO registry_lifecycle (account_id, region, extended, spares_in_use, spares_pulled_days) "
    "VALUES (:account, :in_region, :extended, :in_use, :pulled_days) ON CONFLICT (account_id, region) DO UPDATE SET "
    "extended = excluded.extended, spares_in_use = excluded.spares_in_use, "
    "spares_pulled_days = excluded.spares_pulled_days"
)


def find(tx: Reader, repository_id: str) -> StoredPolicy | None:
    """The policy of a repository."""
    row = tx.one(_FIND, of=repository_id)
    return None if row is None else _policy(row)


def put(tx: Transaction, repository_id: str, policy_id: str, told: str, at: datetime, *, extended: bool) -> None:
    """Make or replace a policy, which is to be evaluated at once."""
    tx.run(_PUT, of=repository_id, id=policy_id, told=told, extended=int(extended), at=micros(at))


def remove(tx: Transaction, repository_id: str) -> None:
    """Remove a policy."""
    tx.run(_REMOVE, of=repository_id)


def evaluated(tx: Transaction, policy: StoredPolicy, at: datetime, again_at: datetime, failures: str) -> bool:
    """Note that a policy was evaluated, unless it is another meanwhile; whether it is the same still."""
    changes = {"at": micros(at), "again_at": micros(again_at), "told": failures}
    return tx.run(_EVALUATED, of=policy.repository_id, this=policy.id, as_of=policy.version, **changes) == 1


def postpone(tx: Transaction, policy: StoredPolicy, again_at: datetime) -> None:
    """Evaluate it later, unless it is another meanwhile."""
    tx.run(_POSTPONE, of=policy.repository_id, this=policy.id, as_of=policy.version, again_at=micros(again_at))


def rest(tx: Transaction, repository_id: str, again_at: datetime) -> None:
    """Evaluate the policy of a repository that is a tombstone later, if at all."""
    tx.run(_REST, of=repository_id, again_at=micros(again_at))


def due(tx: Reader, now: datetime, limit: int) -> Sequence[str]:
    """Ids of repositories whose policies are to be evaluated, those that wait longest first."""
    return [row.repository_id for row in tx.all(_DUE, now=micros(now), limit=limit)]


def soonest(tx: Reader) -> datetime | None:
    """When the next policy is to be evaluated."""
    row = tx.one(_SOONEST)
    return None if row is None else moment_or_none(row.due)


def settings(tx: Reader, key: RegistryKey) -> LifecycleSettings:
    """What a registry has set."""
    row = tx.one(_SETTINGS, account=key.account, in_region=key.region)
    if row is None:
        return LifecycleSettings()
    return LifecycleSettings(bool(row.extended), bool(row.spares_in_use), row.spares_pulled_days)


def put_settings(tx: Transaction, key: RegistryKey, new: LifecycleSettings) -> None:
    """Set it anew."""
    tx.run(
        _SET,
        account=key.account,
        in_region=key.region,
        extended=int(new.extended),
        in_use=int(new.spares_in_use),
        pulled_days=new.spares_pulled_days,
    )


def _policy(row: Row) -> StoredPolicy:
    return StoredPolicy(
        row.repository_id,
        row.id,
        row.version,
        row.text,
        bool(row.extended),
        moment_or_none(row.evaluated_at),
        row.failures,
    )
