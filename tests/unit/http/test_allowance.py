"""The allowance of an address: a rate after a burst, one for each network, shared by processes, of a fixed size."""

import multiprocessing
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.errors import RateExceeded
from entrepot.http.allowance import Allowance, source


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def taken(allowance: Allowance, address: str, tries: int) -> int:
    return sum(not allowance.take(address) for _ in range(tries))


def test_a_burst_is_allowed_and_then_a_rate(clock: Clock):
    allowance = Allowance(10, 5, clock)
    assert taken(allowance, "192.0.2.1", 20) == 5
    clock.now += 0.1
    assert taken(allowance, "192.0.2.1", 20) == 1
    clock.now += 1000
    assert taken(allowance, "192.0.2.1", 20) == 5


@given(st.lists(st.floats(0, 3), min_size=1, max_size=60), st.floats(0.1, 50), st.integers(1, 20))
def test_no_more_than_the_burst_and_the_rate_in_any_time(pauses: list[float], rate: float, burst: int):
    clock = Clock()
    allowance = Allowance(rate, burst, clock)
    allowed, began = 0, clock.now
    for pause in pauses:
        clock.now += pause
        allowed += taken(allowance, "192.0.2.1", 3)
    assert allowed <= burst + rate * (clock.now - began + 2e-6)


def test_who_waits_as_long_as_it_was_told_is_answered(clock: Clock):
    allowance = Allowance(3, 1, clock)
    allowance.take("192.0.2.1")
    wait = allowance.take("192.0.2.1")
    assert 0.3 < wait < 0.34
    clock.now += wait + 1e-9
    assert not allowance.take("192.0.2.1")


def test_a_refusal_tells_whole_seconds(clock: Clock):
    allowance = Allowance(0.5, 1, clock)
    allowance.require("192.0.2.1")
    with pytest.raises(RateExceeded) as refused:
        allowance.require("192.0.2.1")
    assert refused.value.fields == {"seconds": 2}


def test_what_is_refused_costs_nothing(clock: Clock):
    allowance = Allowance(1, 1, clock)
    assert taken(allowance, "192.0.2.1", 1000) == 1
    clock.now += 1
    assert taken(allowance, "192.0.2.1", 1000) == 1


def test_a_rate_of_0_is_no_limit(clock: Clock):
    assert taken(Allowance(0, 1, clock), "192.0.2.1", 1000) == 1000


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::2", True),
        ("", "192.0.2.1", False),
    ],
)
def test_an_ipv6_network_of_64_bits_counts_as_one(one: str, other: str, same: bool, clock: Clock):
    assert (source(one) == source(other)) is same
    allowance = Allowance(1, 1, clock)
    assert not allowance.take(one)
    assert bool(allowance.take(other)) is same


def test_memory_does_not_grow_with_addresses(clock: Clock):
    allowance = Allowance(1, 1, clock)
    tracemalloc.start()
    for number in range(20_000):
        allowance.take(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size < 2_000_000


def test_an_address_that_asks_without_end_is_not_forgotten_for_others_that_ask_once(clock: Clock):
    allowance = Allowance(1, 100, clock)
    taken(allowance, "192.0.2.1", 200)
    for number in range(30_000):
        allowance.take(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
    assert allowance.take("192.0.2.1")


def _spend(allowance: Allowance) -> None:
    raise SystemExit(taken(allowance, "192.0.2.1", 3))


def test_processes_share_an_allowance():
    context = multiprocessing.get_context("fork")
    allowance = Allowance(0.001, 5)
    assert taken(allowance, "192.0.2.1", 3) == 3
    other = context.Process(target=_spend, args=(allowance,))
    other.start()
    other.join()
    assert other.exitcode == 2
