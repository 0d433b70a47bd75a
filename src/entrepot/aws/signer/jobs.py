"""Operations on signing jobs."""

from entrepot.aws.protocol.call import Call
from entrepot.aws.signer import pages
from entrepot.aws.signer.pages import Output
from entrepot.core.signing import jobs, object_jobs, places, platforms
from entrepot.core.signing.jobs import Shown, Wanted


async def start_signing_job(call: Call) -> Output:
    """StartSigningJob: objects in S3 are not signed here."""
    name = places.named(call.caller, call.input["profileName"], call.input.get("profileOwner", ""))
    return await call.core.units.read(object_jobs.start, call.caller, name)


async def describe_signing_job(call: Call) -> Output:
    """DescribeSigningJob."""
    found = await call.core.units.read(jobs.describe, call.caller, call.input["jobId"])
    job, profile, revocation = found.job, found.profile, found.job.revocation
    record = revocation and {"reason": revocation.reason, "revokedAt": revocation.at, "revokedBy": revocation.by}
    period = {name: value for name, value in _common(found).items() if name != "isRevoked"}
    return {
        **period,
        "signingParameters": dict(profile.parameters) or None,
        "completedAt": job.created_at,
        "requestedBy": job.requested_by,
        "revocationRecord": record,
    }


async def list_signing_jobs(call: Call) -> Output:
    """ListSigningJobs: those that there are have succeeded."""
    given = call.input
    wanted = Wanted(
        given.get("platformId", ""),
        given.get("requestedBy", ""),
        given.get("jobInvoker", ""),
        given.get("isRevoked"),
        given.get("signatureExpiresBefore"),
        given.get("signatureExpiresAfter"),
        given.get("status", jobs.SUCCEEDED),
    )
    moment, after = pages.start(call, "ListSigningJobs", 2)
    page = await call.core.units.read(jobs.list_all, call.caller, wanted, pages.limit(call), (moment, after))
    token = pages.following(call, "ListSigningJobs", page.after)
    return {"jobs": [_common(each) for each in page.items], "nextToken": token}


def _common(found: Shown) -> Output:
    job, profile = found.job, found.profile
    return {
        "jobId": job.id,
        "createdAt": job.created_at,
        "status": jobs.SUCCEEDED,
        "isRevoked": found.is_revoked,
        "profileName": profile.name,
        "profileVersion": job.version,
        "platformId": profile.platform,
        "platformDisplayName": platforms.name_of(profile.platform),
        "signatureExpiresAt": job.expires_at,
        "jobOwner": job.account,
        "jobInvoker": job.invoker,
    }
