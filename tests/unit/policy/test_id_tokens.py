"""Tokens of identity providers: what is believed, and what never is."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, hmac, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st

from entrepot.errors import Fact, IdentityClaimRejected, IdentityTokenExpired, IdentityTokenInvalid
from entrepot.policy import id_tokens, signing_keys
from entrepot.policy.id_tokens import SOURCE_IDENTITY, TAGS, WebIdentity
from entrepot.policy.signing_keys import NoKeySet
from tests.factories.issuers import PrivateKey, encoded, public, segment, token

NOW = datetime(2026, 1, 1, tzinfo=UTC)
AT = int(NOW.timestamp())
ISSUER = "https://idp.example/tenant"
CLIENTS = ("sts.amazonaws.com", "other-client")
RSA = rsa.generate_private_key(65537, 2048)
EC256, EC384 = (ec.generate_private_key(curve) for curve in (ec.SECP256R1(), ec.SECP384R1()))
CLAIMS = {"iss": ISSUER, "sub": "me", "aud": "sts.amazonaws.com", "iat": AT, "exp": AT + 300}


def claims(**said: Any) -> dict[str, Any]:
    return {name: value for name, value in {**CLAIMS, **said}.items() if value is not None}


def believed(text: str, *published: dict[str, Any]) -> WebIdentity:
    keys = signing_keys.read(json.dumps({"keys": list(published)}).encode())
    return id_tokens.verify(id_tokens.parse(text), keys, CLIENTS, NOW)


def said(**more: Any) -> WebIdentity:
    """What is believed of a well-signed token with these claims."""
    return believed(token(EC256, claims(**more), alg="ES256", kid="k"), public(EC256, kid="k"))


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [(RSA, name) for name in ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")]
    + [(EC256, "ES256"), (EC384, "ES384")],
)
def test_each_accepted_algorithm_proves_a_token(key: PrivateKey, algorithm: str):
    text = token(key, claims(), alg=algorithm, kid="k")
    for own in ({}, {"alg": algorithm}, {"use": "sig"}, {"key_ops": ["verify"]}):
        assert believed(text, public(key, kid="k", **own)).subject == "me"


def test_a_token_says_who_and_for_whom_and_until_when():
    found = said(amr=["authenticated", "otp"])
    assert (found.issuer, found.subject, found.audience) == (ISSUER, "me", "sts.amazonaws.com")
    assert int(found.expires_at.timestamp()) == AT + 300
    assert found.keys == (("sub", "me"), ("aud", "sts.amazonaws.com"), ("amr", "authenticated"), ("amr", "otp"))


@pytest.mark.parametrize(
    ("header", "key"),
    [
        ({"alg": "none"}, None), ({"alg": "None"}, None), ({}, None), ({"alg": None}, None), ({"alg": ["ES256"]}, None),
        ({"alg": "ES512"}, ec.generate_private_key(ec.SECP521R1())), ({"alg": "HS256"}, None),
    ],
)  # fmt: skip
def test_algorithms_that_are_never_accepted(header: dict[str, Any], key: PrivateKey | None):
    unsigned = f"{segment({'kid': 'k', **header})}.{segment(claims())}."
    texts = [unsigned, unsigned + "AAAA"] if key is None else [token(key, claims(), kid="k", **header)]
    for text in texts:
        with pytest.raises(IdentityTokenInvalid):
            believed(text, public(EC256, kid="k"), *([] if key is None else [public(key, kid="k")]))


@pytest.mark.parametrize("key", [RSA, EC256])
def test_a_public_key_is_no_shared_secret(key: PrivateKey):
    signed = f"{segment({'alg': 'HS256', 'kid': 'k'})}.{segment(claims())}"
    for form in (serialization.PublicFormat.SubjectPublicKeyInfo, serialization.PublicFormat.PKCS1):
        if form is serialization.PublicFormat.PKCS1 and key is not RSA:
            continue
        made = hmac.HMAC(key.public_key().public_bytes(serialization.Encoding.PEM, form), hashes.SHA256())
        made.update(signed.encode())
        with pytest.raises(IdentityTokenInvalid):
            believed(f"{signed}.{encoded(made.finalize())}", public(key, kid="k"))


def test_shared_secrets_that_a_provider_publishes_prove_nothing():
    secret = {"kty": "oct", "k": encoded(b"secret" * 10), "kid": "k", "alg": "HS256"}
    assert signing_keys.read(json.dumps({"keys": [secret]}).encode()).having("k", "HS256") == ()


def test_a_key_that_the_token_brings_along_is_not_looked_at():
    """CVE-2025-24976: the header's own key was believed when only its id was known."""
    mine = ec.generate_private_key(ec.SECP256R1())
    jwk = public(mine, kid="k")
    for brought in (
        {"jwk": jwk},
        {"jku": "https://evil.example/keys"},
        {"x5u": "https://evil.example/"},
        {"x5c": ["AA"]},
    ):
        with pytest.raises(IdentityTokenInvalid):
            believed(token(mine, claims(), alg="ES256", kid="k", **brought), public(EC256, kid="k"))
        assert believed(token(EC256, claims(), alg="ES256", kid="k", **brought), public(EC256, kid="k")).subject == "me"


