"""CBOR: the examples of RFC 8949, round trips, and what strangers may not send."""

import contextlib
import math
import struct
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.spec.cbor import CborRefused, decode, encode

DEEPEST, MOST = 8, 100

# RFC 8949, appendix A: what is among the values that strangers may send
EXAMPLES: list[tuple[str, Any]] = [
    ("00", 0),
    ("17", 23),
    ("1818", 24),
    ("1903e8", 1000),
    ("1a000f4240", 1_000_000),
    ("1b000000e8d4a51000", 1_000_000_000_000),
    ("1bffffffffffffffff", 18446744073709551615),
    ("3bffffffffffffffff", -18446744073709551616),
    ("20", -1),
    ("3903e7", -1000),
    ("f90000", 0.0),
    ("f93c00", 1.0),
    ("fb3ff199999999999a", 1.1),
    ("f97bff", 65504.0),
    ("fa47c35000", 100000.0),
    ("fa7f7fffff", 3.4028234663852886e38),
    ("fb7e37e43c8800759c", 1.0e300),
    ("f90001", 5.960464477539063e-8),
    ("f9c400", -4.0),
    ("f97c00", math.inf),
    ("fbfff0000000000000", -math.inf),
    ("f4", False),
    ("f5", True),
    ("f6", None),
    ("f7", None),
    ("c11a514b67b0", datetime(2013, 3, 21, 20, 4, 0, tzinfo=UTC)),
    ("c1fb41d452d9ec200000", datetime(2013, 3, 21, 20, 4, 0, 500000, tzinfo=UTC)),
    ("40", b""),
    ("4401020304", b"\x01\x02\x03\x04"),
    ("60", ""),
    ("62225c", '"\\'),
    ("62c3bc", "\u00fc"),
    ("64f0908591", "\U00010151"),
    ("80", []),
    ("8301820203820405", [1, [2, 3], [4, 5]]),
    ("a26161016162820203", {"a": 1, "b": [2, 3]}),
    ("5f42010243030405ff", b"\x01\x02\x03\x04\x05"),
    ("7f657374726561646d696e67ff", "streaming"),
    ("9fff", []),
    ("9f018202039f0405ffff", [1, [2, 3], [4, 5]]),
    ("83018202039f0405ff", [1, [2, 3], [4, 5]]),
    ("bf61610161629f0203ffff", {"a": 1, "b": [2, 3]}),
    ("826161bf61626163ff", ["a", {"b": "c"}]),
]
REFUSED = {
    "nothing": "",
    "two items": "0000",
    "a bignum": "c249010000000000000000",
    "a date as text": "c074323031332d30332d32315432303a30343a30305a",
    "a link": "d82076687474703a2f2f7777772e6578616d706c652e636f6d",
    "a decimal fraction": "c48221196ab3",
    "the tag of CBOR itself": "d9d9f700",
    "a time of text": "c16161",
    "a time of a time": "c1c100",
    "a time of true": "c1f5",
    "a time beyond all calendars": "c11bffffffffffffffff",
    "a time that is no number": "c1f97e00",
    "an endless time": "c1f97c00",
    "a simple value": "f0",
    "a simple value in two bytes": "f8ff",
    "a break alone": "ff",
    "a reserved length": "1c",
    "a whole number without end": "1f",
    "a float that ends early": "fb0000",
    "bytes that end early": "45010203",
    "a text that ends early": "7affffffff61",
    "a list of more than there is": "9bffffffffffffffff00",
    "a map of more than there is": "bbffffffffffffffff00",
    "a list without its end": "9f0001",
    "a map without its end": "bf616100",
    "a map that ends after a key": "bf6161ff",
    "a key that is a number": "a10000",
    "a key that is a list": "a18000",
    "a key twice": "a2616100616101",
    "a text that is not UTF-8": "62c328",
    "a text of a lone surrogate": "63eda080",
    "pieces of another kind": "7f4101ff",
    "pieces in pieces": "5f5f4101ffff",
    "pieces of a number": "5f00ff",
    "too deep": "81" * (DEEPEST + 1) + "00",
    "too deep, without lengths": "9f" * (DEEPEST + 1) + "ff" * (DEEPEST + 1),
    "too deep in maps": "a16161" * (DEEPEST + 1) + "00",
    "too deep in tags": "c1" * 100_000 + "00",
    "too deep in tags of a key": "a1" + "c1" * 100_000 + "00",
    "a time that ends early": "c1",
    "too many": "98ff" + "00" * 255,
}


