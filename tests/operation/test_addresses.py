"""TLS with the own authority or the operator's certificate; hosts of a domain, aliases, a proxy, public_url."""

import json
import socket
import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest
import urllib3
from cryptography import x509

from entrepot.app import certificates
from tests.factories import forks
from tests.factories.layouts import image
from tests.factories.processes import DRAIN_SECONDS, READY_SECONDS, Server, free_port, serve
from tests.factories.registry import Registry
from tests.factories.waiting import wait
from tests.operation.commands import entrepot

ONE = ("--workers", "1")
ACCOUNT = "000000000000"
SECOND = "222233334444"
DOMAIN_HOST = f"{ACCOUNT}.dkr.ecr.us-east-1.registry.example"


def negotiated(port: int, ca: Path, name: str) -> str | None:
    """The protocol agreed on with a client that also offers HTTP/2 and verifies the server as `name`."""
    context = ssl.create_default_context(cafile=str(ca))
    context.set_alpn_protocols(["h2", "http/1.1"])
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname=name) as secure,
    ):
        return secure.selected_alpn_protocol()


def names(data: Path) -> set[str]:
    leaf = x509.load_pem_x509_certificate((data / "tls" / "leaf.pem").read_bytes())
    covered = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return {str(name.value) for name in covered}


def test_the_own_authority_verifies_every_name_and_speaks_http_1_1(tmp_path):
    with serve(tmp_path, tls=True, extra=(*ONE, "--domain", "registry.example")) as server:
        for name in ("localhost", "127.0.0.1", DOMAIN_HOST, "api.ecr.us-east-1.registry.example"):
            assert negotiated(server.port, server.data / "ca.pem", name) == "http/1.1"
        with pytest.raises(ssl.SSLCertVerificationError):
            negotiated(server.port, server.data / "ca.pem", "elsewhere.example")
        assert (server.data / "tls" / "leaf.key").stat().st_mode & 0o077 == 0


def test_a_new_name_renews_the_certificate_and_keeps_the_authority(tmp_path):
    with serve(tmp_path, tls=True, extra=ONE) as server:
        authority = (server.data / "ca.pem").read_bytes()
        leaf = (server.data / "tls" / "leaf.pem").read_bytes()
    with serve(tmp_path, tls=True, extra=ONE) as server:
        assert (server.data / "tls" / "leaf.pem").read_bytes() == leaf
    alias = f"images.example={ACCOUNT}/us-east-1"
    with serve(tmp_path, tls=True, extra=(*ONE, "--aliases", alias)) as server:
        assert (server.data / "ca.pem").read_bytes() == authority
        assert "images.example" in names(server.data)
        assert negotiated(server.port, server.data / "ca.pem", "images.example") == "http/1.1"


def test_the_operators_certificate_is_served(tmp_path):
    own = tmp_path / "own"
    own.mkdir()
    certificate, key = certificates.self_signed(own, ["127.0.0.1"], datetime.now(UTC))
    port = free_port()
    arguments = ["serve", *ONE, "--data", str(tmp_path / "data"), "--port", str(port)]
    arguments += ["--tls-cert", str(certificate), "--tls-key", str(key)]
    with (tmp_path / "log").open("wb") as log:
        process = forks.start(arguments, stdout=log, stderr=log)
    try:
        wait(lambda: listens(port), READY_SECONDS)
        assert negotiated(port, own / "ca.pem", "127.0.0.1") == "http/1.1"
        assert not (tmp_path / "data" / "ca.pem").exists()
    finally:
        process.terminate()
        assert process.wait(DRAIN_SECONDS) == 0


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def addressed(tmp_path_factory: pytest.TempPathFactory):
    """A server with a domain, an alias and a trusted proxy, and an image in the default account."""
    alias = f"images.example={SECOND}/us-east-1"
    flags = (*ONE, "--domain", "registry.example", "--aliases", alias, "--trusted-proxies", "127.0.0.1")
    with serve(tmp_path_factory.mktemp("addressed"), extra=flags) as server:
        server.client().create_repository(repositoryName="here")
        Registry(server).push("here", image(81), "one")
        entrepot("account", "create", "--id", SECOND, "--data", server.data)
        yield server


def tags(server: Server, path: str, **headers: str) -> urllib3.BaseHTTPResponse:
    return Registry(server).request("GET", f"/v2/{path}/tags/list", None, **headers)


def test_one_repository_is_reached_by_host_and_by_path(addressed):
    for path, host in (
        ("here", DOMAIN_HOST),
        ("here", f"{DOMAIN_HOST}:443"),
        ("here", "127.0.0.1"),
        (f"{ACCOUNT}/us-east-1/here", "127.0.0.1"),
    ):
        assert json.loads(tags(addressed, path, Host=host).data)["tags"] == ["one"], (path, host)


def test_a_host_of_another_account_or_an_alias_is_another_registry(addressed):
    for host in (f"{SECOND}.dkr.ecr.us-east-1.registry.example", "images.example"):
        assert tags(addressed, "here", Host=host).status == 403
        token = entrepot("token", "issue", "--account", SECOND, "--data", addressed.data, "--output", "json")
        answer = Registry(addressed, token.result["password"]).request("GET", "/v2/here/tags/list", None, Host=host)
        assert answer.status == 404


def test_a_region_that_is_not_served_is_named(addressed):
    answer = tags(addressed, "here", Host=f"{ACCOUNT}.dkr.ecr.eu-west-1.registry.example")
    assert answer.status in {400, 404}
    assert b"eu-west-1" in answer.data
    assert b"us-east-1" in answer.data


def location(server: Server, **headers: str) -> str:
    answer = Registry(server).request("POST", "/v2/here/blobs/uploads/", b"", **headers)
    assert answer.status == 202
    return answer.headers["Location"]


def test_behind_a_trusted_proxy_answers_name_what_the_client_addressed(addressed):
    forwarded = {"X_Forwarded_Host": "127.0.0.1:9443", "X_Forwarded_Proto": "https"}
    assert location(addressed, **forwarded).startswith("https://127.0.0.1:9443/v2/here/blobs/uploads/")


def test_forwarded_headers_of_others_count_for_nothing(tmp_path):
    with serve(tmp_path, extra=ONE) as server:
        server.client().create_repository(repositoryName="here")
        forwarded = {"X_Forwarded_Host": "evil.example", "X_Forwarded_Proto": "https"}
        assert location(server, **forwarded).startswith(f"{server.base_url}/v2/here/")


def test_public_url_is_in_all_answers(tmp_path):
    with serve(tmp_path, extra=(*ONE, "--public-url", "https://images.example:8443")) as server:
        ecr = server.client()
        made = ecr.create_repository(repositoryName="here")["repository"]
        assert made["repositoryUri"] == "images.example:8443/here"
        authorized = ecr.get_authorization_token()["authorizationData"][0]
        assert authorized["proxyEndpoint"] == "https://images.example:8443"
        assert location(server).startswith("https://images.example:8443/v2/here/")
