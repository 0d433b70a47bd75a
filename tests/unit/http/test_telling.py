"""What is told is handed on some calls at a time, and what cannot be told takes nothing else with it."""

from datetime import UTC, datetime

import pytest

from entrepot.core.calls import Telling
from entrepot.http.exchange import Exchange
from entrepot.http.telling import Teller
from tests.factories.calls import calls_in


class Records:
    """A journal that fails when it is told to."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []
        self.flushes = 0
        self.fails = False

    def append(self, record: bytes) -> None:
        if self.fails:
            raise RuntimeError("on purpose")
        self.taken.append(record)

    def flush(self) -> None:
        self.flushes += 1

    def ids(self) -> list[str]:
        return [each.request_id for record in self.taken for each in calls_in(record)]


def tell(teller: Teller, name: str, *, service: str = "ecr", agent: str = "agent") -> None:
    at, telling = datetime(2026, 1, 1, tzinfo=UTC), Telling(service=service, operation="PutImage")
    exchange = Exchange(name, "127.0.0.1", False, "a", ("a",), "http://a", agent, at, telling)
    teller.tell(exchange, "aws", head=False, status=200, received=0, sent=0, seconds=0.1)


def test_calls_are_handed_on_together_when_they_are_many_large_or_flushed():
    records = Records()
    teller = Teller(records)
    count = 0
    while not records.taken:
        tell(teller, str(count))
        count += 1
    assert count > 500
    tell(teller, "large", agent="x" * 70_000)
    assert len(records.taken) == 2
    tell(teller, "one")
    tell(teller, "nobody's", service="")
    teller.flush()
    teller.flush()
    assert (len(records.taken), records.flushes) == (3, 2)
    assert records.ids() == [*map(str, range(count)), "large", "one"]


async def test_a_flush_that_fails_ends_the_flushing_and_what_is_told_later_is_not_lost_with_it():
    records = Records()
    teller = Teller(records)
    records.fails = True
    tell(teller, "lost")
    with pytest.raises(RuntimeError, match="on purpose"):
        await teller.flush_often(0.001)
    records.fails = False
    tell(teller, "kept")
    teller.flush()
    assert records.ids() == ["kept"]
