"""A proxy ends TLS before the server: answers name what the client addressed, and only a trusted proxy is believed.

spinifex#409, floci#1761, localstack#2988: addresses in answers that no client could reach, the commonest fault.
"""

import json
from collections.abc import Iterator

import pytest
import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.clients.workplace import Workplace
from tests.factories import layouts
from tests.factories.layouts import contents, image, index, read_layout, write_layout
from tests.factories.processes import REGION, Server, serve
from tests.factories.registry import Registry, with_query
from tests.factories.signed import TARGET
from tests.factories.waiting import wait
from tests.traps.door import fresh
from tests.traps.nginx import before

REMOTE = "127.0.0.2"  # on loopback too, and not the proxy's address


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server itself, which trusts the proxy's address and no other."""
    flags = ("--workers", "1", "--trusted-proxies", "127.0.0.1/32")
    with serve(tmp_path_factory.mktemp("behind"), extra=flags) as running:
        yield running


@pytest.fixture(scope="module")
def proxied(behind: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server as clients of the proxy see it."""
    with before(behind, tmp_path_factory.mktemp("nginx") / "proxy") as seen:
        yield seen


def test_every_location_is_the_proxys_and_can_be_followed(proxied: Server) -> None:
    name, door, content = fresh(proxied), Registry(proxied), image(1, layers=1)
    base = f"{proxied.base_url}/v2/{name}"
    layer = content.layers[0]
    opened = door.request("POST", f"/v2/{name}/blobs/uploads/", b"")
    patched = door.request("PATCH", opened.headers["Location"], layer.data)
    early = door.request("PATCH", opened.headers["Location"], b"x", Content_Range="0-0")
    asked = door.request("GET", patched.headers["Location"])
    for status, answer in ((202, opened), (202, patched), (416, early), (204, asked)):
        assert answer.status == status
        assert answer.headers["Location"].startswith(f"{base}/blobs/uploads/")
    closed = door.request("PUT", with_query(patched.headers["Location"], digest=layer.digest), b"")
    assert (closed.status, closed.headers["Location"]) == (201, f"{base}/blobs/{layer.digest}")
    assert door.request("GET", closed.headers["Location"]).data == layer.data
    door.push_blob(name, content.config)
    put = door.put_manifest(name, "one", content.manifest)
    assert (put.status, put.headers["Location"]) == (201, f"{base}/manifests/{content.digest}")
    mounted = door.request("POST", f"/v2/{fresh(proxied)}/blobs/uploads/?mount={layer.digest}&from={name}", b"")
    assert mounted.status == 201
    assert mounted.headers["Location"].startswith(f"{proxied.base_url}/v2/")


@pytest.mark.parametrize("path", ["/v2/{name}/tags/list?n=1", "/v2/_catalog?n=1"])
def test_every_link_is_the_proxys_and_can_be_followed(proxied: Server, path: str) -> None:
    name, door = fresh(proxied), Registry(proxied)
    fresh(proxied)
    door.push(name, image(2, layers=1), "a", "b")
    answer = door.request("GET", path.format(name=name))
    target = answer.headers["Link"].partition(">")[0].removeprefix("<")
    assert target.startswith(f"{proxied.base_url}/v2/")
    assert door.request("GET", target).status == 200


def test_the_challenge_names_the_proxy(proxied: Server) -> None:
    answer = Registry(proxied, "").request("GET", "/v2/")
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].startswith(f'Basic realm="{proxied.base_url}/"')


def test_boto3_signs_through_the_proxy_and_is_told_its_address(proxied: Server) -> None:
    """The Host that the client signed is not the one that the server sees."""
    ecr, name, door, content = proxied.client(), fresh(proxied), Registry(proxied), image(3, layers=1)
    (described,) = ecr.describe_repositories(repositoryNames=[name])["repositories"]
    assert described["repositoryUri"] == f"{proxied.host}/{name}"
    (authorized,) = ecr.get_authorization_token()["authorizationData"]
    assert authorized["proxyEndpoint"] == proxied.base_url
    assert proxied.client("sts").get_caller_identity()["Account"] == "000000000000"
    door.push(name, content, "one")
    layer = content.layers[0]
    url = ecr.get_download_url_for_layer(repositoryName=name, layerDigest=layer.digest)["downloadUrl"]
    assert url.startswith(f"{proxied.base_url}/")
    assert Registry(proxied, "").request("GET", url).data == layer.data


def test_skopeo_pushes_and_pulls_through_the_proxy(proxied: Server, tmp_path) -> None:
    place = Workplace(proxied, tmp_path, fresh(proxied))
    policy = tmp_path / "policy.json"
    policy.write_text('{"default":[{"type":"insecureAcceptAnything"}]}')
    skopeo, content = ("skopeo", "--policy", policy), index(4)
    login = ("skopeo", "login", "--username", "AWS", "--password-stdin", proxied.host)
    place.run(*login, text=proxied.token())
    made = write_layout(content, tmp_path / "made", "made")
    place.run(*skopeo, "copy", "--all", f"oci:{made}:made", f"docker://{place.address}:v1")
    place.run(*skopeo, "copy", "--all", f"docker://{place.address}:v1", f"oci:{tmp_path / 'pulled'}:made")
    assert read_layout(tmp_path / "pulled") == contents(content)


def test_a_large_blob_streams_through_the_proxy(proxied: Server) -> None:
    name, door = fresh(proxied), Registry(proxied)
    large = layouts.Content(layouts.OCI_LAYER, bytes(range(256)) * 80_000)
    door.push_blob(name, large)
    assert door.pull_blob(name, large.digest) == large.data
    part = door.request("GET", f"/v2/{name}/blobs/{large.digest}", Range="bytes=256-511")
    assert (part.status, part.data) == (206, large.data[256:512])


def test_what_a_client_forwards_itself_is_overwritten_by_the_proxy(proxied: Server, behind: Server) -> None:
    """The address in the log is the one that the proxy saw, however long a chain the client invents."""
    agent = "forger-through-the-proxy"
    forged = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http", "X-Forwarded-For": "9.9.9.9, 127.0.0.1"}
    with urllib3.PoolManager(ssl_context=proxied.context(), source_address=(REMOTE, 0), retries=False) as pool:
        answer = pool.request("GET", f"{proxied.base_url}/v2/", headers={**forged, "User-Agent": agent})
    assert answer.headers["WWW-Authenticate"].startswith(f'Basic realm="{proxied.base_url}/"')
    assert sources(behind, agent) == {REMOTE}


def test_headers_of_an_address_that_is_not_trusted_change_nothing(behind: Server) -> None:
    """Whoever reaches the server beside the proxy is who and where he is."""
    agent, name, token = "forger-beside-the-proxy", fresh(behind), behind.token()
    forged = {
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-For": "9.9.9.9",
        "X-Forwarded-Port": "1",
        "Forwarded": "host=evil.example;proto=https;for=9.9.9.9",
        "X-Real-IP": "9.9.9.9",
        "User-Agent": agent,
    }
    basic = urllib3.make_headers(basic_auth=f"AWS:{token}")
    with urllib3.PoolManager(source_address=(REMOTE, 0), retries=False) as pool:
        nobody = pool.request("GET", f"{behind.base_url}/v2/", headers=forged)
        opened = pool.request("POST", f"{behind.base_url}/v2/{name}/blobs/uploads/", headers=forged | basic)
    assert nobody.headers["WWW-Authenticate"].startswith(f'Basic realm="{behind.base_url}/"')
    assert opened.headers["Location"].startswith(f"{behind.base_url}/v2/{name}/")
    assert sources(behind, agent) == {REMOTE}


@pytest.mark.parametrize("host", ["evil.example/v2/x", "a b", "[::1", "x:y", "", "a,b.example", "<script>", "a\t"])
def test_a_forwarded_host_that_is_none_counts_for_nothing(behind: Server, host: str) -> None:
    """A trusted proxy may pass on what a client made up: it is never written into an answer."""
    answer = Registry(behind, "").request("GET", "/v2/", X_Forwarded_Host=host)
    realm = answer.headers["WWW-Authenticate"].partition('"')[2].partition('"')[0]
    assert realm in {f"{behind.base_url}/", "http://a/"}


def test_a_signature_for_another_host_is_refused_through_the_proxy(proxied: Server) -> None:
    body, keys = b"{}", proxied.credentials
    headers = {"X-Amz-Target": f"{TARGET}.DescribeRepositories", "Content-Type": "application/x-amz-json-1.1"}
    answers = {}
    for host in (proxied.host, "elsewhere.example"):
        request = AWSRequest("POST", f"https://{host}/", headers=headers, data=body)
        SigV4Auth(Credentials(keys.access_key_id, keys.secret_access_key), "ecr", REGION).add_auth(request)
        with urllib3.PoolManager(ssl_context=proxied.context(), retries=False) as pool:
            answers[host] = pool.request("POST", f"{proxied.base_url}/", body=body, headers=dict(request.headers))
    assert answers[proxied.host].status == 200
    refused = answers["elsewhere.example"]
    assert (refused.status, json.loads(refused.data)["__type"]) == (403, "InvalidSignatureException")


def sources(server: Server, agent: str) -> set[str]:
    """The client addresses in the access log of requests by this agent."""

    def logged() -> list[str]:
        return [line for line in server.log.read_text().splitlines() if agent in line]

    wait(logged)  # the log is written a moment after the answer
    return {str(json.loads(line)["source_ip"]) for line in logged()}
