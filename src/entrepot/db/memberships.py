"""Rows of `membership`: which users are in which groups."""

from collections.abc import Sequence

from sqlalchemy import bindparam, delete, func, select, text

from entrepot.db import entities
from entrepot.db.database import Reader, Transaction, number_of
from entrepot.db.identity_records import Entity
from entrepot.db.identity_schema import entity, membership

_USERS_OF = (
    select(entity)
    .select_from(membership.join(entity, entity.c.id == membership.c.user_id))
    .where(membership.c.group_id == bindparam("of"), entity.c.name_key > bindparam("after"))
    .order_by(entity.c.name_key)
    .limit(bindparam("limit"))
)
_GROUPS_OF = (
    select(entity)
    .select_from(membership.join(entity, entity.c.id == membership.c.group_id))
    .where(membership.c.user_id == bindparam("of"), entity.c.name_key > bindparam("after"))
    .order_by(entity.c.name_key)
    .limit(bindparam("limit"))
)
_COUNT = select(func.count().label("number")).where(membership.c.user_id == bindparam("of"))
_ADD = text("INSERT INTO membership (group_id, user_id) VALUES (:group, :user) ON CONFLICT DO NOTHING")
_REMOVE = delete(membership).where(
    membership.c.group_id == bindparam("group"), membership.c.user_id == bindparam("user")
)


def users_of(tx: Transaction, group_id: str, after: str, limit: int) -> Sequence[Entity]:
    """A group's users with name keys above `after`, in their order."""
    return [entities.record(row) for row in tx.all(_USERS_OF, of=group_id, after=after, limit=limit)]


def groups_of(tx: Reader, user_id: str, after: str, limit: int) -> Sequence[Entity]:
    """A user's groups with name keys above `after`, in their order."""
    return [entities.record(row) for row in tx.all(_GROUPS_OF, of=user_id, after=after, limit=limit)]


def count_of(tx: Transaction, user_id: str) -> int:
    """In how many groups a user is."""
    return number_of(tx, _COUNT, of=user_id)


def add(tx: Transaction, group_id: str, user_id: str) -> None:
    """Put a user into a group; already there is fine."""
    tx.run(_ADD, group=group_id, user=user_id)


def remove(tx: Transaction, group_id: str, user_id: str) -> bool:
    """Take a user out of a group; whether it was there."""
    return tx.run(_REMOVE, group=group_id, user=user_id) > 0
