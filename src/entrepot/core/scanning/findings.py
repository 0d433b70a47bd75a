"""Findings as they are kept: sorted, in compressed parts, so that a page reads few of them."""

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

import msgspec
import zstandard

from entrepot.core.scanning.analysis import SEVERITIES, Finding
from entrepot.db import scans as rows
from entrepot.db.database import Transaction
from entrepot.db.scan_records import ScanKey

MOST = 50_000  # of one image
PART = 500
_LARGEST = 64 * 1024 * 1024  # bytes of a part
_LONGEST_DESCRIPTION = 4096  # characters
_LONGEST_URI = 2048
_MOST_ATTRIBUTES = 46  # of ECR's 50: others say where it is in an index, and why it does not count
_MOST_PACKAGES, _MOST_ALIASES = 500, 50
_LONGEST_KEY, _LONGEST_VALUE = 128, 256
_DECODE = msgspec.msgpack.Decoder(tuple[Finding, ...]).decode
_ENCODE = msgspec.msgpack.Encoder().encode
_RANKS = {severity: rank for rank, severity in enumerate(SEVERITIES)}


def packed(findings: Iterable[Finding]) -> Sequence[bytes]:
    """Findings that are in order, in parts."""
    left = iter(findings)
    parts = iter(lambda: tuple(islice(left, PART)), ())
    return [_compressed(_ENCODE(part)) for part in parts]


def in_order(findings: Iterable[Finding]) -> Sequence[Finding]:
    """The worst first, then by name and attributes; as far as ECR would show them."""
    return sorted((_shown(each) for each in findings), key=_rank)


def merged(of_each: Iterable[Iterable[Finding]]) -> Iterator[Finding]:
    """Several in order as one in order."""
    return heapq.merge(*of_each, key=_rank)


def counts(findings: Iterable[Finding]) -> Mapping[str, int]:
    """How many there are of each severity that there is."""
    return ordered(Counter(each.severity for each in findings))


def ordered(found: Mapping[str, int]) -> Mapping[str, int]:
    """Counts in the order of severities, without zeros."""
    return {severity: found[severity] for severity in SEVERITIES if found.get(severity)}


def all_of(tx: Transaction, key: ScanKey) -> Iterator[Finding]:
    """Every finding of a scan, a part at a time."""
    part = 0
    while body := rows.findings(tx, key, part):
        yield from unpacked(body)
        part += 1


def page(tx: Transaction, key: ScanKey, start: int, limit: int) -> Sequence[Finding]:
    """Up to `limit` findings of a scan, from the one at `start` on."""
    found: list[Finding] = []
    part, skipped = divmod(start, PART)
    while len(found) < limit and (body := rows.findings(tx, key, part)):
        found += unpacked(body)[skipped:]
        part, skipped = part + 1, 0
    return found[:limit]


def unpacked(body: bytes) -> Sequence[Finding]:
    """A part that `packed` made."""
    return _DECODE(zstandard.ZstdDecompressor().decompress(body, max_output_size=_LARGEST))


def _compressed(data: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=3, write_checksum=True).compress(data)


def _rank(finding: Finding) -> tuple[int, str, tuple[tuple[str, str], ...]]:
    return _RANKS[finding.severity], finding.name, tuple(finding.attributes)


def _shown(finding: Finding) -> Finding:
    """Within ECR's bounds; of a severity that it does not know is UNDEFINED."""
    attributes = tuple(
        (key[:_LONGEST_KEY], value[:_LONGEST_VALUE]) for key, value in finding.attributes if key and value
    )
    return Finding(
        finding.name,
        finding.severity if finding.severity in _RANKS else "UNDEFINED",
        finding.description[:_LONGEST_DESCRIPTION],
        finding.uri[:_LONGEST_URI],
        attributes[:_MOST_ATTRIBUTES],
        finding.packages[:_MOST_PACKAGES],
        finding.aliases[:_MOST_ALIASES],
    )
