"""Operations on signatures that are made on push."""

from collections.abc import Mapping, Sequence
from typing import Any

from entrepot.aws.protocol.call import Call
from entrepot.core.signing import pushes, rules
from entrepot.core.signing.pushes import ImageSigning
from entrepot.core.signing.rules import Rule
from entrepot.spec.repository import RepositoryKey

Output = Mapping[str, Any]


async def put_signing_configuration(call: Call) -> Output:
    """PutSigningConfiguration."""
    given = [
        Rule(each["signingProfileArn"], tuple(item["filter"] for item in each.get("repositoryFilters", ())))
        for each in call.input["signingConfiguration"]["rules"]
    ]
    return _shown(await call.core.units.write(rules.put, call.caller, call.registry, given))


async def get_signing_configuration(call: Call) -> Output:
    """GetSigningConfiguration."""
    found = await call.core.units.read(rules.get, call.caller, call.registry)
    return {"registryId": call.registry.account, **_shown(found)}


async def delete_signing_configuration(call: Call) -> Output:
    """DeleteSigningConfiguration."""
    gone = await call.core.units.write(rules.delete, call.caller, call.registry)
    return {"registryId": call.registry.account, **_shown(gone)}


async def describe_image_signing_status(call: Call) -> Output:
    """DescribeImageSigningStatus."""
    key, image_id = RepositoryKey(call.registry, call.input["repositoryName"]), call.input["imageId"]
    named = image_id.get("imageDigest"), image_id.get("imageTag")
    digest, found = await call.core.units.read(pushes.statuses, call.caller, key, *named)
    return {
        "repositoryName": key.name,
        "imageId": {"imageDigest": digest, "imageTag": named[1]},
        "registryId": key.registry.account,
        "signingStatuses": [_status(each) for each in found],
    }


def _shown(found: Sequence[Rule]) -> Output:
    return {"signingConfiguration": {"rules": [rules.told(each) for each in found]}}


def _status(found: ImageSigning) -> Output:
    return {
        "signingProfileArn": found.profile,
        "status": found.status,
        "failureCode": found.failure_code or None,
        "failureReason": found.failure_reason or None,
    }
