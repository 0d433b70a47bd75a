"""Operations on platforms, which are the same for everybody."""

from entrepot.aws.protocol.call import Call
from entrepot.aws.signer import pages
from entrepot.aws.signer.pages import Output
from entrepot.core.signing import platform_listing
from entrepot.core.signing.platforms import Platform


async def get_signing_platform(call: Call) -> Output:
    """GetSigningPlatform."""
    return _shown(platform_listing.get(call.caller, call.input["platformId"]))


async def list_signing_platforms(call: Call) -> Output:
    """ListSigningPlatforms."""
    given = call.input
    (after,) = pages.start(call, "ListSigningPlatforms")
    filters = {name: given[name] for name in ("category", "partner", "target") if name in given}
    page = platform_listing.list_all(call.caller, filters, pages.limit(call), after)
    token = pages.following(call, "ListSigningPlatforms", page.after)
    return {"platforms": [_shown(each) for each in page.items], "nextToken": token}


def _shown(platform: Platform) -> Output:
    return {
        "platformId": platform.id,
        "displayName": platform.name,
        "partner": platform.partner,
        "target": platform.target,
        "signingConfiguration": {
            "encryptionAlgorithmOptions": {"allowedValues": ["ECDSA"], "defaultValue": "ECDSA"},
            "hashAlgorithmOptions": {"allowedValues": [platform.hash], "defaultValue": platform.hash},
        },
        "signingImageFormat": {"supportedFormats": [platform.image_format], "defaultFormat": platform.image_format},
        "maxSizeInMB": 0,
        "revocationSupported": True,
    }
