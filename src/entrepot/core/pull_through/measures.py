"""What the pull-through cache counts."""

from typing import Protocol


class Measures(Protocol):
    """Told of what happens; an operator reads it at /metrics."""

    def hit(self) -> None:
        """A pull was answered by what is here."""

    def miss(self) -> None:
        """The upstream was asked for an image that is not here."""

    def stale(self) -> None:
        """The upstream could not be asked, and what is here was handed out."""

    def fetched(self, size: int) -> None:
        """So many bytes of blobs came from an upstream."""

    def allowance(self, host: str, remaining: int) -> None:
        """How many more pulls an upstream says that it answers."""