@pytest.mark.parametrize("header", [{"crit": ["exp"]}, {"crit": ["b64"], "b64": False}, {"b64": False}, {"crit": []}])
def test_a_header_that_must_be_understood_is_refused(header: dict[str, Any]):
    with pytest.raises(IdentityTokenInvalid, match="understood"):
        id_tokens.parse(token(EC256, claims(), alg="ES256", kid="k", **header))


@pytest.mark.parametrize("key_id", ["other", "", 1, ["k"], {"k": 1}, "K"])
def test_a_key_of_another_id_does_not_prove_a_token(key_id: object):
    with pytest.raises(IdentityTokenInvalid):
        believed(token(EC256, claims(), alg="ES256", kid=key_id), public(EC256, kid="k"))


def test_without_an_id_the_only_key_is_meant_and_of_several_none():
    text = token(EC256, claims(), alg="ES256")
    assert believed(text, public(EC256, kid="k"), public(RSA, kid="r")).subject == "me"
    with pytest.raises(IdentityTokenInvalid):
        believed(text, public(EC256, kid="k"), public(ec.generate_private_key(ec.SECP256R1()), kid="l"))


@pytest.mark.parametrize("more", [{"use": "enc"}, {"alg": "ES384"}, {"alg": 7}, {"key_ops": ["sign"]}, {"key_ops": 7}])
def test_a_key_for_something_else_proves_nothing(more: dict[str, Any]):
    with pytest.raises(IdentityTokenInvalid):
        believed(token(EC256, claims(), alg="ES256", kid="k"), public(EC256, kid="k", **more))


def test_a_short_key_proves_nothing():
    weak = rsa.generate_private_key(65537, 1024)
    with pytest.raises(IdentityTokenInvalid):
        believed(token(weak, claims(), alg="RS256", kid="k"), public(weak, kid="k"))


@pytest.mark.parametrize("broken", [{"n": "!!"}, {"n": 7}, {"e": ""}, {"kty": []}, {"kid": 7}, {"n": None}])
def test_broken_keys_are_left_out_and_the_others_kept(broken: dict[str, Any]):
    found = {**public(RSA, kid="r"), **broken}
    assert believed(token(EC256, claims(), alg="ES256", kid="k"), found, public(EC256, kid="k")).subject == "me"


@pytest.mark.parametrize(
    "document", [b"", b"[]", b"{}", b'{"keys": {}}', b"\xff", b'{"keys": [], "keys": []}', b"[" * 5000]
)
def test_what_is_no_set_of_keys_is_refused(document: bytes):
    with pytest.raises(NoKeySet):
        signing_keys.read(document)


def test_a_changed_part_breaks_the_signature():
    header, body, signed = token(EC256, claims(), alg="ES256", kid="k").split(".")
    other = segment(claims(sub="root"))
    for text in (f"{header}.{other}.{signed}", f"{header}.{body}.{signed[:-4]}AAAA", f"{header}.{body}."):
        with pytest.raises(IdentityTokenInvalid):
            believed(text, public(EC256, kid="k"))


def test_a_claim_or_header_that_stands_twice_is_refused():
    twice = json.dumps(claims()).replace('"sub": "me"', '"sub": "me", "sub": "root"')
    for header, body in (
        (segment({"alg": "ES256"}), encoded(twice.encode())),
        (encoded(b'{"alg":"ES256","alg":"none"}'), segment(claims())),
    ):
        with pytest.raises(IdentityTokenInvalid):
            id_tokens.parse(f"{header}.{body}.AAAA")


@pytest.mark.parametrize(
    "issuer",
    [
        None,
        "",
        "http://idp.example",
        "idp.example",
        7,
        ["https://idp.example"],
        "https://a\0",
        "https://\ud800",
        "https://é",
        f"https://{'a' * 250}",
    ],
)
def test_an_issuer_is_an_https_url(issuer: object):
    with pytest.raises(IdentityTokenInvalid):
        said(iss=issuer)


@pytest.mark.parametrize("audience", ["someone-else", ["someone-else"], "STS.amazonaws.com"])
def test_a_token_for_somebody_else_is_refused(audience: object):
    with pytest.raises(IdentityTokenInvalid, match="audience"):
        said(aud=audience)


