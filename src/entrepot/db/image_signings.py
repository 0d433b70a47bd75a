"""Rows of `registry_signing` and `image_signing`: which profiles sign what is pushed, and how far that is."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import bindparam, delete, insert, select, text, update

from entrepot.db.database import Reader, Row, Transaction
from entrepot.db.signing_records import ImageSigning
from entrepot.db.signing_schema import image_signing, registry_signing
from entrepot.spec.digest import Digest
from entrepot.spec.moments import micros, micros_or_none, moment_or_none
from entrepot.spec.repository import RegistryKey

IN_PROGRESS, COMPLETE, FAILED = "IN_PROGRESS", "COMPLETE", "FAILED"
_IS_REGISTRY = (
    registry_signing.c.account_id == bindparam("account"),
    registry_signing.c.region == bindparam("in_region"),
)
_RULES = select(registry_signing.c.rules).where(*_IS_REGISTRY)
_PUT_RULES = text(
    "INSERT INTO registry_signing (account_id, region, rules) VALUES (:account, :in_region, :rules) "
    "ON CONFLICT (account_id, region) DO UPDATE SET rules = excluded.rules"
)
_DELETE_RULES = delete(registry_signing).where(*_IS_REGISTRY)
_C = image_signing.c
_OF_IMAGE = (_C.repository_id == bindparam("of"), _C.digest == bindparam("image"))
_IS_IT = (*_OF_IMAGE, _C.profile == bindparam("by"))
_FIND = select(image_signing).where(*_IS_IT)
_LIST = select(image_signing).where(*_OF_IMAGE).order_by(_C.profile)
_ADD = insert(image_signing)
_DUE = (
    select(image_signing)
    .where(_C.due_at <= bindparam("now"))
    .order_by(_C.due_at, _C.repository_id, _C.digest, _C.profile)
    .limit(bindparam("most"))
)
_NEXT_DUE = select(_C.due_at).where(_C.due_at.is_not(None)).order_by(_C.due_at).limit(1)
_BEGIN = (
    update(image_signing)
    .where(*_IS_IT)
    .values(
        status=IN_PROGRESS,
        failure_code="",
        failure_reason="",
        pusher=bindparam("who"),
        tries=0,
        due_at=bindparam("next"),
        signature="",
        job="",
    )
)
_HOLD = (
    update(image_signing)
    .where(*_IS_IT, _C.due_at <= bindparam("now"))
    .values(due_at=bindparam("next"), tries=_C.tries + 1)
)
_AGAIN = update(image_signing).where(*_IS_IT, _C.status == IN_PROGRESS).values(due_at=bindparam("next"))
_END = (
    update(image_signing)
    .where(*_IS_IT, _C.status == IN_PROGRESS)
    .values(
        status=bindparam("told"),
        failure_code=bindparam("code"),
        failure_reason=bindparam("why"),
        pusher="",
        due_at=None,
        signature=bindparam("made"),
        job=bindparam("job_id"),
    )
)
_MADE = select(_C.signature).where(*_OF_IMAGE, _C.signature != "").order_by(_C.signature)
_IS_MADE = select(_C.digest).where(_C.repository_id == bindparam("of"), _C.signature == bindparam("made"))
_REMOVE = delete(image_signing).where(*_OF_IMAGE)
_FORGET = (
    update(image_signing)
    .where(_C.repository_id == bindparam("of"), _C.signature == bindparam("made"))
    .values(signature="")
)
_FORGET_ABSENT = text(
    "UPDATE image_signing SET signature = '' WHERE repository_id = :of AND digest = :image AND signature != '' "
    "AND NOT EXISTS (SELECT 1 FROM manifest WHERE manifest.repository_id = :of "
    "AND manifest.digest = image_signing.signature)"
)


def rules(tx: Reader, key: RegistryKey) -> str | None:
    """A registry's rules as they are kept; None where there is no configuration."""
    row = tx.one(_RULES, account=key.account, in_region=key.region)
    return None if row is None else str(row.rules)


def put_rules(tx: Transaction, key: RegistryKey, rules_: str) -> None:
    """Replace a registry's rules."""
    tx.run(_PUT_RULES, account=key.account, in_region=key.region, rules=rules_)


