"""Valid inputs for AWS Signer's operations; what would take the world's profile away asks for what cannot be."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from entrepot.core.signing.platforms import NOTATION
from entrepot.spec import notation
from tests.enforcement.world import ACCOUNT, World

_PLACE = f"arn:aws:signer:us-east-1:{ACCOUNT}"
_NEVER = datetime(2999, 1, 1, tzinfo=UTC)


def values(world: World, operation: str) -> Mapping[str, Any]:
    """What stands for each member."""
    names = world.named(operation)
    profile = f"{_PLACE}:/signing-profiles/{names['signing_profile']}"
    return {
        "profileName": names["signing_profile"],
        "platformId": "none" if operation == "PutSigningProfile" else NOTATION,
        "profileVersion": "aaaaaaaaaa",
        "profileVersionArn": f"{profile}/aaaaaaaaaa",
        "jobArn": f"{_PLACE}:/signing-jobs/{names['signing_job']}",
        "jobId": names["signing_job"],
        "certificateHashes": ["none"],
        "signatureTimestamp": datetime(2026, 1, 1, tzinfo=UTC),
        "effectiveTime": _NEVER,
        "reason": "text",
        "payload": notation.payload("text/plain", world.image.digest, 1),
        "payloadFormat": notation.PAYLOAD,
        "source": {"s3": {"bucketName": "b", "key": "k", "version": "v"}},
        "destination": {"s3": {"bucketName": "b"}},
        "clientRequestToken": "token",
        "resourceArn": profile,
        "tags": {"k": "v"},
        "tagKeys": ["k"],
        "statementId": "none",
        "revisionId": "none",
        "action": "signer:None",
        "principal": ACCOUNT,
    }
