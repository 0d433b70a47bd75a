"""What AWS Signer's operations need (Service Authorization Reference, AWS Signer): a part of core/permissions."""

from collections.abc import Iterator, Mapping
from typing import Final

from entrepot.core.needs import ANY, REQUEST_TAG, RESOURCE_TAG, TAG_KEYS, Needs

PROFILE: Final = "arn:aws:signer:{region}:{account}:/signing-profiles/{signing_profile}"
JOB: Final = "arn:aws:signer:{region}:{account}:/signing-jobs/{signing_job}"
_VERSION: Final = "signer:ProfileVersion"

RESOURCES: Final[Mapping[str, str]] = {
    ANY: "GetSigningPlatform ListSigningJobs ListSigningPlatforms ListSigningProfiles PutSigningProfile",
    PROFILE: (
        "AddProfilePermission CancelSigningProfile GetSigningProfile ListProfilePermissions ListTagsForResource "
        "RemoveProfilePermission RevokeSigningProfile SignPayload StartSigningJob TagResource UntagResource"
    ),
    JOB: "DescribeSigningJob RevokeSignature",
}
KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "PutSigningProfile": (REQUEST_TAG, TAG_KEYS),
    "TagResource": (REQUEST_TAG, TAG_KEYS),
    "UntagResource": (TAG_KEYS,),
}


def table() -> Iterator[tuple[str, tuple[Needs, ...]]]:
    """What each operation needs."""
    for on, names in RESOURCES.items():
        for name in names.split():
            keys = KEYS.get(name, ())
            if on == PROFILE:
                keys = (*keys, _VERSION, RESOURCE_TAG)
            yield name, (Needs(f"signer:{name}", on, (*keys, _VERSION) if name == "RevokeSignature" else keys),)
    action = "signer:GetRevocationStatus"
    yield "GetRevocationStatus", (Needs(action, PROFILE, (_VERSION, RESOURCE_TAG)), Needs(action, JOB))
