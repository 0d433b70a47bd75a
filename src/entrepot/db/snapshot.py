"""The seam of hot reads: one connection for each event loop, whose `version` tells whether anything has changed."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from sqlalchemy import Executable

from entrepot.db.database import Reader, Row

__all__ = ["Executable", "Row", "Snapshot", "Watched"]

T = TypeVar("T")


class Snapshot(Protocol):
    """Single rows as of now; a version read before a row is never newer than the row."""

    def version(self) -> int:
        """Another number after each commit by anyone."""

    def one(self, statement: Executable, **parameters: object) -> Row | None:
        """The first row, or None."""

    def together(self, work: Callable[[Reader], T]) -> T:
        """Several rows of one state."""

    def close(self) -> None:
        """Release the connection."""


class Watched(Protocol):
    """A database that hot reads can be made of."""

    def snapshot(self) -> Snapshot:
        """A connection for one event loop."""
