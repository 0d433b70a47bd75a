"""How often somebody may guess wrongly: who has a key would else find the six digits beside it within minutes."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from entrepot.core.recent import Recent
from entrepot.errors import Fact

MOST_WRONG = 5
PERIOD = timedelta(minutes=5)
_MOST_GUESSERS = 4096


class Guesses:
    """Counts of one process, of those who guessed last."""

    def __init__(self) -> None:
        self._wrong: Recent[str, tuple[datetime, int]] = Recent(_MOST_GUESSERS)

    @contextmanager
    def of(self, guesser: str, now: datetime, refusal: type[Fact]) -> Iterator[None]:
        """Let a guess be checked within; `refusal` is what a wrong one raises, and one too many without a check."""
        since, count = self._wrong.get(guesser) or (now, 0)
        if now - since >= PERIOD:
            since, count = now, 0
        if count >= MOST_WRONG:
            raise refusal
        self._wrong.put(guesser, (since, count + 1))  # before the answer: guesses may be sent side by side
        yield
        self._wrong.drop(guesser)
