"""Create on push by real clients: where a template says so, the first push makes the repository as the template has it;
where none does, the name is unknown.
"""

import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.clients.workplace import Workplace
from tests.factories.go_programs import built
from tests.factories.layouts import Image, archive, image, write_layout

CRANE = ("github.com/google/go-containerregistry/cmd/crane", "v0.20.7")
pytestmark = pytest.mark.parametrize("workplace", ["plain"], indirect=True)
PROGRAMS = Path(__file__).parent.parent.parent / "build" / "clients"


def pushed_by_skopeo(place: Workplace, content: Image, name: str, *, succeeds: bool) -> str:
    layout = write_layout(content, place.path / content.digest[7:19], "made")
    policy = place.path / "policy.json"
    policy.write_text('{"default":[{"type":"insecureAcceptAnything"}]}')
    verify = [] if place.tls else ["--dest-tls-verify=false"]
    user = ["--dest-creds", f"AWS:{place.server.token()}"]
    target = f"docker://{place.server.host}/{name}"
    return place.run("skopeo", "--policy", policy, "copy", *verify, *user, f"oci:{layout}:made", target,
                     succeeds=succeeds)  # fmt: skip


def pushed_by_crane(place: Workplace, content: Image, name: str, *, succeeds: bool) -> str:
    crane = built(PROGRAMS, "crane", *CRANE)
    layout = write_layout(content, place.path / content.digest[7:19], "made")
    host = place.server.host
    place.run(crane, "auth", "login", "-u", "AWS", "--password-stdin", host, text=place.server.token())
    insecure = [] if place.tls else ["--insecure"]
    return place.run(crane, "push", *insecure, layout, f"{host}/{name}", succeeds=succeeds)


def pushed_by_docker(place: Workplace, content: Image, name: str, *, succeeds: bool, engine: str) -> str:
    def run(*arguments: str | Path, text: str | None = None, succeeds: bool = True) -> str:
        return place.run("docker", "--host", engine, *arguments, text=text, succeeds=succeeds)

    run("login", "--username", "AWS", "--password-stdin", place.server.host, text=place.server.token())
    layers = {f"layer{number}.tar": blob.data for number, blob in enumerate(content.layers)}
    entry = {"Config": "config.json", "RepoTags": [f"{place.server.host}/{name}"], "Layers": list(layers)}
    path = place.path / "load.tar"
    files = {"config.json": content.config.data, "manifest.json": json.dumps([entry]).encode()}
    path.write_bytes(archive(layers | files))
    run("load", "--input", path)
    return run("push", f"{place.server.host}/{name}", succeeds=succeeds)


def pushed_by_containerd(place: Workplace, content: Image, name: str, *, succeeds: bool, daemon: str) -> str:
    reference = f"{place.server.host}/{name}"
    layout = write_layout(content, place.path / content.digest[7:19], reference)
    with tarfile.open(place.path / "made.tar", "w") as tar:
        tar.add(layout, arcname=".")
    images = ["ctr", "--address", daemon, "images"]
    place.run(*images, "import", "--all-platforms", "--snapshotter", "native", place.path / "made.tar")
    user = ["--user", f"AWS:{place.server.token()}"]
    return place.run(*images, "push", "--plain-http", *user, reference, succeeds=succeeds)


@pytest.fixture(params=["skopeo", "crane", "docker", "containerd"])
def push(request: pytest.FixtureRequest, workplace: Workplace) -> Callable[..., str]:
    """Pushes an image by one client; the tag is part of the name."""
    engine = {"docker": "engine", "containerd": "daemon"}.get(request.param)
    more = {} if engine is None else {engine: request.getfixturevalue(engine)}
    pushing = globals()[f"pushed_by_{request.param}"]
    return lambda content, name, *, succeeds=True: pushing(workplace, content, name, succeeds=succeeds, **more)


def test_a_push_makes_the_repository_where_a_template_says_so(push: Callable[..., str], workplace: Workplace):
    prefix = f"{workplace.repository}/made"
    ecr = workplace.ecr
    ecr.create_repository_creation_template(
        prefix=prefix,
        appliedFor=["CREATE_ON_PUSH"],
        description="made by who pushes",
        imageTagMutability="IMMUTABLE",
    )
    name = f"{prefix}/app"
    push(image(901), f"{name}:v1")
    made = ecr.describe_repositories(repositoryNames=[name])["repositories"][0]
    assert made["imageTagMutability"] == "IMMUTABLE"
    first = ecr.describe_images(repositoryName=name)["imageDetails"]
    assert [each["imageTags"] for each in first] == [["v1"]]
    refused = push(image(902), f"{name}:v1", succeeds=False)
    assert "immutable" in refused or "400 Bad Request" in refused, refused
    push(image(902), f"{name}:v2")


def test_without_a_template_the_name_is_unknown(push: Callable[..., str], workplace: Workplace):
    name = f"{workplace.repository}/unmade"
    refused = push(image(903), f"{name}:v1", succeeds=False).lower()
    told = ("name unknown", "name_unknown", "does not exist", "404 not found")  # ctr shows no more than the status
    assert any(each in refused for each in told), refused
    names = {each["repositoryName"] for each in workplace.ecr.describe_repositories()["repositories"]}
    assert name not in names
