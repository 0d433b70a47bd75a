"""Rows of `signing_job`: signatures that were made, and which of them are revoked."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, bindparam, insert, or_, select, update

from entrepot.db.database import Reader, Row, Transaction
from entrepot.db.signing_profiles import revocation_of
from entrepot.db.signing_records import Job, Revocation
from entrepot.db.signing_schema import signing_job
from entrepot.spec.moments import micros, moment

_C = signing_job.c
_FIND = select(signing_job).where(_C.id == bindparam("of"))
_LOCK = _FIND.with_for_update()
_LIST = (
    select(signing_job)
    .where(
        _C.account_id == bindparam("account"),
        _C.region == bindparam("place"),
        or_(
            _C.created_at < bindparam("before"),
            and_(_C.created_at == bindparam("before"), _C.id < bindparam("named")),
        ),
    )
    .order_by(_C.created_at.desc(), _C.id.desc())
    .limit(bindparam("most"))
)
_ADD = insert(signing_job)
_REVOKE = (
    update(signing_job)
    .where(_C.id == bindparam("of"))
    .values(revoked_at=bindparam("at"), revoked_by=bindparam("who"), reason=bindparam("why"))
)
_REVOKED = (
    select(_C.serial, _C.created_at, _C.revoked_at)
    .where(
        _C.profile_id == bindparam("of"),
        _C.version == bindparam("named"),
        _C.serial != "",
        or_(_C.revoked_at.is_not(None), _C.created_at >= bindparam("since")),
    )
    .order_by(_C.created_at)
    .limit(bindparam("most"))
)
NEVER = 1 << 62  # microseconds


def find(tx: Reader, job_id: str) -> Job | None:
    """The job of an id."""
    row = tx.one(_FIND, of=job_id)
    return None if row is None else _job(row)


def lock(tx: Transaction, job_id: str) -> Job | None:
    """The job of an id, held for a change."""
    row = tx.one(_LOCK, of=job_id)
    return None if row is None else _job(row)


def list_of(tx: Reader, account: str, region: str, before: tuple[int, str], most: int) -> Sequence[Job]:
    """Jobs with profiles of a place, the newest first, that come after a moment and an id."""
    found = tx.all(_LIST, account=account, place=region, before=before[0], named=before[1], most=most)
    return [_job(row) for row in found]


def add(tx: Transaction, new: Job) -> None:
    """A signature that was made."""
    tx.run(
        _ADD,
        id=new.id,
        account_id=new.account,
        region=new.region,
        profile_id=new.profile_id,
        version=new.version,
        serial=new.serial,
        invoker=new.invoker,
        requested_by=new.requested_by,
        created_at=micros(new.created_at),
        expires_at=micros(new.expires_at),
        revoked_at=None,
        revoked_by=None,
        reason=None,
        image=new.image,
        envelope=new.envelope,
    )


def revoke(tx: Transaction, of: Job, revocation: Revocation) -> None:
    """Revoke a signature."""
    tx.run(_REVOKE, of=of.id, at=micros(revocation.at), who=revocation.by, why=revocation.reason)


def revoked(
    tx: Reader, profile_id: str, version: str, since: datetime | None, most: int
) -> Sequence[tuple[int, datetime]]:
    """Serial numbers of a version's signatures that are revoked, with when: each by itself, and all from `since`."""
    start = NEVER if since is None else micros(since)
    rows = tx.all(_REVOKED, of=profile_id, named=version, since=start, most=most)
    return [(int(row.serial), moment(row.revoked_at or row.created_at)) for row in rows]


def _job(row: Row) -> Job:
    return Job(
        row.id,
        row.account_id,
        row.region,
        row.profile_id,
        row.version,
        row.serial,
        row.invoker,
        row.requested_by,
        moment(row.created_at),
        moment(row.expires_at),
        row.image,
        row.envelope,
        revocation_of(row, row.revoked_at),
    )
