"""What IAM's operations share in reading their input: drafts, tags, pages by Marker and MaxItems."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from entrepot.aws.protocol import paging as pages
from entrepot.aws.protocol.call import Call
from entrepot.core import entities
from entrepot.core.entities import Draft, Kind
from entrepot.core.page import Page
from entrepot.errors import ParameterInvalid
from entrepot.spec.paging import encode_token

DEFAULT_PAGE = 100
_PAGING = ("Marker", "MaxItems")
T = TypeVar("T")


def tags(call: Call) -> tuple[tuple[str, str], ...]:
    """`Tags`, in the order given."""
    return tuple((tag["Key"], tag["Value"]) for tag in call.input.get("Tags", ()))


def draft(call: Call, kind: Kind, member: str) -> Draft:
    """What a new entity is to be made of; `member` holds its name."""
    given = call.input
    return Draft(
        given[member],
        entities.new_id(kind),
        given.get("Path", "/"),
        given.get("Description", ""),
        given.get("PermissionsBoundary"),
        tags(call),
    )


def limit(call: Call) -> int:
    """`MaxItems`."""
    return int(call.input.get("MaxItems", DEFAULT_PAGE))


def start(call: Call, operation: str) -> str:
    """The key to continue after: PageTokenInvalid for a marker of another call."""
    (key,) = pages.start(call.input.get("Marker"), _scope(call, operation))
    return key


def paging(call: Call, operation: str, page: Page[Any]) -> dict[str, Any]:
    """The members of an answer that say whether there is more."""
    marker = None if page.after is None else encode_token(page.after, _scope(call, operation))
    return {"IsTruncated": page.after is not None, "Marker": marker}


def part(call: Call, operation: str, items: Sequence[T], key: Callable[[T], str]) -> Page[T]:
    """A page of a list that is held whole; `key` gives distinct ordered texts."""
    after = start(call, operation)
    ahead = sorted((item for item in items if key(item) > after), key=key)
    most = limit(call)
    return Page(tuple(ahead[:most]), (key(ahead[most - 1]),) if len(ahead) > most else None)


def _scope(call: Call, operation: str) -> list[str]:
    return [operation, call.account, pages.rest(call, _PAGING)]


def refuse(given: Mapping[str, Any], member: str, reason: str) -> None:
    """ParameterInvalid when a member is given that cannot be done here."""
    if member in given:
        raise ParameterInvalid(parameter=member, reason=reason)


def short(text: str) -> str:
    """What stands for a long text in a marker, which is 320 characters at most."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]
