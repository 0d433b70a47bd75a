"""A sealed secret opens with the same key for the same context, and not when a bit of anything is another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.seal import Seal, SealBroken

KEY = bytes(range(32))
CONTEXT = b"access-key:AKIA1"


@given(plain=st.binary(max_size=200), context=st.binary(max_size=50))
def test_what_is_sealed_for_a_context_opens_for_it(plain: bytes, context: bytes):
    assert Seal(KEY).open(Seal(KEY).seal(plain, context), context) == plain


@pytest.mark.parametrize("other", [b"", b"access-key:AKIA2", CONTEXT[:-1], CONTEXT + b"\0"])
def test_a_secret_does_not_open_for_another_context(other: bytes):
    sealed = Seal(KEY).seal(b"secret", CONTEXT)
    with pytest.raises(SealBroken):
        Seal(KEY).open(sealed, other)


def test_a_secret_does_not_open_with_another_key():
    sealed = Seal(KEY).seal(b"secret", CONTEXT)
    for bit in range(0, 256, 17):
        other = bytearray(KEY)
        other[bit // 8] ^= 1 << bit % 8
        with pytest.raises(SealBroken):
            Seal(bytes(other)).open(sealed, CONTEXT)


def test_no_byte_of_a_sealed_secret_can_be_another():
    sealed = Seal(KEY).seal(b"secret", CONTEXT)
    for at in range(len(sealed)):
        for bit in range(8):
            altered = bytearray(sealed)
            altered[at] ^= 1 << bit
            with pytest.raises(SealBroken):
                Seal(KEY).open(bytes(altered), CONTEXT)


def test_a_sealed_secret_cannot_be_shorter_or_longer():
    sealed = Seal(KEY).seal(b"secret", CONTEXT)
    for length in range(len(sealed)):
        with pytest.raises(SealBroken):
            Seal(KEY).open(sealed[:length], CONTEXT)
    with pytest.raises(SealBroken):
        Seal(KEY).open(sealed + b"\0", CONTEXT)


def test_the_version_stands_first_and_another_one_is_refused():
    sealed = Seal(KEY).seal(b"secret", CONTEXT)
    assert sealed[0] == 1
    for version in (0, 2, 255):
        with pytest.raises(SealBroken):
            Seal(KEY).open(bytes([version]) + sealed[1:], CONTEXT)


def test_the_same_secret_is_never_sealed_to_the_same_bytes():
    sealed = {Seal(KEY).seal(b"secret", CONTEXT) for _ in range(200)}
    assert len({each[1:13] for each in sealed}) == 200, "a nonce that repeats gives the key away"
    assert all(b"secret" not in each for each in sealed)
