"""The public registry under real clients: anybody pulls, who has logged in pushes; on a shared host and on its own."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import oras.client
import pytest

from tests.clients.engines import Engine, layers_of_layout
from tests.clients.workplace import Workplace, needs_root
from tests.factories.layouts import Image, contents, diff_ids, image, read_layout, write_layout
from tests.factories.processes import Server, serve
from tests.factories.registry import Registry

DOMAIN = "registry.test"


class Public:
    """A public repository of a server; `address` as its owner is told it, `path` below the server."""

    def __init__(self, server: Server, name: str) -> None:
        self.client = server.client("ecr-public")
        made = self.client.create_repository(repositoryName=name)["repository"]
        self.address: str = made["repositoryUri"]
        self.host, _, self.path = self.address.partition("/")

    def password(self) -> str:
        encoded = self.client.get_authorization_token()["authorizationData"]["authorizationToken"]
        return base64.b64decode(encoded).decode().partition(":")[2]

    def anybody(self, server: Server) -> Registry:
        return Registry(server, "")


@pytest.fixture
def public(workplace: Workplace) -> Public:
    return Public(workplace.server, workplace.repository)


def pushed(public: Public, server: Server, content: Image, tag: str) -> None:
    Registry(server, public.password()).push(public.path, content, tag)


def test_the_aws_cli_logs_docker_in_which_pushes_and_after_its_log_out_pulls(
    workplace: Workplace, public: Public, engine: str
):
    content, name = image(901, docker=True), f"{public.address}:v1"
    pushed(public, workplace.server, content, "v0")

    def docker(*arguments: str, text: str | None = None, succeeds: bool = True) -> str:
        return workplace.run("docker", "--host", engine, *arguments, text=text, succeeds=succeeds)

    docker("pull", f"{public.address}:v0")
    docker("tag", f"{public.address}:v0", name)
    docker("push", name, succeeds=False)
    password = workplace.run("aws", "ecr-public", "get-login-password").strip()
    docker("login", "--username", "AWS", "--password-stdin", public.host, text=password)
    docker("push", name)
    assert content.config.digest in public.anybody(workplace.server).pull(public.path, "v1")
    docker("pull", f"{public.address}:v0")
    docker("logout", public.host)
    docker("image", "rm", "--force", name, f"{public.address}:v0")
    docker("pull", name)
    assert content.config.digest in docker("image", "inspect", name)


def test_podman_pulls_as_anybody_and_pushes_after_a_log_in(workplace: Workplace, public: Public, tmp_path):
    needs_root()
    content = image(902)
    pushed(public, workplace.server, content, "v1")
    podman = Engine(workplace, "podman", "--cgroup-manager=cgroupfs", "--events-backend=file")
    auth = workplace.path / "home" / "auth.json"
    auth.write_text("{}")  # podman refuses to look for a log-in in a file that is not there
    podman.run("pull", podman.verify, f"{public.address}:v1")
    podman.run("push", podman.verify, f"{public.address}:v1", f"docker://{public.address}:v2", succeeds=False)
    podman.login(public.password())
    podman.run("push", podman.verify, f"{public.address}:v1", f"docker://{public.address}:v2")
    podman.forget()
    podman.run("pull", podman.verify, f"{public.address}:v2")
    podman.run("push", f"{public.address}:v2", f"oci:{tmp_path / 'out'}:out")
    assert layers_of_layout(tmp_path / "out") == diff_ids(content)


def test_containerd_pulls_as_anybody(workplace: Workplace, public: Public, daemon: str):
    content = image(903)
    pushed(public, workplace.server, content, "v1")
    options = ["--plain-http"]
    if workplace.tls:
        folder = workplace.path / "hosts" / public.host
        folder.mkdir(parents=True)
        text = (
            f'[host."{workplace.server.base_url}"]\ncapabilities = ["pull", "resolve"]\nca = "{workplace.server.ca}"\n'
        )
        (folder / "hosts.toml").write_text(text)
        options = ["--hosts-dir", str(folder.parent)]
    options += ["--snapshotter", "native", "--all-platforms"]
    workplace.run("ctr", "--address", daemon, "images", "pull", *options, f"{public.address}:v1")
    listed = workplace.run("ctr", "--address", daemon, "images", "list")
    assert f"{public.address}:v1" in listed
    assert content.digest in listed


def test_oras_pulls_as_anybody_and_pushes_after_a_log_in(workplace: Workplace, public: Public, monkeypatch):
    for name in ("HOME", "DOCKER_CONFIG"):
        monkeypatch.setenv(name, workplace.environment[name])
    if workplace.server.ca:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(workplace.server.ca))
    monkeypatch.chdir(workplace.path)
    (workplace.path / "one.bin").write_bytes(b"one" * 1000)
    for kind in ("basic", "token"):
        client = oras.client.OrasClient(hostname=public.host, insecure=not workplace.tls, auth_backend=kind)
        workplace.server.resources.callback(client.session.close)
        client.login(username="AWS", password=public.password(), hostname=public.host)
        assert client.push(target=f"{public.address}:{kind}", files=["one.bin"]).status_code == 201
    client = oras.client.OrasClient(hostname=public.host, insecure=not workplace.tls, auth_backend="token")
    workplace.server.resources.callback(client.session.close)
    client.pull(target=f"{public.address}:basic", outdir=str(workplace.path / "out"))
    assert (workplace.path / "out" / "one.bin").read_bytes() == b"one" * 1000


class OnItsOwnHost:
    """skopeo where the name of the public registry leads to the server: through the Bearer flow, as at AWS."""

    def __init__(self, place: Workplace) -> None:
        needs_root()
        self.place = place
        self.hosts = place.path / "hosts"
        self.hosts.write_text(f"127.0.0.1 localhost public.ecr.{DOMAIN}\n")
        self.policy = place.path / "policy.json"
        self.policy.write_text('{"default":[{"type":"insecureAcceptAnything"}]}')

    def run(self, *arguments: str | Path, **options: Any) -> str:
        bound = f'mount --bind "{self.hosts}" /etc/hosts && exec skopeo --policy "{self.policy}" "$@"'
        return self.place.run("unshare", "--mount", "sh", "-c", bound, "sh", *arguments, **options)


@pytest.fixture(scope="session")
def domain_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serve(tmp_path_factory.mktemp("domain"), environment={"ENTREPOT_DOMAIN": DOMAIN}) as running:
        yield running


def test_on_a_host_of_its_own_the_bearer_flow_lets_anybody_pull_and_who_logged_in_push(domain_server, tmp_path):
    place = Workplace(domain_server, tmp_path, "team/app")
    public = Public(domain_server, "team/app")
    assert public.host.startswith(f"public.ecr.{DOMAIN}:")
    skopeo, content = OnItsOwnHost(place), image(904)
    made = f"oci:{write_layout(content, tmp_path / 'made', 'made')}:made"
    there = f"docker://{public.address}:v1"
    said = skopeo.run("copy", "--dest-tls-verify=false", made, there, succeeds=False)
    assert "unauthorized" in said.lower()
    login = ["login", "--tls-verify=false", "--username", "AWS", "--password-stdin", public.host]
    skopeo.run(*login, text="wrong", succeeds=False)
    skopeo.run(*login, text=public.password())
    skopeo.run("copy", "--dest-tls-verify=false", made, there)
    skopeo.run("logout", public.host)
    skopeo.run("copy", "--dest-tls-verify=false", made, there, succeeds=False)
    (tmp_path / "home" / "auth.json").write_text(f'{{"credHelpers": {{"{public.host}": "entrepot"}}}}')
    skopeo.run("copy", "--dest-tls-verify=false", made, there, AWS_ENDPOINT_URL=f"http://{public.host}")
    (tmp_path / "home" / "auth.json").write_text("{}")
    skopeo.run("copy", "--src-tls-verify=false", there, f"oci:{tmp_path / 'out'}:made")
    assert read_layout(tmp_path / "out") == contents(content)
