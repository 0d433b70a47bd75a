"""Event patterns of rules and archives: checked, tried, and what permissions may look at of them."""

from collections.abc import Mapping
from typing import Any

import msgspec

from entrepot.core.access import Caller
from entrepot.core.events import places
from entrepot.errors import EventPatternInvalid
from entrepot.pattern.pattern import Pattern
from entrepot.pattern.values import parse_number
from entrepot.spec import strict_json

LONGEST = 4096  # characters: what AWS's API takes
_DEEPEST = 64
_NEEDED = ("id", "account", "source", "time", "region", "resources", "detail-type")
# condition keys of PutRule, and where in a pattern they stand
_KEYS: Mapping[str, tuple[str, ...]] = {
    "events:source": ("source",),
    "events:detail-type": ("detail-type",),
    "events:detail.service": ("detail", "service"),
    "events:detail.eventtypecode": ("detail", "eventTypeCode"),
    "events:detail.useridentity.principalid": ("detail", "userIdentity", "principalId"),
}


def check(text: str) -> None:
    """EventPatternInvalid for a text that is not a pattern."""
    Pattern(text, LONGEST)


def test(caller: Caller, text: str, event: str) -> bool:
    """Whether a pattern matches an event, as JSON: EventPatternInvalid for either."""
    places.allow_account(caller, "TestEventPattern")
    pattern = Pattern(text, LONGEST)
    try:
        decoded = strict_json.decode(event, _DEEPEST, parse_number)
    except (ValueError, RecursionError):
        raise EventPatternInvalid(reason="the event is not JSON") from None
    if not isinstance(decoded, dict):
        raise EventPatternInvalid(reason="the event is not an object")
    missing = [name for name in _NEEDED if name not in decoded]
    if missing:
        raise EventPatternInvalid(reason=f"the event has no {', '.join(missing)}")
    return pattern.matches(decoded)


def keys(text: str | None) -> dict[str, tuple[str, ...]]:
    """The condition keys of a rule that is to have this pattern: the strings that it asks for, where it asks for
    nothing else.
    """
    try:
        tree = msgspec.json.decode(text or "{}")
    except (msgspec.MsgspecError, RecursionError, ValueError):
        return {}
    return {key: values for key, path in _KEYS.items() if (values := _strings(tree, path))}


def _strings(tree: Any, path: tuple[str, ...]) -> tuple[str, ...]:
    for name in path:
        tree = tree.get(name) if isinstance(tree, dict) else None
    return tuple(tree) if isinstance(tree, list) and all(isinstance(each, str) for each in tree) else ()
