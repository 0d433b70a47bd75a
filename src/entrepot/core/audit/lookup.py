"""LookupEvents: one account's records in one region, by one attribute, the newest first.

An index names the blocks that may hold what is wanted, and where; a page reads as few of them as fill it. Nothing is
kept between pages: a token is the place of the last record that was told.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from entrepot.core import access
from entrepot.core.access import Caller
from entrepot.core.audit import user_identity
from entrepot.core.audit.blocks import indexed, newest_first, unpack_positions
from entrepot.core.audit.operations import read_only, source
from entrepot.core.audit.records import id_of
from entrepot.core.audit.resources import concerned, plain_name
from entrepot.core.calls import Call, decode
from entrepot.core.resources import Resource
from entrepot.db import audit_blocks
from entrepot.db.audit_blocks import Found, Span, Term
from entrepot.db.database import Transaction
from entrepot.errors import LookupTimesInvalid, LookupTokenInvalid, PageTokenInvalid
from entrepot.spec.event_ids import told_at
from entrepot.spec.moments import micros
from entrepot.spec.paging import decode_token, encode_token

Place = tuple[int, str, str]  # of a record in the order of all: its time, its request's id, its operation
_SECOND = 1_000_000
_DAY = 86_400 * _SECOND

_MOST_BLOCKS = 256  # that one page reads
_AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class Trail:
    """How the audit trail is read: for how many days, and whether with docker's requests as AWS shows them."""

    days: float
    aws_constants: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for: an attribute with its value, records of [start, end] in microseconds, after a place."""

    term: Term | None
    start: int | None
    end: int | None
    limit: int
    after: Place | None


@dataclass(frozen=True, slots=True)
class Page:
    """Records, the newest first, and the place to go on from; None at the end."""

    calls: tuple[Call, ...]
    after: Place | None


def look_up(tx: Transaction, caller: Caller, wanted: Wanted, days: float, *, most_blocks: int = _MOST_BLOCKS) -> Page:
    """A page of the caller's account's records in the caller's region: LookupTimesInvalid."""
    account = caller.principal.account
    access.require(caller, "LookupEvents", Resource(account, "*", "cloudtrail"))
    if wanted.start is not None and wanted.end is not None and wanted.start > wanted.end:
        raise LookupTimesInvalid
    span = _span(caller, wanted, days)
    if span is None:
        return Page((), None)
    return _Looking(tx, span, wanted, most_blocks).page()


def place(token: str | None, scope: Sequence[str]) -> Place | None:
    """Where a token goes on: LookupTokenInvalid for one of other parameters."""
    if token is None:
        return None
    try:
        at, request_id, operation = decode_token(token, scope)
        return int(at), request_id, operation
    except (PageTokenInvalid, ValueError):
        raise LookupTokenInvalid from None


def token(after: Place | None, scope: Sequence[str]) -> str | None:
    """The token that goes on from a place; None at the end."""
    return None if after is None else encode_token([str(part) for part in after], scope)


def _span(caller: Caller, wanted: Wanted, days: float) -> Span | None:
    """Where records of the wanted times are; None where none can be. Times are told in seconds, and so compared."""
    now = micros(caller.at)
    first = max(wanted.start or 0, now - int(days * _DAY)) // _SECOND * _SECOND
    last = now + _DAY if wanted.end is None else wanted.end // _SECOND * _SECOND + _SECOND - 1
    if wanted.after is not None:
        last = min(last, wanted.after[0])
    if wanted.term is not None and wanted.term[0] == "EventId":
        at = told_at(wanted.term[1])
        if at is None:
            return None
        first, last = max(first, at), min(last, at + 999)
    return Span(caller.principal.account, caller.region, first, last) if first <= last else None


class _Looking:
    """One page being filled."""

    def __init__(self, tx: Transaction, span: Span, wanted: Wanted, most_blocks: int) -> None:
        self._tx = tx
        self._span = span
        self._wanted = wanted
        self._most_blocks = most_blocks
        self._found: list[tuple[Place, Call]] = []

    def page(self) -> Page:
        """Blocks are read from the newest on; what is as new as the next one may yet be preceded, so it waits."""
        limit = self._wanted.limit
        for read, block in enumerate(self._blocks()):
            if self._newer_than(block.to_at) > limit:
                return self._told(limit)
            if read == self._most_blocks:
                return self._told(self._newer_than(block.to_at) or limit, (block.to_at, "\x7f", ""))
            self._read(block)
        return self._told(limit)

    def _told(self, most: int, otherwise: Place | None = None) -> Page:
        """The first `most` of what was found; goes on after the last of them where there is more, or `otherwise`."""
        self._found.sort(key=_by_place, reverse=True)
        told, left = self._found[:most], self._found[most:]
        after = told[-1][0] if told and (left or otherwise) else otherwise
        return Page(tuple(call for _, call in told), after)

    def _newer_than(self, at: int) -> int:
        return sum(place[0] > at for place, _ in self._found)

    def _blocks(self) -> Iterator[Found]:
        """Blocks to look at, the newest first."""
        term = self._wanted.term
        if term is not None:
            term = None if term[0] == "EventId" else (term[0], indexed(_in_index(term)))
        before: tuple[int, int] | None = None
        while blocks := audit_blocks.found(self._tx, self._span, term, before, _AT_ONCE):
            yield from blocks
            before = (blocks[-1].to_at, blocks[-1].sequence)

    def _read(self, block: Found) -> None:
        """Take the newest of a block that are wanted, as many as a page and one more can use, and all that are as old
        as the last of those: in a block they stand in another order.
        """
        packed = audit_blocks.records(self._tx, block.sequence)
        if packed is None:
            return
        taken, last = 0, 0
        for record in newest_first(packed, unpack_positions(block.positions)):
            is_enough = taken > self._wanted.limit and record.numbers[0] != last
            if record.numbers[0] < self._span.first or is_enough:
                break
            if record.numbers[0] > self._span.last:
                continue
            call = decode(record)
            found = (call.at, call.request_id, call.common.operation)
            if (self._wanted.after is None or found < self._wanted.after) and self._is_wanted(call):
                self._found.append((found, call))
                taken, last = taken + 1, call.at

    def _is_wanted(self, call: Call) -> bool:
        if self._wanted.term is None:
            return True
        attribute, value = self._wanted.term
        return value in _values(call, attribute, self._span.account)


def _by_place(item: tuple[Place, Call]) -> Place:
    return item[0]


def _in_index(term: Term) -> str:
    return plain_name(term[1]) if term[0] == "ResourceName" else term[1]


def _values(call: Call, attribute: str, account: str) -> tuple[str, ...]:
    """What a record's attribute may be looked up by; a resource by its name and by its ARN."""
    match attribute:
        case "EventId":
            return (id_of(call, account),)
        case "EventName":
            return (call.common.operation,)
        case "EventSource":
            return (source(call.common.service),)
        case "ReadOnly":
            return ("true" if read_only(call.common.operation) else "false",)
        case "Username":
            return (user_identity.user_name(call.common.identity, account),)
        case "AccessKeyId":
            return (user_identity.access_key_id(call.common.identity, account),)
        case "ResourceType":
            return tuple(each.type for each in concerned(call))
        case _:
            return tuple(text for each in concerned(call) for text in (each.name, each.arn))
