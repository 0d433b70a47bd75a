"""Blocks of records: some hundred calls of one account, region and hour, compressed together, and what finds them.

records   msgpack list of frames
frame     [ how many calls, zstd( a page of them, core/call_pages.py ) ]
terms     zstd( msgpack list of (attribute, value) )
positions u16 of each match in all frames; empty when a term has more than SPARSE of them
"""

import struct
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, chain

import msgspec
import zstandard

from entrepot.core.audit import user_identity
from entrepot.core.audit.operations import may_be_in_outbox, read_only, source
from entrepot.core.audit.resources import concerned
from entrepot.core.call_pages import Group, groups, joined, page
from entrepot.core.calls import Call, Common, Encoded, Identity, common_of, decode
from entrepot.db.audit_blocks import HOUR, NewBlock, Term

MOST_RECORDS = 1024
SPARSE = 64
_MOST_BYTES = 1024 * 1024
_LONGEST_VALUE = 512  # characters of a value in the index
_LARGEST = 64 * 1024 * 1024
_FAST, _SMALL = 1, 3  # levels of compression
_FRAME = 128  # records that are compressed together: one that is wanted costs no more than these
_GLOBAL = frozenset({"iam"})  # what has no region is told in the default one
_ENCODE = msgspec.msgpack.Encoder().encode
_FRAMES = msgspec.msgpack.Decoder(list[tuple[int, bytes]])
_TERMS = msgspec.msgpack.Decoder(list[tuple[str, str]])


Part = tuple[Term, ...]  # what one side of a record (operation, caller, resource) is found by
Parts = tuple[Part, ...]


class Filling:
    """A block of one hour on its way."""

    def __init__(self) -> None:
        self._kinds: dict[tuple[bytes, Parts], list[Group]] = {}
        self._count = 0
        self._bytes = 0

    def room(self, group: Group) -> int:
        """How many of the calls of a group, from the first on, it has room for."""
        most = min(MOST_RECORDS - self._count, group.count)
        if group.said is None:
            return most
        sizes = accumulate(map(len, group.said[:most]), initial=self._bytes)
        next(sizes)
        return max(sum(size <= _MOST_BYTES for size in sizes), min(most, not self._count))

    def take(self, group: Group, parts: Parts) -> None:
        """Take calls that it has room for, with what finds each of them."""
        self._kinds.setdefault((bytes(group.common), parts), []).append(group)
        self._count += group.count
        if group.said is not None:
            self._bytes += sum(map(len, group.said))

    def block(self, account: str, region: str) -> NewBlock:
        """The block as it is."""
        groups = list(map(joined, self._kinds.values()))
        terms = _positions((parts, group.count) for (_, parts), group in zip(self._kinds, groups, strict=True))
        return NewBlock(
            account,
            region,
            min(min(group.at) for group in groups),
            max(max(group.at) for group in groups),
            self._count,
            _packed_records(groups),
            _compressed(_ENCODE(list(terms)), _SMALL),
            terms,
        )


class Stream:
    """Records of one account and region on their way into blocks."""

    def __init__(self) -> None:
        self._open: dict[int, Filling] = {}  # by the hour
        self._full: list[Filling] = []

    def take(self, group: Group, parts: Parts) -> None:
        """Take calls with what finds each of them."""
        for hour, calls in _hours(group):
            left = calls
            while True:
                filling = self._open.setdefault(hour, Filling())
                room = filling.room(left)
                if room == left.count:
                    filling.take(left, parts)
                    break
                if room:
                    filling.take(left.part(0, room), parts)
                self._full.append(self._open.pop(hour))
                left = left.part(room, left.count)

    def filled(self) -> Iterator[Filling]:
        """What has been filled."""
        yield from self._full
        yield from self._open.values()


class Gathering:
    """Records on their way into blocks, by account and region."""

    def __init__(self) -> None:
        self._streams: dict[tuple[str, str], Stream] = {}

    def stream(self, account: str, region: str) -> Stream:
        """Where the records go that an account is to read in a region."""
        return self._streams.setdefault((account, region), Stream())

    def blocks(self) -> Iterator[NewBlock]:
        """Blocks of all that was gathered."""
        for (account, region), stream in self._streams.items():
            for filling in stream.filled():
                yield filling.block(account, region)


