"""Blocks of records: some hundred calls of one account, region and hour, compressed together, and what finds them.

records   count u32 | size u32 | zstd( a length u32 of each frame ) | frames
frame     zstd( a page of calls, core/call_pages.py ), the earliest first
terms     zstd( msgpack list of (attribute, value) )
positions u16 of each match; empty when a term has more than SPARSE of them
"""

import struct
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, chain, pairwise
from operator import le
from typing import NamedTuple, Self

import msgspec
import zstandard

from entrepot.core.audit import user_identity
from entrepot.core.audit.operations import may_be_in_outbox, read_only, source
from entrepot.core.audit.resources import concerned
from entrepot.core.call_pages import Columns, columns, page
from entrepot.core.calls import Call, Common, Encoded, Identity, common_of, decode
from entrepot.db.audit_blocks import HOUR, NewBlock, Term

MOST_RECORDS = 1024
SPARSE = 64
_MOST_BYTES = 1024 * 1024
_LONGEST_VALUE = 512  # characters of a value in the index
_LARGEST = 64 * 1024 * 1024
_FAST, _SMALL = 1, 3  # levels of compression
_FRAME = 128  # records that are compressed together: one that is wanted costs no more than these
_HEAD = struct.Struct("<II")
_GLOBAL = frozenset({"iam"})  # what has no region is told in the default one
_TERMS = msgspec.msgpack.Decoder(list[tuple[str, str]])


Part = tuple[Term, ...]  # what one side of a record (operation, caller, resource) is found by; shared by its like


class Stream(NamedTuple):
    """Records on their way into blocks, with what finds each."""

    calls: Columns
    parts: list[tuple[Part, ...]]

    def add(self, call: Encoded, parts: tuple[Part, ...]) -> None:
        """Take a record."""
        self.calls.add(call)
        self.parts.append(parts)

    def extend(self, calls: Columns, parts: Iterable[tuple[Part, ...]]) -> None:
        """Take some."""
        self.calls.extend(calls)
        self.parts.extend(parts)

    def part(self, first: int, last: int) -> Self:
        """Those of the positions from `first` on, before `last`."""
        return type(self)(self.calls.part(first, last), self.parts[first:last])

    def in_order(self) -> Self:
        """The same, the earliest first."""
        at = self.calls.numbers.at
        if all(map(le, at, at[1:])):
            return self
        order = sorted(range(len(at)), key=at.__getitem__)
        return type(self)(self.calls.chosen(order), [self.parts[position] for position in order])


class Gathering:
    """Records on their way into blocks, by account and region."""

    def __init__(self) -> None:
        self._streams: dict[tuple[str, str], Stream] = {}

    def stream(self, account: str, region: str) -> Stream:
        """Where the records go that an account is to read in a region."""
        stream = self._streams.get((account, region))
        if stream is None:
            stream = self._streams[account, region] = Stream(Columns.empty(), [])
        return stream

    def blocks(self) -> Iterator[NewBlock]:
        """Blocks of all that was gathered, each stream in order of time."""
        for (account, region), stream in self._streams.items():
            for part in _pieces(stream.in_order()):
                yield _block(account, region, part)


class Found(msgspec.Struct, frozen=True, gc=False):
    """Who reads records that are alike, and what each finds them by; whether the outbox may tell of such calls too.

    `region` is empty for what has none.
    """

    operation: str
    region: str
    may_be_in_outbox: bool
    readers: tuple[tuple[str, tuple[Part, ...]], ...]


class Finding:
    """What finds the records of a batch, remembered: most are like another one."""

    def __init__(self) -> None:
        self._known: dict[bytes, Found] = {}

    def of(self, record: Encoded) -> Found:
        """What finds a record; its parts are those of the records that are like it. msgspec.DecodeError."""
        found = self._known.get(record.common)
        if found is None:
            common = common_of(record.common)
            found = _found(common, record)
            if common.repository:  # else its resources stand in its parameters alone
                self._known[record.common] = found
        return found

    def is_known(self, common: bytes) -> bool:
        """Whether what finds one record with this in common finds all of them."""
        return common in self._known

    def parts(self, record: Encoded, reader: str) -> tuple[Part, ...]:
        """What finds a record for one of its readers."""
        return dict(self.of(record).readers)[reader]


def _found(common: Common, record: Encoded) -> Found:
    operation = _found_by_operation(common.service, common.operation)
    resources = found_by_resources(decode(record))
    who = common.identity
    readers = tuple((each, (operation, _found_by_caller(who, each), resources)) for each in _readers(common))
    region = "" if common.service in _GLOBAL else common.region
    return Found(common.operation, region, may_be_in_outbox(common.service, common.operation), readers)


def _readers(common: Common) -> Sequence[str]:
    """The accounts that read a record, that of what was acted upon and the caller's.

    What failed only its caller reads: whoever names another's account says nothing about it.
    """
    who = common.identity
    caller = who.account if who is not None and who.account.isdigit() else ""
    both = (caller or common.account,) if common.error else (common.account, caller)
    return [each for each in dict.fromkeys(both) if each]


def _found_by_operation(service: str, operation: str) -> Part:
    reads = "true" if read_only(operation) else "false"
    return ("EventName", indexed(operation)), ("EventSource", source(service)), ("ReadOnly", reads)


