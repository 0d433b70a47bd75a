"""One-time passwords: the vectors of RFC 6238 (appendix B, six digits of them), and two codes in a row."""

from datetime import UTC, datetime, timedelta

import pytest

from entrepot.seal import totp

SEED = b"12345678901234567890"
AT = datetime(2026, 1, 1, tzinfo=UTC)
NOW = totp.step(AT)


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_the_codes_are_those_of_the_rfc(seconds: int, code: str):
    assert totp.code(SEED, totp.step(datetime.fromtimestamp(seconds, UTC))) == code


def pair(first: int, second: int) -> tuple[str, str]:
    return totp.code(SEED, first), totp.code(SEED, second)


@pytest.mark.parametrize("away", [-2, 0, 2])
def test_two_codes_in_a_row_near_now_fit(away: int):
    assert totp.consecutive(SEED, *pair(NOW + away, NOW + away + 1), AT, 2) == NOW + away + 1


@pytest.mark.parametrize(
    ("first", "second"), [(NOW, NOW + 2), (NOW, NOW), (NOW + 1, NOW), (NOW + 3, NOW + 4), (NOW - 3, NOW - 2)]
)
def test_other_codes_do_not(first: int, second: int):
    assert totp.consecutive(SEED, *pair(first, second), AT, 2) is None


def test_a_seed_of_another_device_does_not_fit():
    assert totp.consecutive(b"other", *pair(NOW, NOW + 1), AT + timedelta(seconds=5), 2) is None