@pytest.mark.parametrize(("text", "value"), EXAMPLES, ids=[text for text, _ in EXAMPLES])
def test_the_examples_of_the_standard_are_read(text: str, value: Any):
    assert decode(bytes.fromhex(text), DEEPEST, MOST) == value


@pytest.mark.parametrize("text", ["f97e00", "fa7fc00000", "fb7ff8000000000000"])
def test_no_number_is_read_as_that(text: str):
    assert math.isnan(decode(bytes.fromhex(text), DEEPEST, MOST))


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_what_strangers_may_not_send_is_refused(text: str):
    with pytest.raises(CborRefused):
        decode(bytes.fromhex(text), DEEPEST, MOST)


def test_the_deepest_that_is_allowed_is_read():
    assert decode(bytes.fromhex("81" * DEEPEST + "00"), DEEPEST, MOST) == [[[[[[[[0]]]]]]]]


def test_as_many_items_as_are_allowed_are_read():
    assert decode(b"\x98" + bytes([MOST - 1]) + bytes(MOST - 1), DEEPEST, MOST) == [0] * (MOST - 1)


TIMES = st.integers(-60_000_000_000_000, 250_000_000_000_000).map(
    lambda millis: datetime.fromtimestamp(millis / 1000, UTC)
)
ATOMS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**64), 2**64 - 1),
    st.floats(allow_nan=False),
    st.text(),
    st.binary(),
    TIMES,
)
VALUES = st.recursive(
    ATOMS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=20
)


@given(VALUES)
def test_what_is_written_is_read_again(value: Any):
    assert decode(encode(value), 64, 10_000) == value


@given(st.binary(max_size=64))
def test_any_bytes_are_a_value_or_refused(data: bytes):
    value = None
    with contextlib.suppress(CborRefused):  # and nothing else is raised
        value = decode(data, DEEPEST, MOST)
    assert isinstance(value, type(None) | bool | int | float | str | bytes | datetime | list | dict)


@given(VALUES, st.data())
def test_a_value_that_ends_early_is_refused(value: Any, data: st.DataObject):
    whole = encode(value)
    with pytest.raises(CborRefused):
        decode(whole[: data.draw(st.integers(0, len(whole) - 1))], 64, 10_000)


@pytest.mark.parametrize("number", [0, 23, 24, 255, 256, 65535, 65536, 2**32 - 1, 2**32, 2**64 - 1])
def test_a_head_is_as_short_as_can_be(number: int):
    widths = [0, 1, 2, 4, 8]
    fitting = next(width for width in widths if number < (24 if width == 0 else 256**width))
    assert len(encode(number)) == 1 + fitting
    assert encode(-1 - number) == bytes([encode(number)[0] | 0x20]) + encode(number)[1:]


def test_a_time_is_seconds_to_the_millisecond():
    assert encode(datetime(1970, 1, 1, 0, 0, 5, tzinfo=UTC)) == b"\xc1\x05"
    at = datetime(1970, 1, 1, 0, 0, 5, 250_400, tzinfo=UTC)
    assert encode(at) == b"\xc1\xfb" + struct.pack(">d", 5.25)


def test_a_lone_surrogate_becomes_a_question_mark():
    assert encode("\ud800") == b"\x61?"


def test_what_has_no_form_in_cbor_is_a_fault_of_the_program():
    for value in (object(), {1, 2}, 1j):
        with pytest.raises(TypeError):
            encode(value)
    with pytest.raises(OverflowError):
        encode(2**64)
