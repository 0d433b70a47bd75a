"""Pages of calls, as journals and the audit trail keep them: calls that have all in common but their numbers stand
together, with each number in a column. Who counts looks at a group at once, and not at each of its calls.

page   msgpack [ group, … ]
group  msgpack [ common, [at, …], [received, …], [sent, …], [took, …], request ids, [said, …] or nil ]

Request ids are one text where all are UUIDs as they are written, and else a list. A call that said nothing has nil.
"""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import chain, repeat
from typing import Self

import msgspec

from entrepot.core.calls import LARGEST, Call, CallNumbers, Encoded, encode

_ENCODE = msgspec.msgpack.Encoder().encode
_LENGTH = 36  # characters of a UUID
_OWN = 80  # bytes at most of four numbers and a request's id, with what says how long they are
_NOTHING = msgspec.Raw(b"\xc0")


class Group(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """Calls, one at least, that have the same in common, which is encoded (calls.py, `Common`); the numbers are those
    of a `Call`.
    """

    common: msgspec.Raw
    at: list[int]
    received: list[int]
    sent: list[int]
    took: list[int]
    ids: str | list[str]
    said: list[msgspec.Raw] | None

    @property
    def count(self) -> int:
        """How many calls there are."""
        return len(self.at)

    def call(self, position: int) -> Encoded:
        """One of the calls."""
        ids, said = self.ids, None if self.said is None else self.said[position]
        return Encoded(
            (self.at[position], self.received[position], self.sent[position], self.took[position]),
            ids[position * _LENGTH : (position + 1) * _LENGTH] if isinstance(ids, str) else ids[position],
            bytes(self.common),
            None if said is None or said == _NOTHING else said,
        )

    def calls(self) -> Iterator[Encoded]:
        """All of them, in order."""
        return map(self.call, range(self.count))

    def part(self, first: int, last: int) -> Self:
        """Those of the positions from `first` on, before `last`."""
        width = _LENGTH if isinstance(self.ids, str) else 1
        return type(self)(
            self.common,
            self.at[first:last],
            self.received[first:last],
            self.sent[first:last],
            self.took[first:last],
            self.ids[first * width : last * width],
            None if self.said is None else self.said[first:last],
        )

    def chosen(self, positions: Sequence[int]) -> Self:
        """Those of some positions, in their order."""
        return type(self)(self.common, *_columns([_row(self.call(position)) for position in positions]))


_Row = tuple[int, int, int, int, str, bytes | msgspec.Raw | None]
_PAGE = msgspec.msgpack.Decoder(list[Group])


class Writing:
    """A page that is being written: calls are alike if their keys are."""

    def __init__(self) -> None:
        self._groups: dict[Hashable, tuple[msgspec.Raw, list[_Row]]] = {}
        self.size = 0  # bytes at most, but for a few

    def add(self, key: Hashable, numbers: CallNumbers, request_id: str, said: bytes | None) -> bool:
        """Take a call; False when the common of such calls is not on the page, and must be put there before."""
        group = self._groups.get(key)
        if group is None:
            return False
        group[1].append((*numbers, request_id, said))
        self.size += _OWN if said is None else _OWN + len(said)
        return True

    def put(self, key: Hashable, common: bytes) -> None:
        """What calls of this key have in common."""
        self._groups[key] = msgspec.Raw(common), []
        self.size += len(common)

    def page(self) -> bytes:
        """The page as it is."""
        return page(Group(common, *_columns(rows)) for common, rows in self._groups.values() if rows)


def pages(calls: Iterable[Call]) -> Iterator[bytes]:
    """Calls on pages of LARGEST bytes and a little, few as they can be: as a journal's records."""
    writing = Writing()
    for numbers, request_id, common, said in map(encode, calls):
        if writing.size and writing.size + len(common) + len(said or b"") > LARGEST:
            yield writing.page()
            writing = Writing()
        if not writing.add(common, numbers, request_id, said):
            writing.put(common, common)
            writing.add(common, numbers, request_id, said)
    if writing.size:
        yield writing.page()


def page(groups: Iterable[Group]) -> bytes:
    """Groups as a page."""
    return _ENCODE(list(groups))


def groups(page: bytes) -> list[Group]:
    """The groups of a page: msgspec.DecodeError for a page of another version."""
    found = _PAGE.decode(page)
    if not all(map(_is_whole, found)):
        raise msgspec.DecodeError
    return found


def alone(call: Encoded) -> Group:
    """A call as a group of its own."""
    return Group(msgspec.Raw(call.common), *_columns([_row(call)]))


def joined(groups: Sequence[Group]) -> Group:
    """Groups that have the same in common as one; at least one."""
    first, *others = groups
    if not others:
        return first
    ids = [each.ids for each in groups]
    texts = [each for each in ids if isinstance(each, str)]
    return Group(
        first.common,
        list(chain.from_iterable(each.at for each in groups)),
        list(chain.from_iterable(each.received for each in groups)),
        list(chain.from_iterable(each.sent for each in groups)),
        list(chain.from_iterable(each.took for each in groups)),
        "".join(texts) if len(texts) == len(ids) else [call.request_id for each in groups for call in each.calls()],
        None
        if all(each.said is None for each in groups)
        else list(chain.from_iterable(each.said or repeat(_NOTHING, each.count) for each in groups)),
    )


def _row(call: Encoded) -> _Row:
    return (*call.numbers, call.request_id, call.said)


def _columns(
    rows: Sequence[_Row],
) -> tuple[list[int], list[int], list[int], list[int], str | list[str], list[msgspec.Raw] | None]:
    at, received, sent, took, ids, said = map(list, zip(*rows, strict=True)) if rows else ([] for _ in range(6))
    together = "".join(ids)
    return (
        at,
        received,
        sent,
        took,
        together if set(map(len, ids)) <= {_LENGTH} else ids,
        None if not any(said) else [_NOTHING if each is None else msgspec.Raw(each) for each in said],
    )


def _is_whole(group: Group) -> bool:
    count = len(group.at)
    ids = count * _LENGTH if isinstance(group.ids, str) else count
    lengths = {len(group.received), len(group.sent), len(group.took), count if group.said is None else len(group.said)}
    return count > 0 and lengths == {count} and len(group.ids) == ids
