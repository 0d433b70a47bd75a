"""Rows of `creation_template`: what private repositories are made like when they are made on the way."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec
from sqlalchemy import bindparam, delete, func, select, text

from entrepot.db.database import Row, Transaction, number_of
from entrepot.db.template_schema import creation_template
from entrepot.spec.moments import micros, moment
from entrepot.spec.repository import RegistryKey

ROOT = "ROOT"
_IN = (creation_template.c.account_id == bindparam("account")) & (creation_template.c.region == bindparam("in_region"))
_IT = _IN & (creation_template.c.prefix == bindparam("of"))
_FIND = select(creation_template).where(_IT)
_COUNT = select(func.count()).select_from(creation_template).where(_IN)
_PAGE = (
    select(creation_template)
    .where(_IN, creation_template.c.prefix > bindparam("after"))
    .order_by(creation_template.c.prefix)
    .limit(bindparam("limit"))
)
_PUT = text(
    "INSERT INTO creation_template ("
    "account_id, region, prefix, shown, description, encryption, resource_tags, mutability, "
    "exclusion_filters, repository_policy, lifecycle_policy, applied_for, custom_role_arn, created_at, "
    "updated_at) "
    "VALUES ("
    ":account_id, :region, :prefix, :shown, :description, :encryption, :resource_tags, :mutability, "
    ":exclusion_filters, :repository_policy, :lifecycle_policy, :applied_for, :custom_role_arn, "
    ":created_at, :updated_at) "
    "ON CONFLICT (account_id, region, prefix) DO UPDATE SET "
    "shown = excluded.shown, description = excluded.description, encryption = excluded.encryption, "
    "resource_tags = excluded.resource_tags, mutability = excluded.mutability, "
    "exclusion_filters = excluded.exclusion_filters, repository_policy = excluded.repository_policy, "
    "lifecycle_policy = excluded.lifecycle_policy, applied_for = excluded.applied_for, "
    "custom_role_arn = excluded.custom_role_arn, created_at = excluded.created_at, "
    "updated_at = excluded.updated_at"
)
_REMOVE = delete(creation_template).where(_IT)


@dataclass(frozen=True, slots=True)
class Template:
    """A creation template; `prefix` as it was given, `repository_policy` as it is kept, None for none, the other texts
    empty for none.
    """

    prefix: str
    applied_for: tuple[str, ...]
    created_at: datetime
    updated_at: datetime
    description: str = ""
    encryption: dict[str, str] = field(default_factory=dict)
    resource_tags: tuple[tuple[str, str], ...] = ()
    mutability: str = "MUTABLE"
    exclusion_filters: tuple[str, ...] = ()
    repository_policy: str | None = None
    lifecycle_policy: str = ""
    custom_role_arn: str = ""


def path_of(prefix: str) -> str:
    """A prefix as it is looked for: without the `/` that is assumed at its end."""
    return prefix.removesuffix("/")


def find(tx: Transaction, key: RegistryKey, prefix: str) -> Template | None:
    """The template of this prefix."""
    row = tx.one(_FIND, account=key.account, in_region=key.region, of=path_of(prefix))
    return None if row is None else _record(row)


def page(tx: Transaction, key: RegistryKey, after: str, limit: int) -> Sequence[Template]:
    """Templates of a registry with prefixes above `after`, in order."""
    rows = tx.all(_PAGE, account=key.account, in_region=key.region, after=path_of(after), limit=limit)
    return [_record(row) for row in rows]


def count(tx: Transaction, key: RegistryKey) -> int:
    """How many a registry has."""
    return number_of(tx, _COUNT, account=key.account, in_region=key.region)


def put(tx: Transaction, key: RegistryKey, new: Template) -> None:
    """Add a template, or replace the one of its prefix."""
    tx.run(
        _PUT,
        account_id=key.account,
        region=key.region,
        prefix=path_of(new.prefix),
        shown=new.prefix,
        description=new.description,
        encryption=_text(new.encryption),
        resource_tags=_text(new.resource_tags),
        mutability=new.mutability,
        exclusion_filters=_text(new.exclusion_filters),
        repository_policy=new.repository_policy,
        lifecycle_policy=new.lifecycle_policy,
        applied_for=_text(new.applied_for),
        custom_role_arn=new.custom_role_arn,
        created_at=micros(new.created_at),
        updated_at=micros(new.updated_at),
    )


def remove(tx: Transaction, key: RegistryKey, prefix: str) -> None:
    """Remove the template of this prefix."""
    tx.run(_REMOVE, account=key.account, in_region=key.region, of=path_of(prefix))


def _record(row: Row) -> Template:
    return Template(
        prefix=row.shown,
        applied_for=tuple(msgspec.json.decode(row.applied_for)),
        created_at=moment(row.created_at),
        updated_at=moment(row.updated_at),
        description=row.description,
        encryption=msgspec.json.decode(row.encryption),
        resource_tags=tuple((key, value) for key, value in msgspec.json.decode(row.resource_tags)),
        mutability=row.mutability,
        exclusion_filters=tuple(msgspec.json.decode(row.exclusion_filters)),
        repository_policy=row.repository_policy,
        lifecycle_policy=row.lifecycle_policy,
        custom_role_arn=row.custom_role_arn,
    )


def _text(value: object) -> str:
    return msgspec.json.encode(value).decode()
