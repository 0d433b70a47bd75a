"""One repository by several addresses: hosts of a domain, hosts bound by name, paths; and names that are addresses."""

import json
from collections.abc import Iterator

import pytest
import urllib3

from tests.factories import layouts
from tests.factories.layouts import Image, contents, image
from tests.factories.processes import Credentials, Server, serve
from tests.factories.registry import Registry, error_codes, with_query
from tests.operation.commands import entrepot
from tests.traps.door import blob, fresh

DOMAIN = "registry.example"
FIRST, SECOND = "000000000000", "222233334444"
REGIONS = ("us-east-1", "eu-central-1")
HOST = f"{FIRST}.dkr.ecr.us-east-1.{DOMAIN}"
ALIAS = "images.example"
RESERVED = (
    f"{FIRST}/us-east-1/x",
    f"{FIRST}/us-east-1",
    "999999999999/us-gov-west-1/x",
    "999999999999/eu-nowhere-9",
    "public.ecr",
    "public.ecr/alias/x",
)


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Two regions, a domain, and a host name bound to the second account's registry in the second region."""
    flags = ["--workers", "1", "--domain", DOMAIN, "--aliases", f"{ALIAS}={SECOND}/{REGIONS[1]}"]
    flags += ["--regions", ",".join(REGIONS)]
    with serve(tmp_path_factory.mktemp("named"), extra=flags) as running:
        yield running


@pytest.fixture(scope="module")
def second(named: Server) -> Credentials:
    made = entrepot("account", "create", "--id", SECOND, "--data", named.data, "--output", "json").result
    return Credentials(made["access_key_id"], made["secret_access_key"])


class Addressed:
    """A registry by one host name; paths in answers must be of that host, and are followed there."""

    def __init__(self, door: Registry, host: str, prefix: str = "") -> None:
        self.door, self.host, self.prefix = door, host, prefix

    def request(self, method: str, rest: str, body: bytes | None = None, **headers: str) -> urllib3.BaseHTTPResponse:
        return self.door.request(method, f"/v2/{self.prefix}{rest}", body, Host=self.host, **headers)

    def follow(self, method: str, url: str, body: bytes | None = None) -> urllib3.BaseHTTPResponse:
        base = f"http://{self.host}"
        assert url.startswith(f"{base}/v2/{self.prefix}"), url
        return self.door.request(method, url.removeprefix(base), body, Host=self.host)

    def push(self, name: str, content: Image, tag: str) -> None:
        for each in content.blobs:
            opened = self.request("POST", f"{name}/blobs/uploads/", b"")
            closed = self.follow("PUT", with_query(opened.headers["Location"], digest=each.digest), each.data)
            assert closed.status == 201, closed.data
            assert self.follow("GET", closed.headers["Location"]).data == each.data
        sent = content.manifest
        put = self.request("PUT", f"{name}/manifests/{tag}", sent.data, Content_Type=sent.media_type)
        assert put.status == 201, put.data
        assert self.follow("GET", put.headers["Location"]).data == sent.data

    def pull(self, name: str, content: Image, tag: str) -> dict[str, bytes]:
        top = self.request("GET", f"{name}/manifests/{tag}")
        blobs = {each.digest: self.request("GET", f"{name}/blobs/{each.digest}").data for each in content.blobs}
        return {top.headers["Docker-Content-Digest"]: top.data, **blobs}


def test_what_is_pushed_by_one_address_is_pulled_by_every_other(named: Server) -> None:
    door, content = Registry(named), image(1)
    by_host = [HOST, f"{HOST}:443", HOST.upper(), HOST.replace(".dkr.ecr.", ".dkr-ecr.")]
    addresses = [Addressed(door, host) for host in by_host]
    addresses += [Addressed(door, named.host), Addressed(door, named.host, f"{FIRST}/us-east-1/")]
    for number, pusher in enumerate(addresses):
        name = fresh(named)
        pusher.push(name, content, f"by-{number}")
        for puller in addresses:
            assert puller.pull(name, content, f"by-{number}") == contents(content), (pusher.host, puller.host)


def test_a_bound_host_is_the_registry_that_it_is_bound_to(named: Server, second: Credentials) -> None:
    door, content = Registry(named, named.token(second)), image(2)
    ecr = named.client(region=REGIONS[1], credentials=second)
    ecr.create_repository(repositoryName="bound/here")
    Addressed(door, ALIAS).push("bound/here", content, "one")
    for host, prefix in (
        (f"{SECOND}.dkr.ecr.{REGIONS[1]}.{DOMAIN}", ""),
        (named.host, f"{SECOND}/{REGIONS[1]}/"),
        (ALIAS, ""),
    ):
        assert Addressed(door, host, prefix).pull("bound/here", content, "one") == contents(content)
    for host, prefix in ((f"{SECOND}.dkr.ecr.{REGIONS[0]}.{DOMAIN}", ""), (named.host, f"{SECOND}/{REGIONS[0]}/")):
        absent = Addressed(door, host, prefix).request("GET", "bound/here/manifests/one")
        assert (absent.status, error_codes(absent)) == (404, ["NAME_UNKNOWN"])
    assert Addressed(Registry(named), ALIAS).request("GET", "bound/here/manifests/one").status == 403


def test_the_whole_path_is_the_name_on_a_host_of_its_own(named: Server) -> None:
    """On such a host an address in the path is no address, and no repository can have that name."""
    answer = Addressed(Registry(named), HOST).request("GET", f"{SECOND}/us-east-1/x/tags/list")
    assert (answer.status, error_codes(answer)) == (400, ["NAME_INVALID"])