def _found_by_caller(who: Identity | None, reader: str) -> Part:
    found = (
        ("Username", user_identity.user_name(who, reader)),
        ("AccessKeyId", user_identity.access_key_id(who, reader)),
    )
    return tuple((name, indexed(value)) for name, value in found if value)


def found_by_resources(call: Call) -> Part:
    """The types and names of the resources of a call."""
    found = [term for each in concerned(call) for term in (("ResourceType", each.type), ("ResourceName", each.name))]
    return tuple(dict.fromkeys((name, indexed(value)) for name, value in found if value))


def indexed(value: str) -> str:
    """A value as the index has it: bounded, and without what PostgreSQL's text cannot hold."""
    return value[:_LONGEST_VALUE].replace("\0", "")


def unpack(packed: bytes) -> list[Encoded]:
    """The records of a block in order of time."""
    return list(newest_first(packed))[::-1]


def newest_first(packed: bytes, positions: Sequence[int] | None = None) -> Iterator[Encoded]:
    """The records of a block, all or those of some positions; of a frame that nobody comes to nothing is read."""
    count, size = _HEAD.unpack_from(packed)
    end = _HEAD.size + size
    starts = list(
        accumulate(struct.unpack(f"<{_frames(count)}I", _decompressed(packed[_HEAD.size : end])), initial=end)
    )
    opened, calls = -1, Columns.empty()
    for position in reversed(range(count) if positions is None else positions):
        frame, place = divmod(position, _FRAME)
        if frame != opened:
            opened, calls = frame, columns(_decompressed(packed[starts[frame] : starts[frame + 1]]))
        yield calls.call(place)


def unpack_terms(packed: bytes) -> list[Term]:
    """The terms that find a block."""
    return _TERMS.decode(_decompressed(packed))


def unpack_positions(packed: bytes) -> Sequence[int] | None:
    """At which positions of its block a term's records stand; None when it has to be looked."""
    return struct.unpack(f"<{len(packed) // 2}H", packed) if packed else None


def merged(packed: Iterable[bytes], account: str, region: str) -> list[NewBlock]:
    """The records of several blocks of an hour, as blocks that are as full as they can be."""
    gathering, finding = Gathering(), Finding()
    stream = gathering.stream(account, region)
    for block in packed:
        for record in unpack(block):
            stream.add(record, finding.parts(record, account))
    return list(gathering.blocks())


def _pieces(stream: Stream) -> Iterator[Stream]:
    """A stream in pieces that are a block each."""
    for start in range(0, len(stream.parts), MOST_RECORDS):
        part = stream.part(start, start + MOST_RECORDS)
        at = part.calls.numbers.at
        if at[0] // HOUR == at[-1] // HOUR and sum(map(len, part.calls.said)) <= _MOST_BYTES:
            yield part
        else:
            yield from _smaller(part)


def _smaller(stream: Stream) -> Iterator[Stream]:
    starts, size = [0], 0
    hours = [at // HOUR for at in stream.calls.numbers.at]
    for position, length in enumerate(map(len, stream.calls.said)):
        size += length
        if position > starts[-1] and (size > _MOST_BYTES or hours[position] != hours[position - 1]):
            starts.append(position)
            size = length
    return (stream.part(first, last) for first, last in pairwise([*starts, len(hours)]))


def _block(account: str, region: str, stream: Stream) -> NewBlock:
    found = _positions(stream.parts)
    at = stream.calls.numbers.at
    return NewBlock(
        account,
        region,
        at[0],
        at[-1],
        len(at),
        _packed_records(stream.calls),
        _compressed(msgspec.msgpack.encode(list(found)), _SMALL),
        found,
    )


def _packed_records(calls: Columns) -> bytes:
    count = len(calls.said)
    frames = [_compressed(page(calls.part(start, start + _FRAME)), _FAST) for start in range(0, count, _FRAME)]
    sizes = _compressed(struct.pack(f"<{len(frames)}I", *map(len, frames)), _FAST)
    return b"".join([_HEAD.pack(count, len(sizes)), sizes, *frames])


def _frames(count: int) -> int:
    return -(-count // _FRAME)


def _positions(parts: Sequence[tuple[Part, ...]]) -> dict[Term, bytes]:
    """Each term of records with its positions, packed."""
    ids = list(map(id, parts))  # records that are alike share them
    terms = {which: tuple(chain.from_iterable(each)) for which, each in dict(zip(ids, parts, strict=True)).items()}
    counts = Counter[Term]()
    for which, count in Counter(ids).items():
        counts.update(dict.fromkeys(terms[which], count))
    sparse: dict[Term, list[int]] = {term: [] for term, count in counts.items() if count <= SPARSE}
    wanted = {which: found for which, all_ in terms.items() if (found := [each for each in all_ if each in sparse])}
    for position, which in enumerate(ids):
        if which in wanted:
            for term in wanted[which]:
                sparse[term].append(position)
    return {term: _packed(sparse[term]) if term in sparse else b"" for term in counts}


def _packed(positions: Iterable[int]) -> bytes:
    distinct = sorted(set(positions))
    return struct.pack(f"<{len(distinct)}H", *distinct)


def _decompressed(packed: bytes) -> bytes:
    return zstandard.ZstdDecompressor().decompress(packed, max_output_size=_LARGEST)


def _compressed(data: bytes, level: int) -> bytes:
    return zstandard.ZstdCompressor(level=level, write_checksum=True).compress(data)
