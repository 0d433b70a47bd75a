"""Ciphertexts: what goes in comes out, in its context alone, and nothing that was altered does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.seal import ciphertexts
from entrepot.seal.ciphertexts import CiphertextBroken, Named

MATERIAL = bytes(range(32))
WHOSE = Named(b"k" * 16, b"m" * 32)
texts = st.binary(max_size=200)
contexts = st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=4)


@given(texts, contexts)
def test_what_goes_in_comes_out_whatever_the_order_of_its_context(text: bytes, context: dict[str, str]):
    blob = ciphertexts.encrypt(MATERIAL, WHOSE, text, context)
    assert ciphertexts.named(blob) == WHOSE
    backwards = dict(reversed(context.items()))
    assert ciphertexts.decrypt(MATERIAL, blob, backwards) == text
    assert ciphertexts.encrypt(MATERIAL, WHOSE, text, context) != blob


@given(texts, contexts, contexts)
def test_another_context_opens_nothing(text: bytes, context: dict[str, str], other: dict[str, str]):
    blob = ciphertexts.encrypt(MATERIAL, WHOSE, text, context)
    if context != other:
        with pytest.raises(CiphertextBroken):
            ciphertexts.decrypt(MATERIAL, blob, other)


@given(texts, contexts, st.data())
def test_what_was_altered_opens_nothing(text: bytes, context: dict[str, str], data: st.DataObject):
    blob = bytearray(ciphertexts.encrypt(MATERIAL, WHOSE, text, context))
    place, bit = data.draw(st.integers(0, len(blob) - 1)), data.draw(st.integers(0, 7))
    blob[place] ^= 1 << bit
    with pytest.raises(CiphertextBroken):
        ciphertexts.decrypt(MATERIAL, bytes(blob), context)


@given(texts, st.binary(min_size=32, max_size=32))
def test_other_material_opens_nothing(text: bytes, other: bytes):
    blob = ciphertexts.encrypt(MATERIAL, WHOSE, text, {})
    if other != MATERIAL:
        with pytest.raises(CiphertextBroken):
            ciphertexts.decrypt(other, blob, {})


@given(st.binary(max_size=300))
def test_hostile_bytes_name_a_key_or_none_and_open_nothing(blob: bytes):
    if ciphertexts.named(blob) is not None:
        with pytest.raises(CiphertextBroken):
            ciphertexts.decrypt(MATERIAL, blob, {})
