"""Hostile tokens and hostile providers at the wire: an answer of 4xx, and no request where none may go."""

from typing import Any
from urllib.parse import urlencode

import pytest
import urllib3

from tests.behaviour.identities import ACCOUNT, refusal
from tests.behaviour.sessions import trust
from tests.factories.issuers import Issuer, encoded, issuer, segment, token
from tests.factories.origins import origin, redirect
from tests.factories.processes import Server
from tests.factories.registry import Registry
from tests.federation.parties import ACTION, Federation

FORM = "application/x-www-form-urlencoded"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/any"


def sent(server: Server, text: str | bytes, role: str = ROLE) -> urllib3.BaseHTTPResponse:
    fields = {"RoleArn": role, "RoleSessionName": "run-7", "WebIdentityToken": text}
    form = urlencode({"Action": "AssumeRoleWithWebIdentity", "Version": "2011-06-15", **fields})
    return Registry(server, "").request("POST", "/", form.encode(), Content_Type=FORM)


def known(federation: Federation, provider: Issuer) -> str:
    """The ARN of a role that trusts a provider, which is registered for this."""
    made = federation.iam.api.create_open_id_connect_provider(Url=provider.url, ClientIDList=["sts.amazonaws.com"])
    return str(federation.role(trusted=trust({"Federated": made["OpenIDConnectProviderArn"]}, ACTION)).arn)


@pytest.mark.parametrize(
    "text",
    [
        "....", "a.b.c", "\x00.\x00.\x00", "é" * 50, b"\xff\xfe\xfd\xfc", "eyJ.eyJ.eyJ", "e30.e30.e30", "W10.W10.W10",
        encoded(b'{"alg":' * 3000) + ".e30.e30", segment({"alg": "none"}) + "." + segment({"iss": "https://a"}) + ".",
        segment({"alg": "ES256", "kid": "../../etc/passwd"}) + "." + segment({"iss": "https://a/../b"}) + ".AAAA",
        segment({"alg": "ES256"}) + "." + segment({"iss": "https://a\0b"}) + ".AAAA",
        segment({"alg": "ES256"}) + "." + encoded(b'{"iss":"https://\xed\xa0\x80"}') + ".AAAA",
        segment({"alg": "ES256"}) + "." + segment({"iss": "https://\ud800"}) + ".AAAA",
        segment({"alg": "ES256"}) + "." + segment({"iss": "https://" + "a" * 10_000}) + ".AAAA",
        "a" * 20_001,
    ],
    ids=range(16),
)  # fmt: skip
def test_what_is_no_token_is_refused(server: Server, text: str | bytes):
    answer = sent(server, text)
    assert 400 <= answer.status < 500, answer.data
    assert answer.data.startswith(b"<ErrorResponse")


@pytest.mark.parametrize(
    "said", [{"exp": 10**400}, {"exp": -(10**400)}, {"nbf": 1e308}, {"sub": "\ud800"}, {"sub": "\0"}]
)
def test_a_well_signed_token_with_strange_claims_is_an_answer(federation: Federation, said: dict[str, Any]):
    answer = sent(federation.server, federation.provider.token(**said), federation.role().arn)
    assert answer.status < 500


def test_the_key_of_another_registered_provider_proves_nothing(federation: Federation, provider: Issuer):
    with issuer(provider.origin.authority.parent) as other:  # of the same authority
        role = known(federation, other)
        federation.ask(role, other.token())
        forged = token(other.keys["k1"], provider.claims(), alg="ES256", kid="k1")
        assert b"InvalidIdentityToken" in sent(federation.server, forged, federation.role().arn).data
        assert b"InvalidIdentityToken" in sent(federation.server, forged, role).data


@pytest.mark.parametrize("where", ["https://169.254.169.254/", "https://127.0.0.1:{port}/", "https://[::1]:{port}/"])
def test_a_provider_at_an_address_that_is_not_listed_is_not_asked(federation: Federation, tmp_path, where: str):
    with origin(tmp_path) as inside:
        url = where.format(port=inside.port)
        iam = federation.iam.api
        made = iam.create_open_id_connect_provider(Url=url, ClientIDList=["sts.amazonaws.com"])
        role = federation.role(trusted=trust({"Federated": made["OpenIDConnectProviderArn"]}, ACTION))
        text = f"{segment({'alg': 'ES256'})}.{segment({'iss': url})}.AAAA"
        code, message = refusal(federation.ask, role_arn=role.arn, token=text)
        assert code == "IDPCommunicationError"
        assert "outbound_allow" in message
        assert inside.asked == []


def test_a_provider_that_redirects_inside_is_not_followed(federation: Federation, provider: Issuer, tmp_path):
    with issuer(provider.origin.authority.parent) as bent, origin(tmp_path, tls=False) as inside:
        bent.origin.answers[bent.discovery] = redirect(f"http://127.0.0.1:{inside.port}/latest/meta-data/")
        assert (
            refusal(federation.ask, role_arn=known(federation, bent), token=bent.token())[0] == "IDPCommunicationError"
        )
        assert bent.origin.paths() == [bent.discovery]
        assert inside.asked == []


def test_a_provider_that_answers_endlessly_is_cut_off(federation: Federation, provider: Issuer):
    with issuer(provider.origin.authority.parent) as endless:

        def flood(handler) -> None:
            handler.send_response(200)
            handler.end_headers()
            while not endless.origin.closing.is_set():
                handler.wfile.write(b" " * 65_536)

        endless.origin.answers[endless.discovery] = flood
        code, message = refusal(federation.ask, role_arn=known(federation, endless), token=endless.token())
        assert (code, "65536 bytes" in message) == ("IDPCommunicationError", True)


def test_a_provider_with_a_certificate_that_nobody_vouches_for_has_no_keys(federation: Federation, tmp_path):
    with issuer(tmp_path) as stranger:
        role = known(federation, stranger)
        code, message = refusal(federation.ask, role_arn=role, token=stranger.token())
        assert code == "IDPCommunicationError"
        assert "certificate" in message
        assert stranger.origin.asked == []
