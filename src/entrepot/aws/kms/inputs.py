"""What inputs of KMS's operations have alike: pages, tags, grant tokens, dry runs."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from entrepot.aws.protocol import paging
from entrepot.aws.protocol.call import Call
from entrepot.core.page import Page
from entrepot.errors import KeyDryRun, KeyMarkerInvalid, PageTokenInvalid
from entrepot.spec.paging import encode_token

Output = Mapping[str, Any]
T = TypeVar("T")
_PAGED_BY = ("Limit", "Marker")
_DEFAULT = 100


def limit(call: Call, default: int = _DEFAULT) -> int:
    """How many are asked for."""
    return int(call.input.get("Limit", default))


def start(call: Call, operation: str) -> str:
    """The key to continue after, '' at the beginning: KeyMarkerInvalid."""
    try:
        (after,) = paging.start(call.input.get("Marker"), _scope(call, operation))
    except PageTokenInvalid:
        raise KeyMarkerInvalid from None
    return after


def shown_page(call: Call, operation: str, page: Page[T], member: str, shown: Callable[[T], Any]) -> Output:
    """A page as KMS shows it."""
    more = page.after is not None
    marker = encode_token(page.after, _scope(call, operation)) if page.after is not None else None
    return {member: [shown(each) for each in page.items], "Truncated": more, "NextMarker": marker}


def tags(given: Sequence[Mapping[str, str]]) -> tuple[tuple[str, str], ...]:
    """Tags of a request, in the order given."""
    return tuple((tag["TagKey"], tag["TagValue"]) for tag in given)


def check_tokens(call: Call) -> None:
    """GrantTokenInvalid for a text that is no grant token: grants are in force with and without theirs."""
    for token in call.input.get("GrantTokens", ()):
        call.core.vault.grant_of(token)


def dry(call: Call) -> bool:
    """Whether nothing is to be done."""
    return bool(call.input.get("DryRun", False))


def unless_dry(call: Call, output: Output) -> Output:
    """The answer: KeyDryRun where it was only asked whether there would be one."""
    if dry(call):
        raise KeyDryRun
    return output


def _scope(call: Call, operation: str) -> list[str]:
    return [f"kms:{operation}", call.account, call.region, paging.rest(call, _PAGED_BY)]
