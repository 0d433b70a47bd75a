"""What trails deliver: blocks of audit records in the order in which they were kept, each record with its moment."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

Json = Mapping[str, object]


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
