"""The seam of hot reads: one connection for each event loop, whose `version` tells whether anything has changed."""

from typing import Protocol

from sqlalchemy import Executable

from entrepot.db.database import Row


class Snapshot(Protocol):
    """Single rows as of now; a version read before a row is never newer than the row."""

    def version(self) -> int:
        """Another number after each commit by anyone."""

    def one(self, statement: Executable, **parameters: object) -> Row | None:
        """The first row, or None."""

    def close(self) -> None:
        """Release the connection."""
