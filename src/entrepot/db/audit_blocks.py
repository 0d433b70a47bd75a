"""Rows of `audit_block` and `audit_term`: blocks of records, and what finds them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Table,
    and_,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    or_,
    select,
    tuple_,
)

from entrepot.db import audit_counters
from entrepot.db.audit_schema import SMALL, audit_block, audit_term
from entrepot.db.database import Row, Transaction

Term = tuple[str, str]  # attribute and value
HOUR = 3_600_000_000  # microseconds; no block has records of two hours
SEQUENCE = "sequence"


def _within(table: Table) -> tuple[ColumnElement[bool], ...]:
    """Blocks that may hold records of [first, last], before one that has been looked at; none goes beyond `until`."""
    return (
        table.c.to_at >= bindparam("first"),
        table.c.to_at < bindparam("until"),
        table.c.from_at <= bindparam("last"),
        tuple_(table.c.to_at, table.c.sequence) < tuple_(bindparam("before_at"), bindparam("before_sequence")),
    )


_ADD = insert(audit_block)
_ADD_TERMS = insert(audit_term)
_OF = (audit_block.c.account_id == bindparam("account"), audit_block.c.region == bindparam("of_region"))
_NEWEST = (
    select(audit_block.c.sequence, audit_block.c.to_at)
    .where(*_OF, *_within(audit_block))
    .order_by(audit_block.c.to_at.desc(), audit_block.c.sequence.desc())
    .limit(bindparam("most"))
)
_FOUND = (
    select(audit_term.c.sequence, audit_term.c.to_at, audit_term.c.positions)
    .where(
        audit_term.c.account_id == bindparam("account"),
        audit_term.c.region == bindparam("of_region"),
        audit_term.c.attribute == bindparam("attribute"),
        audit_term.c.value == bindparam("wanted"),
        *_within(audit_term),
    )
    .order_by(audit_term.c.to_at.desc(), audit_term.c.sequence.desc())
    .limit(bindparam("most"))
)
_RECORDS = select(audit_block.c.records).where(audit_block.c.sequence == bindparam("of"))
_SINCE = (
    select(
        audit_block.c.sequence,
        audit_block.c.account_id,
        audit_block.c.region,
        audit_block.c.from_at,
        audit_block.c.to_at,
        audit_block.c.count,
        audit_block.c.records,
    )
    .where(audit_block.c.sequence > bindparam("of"))
    .order_by(audit_block.c.sequence)
    .limit(bindparam("most"))
)
_OLDEST = (
    select(audit_block.c.sequence, audit_block.c.account_id, audit_block.c.region, audit_block.c.to_at)
    .add_columns(audit_block.c.terms, audit_block.c.count)
    .where(audit_block.c.to_at < bindparam("before"))
    .order_by(audit_block.c.to_at)
    .limit(bindparam("most"))
)
# as literals: an index of the small ones serves no other number, nor PostgreSQL's grouping a parameter
_SMALL_ONES = (audit_block.c.count < literal_column(str(SMALL)), audit_block.c.sequence <= bindparam("passed"))
_HOUR = (audit_block.c.to_at // literal_column(str(HOUR), BigInteger)).label("hour")
_CROWDED = (
    select(audit_block.c.account_id, audit_block.c.region, _HOUR)
    .where(*_SMALL_ONES)
    .group_by(audit_block.c.account_id, audit_block.c.region, _HOUR)
    .having(
        or_(
            func.count() >= bindparam("many"), and_(func.count() > 1, func.max(audit_block.c.to_at) < bindparam("over"))
        )
    )
    .limit(bindparam("most"))
)
_SMALL = (
    select(audit_block.c.sequence, audit_block.c.to_at, audit_block.c.terms, audit_block.c.records)
    .where(*_OF, *_SMALL_ONES, audit_block.c.to_at >= bindparam("first"), audit_block.c.to_at < bindparam("until"))
    .order_by(audit_block.c.to_at, audit_block.c.sequence)
    .limit(bindparam("most"))
)
_REMOVE = delete(audit_block).where(audit_block.c.sequence == bindparam("of"))
_REMOVE_TERM = delete(audit_term).where(
    audit_term.c.account_id == bindparam("account"),
    audit_term.c.region == bindparam("of_region"),
    audit_term.c.attribute == bindparam("of_attribute"),
    audit_term.c.value == bindparam("of_value"),
    audit_term.c.to_at == bindparam("at"),
    audit_term.c.sequence == bindparam("of"),
)


@dataclass(frozen=True, slots=True)
class NewBlock:
    """A block as it is written; `terms` say at which positions each attribute has a value."""

    account: str
    region: str
    from_at: int
    to_at: int
    count: int
    records: bytes
    packed_terms: bytes
    terms: Mapping[Term, bytes]


def add(tx: Transaction, block: NewBlock, sequence: int | None = None) -> int:
    """Add a block, under the next sequence or in the place of one that went; its sequence."""
    number = audit_counters.advance(tx, SEQUENCE) if sequence is None else sequence
    tx.run(
        _ADD,
        sequence=number,
        account_id=block.account,
        region=block.region,
        from_at=block.from_at,
        to_at=block.to_at,
        count=block.count,
        terms=block.packed_terms,
        records=block.records,
    )
    tx.run_many(
        _ADD_TERMS,
        [
            {
                "account_id": block.account,
                "region": block.region,
                "attribute": attribute,
                "value": value,
                "to_at": block.to_at,
                "sequence": number,
                "from_at": block.from_at,
                "positions": positions,
            }
            for (attribute, value), positions in block.terms.items()
        ],
    )
    return number


@dataclass(frozen=True, slots=True)
class Span:
    """Blocks of one account and region that may hold records of [first, last] microseconds."""

    account: str
    region: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Found:
    """A block that is to be looked at; `positions` is empty where all of it is."""

    sequence: int
    to_at: int
    positions: bytes


def found(tx: Transaction, span: Span, term: Term | None, before: tuple[int, int] | None, most: int) -> Sequence[Found]:
    """Blocks in which an attribute has a value, or all, in order of (to_at, sequence), the newest first."""
    until = (span.last // HOUR + 1) * HOUR
    at, sequence = before or (until, 0)
    given = {
        "account": span.account,
        "of_region": span.region,
        "first": span.first,
        "last": span.last,
        "until": until,
        "before_at": at,
        "before_sequence": sequence,
        "most": most,
    }
    if term is None:
        return [Found(row.sequence, row.to_at, b"") for row in tx.all(_NEWEST, **given)]
    rows = tx.all(_FOUND, **given, attribute=term[0], wanted=term[1])
    return [Found(row.sequence, row.to_at, bytes(row.positions)) for row in rows]


def records(tx: Transaction, sequence: int) -> bytes | None:
    """The packed records of a block; None for one that is gone."""
    row = tx.one(_RECORDS, of=sequence)
    return None if row is None else bytes(row.records)


def since(tx: Transaction, sequence: int, most: int) -> Sequence[Row]:
    """Whole blocks after a sequence, in order, without their terms."""
    return tx.all(_SINCE, of=sequence, most=most)


def oldest(tx: Transaction, before: int, most: int) -> Sequence[Row]:
    """Some blocks whose latest record is of before a moment: what `remove` wants to know of them."""
    return tx.all(_OLDEST, before=before, most=most)


def remove(tx: Transaction, sequence: int, account: str, region: str, to_at: int, terms: Sequence[Term]) -> None:
    """Remove a block, and what finds it."""
    tx.run(_REMOVE, of=sequence)
    tx.run_many(
        _REMOVE_TERM,
        [
            {
                "account": account,
                "of_region": region,
                "of_attribute": attribute,
                "of_value": value,
                "at": to_at,
                "of": sequence,
            }
            for attribute, value in terms
        ],
    )


def crowded(tx: Transaction, passed: int, over: int, many: int, most: int) -> Sequence[tuple[str, str, int]]:
    """(account, region, start of the hour) where there are `many` small blocks, or several in an hour that was over
    by `over`; only blocks that every cursor has `passed` count.
    """
    rows = tx.all(_CROWDED, passed=passed, over=over, many=many, most=most)
    return [(row.account_id, row.region, row.hour * HOUR) for row in rows]


def small(tx: Transaction, account: str, region: str, hour: int, passed: int, most: int) -> Sequence[Row]:
    """Small blocks of an hour, in order of time."""
    return tx.all(_SMALL, account=account, of_region=region, first=hour, until=hour + HOUR, passed=passed, most=most)
