"""Rows of `role` and `instance_profile_role`."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, delete, func, insert, select, update

from entrepot.db import entities
from entrepot.db.database import Transaction
from entrepot.db.identity_records import Entity, Role
from entrepot.db.identity_schema import entity, instance_profile_role, role
from entrepot.spec.moments import micros, moment_or_none

_FIND = select(role).where(role.c.entity_id == bindparam("of"))
_INSERT = insert(role)
_SET_TRUST = update(role).where(role.c.entity_id == bindparam("of")).values(trust_document=bindparam("document"))
_SET_LIMIT = update(role).where(role.c.entity_id == bindparam("of")).values(max_session_seconds=bindparam("seconds"))
_NOTE_USE = (
    update(role)
    .where(role.c.entity_id == bindparam("of"), func.coalesce(role.c.last_used_at, 0) < bindparam("at"))
    .values(last_used_at=bindparam("at"), last_used_region=bindparam("used_region"))
)
_REMOVE = delete(role).where(role.c.entity_id == bindparam("of"))
_PROFILES_OF = (
    select(entity)
    .select_from(instance_profile_role.join(entity, entity.c.id == instance_profile_role.c.profile_id))
    .where(instance_profile_role.c.role_id == bindparam("of"))
    .order_by(entity.c.name_key)
)
_ROLE_OF = (
    select(entity)
    .select_from(instance_profile_role.join(entity, entity.c.id == instance_profile_role.c.role_id))
    .where(instance_profile_role.c.profile_id == bindparam("of"))
)
_ADD_TO_PROFILE = insert(instance_profile_role)
_REMOVE_FROM_PROFILE = delete(instance_profile_role).where(
    instance_profile_role.c.profile_id == bindparam("of"), instance_profile_role.c.role_id == bindparam("which")
)


def find(tx: Transaction, entity_id: str) -> Role | None:
    """What a role has beside its entity."""
    row = tx.one(_FIND, of=entity_id)
    if row is None:
        return None
    used = moment_or_none(row.last_used_at)
    return Role(row.trust_document, row.max_session_seconds, row.service, used, row.last_used_region)


def add(tx: Transaction, entity_id: str, new: Role) -> None:
    """What a new role has beside its entity."""
    tx.run(
        _INSERT,
        entity_id=entity_id,
        trust_document=new.trust_document,
        max_session_seconds=new.max_session_seconds,
        service=new.service,
        last_used_at=None,
        last_used_region=None,
    )


def set_trust(tx: Transaction, entity_id: str, document: str) -> None:
    """Who may assume it."""
    tx.run(_SET_TRUST, of=entity_id, document=document)


def set_limit(tx: Transaction, entity_id: str, seconds: int) -> None:
    """How long its sessions may be."""
    tx.run(_SET_LIMIT, of=entity_id, seconds=seconds)


def note_use(tx: Transaction, entity_id: str, region: str, at: datetime) -> None:
    """Note a use by a session, unless a later one is noted."""
    tx.run(_NOTE_USE, of=entity_id, at=micros(at), used_region=region)


def remove(tx: Transaction, entity_id: str) -> None:
    """Remove what it has beside its entity."""
    tx.run(_REMOVE, of=entity_id)


def profiles_of(tx: Transaction, role_id: str) -> Sequence[Entity]:
    """The instance profiles that hold a role, by name."""
    return [entities.record(row) for row in tx.all(_PROFILES_OF, of=role_id)]


def role_of(tx: Transaction, profile_id: str) -> Entity | None:
    """The role that an instance profile holds."""
    row = tx.one(_ROLE_OF, of=profile_id)
    return None if row is None else entities.record(row)


def add_to_profile(tx: Transaction, profile_id: str, role_id: str) -> None:
    """Put a role into an empty instance profile."""
    tx.run(_ADD_TO_PROFILE, profile_id=profile_id, role_id=role_id)


def remove_from_profile(tx: Transaction, profile_id: str, role_id: str) -> bool:
    """Take a role out of an instance profile; whether it was there."""
    return tx.run(_REMOVE_FROM_PROFILE, of=profile_id, which=role_id) > 0
