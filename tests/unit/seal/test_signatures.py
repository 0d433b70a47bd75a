"""Signatures: the same each time, of exactly these bytes, verified by exactly this key; others' tools agree."""

import rsa

from entrepot.seal.signatures import new_pair, sign, verifies

TEXT = b"2026-01-01T00:00:00Z\nbucket/key\nhash\nnull"


def test_a_signature_is_the_same_each_time_and_of_one_text_by_one_key():
    pair, other = new_pair(), new_pair()
    signature = sign(pair.private, TEXT)
    assert signature == sign(pair.private, TEXT)
    assert verifies(pair.public, TEXT, signature)
    assert not verifies(pair.public, TEXT + b"\n", signature)
    assert not verifies(other.public, TEXT, signature)
    assert not verifies(pair.public, TEXT, signature[:-1])
    assert not verifies(pair.public, TEXT, b"")
    assert repr(pair.private) not in repr(pair)


def test_the_public_key_is_what_python_rsa_reads():
    pair = new_pair()
    public = rsa.PublicKey.load_pkcs1(pair.public, format="DER")
    assert public.n.bit_length() == 2048
    assert rsa.verify(TEXT, sign(pair.private, TEXT), public) == "SHA-256"
