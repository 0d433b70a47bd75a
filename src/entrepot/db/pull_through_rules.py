"""Rows of `pull_through_rule`: names below a prefix are those of an upstream registry."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, func, select, text

from entrepot.db.database import Reader, Row, Transaction, number_of
from entrepot.db.pull_through_schema import pull_through_rule
from entrepot.spec.moments import micros, moment
from entrepot.spec.repository import RegistryKey

ROOT = "ROOT"
_IN = (pull_through_rule.c.account_id == bindparam("account")) & (pull_through_rule.c.region == bindparam("in_region"))
_IT = _IN & (pull_through_rule.c.prefix == bindparam("of"))
ALL = select(pull_through_rule).where(_IN).order_by(pull_through_rule.c.prefix)
_FIND = select(pull_through_rule).where(_IT)
_COUNT = select(func.count()).select_from(pull_through_rule).where(_IN)
_PAGE = (
    select(pull_through_rule)
    .where(_IN, pull_through_rule.c.prefix > bindparam("after"))
    .order_by(pull_through_rule.c.prefix)
    .limit(bindparam("limit"))
)
_PUT = text(
    "INSERT INTO pull_through_rule ("
    "account_id, region, prefix, shown, upstream_registry, upstream_url, upstream_prefix, credential_arn, "
    "custom_role_arn, ttl_seconds, created_at, updated_at) "
    "VALUES ("
    ":account_id, :region, :prefix, :shown, :upstream_registry, :upstream_url, :upstream_prefix, :credential_arn, "
    ":custom_role_arn, :ttl_seconds, :created_at, :updated_at) "
    "ON CONFLICT (account_id, region, prefix) DO UPDATE SET "
    "credential_arn = excluded.credential_arn, custom_role_arn = excluded.custom_role_arn, "
    "ttl_seconds = excluded.ttl_seconds, updated_at = excluded.updated_at"
)
_REMOVE = delete(pull_through_rule).where(_IT)


@dataclass(frozen=True, slots=True)
class Rule:
    """A pull-through cache rule; `prefix` and `upstream_prefix` as they were given, texts are empty for none. `ttl` is
    how long a tag is taken for what the upstream has.
    """

    registry: RegistryKey
    prefix: str
    upstream_registry: str
    upstream_url: str
    upstream_prefix: str
    credential_arn: str
    custom_role_arn: str
    ttl: timedelta
    created_at: datetime
    updated_at: datetime


def path_of(prefix: str) -> str:
    """A prefix as it is looked for: without the `/` that is assumed at its end."""
    return prefix.removesuffix("/")


def find(tx: Reader, key: RegistryKey, prefix: str) -> Rule | None:
    """The rule of this prefix."""
    row = tx.one(_FIND, account=key.account, in_region=key.region, of=path_of(prefix))
    return None if row is None else record(row)


def page(tx: Reader, key: RegistryKey, after: str, limit: int) -> Sequence[Rule]:
    """Rules of a registry with prefixes above `after`, in order."""
    rows = tx.all(_PAGE, account=key.account, in_region=key.region, after=path_of(after), limit=limit)
    return [record(row) for row in rows]


def count(tx: Transaction, key: RegistryKey) -> int:
    """How many a registry has."""
    return number_of(tx, _COUNT, account=key.account, in_region=key.region)


def put(tx: Transaction, new: Rule) -> None:
    """Add a rule, or change what may be changed of the one of its prefix."""
    tx.run(
        _PUT,
        account_id=new.registry.account,
        region=new.registry.region,
        prefix=path_of(new.prefix),
        shown=new.prefix,
        upstream_registry=new.upstream_registry,
        upstream_url=new.upstream_url,
        upstream_prefix=new.upstream_prefix,
        credential_arn=new.credential_arn,
        custom_role_arn=new.custom_role_arn,
        ttl_seconds=int(new.ttl.total_seconds()),
        created_at=micros(new.created_at),
        updated_at=micros(new.updated_at),
    )


def remove(tx: Transaction, key: RegistryKey, prefix: str) -> None:
    """Remove the rule of this prefix."""
    tx.run(_REMOVE, account=key.account, in_region=key.region, of=path_of(prefix))


def record(row: Row) -> Rule:
    """A row as a record."""
    return Rule(
        registry=RegistryKey("private", row.account_id, row.region),
        prefix=row.shown,
        upstream_registry=row.upstream_registry,
        upstream_url=row.upstream_url,
        upstream_prefix=row.upstream_prefix,
        credential_arn=row.credential_arn,
        custom_role_arn=row.custom_role_arn,
        ttl=timedelta(seconds=row.ttl_seconds),
        created_at=moment(row.created_at),
        updated_at=moment(row.updated_at),
    )
