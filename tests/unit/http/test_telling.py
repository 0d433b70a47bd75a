"""What is told is handed on some calls at a time, and what cannot be told takes nothing else with it."""

import weakref
from datetime import UTC, datetime

import pytest

from entrepot.core.call_pages import groups
from entrepot.core.calls import Telling
from entrepot.core.principals import Principal, root_principal
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


def tell(
    teller: Teller,
    name: str,
    *,
    service: str = "ecr",
    agent: str = "agent",
    principal: Principal | None = None,
    received: int = 0,
) -> None:
    at, telling = datetime(2026, 1, 1, tzinfo=UTC), Telling(service=service, operation="PutImage", principal=principal)
    exchange = Exchange(name, "127.0.0.1", False, "a", ("a",), "http://a", agent, at, telling)
    teller.tell(exchange, "aws", head=False, status=200, received=received, sent=0, seconds=0.1)


def test_calls_are_handed_on_together_when_they_are_many_large_or_flushed():
    records = Records()
    teller = Teller(records)
    count = 0
    while not records.taken:
        tell(teller, str(count))
        count += 1
    assert count > 500
    tell(teller, "large", agent="x" * 90_000)
    tell(teller, "one")
    tell(teller, "nobody's", service="")
    teller.flush()
    teller.flush()
    assert (len(records.taken), records.flushes) == (3, 2)
    assert records.ids() == [*map(str, range(count)), "large", "one"]


def test_each_request_brings_a_caller_of_its_own_and_equal_ones_are_told_once():
    records = Records()
    teller = Teller(records)
    for number in range(10):
        tell(teller, str(number), principal=root_principal("123456789012", "AKIAROOT", 1))
    tell(teller, "later", principal=root_principal("123456789012", "AKIAROOT", 2))
    tell(teller, "other", principal=root_principal("210987654321", "AKIAOTHER", 1))
    teller.flush()
    (page,) = records.taken
    assert len(groups(page)) == 3
    callers = [call.common.caller for call in calls_in(page)]
    assert callers == ["123456789012"] * 11 + ["210987654321"]


def test_what_may_be_large_is_not_held_on_to():
    records = Records()
    teller = Teller(records)
    large, weak = Parameters(name="value"), weakref.WeakSet[Parameters]()
    weak.add(large)
    exchange = Exchange("1", "127.0.0.1", False, "a", ("a",), "http://a", "agent", datetime(2026, 1, 1, tzinfo=UTC))
    exchange.telling.service, exchange.telling.parameters = "ecr", large
    teller.tell(exchange, "aws", head=False, status=200, received=1_000_000, sent=0, seconds=0.1)
    del exchange, large
    assert not weak


class Parameters(dict[str, object]):
    """Whose end can be seen."""

    __hash__ = object.__hash__  # type: ignore[assignment]  # a set of them is of these objects, not of what they hold


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