class Found(msgspec.Struct, frozen=True, gc=False):
    """Who reads records that are alike, and what each finds them by; whether the outbox may tell of such calls too.

    `region` is empty for what has none.
    """

    operation: str
    region: str
    may_be_in_outbox: bool
    readers: tuple[tuple[str, Parts], ...]


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

    def parted(self, group: Group) -> Iterator[tuple[Group, Found]]:
        """The calls of a group with what finds them: all at once where all are found by the same. One that is not
        whole is left out.
        """
        for position in range(group.count):
            try:
                found = self.of(group.call(position))
            except msgspec.DecodeError:
                continue
            if bytes(group.common) in self._known:
                yield group, found
                return
            yield group.part(position, position + 1), found

    def parts(self, record: Encoded, reader: str) -> Parts:
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
    """The records of a block, all or those of some positions; no frame is read that has none of them."""
    found: list[Encoded] = []
    start = 0
    for count, frame in _FRAMES.decode(packed):
        wanted = (
            range(count) if positions is None else [each - start for each in positions if start <= each < start + count]
        )
        if wanted:
            found += _chosen(groups(_decompressed(frame)), wanted)
        start += count
    return iter(sorted(found, key=_at, reverse=True))


def _chosen(page: Sequence[Group], positions: Sequence[int]) -> Iterator[Encoded]:
    starts = list(accumulate((group.count for group in page), initial=0))
    for position in positions:
        which = bisect_right(starts, position) - 1
        yield page[which].call(position - starts[which])


def _at(call: Encoded) -> int:
    return call.numbers[0]


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
    for _, frame in chain.from_iterable(map(_FRAMES.decode, packed)):
        for group in groups(_decompressed(frame)):
            for calls, found in finding.parted(group):
                stream.take(calls, dict(found.readers)[account])
    return list(gathering.blocks())


def _hours(group: Group) -> Iterator[tuple[int, Group]]:
    """Calls by the hour, all of them at once where there is one only."""
    first, last = min(group.at) // HOUR, max(group.at) // HOUR
    if first == last:
        yield first, group
        return
    hours = [at // HOUR for at in group.at]
    for hour in sorted(set(hours)):
        yield hour, group.chosen([position for position, each in enumerate(hours) if each == hour])


def _packed_records(groups: Iterable[Group]) -> bytes:
    frames = [(sum(group.count for group in frame), _compressed(page(frame), _FAST)) for frame in _frames(groups)]
    return _ENCODE(frames)


def _frames(groups: Iterable[Group]) -> Iterator[list[Group]]:
    frame: list[Group] = []
    room = _FRAME
    for group in groups:
        left = group
        while left.count >= room:
            yield [*frame, left.part(0, room)]
            frame, left, room = [], left.part(room, left.count), _FRAME
        if left.count:
            frame.append(left)
            room -= left.count
    if frame:
        yield frame


def _positions(kinds: Iterable[tuple[Parts, int]]) -> dict[Term, bytes]:
    """Each term of records with its positions, packed, from what so many of them in turn are found by."""
    found: dict[Term, list[range]] = {}
    start = 0
    for parts, count in kinds:
        for term in dict.fromkeys(chain.from_iterable(parts)):
            found.setdefault(term, []).append(range(start, start + count))
        start += count
    return {term: _packed(list(chain.from_iterable(ranges))) for term, ranges in found.items()}


def _packed(positions: Sequence[int]) -> bytes:
    return struct.pack(f"<{len(positions)}H", *positions) if len(positions) <= SPARSE else b""


def _decompressed(packed: bytes) -> bytes:
    return zstandard.ZstdDecompressor().decompress(packed, max_output_size=_LARGEST)


def _compressed(data: bytes, level: int) -> bytes:
    return zstandard.ZstdCompressor(level=level, write_checksum=True).compress(data)