def test_a_mount_is_from_the_registry_that_is_addressed(named: Server) -> None:
    source, target, layer, door = fresh(named), fresh(named), blob("mounted"), Registry(named)
    door.push_blob(source, layer)
    mount = f"blobs/uploads/?mount={layer.digest}"
    by_path = f"{FIRST}/us-east-1/"
    for host, prefix, origin in (
        (HOST, "", source),
        (named.host, "", source),
        (named.host, "", f"{by_path}{source}"),
        (named.host, by_path, f"{by_path}{source}"),
    ):
        answer = Addressed(door, host, prefix).request("POST", f"{target}/{mount}&from={origin}", b"")
        assert answer.status == 201, (host, prefix, origin)
        assert door.request("DELETE", f"/v2/{target}/blobs/{layer.digest}").status == 202
    elsewhere = f"{FIRST}/{REGIONS[1]}/{source}"
    assert Addressed(door, named.host).request("POST", f"{target}/{mount}&from={elsewhere}", b"").status == 202


def test_addresses_in_aws_answers_are_of_the_domain(named: Server) -> None:
    for region in REGIONS:
        ecr, name = named.client(region=region), "uri/here"
        made = ecr.create_repository(repositoryName=name)["repository"]
        host = f"{FIRST}.dkr.ecr.{region}.{DOMAIN}:{named.port}"
        assert made["repositoryUri"] == f"{host}/{name}"
        assert ecr.get_authorization_token()["authorizationData"][0]["proxyEndpoint"] == f"http://{host}"
        answer = Registry(named).request("GET", f"/v2/{name}/tags/list", None, Host=host)
        assert (answer.status, json.loads(answer.data)["tags"]) == (200, [])


@pytest.mark.parametrize(
    ("host", "path"),
    [
        (f"{FIRST}.dkr.ecr.eu-west-9.{DOMAIN}", "x/tags/list"),
        ("127.0.0.1", f"{FIRST}/eu-west-9/x/tags/list"),
        ("127.0.0.1", f"{FIRST}/eu-west-9/x/manifests/latest"),
        ("127.0.0.1", f"{FIRST}/eu-west-9/_catalog"),
    ],
)
def test_a_region_that_is_not_served_is_named_with_those_that_are(named: Server, host: str, path: str) -> None:
    answer = Registry(named).request("GET", f"/v2/{path}", None, Host=host)
    (error,) = json.loads(answer.data)["errors"]
    assert answer.status == 404
    assert all(region in error["message"] for region in ("eu-west-9", *REGIONS))


def test_an_aws_call_of_a_region_that_is_not_served_names_those_that_are(named: Server) -> None:
    ecr = named.client(region="eu-west-2")
    with pytest.raises(ecr.exceptions.ClientError) as refused:
        ecr.describe_repositories()
    assert all(region in str(refused.value) for region in ("eu-west-2", *REGIONS))


@pytest.mark.parametrize("name", RESERVED)
def test_no_repository_is_named_like_an_address_by_either_door(named: Server, name: str) -> None:
    """Whatever such a repository held, no client could ever address it by path."""
    ecr = named.client()
    with pytest.raises(ecr.exceptions.InvalidParameterException):
        ecr.create_repository(repositoryName=name)
    content = image(3, layers=1)
    push = Addressed(Registry(named), HOST)
    for method, rest, body in (
        ("PUT", "manifests/one", content.manifest.data),
        ("POST", "blobs/uploads/", b""),
        ("GET", "tags/list", None),
    ):
        answer = push.request(method, f"{name}/{rest}", body, Content_Type=layouts.OCI_MANIFEST)
        assert (answer.status, error_codes(answer)) == (400, ["NAME_INVALID"]), (method, rest)
    assert all(made["repositoryName"] != name for made in ecr.describe_repositories()["repositories"])


@pytest.mark.parametrize(
    "name", ["000000000000x/us-east-1/x", "00000000000/us-east-1/x", "public.ecrx/x", "a/public.ecr/x"]
)
def test_a_name_that_only_looks_like_an_address_is_a_name(named: Server, name: str) -> None:
    made = named.client().create_repository(repositoryName=name)["repository"]
    assert made["repositoryUri"].endswith(f"/{name}")
    for host in (HOST, named.host):
        answer = Addressed(Registry(named), host).request("GET", f"{name}/tags/list")
        assert (answer.status, json.loads(answer.data)["name"]) == (200, name)


@pytest.mark.parametrize(
    "host",
    [
        f"x{FIRST}.dkr.ecr.us-east-1.{DOMAIN}",
        f"{SECOND}.dkr.ecr.us-east-1.{DOMAIN}.evil.example",
        f"{SECOND}.dkr.ecr.us-east-1.registryxexample",
        f"{SECOND}.dkr.ecr.us-east-1",
        f"evil.example/{SECOND}.dkr.ecr.us-east-1.{DOMAIN}",
    ],
)
def test_a_host_that_is_nearly_one_of_the_domain_is_none(named: Server, host: str) -> None:
    """It is read as any other host: path style, the default registry."""
    name = fresh(named)
    answer = Addressed(Registry(named), host).request("GET", f"{name}/tags/list")
    assert (answer.status, json.loads(answer.data)["name"]) == (200, name)
