"""Pages: their size, where they start, the token of the next one."""

from collections.abc import Sequence

from entrepot.aws.protocol import paging
from entrepot.aws.protocol.call import Call
from entrepot.errors import ParameterInvalid
from entrepot.spec.paging import encode_token

DEFAULT = 100
_NOT_IN_A_PAGE = ("maxResults", "nextToken")


def limit(call: Call, default: int = DEFAULT) -> int:
    """`maxResults`."""
    return int(call.input.get("maxResults", default))


def start(call: Call, operation: str, parts: int) -> list[str]:
    """The key to continue after: PageTokenInvalid for a token of another call."""
    return paging.start(call.input.get("nextToken"), _scope(call, operation), parts)


def following(call: Call, operation: str, after: Sequence[str] | None) -> str | None:
    """`nextToken`, None at the end."""
    return None if after is None else encode_token(after, _scope(call, operation))


def refuse(call: Call, member: str) -> None:
    """ParameterInvalid when a call that names its things asks for pages of them too."""
    for name in _NOT_IN_A_PAGE:
        if name in call.input:
            raise ParameterInvalid(parameter=name, reason=f"{name} must not be given together with {member}")


def _scope(call: Call, operation: str) -> list[str]:
    account = call.input.get("registryId", call.account)
    return [operation, account, call.region, paging.rest(call, (*_NOT_IN_A_PAGE, "registryId"))]
