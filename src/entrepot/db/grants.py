"""Rows of `inline_policy` and `attachment`: the policies of users, groups and roles."""

from collections.abc import Sequence

from sqlalchemy import bindparam, delete, func, select, text

from entrepot.db import entities
from entrepot.db.database import Reader, Transaction
from entrepot.db.identity_records import Entity
from entrepot.db.identity_schema import attachment, entity, inline_policy

_INLINE = (
    select(inline_policy.c.name, inline_policy.c.document)
    .where(inline_policy.c.entity_id == bindparam("of"))
    .order_by(inline_policy.c.name)
)
_PUT_INLINE = text(
    "INSERT INTO inline_policy (entity_id, name, document) VALUES (:of, :name, :document) "
    "ON CONFLICT (entity_id, name) DO UPDATE SET document = excluded.document"
)
_REMOVE_INLINE = delete(inline_policy).where(
    inline_policy.c.entity_id == bindparam("of"), inline_policy.c.name == bindparam("which")
)
_ATTACHED = (
    select(attachment.c.policy_arn).where(attachment.c.entity_id == bindparam("of")).order_by(attachment.c.policy_arn)
)
_ATTACHED_TO = (
    select(entity)
    .select_from(attachment.join(entity, entity.c.id == attachment.c.entity_id))
    .where(entity.c.account_id == bindparam("account"), attachment.c.policy_arn == bindparam("arn"))
    .order_by(entity.c.kind, entity.c.name_key)
)
_COUNTS = (
    select(attachment.c.policy_arn, func.count().label("number"))
    .select_from(attachment.join(entity, entity.c.id == attachment.c.entity_id))
    .where(entity.c.account_id == bindparam("account"))
    .group_by(attachment.c.policy_arn)
)
_BOUNDARY_COUNTS = (
    select(entity.c.boundary, func.count().label("number"))
    .where(entity.c.account_id == bindparam("account"), entity.c.boundary.is_not(None))
    .group_by(entity.c.boundary)
)
_ATTACH = text("INSERT INTO attachment (entity_id, policy_arn) VALUES (:of, :arn) ON CONFLICT DO NOTHING")
_DETACH = delete(attachment).where(
    attachment.c.entity_id == bindparam("of"), attachment.c.policy_arn == bindparam("arn")
)


def inline(tx: Reader, entity_id: str) -> Sequence[tuple[str, str]]:
    """(name, document) of an entity's own policies, by name."""
    return [(row.name, row.document) for row in tx.all(_INLINE, of=entity_id)]


def put_inline(tx: Transaction, entity_id: str, name: str, document: str) -> None:
    """Set one policy of an entity's own."""
    tx.run(_PUT_INLINE, of=entity_id, name=name, document=document)


def remove_inline(tx: Transaction, entity_id: str, name: str) -> bool:
    """Remove one policy of an entity's own; whether it was there."""
    return tx.run(_REMOVE_INLINE, of=entity_id, which=name) > 0


def attached(tx: Reader, entity_id: str) -> Sequence[str]:
    """ARNs of the policies attached to an entity, in order."""
    return [row.policy_arn for row in tx.all(_ATTACHED, of=entity_id)]


def attached_to(tx: Transaction, account: str, policy_arn: str) -> Sequence[Entity]:
    """The account's entities that a policy is attached to, by kind and name."""
    return [entities.record(row) for row in tx.all(_ATTACHED_TO, account=account, arn=policy_arn)]


def counts(tx: Transaction, account: str) -> dict[str, int]:
    """For each policy ARN, how many of the account's entities it is attached to."""
    return {row.policy_arn: row.number for row in tx.all(_COUNTS, account=account)}


def boundary_counts(tx: Transaction, account: str) -> dict[str, int]:
    """For each policy ARN, how many of the account's users and roles it bounds."""
    return {row.boundary: row.number for row in tx.all(_BOUNDARY_COUNTS, account=account)}


def attach(tx: Transaction, entity_id: str, policy_arn: str) -> None:
    """Attach a policy; already attached is fine."""
    tx.run(_ATTACH, of=entity_id, arn=policy_arn)


def detach(tx: Transaction, entity_id: str, policy_arn: str) -> bool:
    """Detach a policy; whether it was attached."""
    return tx.run(_DETACH, of=entity_id, arn=policy_arn) > 0
