"""Page tokens of calls: each goes on with one operation, for the same account and the same input but for its pages."""

from collections.abc import Collection, Sequence

import msgspec

from entrepot.aws.protocol.call import Call
from entrepot.errors import PageTokenInvalid
from entrepot.spec.paging import decode_token


def start(token: str | None, scope: Sequence[str], parts: int = 1) -> list[str]:
    """The key to continue after, of so many texts, which are empty without a token: PageTokenInvalid for a token of
    another call.
    """
    if token is None:
        return [""] * parts
    key = decode_token(token, scope)
    if len(key) != parts:
        raise PageTokenInvalid
    return key


def rest(call: Call, paged_by: Collection[str]) -> str:
    """The input of a call but for the members that its pages are asked for by, in whatever order it was given."""
    given = {name: value for name, value in call.input.items() if name not in paged_by}
    return msgspec.json.encode(given, order="sorted", enc_hook=str).decode()