def test_of_several_audiences_azp_says_the_client():
    found = said(aud=["account", "sts.amazonaws.com"], azp="other-client")
    assert found.audience == "other-client"
    assert found.keys[1:] == (
        ("aud", "other-client"), ("azp", "other-client"), ("oaud", "account"), ("oaud", "sts.amazonaws.com")
    )  # fmt: skip
    with pytest.raises(IdentityClaimRejected):
        said(aud=["account", "sts.amazonaws.com"])
    for refused in ({"aud": ["account", "b"], "azp": "other-client"}, {"aud": "sts.amazonaws.com", "azp": "evil"}):
        with pytest.raises(IdentityTokenInvalid, match="audience"):
            said(**refused)


@pytest.mark.parametrize("late", [0, 1, 29])
def test_clocks_may_differ_by_less_than_half_a_minute(late: int):
    assert said(exp=AT - late, nbf=AT + late, iat=AT + late).subject == "me"


def test_a_token_ends():
    for expired in (AT - 30, 0, -5, 1.5):
        with pytest.raises(IdentityTokenExpired):
            said(exp=expired)


@pytest.mark.parametrize("early", [{"nbf": AT + 31}, {"iat": AT + 31}, {"nbf": 10**400}])
def test_a_token_that_is_not_valid_yet_is_refused(early: dict[str, Any]):
    with pytest.raises(IdentityClaimRejected):
        said(**early)


@pytest.mark.parametrize(
    "claim",
    [
        {"exp": None}, {"exp": "9999999999"}, {"exp": True}, {"exp": [AT]}, {"iat": None}, {"iat": {}}, {"nbf": "x"},
        {"sub": None}, {"sub": ""}, {"sub": 7}, {"sub": "x" * 256}, {"sub": "a\nb"}, {"sub": ["me"]}, {"aud": None},
        {"aud": []}, {"aud": [7]}, {"aud": {}}, {"aud": ["sts.amazonaws.com"] * 21}, {"azp": 7}, {"azp": ""},
        {"amr": 7}, {"amr": [""]}, {TAGS: 7}, {TAGS: {"principal_tags": []}}, {TAGS: {"principal_tags": {"a": "b"}}},
        {TAGS: {"principal_tags": {"a": ["b", "c"]}}}, {TAGS: {"principal_tags": {"": ["b"]}}},
        {TAGS: {"principal_tags": {"a": [7]}}}, {TAGS: {"principal_tags": {f"t{n}": ["v"] for n in range(51)}}},
        {TAGS: {"transitive_tag_keys": ["a"]}}, {TAGS: {"transitive_tag_keys": "a"}}, {SOURCE_IDENTITY: 7},
    ],
    ids=str,
)  # fmt: skip
def test_a_claim_that_cannot_be_used_is_rejected(claim: dict[str, Any]):
    with pytest.raises(IdentityClaimRejected):
        said(**claim)


def test_an_expiry_beyond_all_calendars_is_one():
    assert said(exp=10**400).expires_at.year == 9999
    assert said(exp=1e300).expires_at.year == 9999


def test_claims_carry_session_tags_and_a_source_identity():
    tags = {"principal_tags": {"team": ["red"], "stage": [""]}, "transitive_tag_keys": ["team"]}
    found = said(**{TAGS: tags, SOURCE_IDENTITY: "alice"})
    assert (found.tags, found.transitive) == ((("team", "red"), ("stage", "")), ("team",))
    assert found.source_identity == "alice"


@pytest.mark.parametrize(
    "text", ["", "a", "a.b", "a.b.c.d", "..", "e30.e30.", "é.e30.e30", "e30" * 9000, "W10.W10.", "bnVsbA.e30.", "A.A.A"]
)
def test_what_is_no_token_is_refused(text: str):
    with pytest.raises(IdentityTokenInvalid):
        id_tokens.parse(text)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(st.sampled_from(["alg", "kid", "crit", "b64", "jwk", "typ"]), _JSON),
    st.dictionaries(st.sampled_from(["iss", "sub", "aud", "azp", "exp", "iat", "nbf", "amr", TAGS]), _JSON),
    st.text(max_size=40),
    st.booleans(),
)
def test_a_hostile_token_is_a_fact_and_no_fault(header, said, ending, sensible):
    """Also one that is well signed: providers have bugs."""
    alg = {"alg": "ES256", "kid": "k"} if sensible else {"alg": "ES256", **header}
    stated = {**CLAIMS, **said} if sensible else said
    texts = [f"{segment(header)}.{segment(said)}.{ending}", ending]
    if alg["alg"] == "ES256":
        texts.append(token(EC256, stated, **alg))
    for text in texts:
        try:
            believed(text, public(EC256, kid="k"))
        except Fact:
            continue


@given(st.dictionaries(st.sampled_from(["kty", "n", "e", "crv", "x", "y", "alg", "use", "kid", "key_ops"]), _JSON))
def test_hostile_keys_are_left_out(key):
    for kind in ({}, {"kty": "RSA"}, {"kty": "EC", "crv": "P-256"}):
        signing_keys.SigningKeys([{**key, **kind}])
