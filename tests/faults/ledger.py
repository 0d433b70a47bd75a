"""What clients have been told: each tag's possible states, so that a check after a crash knows what must be there.

A tag belongs to one client. While a request about it is under way both outcomes are possible; its answer decides.
"""

import threading
from dataclasses import dataclass, field

from tests.factories.layouts import Image

ABSENT: Image | None = None


@dataclass
class Ledger:
    """Possible images of each (repository, tag); `touched` are those of the present round."""

    possible: dict[tuple[str, str], tuple[Image | None, ...]] = field(default_factory=dict)
    touched: set[tuple[str, str]] = field(default_factory=set)
    acknowledged: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def begin(self, repository: str, tag: str, outcome: Image | None) -> None:
        """A request that would make the tag this image, or absent, is about to be sent."""
        with self._lock:
            before = self.possible.get((repository, tag), (ABSENT,))
            self.possible[repository, tag] = (*before, outcome)
            self.touched.add((repository, tag))

    def acknowledge(self, repository: str, tag: str, outcome: Image | None) -> None:
        """The server has said that it is done."""
        with self._lock:
            self.possible[repository, tag] = (outcome,)
            self.acknowledged += 1

    def settle(self, repository: str, tag: str, found: Image | None) -> None:
        """What was found after a crash is the truth from now on."""
        with self._lock:
            self.possible[repository, tag] = (found,)
