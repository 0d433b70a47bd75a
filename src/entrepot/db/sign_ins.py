"""Rows of `login_profile` and `mfa_device`: how people sign in."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, delete, insert, select, update

from entrepot.db.database import Row, Transaction
from entrepot.db.identity_records import Device, LoginProfile
from entrepot.db.identity_schema import login_profile, mfa_device
from entrepot.spec.moments import micros, micros_or_none, moment, moment_or_none

_LOGIN = select(login_profile).where(login_profile.c.user_id == bindparam("of"))
_ADD_LOGIN = insert(login_profile)
_SET_LOGIN = (
    update(login_profile)
    .where(login_profile.c.user_id == bindparam("of"))
    .values(password=bindparam("new_password"), reset_required=bindparam("new_reset"), changed_at=bindparam("changed"))
)
_REMOVE_LOGIN = delete(login_profile).where(login_profile.c.user_id == bindparam("of"))
_DEVICE = select(mfa_device).where(mfa_device.c.entity_id == bindparam("of"))
_DEVICES_OF = select(mfa_device).where(mfa_device.c.user_id == bindparam("of")).order_by(mfa_device.c.enabled_at)
_ADD_DEVICE = insert(mfa_device)
_ENABLE = (
    update(mfa_device)
    .where(mfa_device.c.entity_id == bindparam("of"))
    .values(user_id=bindparam("user"), enabled_at=bindparam("at"), last_step=bindparam("step"))
)
_REMOVE_DEVICE = delete(mfa_device).where(mfa_device.c.entity_id == bindparam("of"))


def find_login(tx: Transaction, user_id: str) -> LoginProfile | None:
    """A user's password."""
    row = tx.one(_LOGIN, of=user_id)
    if row is None:
        return None
    changed = moment(row.changed_at)
    return LoginProfile(row.user_id, row.password, bool(row.reset_required), moment(row.created_at), changed)


def add_login(tx: Transaction, new: LoginProfile) -> None:
    """A user's first password."""
    tx.run(
        _ADD_LOGIN,
        user_id=new.user_id,
        password=new.password,
        reset_required=int(new.reset_required),
        created_at=micros(new.created_at),
        changed_at=micros(new.changed_at),
    )


def set_login(tx: Transaction, user_id: str, password: str, at: datetime, *, reset_required: bool) -> None:
    """Another password, or whether it must be changed at the next sign-in."""
    tx.run(_SET_LOGIN, of=user_id, new_password=password, new_reset=int(reset_required), changed=micros(at))


def remove_login(tx: Transaction, user_id: str) -> bool:
    """Remove a password; whether there was one."""
    return tx.run(_REMOVE_LOGIN, of=user_id) > 0


def find_device(tx: Transaction, device_id: str) -> Device | None:
    """A device, enabled or not."""
    row = tx.one(_DEVICE, of=device_id)
    return None if row is None else _device(row)


def devices_of(tx: Transaction, user_id: str) -> Sequence[Device]:
    """The devices that are enabled for a user, oldest first."""
    return [_device(row) for row in tx.all(_DEVICES_OF, of=user_id)]


def add_device(tx: Transaction, device_id: str, seed: bytes) -> None:
    """A device that is nobody's yet; `seed` is sealed."""
    tx.run(_ADD_DEVICE, entity_id=device_id, seed=seed, user_id=None, enabled_at=None, last_step=0)


def enable(tx: Transaction, device_id: str, user_id: str | None, at: datetime | None, step: int) -> None:
    """Whose a device is from now on, None for nobody's, and the step of the last code taken."""
    tx.run(_ENABLE, of=device_id, user=user_id, at=micros_or_none(at), step=step)


def remove_device(tx: Transaction, device_id: str) -> None:
    """Remove a device's row."""
    tx.run(_REMOVE_DEVICE, of=device_id)


def _device(row: Row) -> Device:
    enabled = moment_or_none(row.enabled_at)
    return Device(row.entity_id, bytes(row.seed), row.user_id, enabled, row.last_step)
