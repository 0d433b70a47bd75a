"""How values of conditions are read: what is a date, a number, an address."""

from datetime import UTC, datetime
from decimal import Decimal
from ipaddress import ip_address

import pytest

from entrepot.policy import values
from entrepot.spec.moments import micros


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026", datetime(2026, 1, 1, tzinfo=UTC)),
        ("2026-03", datetime(2026, 3, 1, tzinfo=UTC)),
        ("2026-03-04", datetime(2026, 3, 4, tzinfo=UTC)),
        ("2026-03-04T05:06Z", datetime(2026, 3, 4, 5, 6, tzinfo=UTC)),
        ("2026-03-04T05:06:07", datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)),
        ("2026-03-04T05:06:07.25Z", datetime(2026, 3, 4, 5, 6, 7, 250_000, tzinfo=UTC)),
        ("2026-03-04T05:06:07.123456789Z", datetime(2026, 3, 4, 5, 6, 7, 123_456, tzinfo=UTC)),
        ("2026-03-04T05:06:07+0230", datetime(2026, 3, 4, 2, 36, 7, tzinfo=UTC)),
        ("2026-03-04T05:06:07-02:30", datetime(2026, 3, 4, 7, 36, 7, tzinfo=UTC)),
        ("0001-01-01T00:00:00+23:59", datetime(1, 1, 1, tzinfo=UTC)),
        ("1772600767", datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)),
    ],
)
def test_a_date_is_iso_8601_or_seconds_since_the_epoch(text: str, expected: datetime):
    early = 86_340_000_000 if text.startswith("0001") else 0  # before the first day that datetime knows
    assert values.moment(text) == micros(expected) - early


@pytest.mark.parametrize(
    "text", ["", "now", "2026-13", "2026-02-30", "26-01-01", "2026-03-04 05:06:07Z", "٢٠٢٦", "1e9"]
)
def test_what_is_no_date_has_no_moment(text: str):
    assert values.moment(text) is None


@pytest.mark.parametrize("text", ["", "1e9", "0x10", "NaN", "Infinity", "1_000", "٣", "1.", ".5", "9" * 41, "1 "])
def test_what_is_no_number_has_no_value(text: str):
    assert values.number(text) is None


def test_numbers_are_exact():
    assert values.number("0.1") == Decimal("0.1")
    assert values.number("-40") == -40


@pytest.mark.parametrize("text", ["", "10.0.0", "10.0.0.0/33", "1" * 60, "10.0.0.1/x", "::g"])
def test_what_is_no_address_is_no_block(text: str):
    assert values.network(text) is None
    assert values.address(text) is None


def test_an_address_of_ipv4_in_ipv6_is_one_of_ipv4():
    assert values.address("::ffff:10.1.2.3") == ip_address("10.1.2.3")
