"""Pages: their size, where they start, the token of the next one."""

from collections.abc import Sequence
from typing import Any

from entrepot.aws.protocol.call import Call
from entrepot.errors import PageTokenInvalid, ParameterInvalid
from entrepot.spec.paging import decode_token, encode_token

DEFAULT = 100
_NOT_IN_A_PAGE = ("maxResults", "nextToken")


def limit(call: Call) -> int:
    """`maxResults`."""
    return int(call.input.get("maxResults", DEFAULT))


def start(call: Call, operation: str, parts: int) -> list[str]:
    """The key to continue after: PageTokenInvalid for a token of another call."""
    token = call.input.get("nextToken")
    if token is None:
        return [""] * parts
    found = decode_token(token, _scope(call, operation))
    if len(found) != parts:
        raise PageTokenInvalid
    return found


def following(call: Call, operation: str, after: Sequence[str] | None) -> str | None:
    """`nextToken`, None at the end."""
    return None if after is None else encode_token(after, _scope(call, operation))


def refuse(call: Call, member: str) -> None:
    """ParameterInvalid when a call that names its things asks for pages of them too."""
    for name in _NOT_IN_A_PAGE:
        if name in call.input:
            raise ParameterInvalid(parameter=name, reason=f"{name} must not be given together with {member}")


def _scope(call: Call, operation: str) -> list[str]:
    rest = {name: value for name, value in call.input.items() if name not in (*_NOT_IN_A_PAGE, "registryId")}
    return [operation, call.input.get("registryId", call.account), call.region, _flat(rest)]


def _flat(value: Any) -> str:
    if isinstance(value, dict):
        return ";".join(f"{name}={_flat(item)}" for name, item in sorted(value.items()))
    return str(value)
