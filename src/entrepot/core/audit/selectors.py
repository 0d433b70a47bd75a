"""Event selectors: which records a trail logs (CloudTrail user guide, "Logging management events" and "Advanced event
selector fields"). Pure: reads selectors and records, and decides.

All that happens here is a management event: what is about data or network activity would select nothing, and is
refused.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, TypeAlias

import msgspec

from entrepot.errors import EventSelectorsInvalid

Json: TypeAlias = Mapping[str, object]
MOST_BASIC = 5
MOST_VALUES = 500  # of all conditions of a trail
_EXCLUDABLE = frozenset({"kms.amazonaws.com", "rdsdata.amazonaws.com"})
_EXACT = frozenset({"eventCategory", "readOnly", "resources.type"})  # fields that take Equals only
_FIELDS = frozenset(
    {
        *("eventCategory", "eventName", "eventSource", "eventType", "errorCode", "readOnly"),
        *("resources.ARN", "resources.type", "userIdentity.arn"),
    }
)
_READ_ONLY = {"All": None, "ReadOnly": True, "WriteOnly": False}


class Basic(msgspec.Struct, frozen=True, rename="pascal"):
    """One event selector."""

    read_write_type: Literal["All", "ReadOnly", "WriteOnly"] = "All"
    include_management_events: bool = True
    data_resources: tuple[()] = ()
    exclude_management_event_sources: tuple[str, ...] = ()

    def matches(self, record: Json) -> bool:
        """Whether a record of a management event is logged."""
        wanted = _READ_ONLY[self.read_write_type]
        if not self.include_management_events or record.get("eventSource") in self.exclude_management_event_sources:
            return False
        return wanted is None or record.get("readOnly") is wanted


class Condition(msgspec.Struct, frozen=True, rename="pascal", omit_defaults=True):
    """What one field of a record must be: any of what selects, none of what deselects."""

    field: str
    equals: tuple[str, ...] = ()
    starts_with: tuple[str, ...] = ()
    ends_with: tuple[str, ...] = ()
    not_equals: tuple[str, ...] = ()
    not_starts_with: tuple[str, ...] = ()
    not_ends_with: tuple[str, ...] = ()

    def matches(self, record: Json) -> bool:
        """Whether a record's field is so."""
        found = list(_values(record, self.field))
        selecting = self.equals or self.starts_with or self.ends_with
        if selecting and not any(_is(text, self.equals, self.starts_with, self.ends_with) for text in found):
            return False
        return not any(_is(text, self.not_equals, self.not_starts_with, self.not_ends_with) for text in found)

    @property
    def values(self) -> int:
        """How many values it compares with."""
        lists = (self.equals, self.starts_with, self.ends_with)
        return sum(map(len, (*lists, self.not_equals, self.not_starts_with, self.not_ends_with)))


class Advanced(msgspec.Struct, frozen=True, rename="pascal", omit_defaults=True):
    """One advanced event selector: all of its conditions."""

    field_selectors: tuple[Condition, ...]
    name: str = ""

    def matches(self, record: Json) -> bool:
        """Whether a record is logged."""
        return all(condition.matches(record) for condition in self.field_selectors)


class Selectors(msgspec.Struct, frozen=True, omit_defaults=True):
    """A trail's selectors, of one kind: a record is logged that any of them matches."""

    basic: tuple[Basic, ...] = ()
    advanced: tuple[Advanced, ...] = ()

    def matches(self, record: Json) -> bool:
        """Whether a trail with these selectors logs a record."""
        return any(one.matches(record) for one in self.basic) or any(one.matches(record) for one in self.advanced)


DEFAULT = Selectors(basic=(Basic(),))
_STORED = msgspec.json.Decoder(Selectors)


def stored(text: str) -> Selectors:
    """The selectors of a trail's row."""
    return _STORED.decode(text) if text else DEFAULT


def text_of(selectors: Selectors) -> str:
    """Selectors as a trail's row keeps them."""
    return msgspec.json.encode(selectors).decode()


def parse(basic: Sequence[Json], advanced: Sequence[Json]) -> Selectors:
    """The selectors of a request, whose types the model has checked: EventSelectorsInvalid."""
    if bool(basic) == bool(advanced):
        raise EventSelectorsInvalid(reason="Specify either event selectors or advanced event selectors, and not both.")
    read = Selectors(tuple(map(_basic, basic)), tuple(map(_advanced, advanced)))
    if len(read.basic) > MOST_BASIC:
        raise EventSelectorsInvalid(reason=f"A trail can have up to {MOST_BASIC} event selectors.")
    if sum(condition.values for each in read.advanced for condition in each.field_selectors) > MOST_VALUES:
        raise EventSelectorsInvalid(reason=f"All conditions of a trail can have up to {MOST_VALUES} values.")
    return read


def _basic(given: Json) -> Basic:
    if given.get("DataResources"):
        raise EventSelectorsInvalid(reason="There are no data events here that DataResources could select.")
    try:
        read = msgspec.convert(dict(given), Basic)
    except msgspec.ValidationError:
        raise EventSelectorsInvalid(reason="ReadWriteType must be ReadOnly, WriteOnly or All.") from None
    if strange := set(read.exclude_management_event_sources) - _EXCLUDABLE:
        reason = f"ExcludeManagementEventSources may hold {' and '.join(sorted(_EXCLUDABLE))}, not {min(strange)[:64]}."
        raise EventSelectorsInvalid(reason=reason)
    return read


def _advanced(given: Json) -> Advanced:
    read = msgspec.convert(dict(given), Advanced)
    fields = [condition.field for condition in read.field_selectors]
    if len(set(fields)) < len(fields):
        raise EventSelectorsInvalid(reason="A field stands more than once in an advanced event selector.")
    for condition in read.field_selectors:
        _check(condition)
    category = [condition.equals for condition in read.field_selectors if condition.field == "eventCategory"]
    if category != [("Management",)]:
        raise EventSelectorsInvalid(reason="An advanced event selector must have eventCategory Equals Management here.")
    return read


def _check(condition: Condition) -> None:
    field = condition.field
    if field not in _FIELDS:
        reason = f"The field {field[:64]} is not one that can be selected by: {', '.join(sorted(_FIELDS))}."
        raise EventSelectorsInvalid(reason=reason)
    if not condition.values:
        raise EventSelectorsInvalid(reason=f"The field {field} needs an operator.")
    if field in _EXACT and condition.values > len(condition.equals):
        raise EventSelectorsInvalid(reason=f"Equals is the only valid operator of the field {field}.")
    if field == "readOnly" and condition.equals not in {("true",), ("false",)}:
        raise EventSelectorsInvalid(reason="readOnly is true or false.")


def _values(record: Json, field: str) -> Iterator[str]:
    """The texts of a field, of which resources have several."""
    outer, dot, inner = field.partition(".")
    value = record.get(outer)
    if not dot:
        if isinstance(value, bool):
            yield "true" if value else "false"
        elif isinstance(value, str):
            yield value
        return
    for each in value if isinstance(value, list | tuple) else (value,):
        found = each.get(inner) if isinstance(each, Mapping) else None
        if isinstance(found, str):
            yield found


def _is(text: str, same: tuple[str, ...], starts: tuple[str, ...], ends: tuple[str, ...]) -> bool:
    return text in same or text.startswith(starts) or text.endswith(ends)
