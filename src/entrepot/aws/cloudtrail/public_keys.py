"""The operation that lists what digest files are verified with."""

from entrepot.aws.cloudtrail.shown import Output
from entrepot.aws.protocol.call import Call
from entrepot.core.audit import signing_keys


async def list_public_keys(call: Call) -> Output:
    """ListPublicKeys: all of them in one page."""
    start, end = call.input.get("StartTime"), call.input.get("EndTime")
    found = await call.core.units.read(signing_keys.list_public, call.caller, start, end)
    return {
        "PublicKeyList": [
            {
                "Value": key.public,
                "ValidityStartTime": key.valid_from,
                "ValidityEndTime": key.valid_until,
                "Fingerprint": key.fingerprint,
            }
            for key in found
        ]
    }
