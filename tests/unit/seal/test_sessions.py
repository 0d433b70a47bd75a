"""Session tokens: what goes in comes out, whatever else is sent is refused, and nothing shows the secret."""

import base64
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.errors import CredentialInvalid
from entrepot.seal import Seal, packing, sessions, tokens
from entrepot.seal.sessions import Session
from entrepot.seal.tokens import Claims
from entrepot.spec import access_key
from tests.factories.callers import ACCOUNT, EPOCH
from tests.factories.databases import SEAL

PAIRS = st.lists(st.tuples(st.text(max_size=20), st.text(max_size=20)), max_size=5).map(tuple)


def session(**changed: Any) -> Session:
    given: dict[str, Any] = {
        "kind": "role",
        "account": ACCOUNT,
        "owner_id": "AROABUILDER",
        "key_id": "ASIAAAAAAAAAAAAAAAAA",
        "issued_at": EPOCH,
        "expires_at": EPOCH + timedelta(hours=1),
        "secret": "s3cret",
    }
    return Session(**{**given, **changed})


@given(policies=st.lists(st.text(max_size=200), max_size=2).map(tuple), tags=PAIRS, keys=PAIRS, name=st.text())
def test_a_token_says_what_it_was_issued_with(policies, tags, keys, name):
    issued = session(policies=policies, tags=tags, keys=keys, name=name, mfa_at=EPOCH)
    assert sessions.read(SEAL, sessions.issue(SEAL, issued)) == issued


def test_a_token_altered_in_any_byte_is_none_of_ours():
    sealed = base64.urlsafe_b64decode(sessions.issue(SEAL, session()) + "==")
    for at in range(len(sealed)):
        altered = bytearray(sealed)
        altered[at] ^= 1
        with pytest.raises(CredentialInvalid):
            sessions.read(SEAL, base64.urlsafe_b64encode(altered).decode().rstrip("="))


def test_a_token_of_another_key_or_purpose_is_none_of_ours():
    claims = Claims(
        credential_id="AKIA", principal_id="a", epoch=1, region="r", issued_at=EPOCH, expires_at=EPOCH, scope=""
    )
    registry = tokens.issue(SEAL, claims)
    for token in (
        sessions.issue(Seal(bytes(31) + b"\1"), session()),
        registry,
        packing.issue(SEAL, {"kind": "role"}, b"session-token"),
        packing.issue(SEAL, session(), b"registry-token"),
        sessions.issue(SEAL, session())[:-4],
        "",
        "\u20ac",
        "A" * 5000,
    ):
        with pytest.raises(CredentialInvalid):
            sessions.read(SEAL, token)
    with pytest.raises(CredentialInvalid):
        tokens.read(SEAL, sessions.issue(SEAL, session()))


def test_what_would_unpack_to_more_than_any_claims_is_refused():
    bomb = packing.issue(SEAL, {"name": "a" * 1_000_000}, b"session-token")
    assert len(bomb) < packing.LONGEST
    with pytest.raises(CredentialInvalid):
        sessions.read(SEAL, bomb)


def test_a_session_does_not_print_its_secret():
    assert "s3cret" not in f"{session()} {session()!r} {[session()]}"


@given(st.integers(0, 10**12 - 1).map(lambda number: f"{number:012d}"))
def test_a_key_id_tells_its_account(account: str):
    key_id = access_key.new_session_key(account)
    assert len(key_id) == 20
    assert access_key.account_of(key_id) == account


@pytest.mark.parametrize("key_id", ["", "AKIAAAAAAAAAAAAAAAAA", "ASIA77777777AAAAAAAA", "ASIAAAAAAAAAAAAAAAA1", "asia"])
def test_any_other_id_tells_none(key_id: str):
    assert access_key.account_of(key_id) is None
