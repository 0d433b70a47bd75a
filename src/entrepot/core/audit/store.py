"""Blocks of audit records as others read them: in the order in which they were kept, each once."""

from collections.abc import Sequence
from dataclasses import dataclass

from entrepot.core.audit.blocks import merged, unpack, unpack_terms
from entrepot.core.calls import Call, decode
from entrepot.db import audit_blocks, audit_counters
from entrepot.db.audit_blocks import HOUR
from entrepot.db.database import Transaction

_MANY = 16  # small blocks of an hour that are put together while the hour lasts
_MOST_PARTS = 256
_CURSOR = "cursor/"


@dataclass(frozen=True, slots=True)
class Block:
    """Records that go to one account in one region; `packed` holds `count` of [from_at, to_at]."""

    sequence: int
    account: str
    region: str
    from_at: int
    to_at: int
    count: int
    packed: bytes

    def calls(self) -> list[Call]:
        """Its records, in order of time."""
        return [decode(record) for record in unpack(self.packed)]


def since(tx: Transaction, sequence: int, limit: int) -> tuple[Block, ...]:
    """Blocks after a sequence, in order: a cursor over them misses none and sees none twice."""
    return tuple(
        Block(row.sequence, row.account_id, row.region, row.from_at, row.to_at, row.count, bytes(row.records))
        for row in audit_blocks.since(tx, sequence, limit)
    )


def last(tx: Transaction) -> int:
    """The sequence of the newest block, 0 before there is one."""
    return audit_counters.get(tx, audit_blocks.SEQUENCE)


def cursor(tx: Transaction, name: str) -> int:
    """How far a reader of blocks has come."""
    return audit_counters.get(tx, _CURSOR + name)


def move_cursor(tx: Transaction, name: str, sequence: int) -> None:
    """A reader has seen all blocks up to this one."""
    audit_counters.raise_to(tx, _CURSOR + name, sequence)


def crowded(tx: Transaction, passed: int, now: int, most: int) -> Sequence[tuple[str, str, int]]:
    """Hours of accounts and regions whose small blocks are to be put together."""
    return audit_blocks.crowded(tx, passed, now // HOUR * HOUR, _MANY, most)


def put_together(tx: Transaction, account: str, region: str, hour: int, passed: int) -> int:
    """Replace the small blocks of an hour by fuller ones, under sequences that every reader has passed; how many went.

    No reader misses what it has not seen: only blocks up to `passed` are touched.
    """
    parts = audit_blocks.small(tx, account, region, hour, passed, _MOST_PARTS)
    blocks = merged((bytes(part.records) for part in parts), account, region)
    if len(blocks) >= len(parts):  # few records, and large ones: nothing is won, and there are no sequences for more
        return 0
    for part in parts:
        audit_blocks.remove(tx, part.sequence, account, region, part.to_at, unpack_terms(bytes(part.terms)))
    for block, part in zip(blocks, parts, strict=False):
        audit_blocks.add(tx, block, part.sequence)
    return len(parts) - len(blocks)


def expire(tx: Transaction, before: int, most: int) -> int:
    """Remove some blocks whose records are all of before a moment; how many records went."""
    gone = 0
    for row in audit_blocks.oldest(tx, before, most):
        audit_blocks.remove(tx, row.sequence, row.account_id, row.region, row.to_at, unpack_terms(bytes(row.terms)))
        gone += row.count
    return gone
