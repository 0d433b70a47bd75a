"""Pages of Inspector's listings, by maxResults and nextToken."""

from collections.abc import Sequence

from entrepot.aws.protocol import paging
from entrepot.aws.protocol.call import Call
from entrepot.errors import PageTokenInvalid
from entrepot.spec.paging import encode_token

_PAGING = ("maxResults", "nextToken")


def start(call: Call, operation: str, parts: int = 1) -> list[str]:
    """The key to continue after: PageTokenInvalid for a token of another call."""
    return paging.start(call.input.get("nextToken") or None, _scope(call, operation), parts)


def limit(call: Call, most: int) -> int:
    """How many a page may have; as many as the operation has in one, unless the call asks for fewer."""
    return min(int(call.input.get("maxResults", most)), most)


def number(text: str) -> int:
    """A place in a list, as a token says it; 0 without one: PageTokenInvalid."""
    if text and not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise PageTokenInvalid
    return int(text or "0")


def following(call: Call, operation: str, after: Sequence[str] | None) -> str | None:
    """The token of the page after this one; None at the end."""
    return None if after is None else encode_token(after, _scope(call, operation))


def _scope(call: Call, operation: str) -> list[str]:
    return [operation, call.account, call.region, paging.rest(call, _PAGING)]
