"""What a failure means, and when there is another attempt: laws of the retry policy."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.core.events import outcomes
from entrepot.core.events.outcomes import Again, Failure, GivenUp, Pace, RetryPolicy, verdict
from entrepot.outbound import DestinationForbidden, DestinationUnreachable

BUSY = Failure("THROTTLING", "busy", True)
SECOND = 1_000_000
CHANCE = st.floats(0, 1, exclude_max=True)


@given(st.integers(1, 400), st.integers(0, 185), st.integers(60, 86_400), st.integers(0, 86_400), CHANCE)
def test_an_attempt_follows_only_within_both_limits(attempts, most, seconds, age, chance):
    now = age * SECOND
    judged = verdict(BUSY, attempts, 0, now, RetryPolicy(most, seconds), Pace(), chance)
    if isinstance(judged, Again):
        assert attempts <= most
        assert now < judged.due_at <= seconds * SECOND
    elif attempts > most:
        assert judged == GivenUp("MaximumRetryAttempts")
    else:
        assert judged == GivenUp("MaximumEventAgeInSeconds")


@given(st.integers(1, 185), CHANCE)
def test_pauses_double_up_to_the_longest_and_are_spread(attempts, chance):
    judged = verdict(BUSY, attempts, 0, 0, RetryPolicy(), Pace(1.0, 600.0), chance)
    assert isinstance(judged, Again)
    longest = min(600.0, 2.0 ** (attempts - 1))
    assert longest / 2 <= judged.due_at / SECOND <= longest


def test_the_default_policy_takes_most_of_a_day():
    total = sum(min(600.0, 2.0 ** (attempt - 1)) * 0.75 for attempt in range(1, 186))
    assert 20 * 3600 < total < 24 * 3600


def test_what_a_target_asks_for_is_waited_for_within_the_longest_pause():
    for asked, waited in ((30.0, 30.0), (1e5, 600.0)):
        failure = Failure("THROTTLING", "", True, asked)
        judged = verdict(failure, 1, 0, 0, RetryPolicy(), Pace(), 0.0)
        assert judged == Again(int(waited * SECOND))


def test_what_is_final_is_given_up_at_once():
    assert verdict(Failure("NO_RESOURCE", "", False), 1, 0, 0, RetryPolicy(), Pace(), 0.5) == GivenUp("")


@pytest.mark.parametrize(
    ("status", "code", "again"),
    [
        (200, None, None),
        (204, None, None),
        (301, "SDK_CLIENT_ERROR", False),
        (400, "SDK_CLIENT_ERROR", False),
        (401, "NO_PERMISSIONS", False),
        (404, "NO_RESOURCE", False),
        (409, "THROTTLING", True),
        (410, "NO_RESOURCE", False),
        (429, "THROTTLING", True),
        (500, "SERVICE_UNAVAILABLE", True),
        (503, "SERVICE_UNAVAILABLE", True),
    ],
)
def test_a_status_says_what_it_means(status, code, again):
    failure = outcomes.of_status(status, {}, "host")
    assert (failure and failure.code, failure and failure.retriable) == (code, again)


@pytest.mark.parametrize(("header", "seconds"), [("7", 7.0), ("-1", 0.0), ("soon", 0.0), ("٣", 0.0), ("9999999", 0.0)])
def test_retry_after_is_read_in_seconds(header, seconds):
    failure = outcomes.of_status(503, {"Retry-After": header}, "host")
    assert failure is not None
    assert failure.after == seconds


def test_where_nothing_may_go_is_final_and_where_nobody_answers_is_not():
    assert not outcomes.of_fault(DestinationForbidden("no")).retriable
    assert outcomes.of_fault(DestinationUnreachable("away")).retriable


def test_a_message_of_somebody_else_is_one_line_and_bounded():
    assert outcomes.shortened("a\n b\t" + "x" * 9999) == ("a b " + "x" * 9999)[:1024]
