"""Unsigned calls are counted by address; what is remembered of strangers is bounded."""

from datetime import UTC, datetime

import pytest

from entrepot.aws.protocol.unsigned import MOST_FROM_ONE, PERIOD, Turnstile
from entrepot.errors import ServerBusy

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_one_address_passes_so_often_within_a_minute_and_then_again():
    turnstile = Turnstile()
    for _ in range(MOST_FROM_ONE):
        turnstile.pass_through("192.0.2.1", NOW)
    with pytest.raises(ServerBusy):
        turnstile.pass_through("192.0.2.1", NOW + PERIOD / 2)
    turnstile.pass_through("192.0.2.2", NOW)
    turnstile.pass_through("192.0.2.1", NOW + PERIOD)
