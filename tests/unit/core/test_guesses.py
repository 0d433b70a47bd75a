"""Wrong guesses are counted before they are checked; a right one clears the slate."""

from datetime import timedelta

import pytest

from entrepot.core.guesses import MOST_WRONG, PERIOD, Guesses
from entrepot.errors import MfaRefused
from tests.factories.callers import EPOCH


def guess(guesses: Guesses, *, right: bool, after: timedelta = timedelta()) -> bool:
    """Whether the guess was looked at."""
    looked = False
    try:
        with guesses.of("alice", EPOCH + after, MfaRefused):
            looked = True
            if not right:
                raise MfaRefused
    except MfaRefused:
        pass
    return looked


def test_after_five_wrong_guesses_none_is_looked_at_for_five_minutes():
    guesses = Guesses()
    assert all(guess(guesses, right=False) for _ in range(MOST_WRONG))
    assert not guess(guesses, right=True, after=PERIOD - timedelta(seconds=1))
    with guesses.of("bob", EPOCH, MfaRefused):
        pass
    assert guess(guesses, right=True, after=PERIOD)


def test_a_right_guess_clears_the_slate():
    guesses = Guesses()
    for _ in range(3):
        assert all(guess(guesses, right=False) for _ in range(MOST_WRONG - 1))
        assert guess(guesses, right=True)


def test_guesses_that_are_sent_side_by_side_count_each():
    guesses = Guesses()
    under_way = [guesses.of("alice", EPOCH, MfaRefused) for _ in range(MOST_WRONG)]
    for each in under_way:
        each.__enter__()
    with pytest.raises(MfaRefused), guesses.of("alice", EPOCH, MfaRefused):
        pass
