"""Operations on AWS tags of repositories."""

from collections.abc import Mapping
from typing import Any

from entrepot.aws.protocol.call import Call
from entrepot.core import resource_tags
from entrepot.spec.repository import RepositoryKey

Output = Mapping[str, Any]


async def tag_resource(call: Call) -> Output:
    """TagResource."""
    tags = [(tag["Key"], tag["Value"]) for tag in call.input["tags"]]
    await call.core.units.write(resource_tags.put, call.caller, _key(call), tags)
    return {}


async def untag_resource(call: Call) -> Output:
    """UntagResource."""
    await call.core.units.write(resource_tags.remove, call.caller, _key(call), call.input["tagKeys"])
    return {}


async def list_tags_for_resource(call: Call) -> Output:
    """ListTagsForResource."""
    tags = await call.core.units.read(resource_tags.list_of, call.caller, _key(call))
    return {"tags": [{"Key": name, "Value": value} for name, value in tags]}


def _key(call: Call) -> RepositoryKey:
    return RepositoryKey.parse_arn(call.input["resourceArn"])
