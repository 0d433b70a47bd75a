"""What ECR's operations share in reading their input: repository keys, page tokens."""

from collections.abc import Sequence
from typing import Any

from entrepot.aws.protocol.call import Call
from entrepot.errors import PageTokenInvalid, ParameterInvalid
from entrepot.spec.paging import decode_token, encode_token
from entrepot.spec.repository import RepositoryKey

DEFAULT_PAGE = 100
_NOT_IN_A_PAGE = ("maxResults", "nextToken")


def repository(call: Call) -> RepositoryKey:
    """The repository that a call names; the model has checked the name's form."""
    return RepositoryKey(call.registry, call.input["repositoryName"])


def page_limit(call: Call) -> int:
    """`maxResults`."""
    return int(call.input.get("maxResults", DEFAULT_PAGE))


def page_start(call: Call, operation: str, parts: int) -> list[str]:
    """The key to continue after: PageTokenInvalid for a token of another call."""
    token = call.input.get("nextToken")
    if token is None:
        return [""] * parts
    start = decode_token(token, _scope(call, operation))
    if len(start) != parts:
        raise PageTokenInvalid
    return start


def page_token(call: Call, operation: str, after: Sequence[str] | None) -> str | None:
    """`nextToken`, None at the end."""
    return None if after is None else encode_token(after, _scope(call, operation))


def refuse_paging(call: Call, member: str) -> None:
    """ParameterInvalid when a call that names its things asks for pages of them too."""
    for name in _NOT_IN_A_PAGE:
        if name in call.input:
            raise ParameterInvalid(parameter=name, reason=f"{name} must not be given together with {member}")


def _scope(call: Call, operation: str) -> list[str]:
    registry = call.registry
    rest = {name: value for name, value in call.input.items() if name not in (*_NOT_IN_A_PAGE, "registryId")}
    return [operation, registry.account, registry.region, _flat(rest)]


def _flat(value: Any) -> str:
    if isinstance(value, dict):
        return ";".join(f"{name}={_flat(item)}" for name, item in sorted(value.items()))
    return str(value)
