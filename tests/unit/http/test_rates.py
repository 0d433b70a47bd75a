"""Rates: AWS's numbers and an operator's own, of an account in a region, of a principal, of an address."""

import asyncio
import multiprocessing
from functools import partial

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.core.access import Caller
from entrepot.core.principals import ANONYMOUS
from entrepot.errors import Throttled
from entrepot.http.buckets import Buckets, Rate
from entrepot.http.rates import AWS_RATES, Rates
from tests.factories.callers import OTHER_ACCOUNT, caller


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def asked(rates: Rates, operation: str, tries: int, who: Caller | None = None, service: str = "ecr") -> int:
    """How many of so many requests are answered."""
    answered = 0
    for _ in range(tries):
        try:
            rates.require(who or caller(), service, operation)
        except Throttled:
            continue
        answered += 1
    return answered


def anybody(address: str) -> Caller:
    return msgspec.structs.replace(caller(), principal=ANONYMOUS, source_ip=address)


def test_without_a_setting_nothing_is_limited(clock: Clock):
    assert asked(Rates((), clock=clock), "PutImage", 100_000) == 100_000


def test_a_refusal_says_awss_words_and_when_to_come_back(clock: Clock):
    rates = Rates(("PutImage=0.5/1",), clock=clock)
    rates.require(caller(), "ecr", "PutImage")
    with pytest.raises(Throttled, match=r"^Rate exceeded$") as refused:
        rates.require(caller(), "ecr", "PutImage")
    assert refused.value.fields == {"seconds": 2}


@pytest.mark.parametrize(("service", "operation"), AWS_RATES)
def test_awss_numbers_hold_for_a_second(clock: Clock, service: str, operation: str):
    rates, rate = Rates(("aws",), clock=clock), int(AWS_RATES[service, operation])
    assert asked(rates, operation, rate + 5, service=service) == rate
    clock.now += 1
    assert asked(rates, operation, rate + 5, service=service) == rate


def test_an_account_has_them_in_each_region_and_shares_them_among_its_principals(clock: Clock):
    rates = Rates(("aws",), clock=clock)
    elsewhere = msgspec.structs.replace(caller(), region="eu-west-1")
    neighbour = msgspec.structs.replace(caller(), principal=msgspec.structs.replace(caller().principal, id="AIDAOTHER"))
    assert asked(rates, "PutImage", 20) == 10
    assert asked(rates, "PutImage", 20, neighbour) == 0
    assert asked(rates, "PutImage", 20, elsewhere) == 10
    assert asked(rates, "PutImage", 20, caller(OTHER_ACCOUNT)) == 10
    assert asked(rates, "InitiateLayerUpload", 20) == 20


def test_an_operator_sets_a_rate_of_its_own(clock: Clock):
    assert asked(Rates(("aws", "PutImage=2"), clock=clock), "PutImage", 20) == 2
    assert asked(Rates(("PutImage=2/7",), clock=clock), "PutImage", 20) == 7
    assert asked(Rates(("aws", "PutImage=0"), clock=clock), "PutImage", 2000) == 2000
    rates = Rates(("aws", "ecr:PutImage=3"), clock=clock)
    assert asked(rates, "PutImage", 20) == 3
    assert asked(rates, "PutImage", 20, service="ecr-public") == 10


def test_a_principal_has_a_rate_for_all_that_it_asks(clock: Clock):
    rates = Rates((), (1, 5), clock)
    assert asked(rates, "PutImage", 3) == 3
    assert asked(rates, "CreateRole", 3, service="iam") == 2
    assert asked(rates, "PutImage", 3, caller(OTHER_ACCOUNT)) == 3


def test_public_pulls_without_credentials_are_one_a_second_for_each_address(clock: Clock):
    rates = Rates(("aws",), clock=clock)
    pulled = partial(asked, rates, "BatchGetImage", 5, service="ecr-public")
    assert pulled(who=anybody("192.0.2.1")) == 1
    assert pulled(who=anybody("192.0.2.2")) == 1
    assert pulled(who=anybody("2001:db8::1")) == 1
    assert pulled(who=anybody("2001:db8::2")) == 0
    assert pulled() == 5


@given(st.lists(st.floats(0, 3), min_size=1, max_size=60), st.floats(0.1, 50), st.integers(1, 20))
def test_a_bucket_answers_as_one_that_is_filled_and_emptied(pauses: list[float], per_second: float, burst: int):
    clock = Clock()
    buckets, rate, tokens = Buckets(clock), Rate(per_second, burst), float(burst)
    for pause in pauses:
        clock.now += pause
        tokens = min(burst, tokens + pause * per_second)
        for _ in range(3):
            wait = buckets.take(7, rate)
            if abs(tokens - 1) > 1e-4 * max(1.0, per_second):
                assert (wait == 0) is (tokens >= 1)
            if not wait:
                tokens -= 1


def test_a_turn_that_comes_soon_is_kept_for_who_waits(clock: Clock):
    rates = Rates(("PutImage=2/1",), clock=clock, patience=1.5)
    turns = [rates.turn(caller(), "ecr", "PutImage") for _ in range(4)]
    assert turns == pytest.approx([0, 0.5, 1, 1.5], abs=1e-4)
    with pytest.raises(Throttled) as refused:
        rates.turn(caller(), "ecr", "PutImage")
    assert refused.value.fields == {"seconds": 1}
    with pytest.raises(Throttled):
        rates.require(caller(), "ecr", "PutImage")
    clock.now += 1
    assert [rates.turn(caller(), "ecr", "PutImage") for _ in range(2)] == pytest.approx([1, 1.5], abs=1e-4)


def test_who_is_bound_twice_waits_for_the_later_turn(clock: Clock):
    rates = Rates(("PutImage=1/1",), (4, 1), clock, patience=2)
    assert [rates.turn(caller(), "ecr", "PutImage") for _ in range(2)] == pytest.approx([0, 1], abs=1e-4)


def test_only_so_many_wait(clock: Clock):
    rates = Rates(("PutImage=1/1",), clock=clock, patience=5)

    async def crowd() -> None:
        waiting = [asyncio.ensure_future(rates.wait(60)) for _ in range(1000)]
        await asyncio.sleep(0)
        rates.turn(caller(), "ecr", "PutImage")
        with pytest.raises(Throttled):
            rates.turn(caller(), "ecr", "PutImage")
        for each in waiting:
            each.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        assert rates.turn(caller(), "ecr", "PutImage") > 0

    asyncio.run(crowd())


def _spend(rates: Rates) -> None:
    raise SystemExit(asked(rates, "PutImage", 20))


def test_processes_share_a_rate():
    context = multiprocessing.get_context("fork")
    rates = Rates(("PutImage=0.001/10",))
    assert asked(rates, "PutImage", 4) == 4
    other = context.Process(target=_spend, args=(rates,))
    other.start()
    other.join()
    assert other.exitcode == 6
