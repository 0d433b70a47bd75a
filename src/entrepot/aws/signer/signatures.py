"""Operations that sign, and that say which signatures count."""

import asyncio

from entrepot.aws.protocol.call import Call
from entrepot.aws.signer.pages import Output
from entrepot.core.signing import jobs, payloads, places
from entrepot.core.signing.jobs import Question
from entrepot.core.signing.payloads import Wanted


async def sign_payload(call: Call) -> Output:
    """SignPayload."""
    given, core = call.input, call.core
    name = places.named(call.caller, given["profileName"], given.get("profileOwner", ""))
    wanted = Wanted(name, given["payload"], given["payloadFormat"])
    order = await core.units.read(payloads.prepare, call.caller, wanted)
    signed = await asyncio.to_thread(payloads.sign, core.vault, order, core.signing_lists)
    job = await core.units.write(payloads.keep, call.caller, signed)
    return {
        "jobId": job.id,
        "jobOwner": job.account,
        "metadata": dict(signed.metadata),
        "signature": signed.envelope,
    }


async def revoke_signature(call: Call) -> Output:
    """RevokeSignature."""
    given = call.input
    owner, reason = given.get("jobOwner", ""), given["reason"]
    await call.core.units.write(jobs.revoke, call.caller, given["jobId"], owner, reason)
    return {}


async def get_revocation_status(call: Call) -> Output:
    """GetRevocationStatus: certificates are not revoked but with what they sign."""
    given = call.input
    asked = Question(given["signatureTimestamp"], given["profileVersionArn"], given["jobArn"])
    return {"revokedEntities": list(await call.core.units.read(jobs.revoked, call.caller, asked))}
