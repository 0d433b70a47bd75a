"""Signatures that were made: shown, listed, revoked (AWS Signer API reference, "RevokeSignature")."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from entrepot.core import access
from entrepot.core.access import Caller
from entrepot.core.page import Page
from entrepot.core.resources import Resource
from entrepot.core.signing import places
from entrepot.core.signing.places import SERVICE, ProfileName
from entrepot.db import signing_jobs as rows
from entrepot.db import signing_profiles
from entrepot.db.database import Reader, Transaction
from entrepot.db.signing_records import Job, Profile, Revocation
from entrepot.errors import PageTokenInvalid, SigningInputInvalid, SigningJobNotFound
from entrepot.spec.moments import micros

SUCCEEDED: Final = "Succeeded"
_SCAN: Final = 500  # rows that a page looks at
_JOB: Final = ":/signing-jobs/"


@dataclass(frozen=True, slots=True)
class Shown:
    """A job with its profile, and whether it counts."""

    job: Job
    profile: Profile
    is_revoked: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which jobs are listed; None where that does not matter."""

    platform: str = ""
    requested_by: str = ""
    invoker: str = ""
    is_revoked: bool | None = None
    expires_before: datetime | None = None
    expires_after: datetime | None = None
    status: str = SUCCEEDED


@dataclass(frozen=True, slots=True)
class Question:
    """A signature whose standing somebody asks for."""

    at: datetime
    version_arn: str
    job_arn: str


def describe(tx: Reader, caller: Caller, job_id: str) -> Shown:
    """A job of the account: SigningJobNotFound."""
    found = rows.find(tx, job_id)
    account = caller.principal.account
    places.allow_job(tx, caller, "DescribeSigningJob", account, job_id, None)
    return _shown(tx, _present(found, account, caller.region, job_id))


def list_all(tx: Reader, caller: Caller, wanted: Wanted, limit: int, after: tuple[str, str]) -> Page[Shown]:
    """A page of the account's jobs in this region, the newest first; it may have fewer than there are."""
    account = caller.principal.account
    access.require(caller, "ListSigningJobs", Resource(account, "*", SERVICE))
    looked = rows.list_of(tx, account, caller.region, _place(after), _SCAN)
    found: list[Shown] = []
    for each in looked:
        shown = _shown(tx, each)
        if not _is_wanted(shown, wanted):
            continue
        found.append(shown)
        if len(found) == limit:
            return Page(tuple(found), (str(micros(each.created_at)), each.id))
    more = (str(micros(looked[-1].created_at)), looked[-1].id) if len(looked) == _SCAN else None
    return Page(tuple(found), more)


def revoke(tx: Transaction, caller: Caller, job_id: str, owner: str, reason: str) -> None:
    """Have a signature not count: SigningJobNotFound, SigningInputInvalid for one that is revoked already."""
    account = owner or caller.principal.account
    found = rows.find(tx, job_id)
    profile = None if found is None or found.account != account else signing_profiles.by_id(tx, found.profile_id)
    places.allow_job(tx, caller, "RevokeSignature", account, job_id, profile)
    job = _present(None if found is None else rows.lock(tx, job_id), account, caller.region, job_id)
    if job.revocation is not None:
        raise SigningInputInvalid(reason=f"The signing job {job_id} is revoked already.")
    rows.revoke(tx, job, Revocation(caller.at, caller.at, caller.principal.arn, reason))
    signing_profiles.count_revocation(tx, job.profile_id, job.version)
    places.changed(tx, caller, "RevokeSignature", {"jobId": job_id, "reason": reason}, account)


def revoked(tx: Reader, caller: Caller, asked: Question) -> Sequence[str]:
    """What is revoked of a signature, by ARN: its job, the version of the profile that made it."""
    name, job = places.parse(asked.version_arn), _job_named(asked.job_arn)
    if name is None or job is None or not name.version:
        raise SigningInputInvalid(reason="These are not the ARNs of a profile's version and of a signing job.")
    account, region, job_id = job
    places.allow(tx, caller, "GetRevocationStatus", name, places.find(tx, name))
    places.allow_job(tx, caller, "GetRevocationStatus", account, job_id, None)
    found = rows.find(tx, job_id)
    told = []
    if found is not None and (found.account, found.region) == (account, region) and found.revocation is not None:
        told.append(asked.job_arn)
    if name.region == caller.region and _is_version_revoked(tx, name, asked.at):
        told.append(asked.version_arn)
    return told


def is_revoked(tx: Reader, job: Job) -> bool:
    """Whether a signature does not count."""
    if job.revocation is not None:
        return True
    version = signing_profiles.version(tx, job.profile_id, job.version)
    return version is not None and version.revocation is not None and version.revocation.since <= job.created_at


def _is_version_revoked(tx: Reader, name: ProfileName, at: datetime) -> bool:
    profile = places.find(tx, name)
    version = None if profile is None else signing_profiles.version(tx, profile.id, name.version)
    return version is not None and version.revocation is not None and version.revocation.since <= at


def _shown(tx: Reader, job: Job) -> Shown:
    profile = signing_profiles.by_id(tx, job.profile_id)
    if profile is None:  # cannot be: profiles stay
        raise SigningJobNotFound(job=job.id)
    return Shown(job, profile, is_revoked(tx, job))


def _present(found: Job | None, account: str, region: str, job_id: str) -> Job:
    if found is None or (found.account, found.region) != (account, region):
        raise SigningJobNotFound(job=job_id[:128])
    return found


def _is_wanted(shown: Shown, wanted: Wanted) -> bool:
    job = shown.job
    return all(
        (
            wanted.status == SUCCEEDED,
            wanted.platform in ("", shown.profile.platform),
            wanted.requested_by in ("", job.requested_by),
            wanted.invoker in ("", job.invoker),
            wanted.is_revoked in (None, shown.is_revoked),
            wanted.expires_before is None or job.expires_at < wanted.expires_before,
            wanted.expires_after is None or job.expires_at > wanted.expires_after,
        )
    )


def _place(after: tuple[str, str]) -> tuple[int, str]:
    moment, job_id = after
    if not moment:
        return rows.NEVER, ""
    if not (moment.isascii() and moment.isdecimal() and len(moment) < 19):
        raise PageTokenInvalid
    return int(moment), job_id


def _job_named(arn: str) -> tuple[str, str, str] | None:
    """Account, region and id of the job that an ARN names."""
    head, slash, job_id = arn.partition(_JOB)
    parts = head.split(":")
    return (parts[4], parts[3], job_id) if slash and len(parts) == 5 and parts[2] == SERVICE else None