def delete_rules(tx: Transaction, key: RegistryKey) -> None:
    """Remove a registry's rules."""
    tx.run(_DELETE_RULES, account=key.account, in_region=key.region)


def list_of(tx: Reader, repository_id: str, digest: str) -> Sequence[ImageSigning]:
    """How far each profile is with an image, by the profile's ARN."""
    return [_signing(row) for row in tx.all(_LIST, of=repository_id, image=digest)]


def begin(tx: Transaction, repository_id: str, digest: str, profile: str, pusher: str, at: datetime) -> None:
    """Have a profile sign an image, unless it does or has done so."""
    row = tx.one(_FIND, of=repository_id, image=digest, by=profile)
    if row is None:
        _add(tx, ImageSigning(repository_id, digest, profile, IN_PROGRESS, "", "", pusher, 0, at, "", ""))
    elif row.status == FAILED:
        tx.run(_BEGIN, of=repository_id, image=digest, by=profile, who=pusher, next=micros(at))


def restore(tx: Transaction, kept: ImageSigning, at: datetime) -> None:
    """Have an image that is there again as far as it was; what waited is taken up."""
    _add(tx, replace(kept, due_at=None if kept.due_at is None else at))


def forget_absent(tx: Transaction, repository_id: str, digest: str) -> None:
    """Forget which signatures were made of an image that are not there."""
    tx.run(_FORGET_ABSENT, of=repository_id, image=digest)


def due(tx: Reader, now: datetime, most: int) -> Sequence[ImageSigning]:
    """Images that wait to be signed."""
    return [_signing(row) for row in tx.all(_DUE, now=micros(now), most=most)]


def next_due(tx: Reader) -> datetime | None:
    """When the next one is to be signed; None when none waits."""
    row = tx.one(_NEXT_DUE)
    return None if row is None else moment_or_none(row.due_at)


def hold(tx: Transaction, of: ImageSigning, now: datetime, until: datetime) -> bool:
    """Take one up; False when another did."""
    return tx.run(_HOLD, **_key(of), now=micros(now), next=micros(until)) == 1


def again(tx: Transaction, of: ImageSigning, at: datetime) -> None:
    """Sign it later."""
    tx.run(_AGAIN, **_key(of), next=micros(at))


def complete(tx: Transaction, of: ImageSigning, signature: str, job: str) -> bool:
    """It is signed; False when it does not wait any more."""
    return tx.run(_END, **_key(of), told=COMPLETE, made=signature, job_id=job, code="", why="") == 1


def fail(tx: Transaction, of: ImageSigning, code: str, why: str) -> None:
    """It is not going to be signed."""
    tx.run(_END, **_key(of), told=FAILED, made="", job_id="", code=code, why=why)


def made(tx: Reader, repository_id: str, digest: str) -> Sequence[Digest]:
    """The manifests of the signatures that were made of an image."""
    return [Digest(row.signature) for row in tx.all(_MADE, of=repository_id, image=digest)]


def is_made(tx: Reader, repository_id: str, digest: str) -> bool:
    """Whether a manifest is such a signature."""
    return tx.one(_IS_MADE, of=repository_id, made=digest) is not None


def remove(tx: Transaction, repository_id: str, digest: str) -> None:
    """Forget an image that goes, and that a signature was made which goes."""
    tx.run(_REMOVE, of=repository_id, image=digest)
    tx.run(_FORGET, of=repository_id, made=digest)


def _add(tx: Transaction, new: ImageSigning) -> None:
    tx.run(
        _ADD,
        repository_id=new.repository_id,
        digest=new.digest,
        profile=new.profile,
        status=new.status,
        failure_code=new.failure_code,
        failure_reason=new.failure_reason,
        pusher=new.pusher,
        tries=new.tries,
        due_at=micros_or_none(new.due_at),
        signature=new.signature,
        job=new.job,
    )


def _key(of: ImageSigning) -> dict[str, str]:
    return {"of": of.repository_id, "image": of.digest, "by": of.profile}


def _signing(row: Row) -> ImageSigning:
    return ImageSigning(
        row.repository_id,
        row.digest,
        row.profile,
        row.status,
        row.failure_code,
        row.failure_reason,
        row.pusher,
        row.tries,
        moment_or_none(row.due_at),
        row.signature,
        row.job,
    )
