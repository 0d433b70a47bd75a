"""Pages of Signer's listings, by maxResults and nextToken."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from entrepot.aws.protocol import paging
from entrepot.aws.protocol.call import Call
from entrepot.spec.paging import encode_token

Output = Mapping[str, Any]
_PAGING: Final = ("maxResults", "nextToken")
_MOST: Final = 25


def start(call: Call, operation: str, parts: int = 1) -> list[str]:
    """The key to continue after: PageTokenInvalid for a token of another call."""
    return paging.start(call.input.get("nextToken") or None, _scope(call, operation), parts)


def limit(call: Call) -> int:
    """How many are asked for."""
    return int(call.input.get("maxResults", _MOST))


def following(call: Call, operation: str, after: Sequence[str] | None) -> str | None:
    """The token of the page after this one; None at the end."""
    return None if after is None else encode_token(after, _scope(call, operation))


def _scope(call: Call, operation: str) -> list[str]:
    return [f"signer:{operation}", call.account, call.region, paging.rest(call, _PAGING)]
