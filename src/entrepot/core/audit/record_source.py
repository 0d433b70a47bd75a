"""What trails deliver: blocks of audit records in the order in which they were kept, each record with its moment."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from entrepot.core.audit import store
from entrepot.core.audit.records import record
from entrepot.core.units import BlockingUnits
from entrepot.db import trail_blocks
from entrepot.db.database import Database, Transaction

Json = Mapping[str, object]
_READER = "trails"


class RecordBlock(Protocol):
    """Some records of one account and region."""

    @property
    def sequence(self) -> int:
        """Its place in the order."""

    @property
    def account(self) -> str:
        """Whose records they are."""

    @property
    def region(self) -> str:
        """Where they were made."""

    @property
    def count(self) -> int:
        """How many they are."""

    def told(self) -> Iterator[tuple[int, Json]]:
        """Each record, with its moment in microseconds."""


class RecordSource(Protocol):
    """Blocks of records; each call may block."""

    def last(self) -> int:
        """The sequence of the newest block, 0 before there is one."""

    def before(self, at: int) -> int:
        """A sequence after which every block comes that holds records of this moment (microseconds) or later."""

    def since(self, sequence: int, limit: int) -> Sequence[RecordBlock]:
        """Blocks after a sequence, in order."""

    def release(self, sequence: int) -> None:
        """No trail needs the blocks up to this one as they are."""


@dataclass(frozen=True, slots=True)
class AuditBlock:
    """A block of the audit database."""

    block: store.Block
    aws_constants: bool

    @property
    def sequence(self) -> int:
        """As RecordBlock says."""
        return self.block.sequence

    @property
    def account(self) -> str:
        """As RecordBlock says."""
        return self.block.account

    @property
    def region(self) -> str:
        """As RecordBlock says."""
        return self.block.region

    @property
    def count(self) -> int:
        """As RecordBlock says."""
        return self.block.count

    def told(self) -> Iterator[tuple[int, Json]]:
        """As RecordBlock says."""
        for call in self.block.calls():
            yield call.at, record(call, self.account, self.region, aws_constants=self.aws_constants)


class AuditRecords:
    """The records of the audit database."""

    def __init__(self, audit: Database, *, aws_constants: bool) -> None:
        self._units = BlockingUnits(audit)
        self._aws_constants = aws_constants

    def last(self) -> int:
        """As RecordSource says."""
        return self._units.read(store.last)

    def before(self, at: int) -> int:
        """As RecordSource says."""
        return self._units.read(_before, at)

    def since(self, sequence: int, limit: int) -> Sequence[AuditBlock]:
        """As RecordSource says."""
        return [AuditBlock(each, self._aws_constants) for each in self._units.read(store.since, sequence, limit)]

    def release(self, sequence: int) -> None:
        """As RecordSource says."""
        self._units.write(store.move_cursor, _READER, sequence)

    def passed(self) -> int:
        """The sequence up to which blocks may be put together."""
        return self._units.read(store.cursor, _READER)


def _before(tx: Transaction, at: int) -> int:
    found = trail_blocks.first(tx, at)
    return store.last(tx) if found is None else found - 1
