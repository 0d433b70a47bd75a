"""AWS tags of repositories, put, removed and listed."""

from collections.abc import Mapping, Sequence
from typing import Any

from entrepot.aws.protocol.call import Call
from entrepot.core import resource_tags
from entrepot.errors import ParameterInvalid
from entrepot.spec.repository import RegistryKind, RepositoryKey

Output = Mapping[str, Any]


def key_of(call: Call, kind: RegistryKind) -> RepositoryKey:
    """The repository of a call's ARN: ParameterInvalid for one of the other service, NameInvalid."""
    key = RepositoryKey.parse_arn(call.input["resourceArn"])
    if key.registry.kind != kind:
        raise ParameterInvalid(parameter="resourceArn", reason="Invalid ARN")
    return key


async def put(call: Call, key: RepositoryKey) -> Output:
    """TagResource."""
    await call.core.units.write(resource_tags.put, call.caller, key, given(call.input["tags"]))
    return {}


async def remove(call: Call, key: RepositoryKey) -> Output:
    """UntagResource."""
    await call.core.units.write(resource_tags.remove, call.caller, key, call.input["tagKeys"])
    return {}


async def list_of(call: Call, key: RepositoryKey) -> Output:
    """ListTagsForResource."""
    tags = await call.core.units.read(resource_tags.list_of, call.caller, key)
    return {"tags": [{"Key": name, "Value": value} for name, value in tags]}


def given(tags: Sequence[Mapping[str, str]]) -> tuple[tuple[str, str], ...]:
    """(key, value) pairs of a call; ECR Public's model requires neither: what is missing is empty."""
    return tuple((tag.get("Key", ""), tag.get("Value", "")) for tag in tags)
