"""`entrepot scan` as a person uses it: of a deployment, of a registry, of files; what it shows and how it ends.

One test runs the program; the others call its command line in this process, for they ask it often.
"""

import gzip
import io
import json
import lzma
import tarfile
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

import pytest

from entrepot.cli.main import app
from tests.factories.advisory_files import dump, record
from tests.factories.layouts import Image, Index, archive, image_of, index_of, sha256, write_layout
from tests.factories.processes import serve
from tests.factories.registry import Registry
from tests.operation.commands import Ended, entrepot

RELEASE = b'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n'
STATUS = (
    b"Package: libssl3\nStatus: install ok installed\nArchitecture: amd64\nSource: openssl\nVersion: 3.0.9-1\n\n"
    b"Package: zlib1g\nStatus: install ok installed\nArchitecture: amd64\nSource: zlib\nVersion: 1:1.2.13-2\n\n"
)
BASE = archive({"etc/os-release": RELEASE, "var/lib/dpkg/status": STATUS})
OWN = archive({"opt/x": b"x"})
ADVISORIES = [
    record(
        "DSA-1",
        "openssl",
        fixed="3.0.11-1",
        related=["CVE-2023-5363"],
        details="A fault.",
        severity=[{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"}],
    ),
    record("DSA-2", "zlib", fixed="1:1.2.13-3", related=["CVE-2018-25032"]),
]
MADE = image_of(BASE, OWN)
Scan = Callable[..., Ended]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("known")
    ended = entrepot("vulndb", "import", dump(folder / "Debian" / "all.zip", ADVISORIES), "--data", folder / "data")
    assert ended.status == 0, ended
    return folder / "data"


@pytest.fixture(name="scan")
def scan_(capfdbinary: pytest.CaptureFixture[bytes]) -> Scan:
    def run(target: object, data: Path, *flags: object) -> Ended:
        status = app(["scan", *map(str, (target, "--data", data, *flags))])
        told = capfdbinary.readouterr()
        return Ended(status, told.out.decode(), told.err.decode())

    return run


def names(ended: Ended) -> list[str]:
    return [each["id"] for each in ended.result["vulnerabilities"]]


def layout(tmp_path: Path, made: Image | Index = MADE) -> Path:
    return write_layout(made, tmp_path / "layout", "v1")


def packed(folder: Path, mode: str = "w") -> Path:
    file = folder.with_name(f"packed{mode.replace(':', '.')}")
    with tarfile.open(file, mode) as tar:  # type: ignore[call-overload] # a mode of those that there are
        tar.add(folder, arcname=".")
    return file


def saved(path: Path, *layers: bytes, name: str = "app:v1") -> Path:
    """What docker save of old wrote: the second layer of two that are the same is a link to the first."""
    with tarfile.open(path, "w") as tar:
        paths: list[str] = []
        for number, layer in enumerate(layers):
            member = tarfile.TarInfo(f"{number}/layer.tar")
            if layer in layers[:number]:
                member.type, member.linkname = tarfile.SYMTYPE, f"../{layers.index(layer)}/layer.tar"
                tar.addfile(member)
            else:
                member.size = len(layer)
                tar.addfile(member, io.BytesIO(layer))
            paths.append(member.name)
        manifest = json.dumps([{"Config": "config.json", "RepoTags": [name], "Layers": paths}]).encode()
        member = tarfile.TarInfo("manifest.json")
        member.size = len(manifest)
        tar.addfile(member, io.BytesIO(manifest))
    return path


def test_a_layout_an_archive_of_it_and_a_saved_image_tell_the_same(scan, tmp_path, data):
    folder = layout(tmp_path)
    old = saved(tmp_path / "saved.tar", BASE, OWN, OWN)
    of_old = [old, tmp_path / "saved.tar.gz", tmp_path / "saved.tar.xz"]
    of_old[1].write_bytes(gzip.compress(old.read_bytes()))
    of_old[2].write_bytes(lzma.compress(old.read_bytes()))
    for target in (folder, packed(folder), packed(folder, "w:gz"), *of_old):
        ended = scan(target, data, "--format", "json")
        assert (ended.status, ended.complaint) == (0, ""), ended
        assert names(ended) == ["CVE-2023-5363", "CVE-2018-25032"], target
        layers = {each["layer"] for each in ended.result["vulnerabilities"]}
        assert layers == ({MADE.layers[0].digest} if target not in of_old else {sha256(BASE)})


def test_the_table_has_what_a_person_needs_and_no_colours_in_a_file(scan, tmp_path, data):
    ended = entrepot("scan", layout(tmp_path), "--data", data)
    assert ended.status == 0, ended
    assert "\x1b" not in ended.out
    (line,) = (each for each in ended.out.splitlines() if "CVE-2023-5363" in each)
    assert line.split()[:5] == ["HIGH", "CVE-2023-5363", "libssl3", "3.0.9-1", "3.0.11-1"]
    assert MADE.layers[0].digest.partition(":")[2][:12] in line
    assert "Debian GNU/Linux 12 (bookworm)" in ended.out
    assert "2 vulnerabilities (1 HIGH, 1 UNDEFINED); 2 can be mended" in ended.out
    file = tmp_path / "told.txt"
    assert scan(layout(tmp_path), data, "--output", file).out == ""
    assert file.read_text() == ended.out


def test_the_status_says_whether_something_as_bad_was_found(scan, tmp_path, data):
    target = layout(tmp_path)
    cases: dict[tuple[str, ...], int] = {
        ("--fail-on", "HIGH"): 1,
        ("--fail-on", "critical"): 0,
        ("--fail-on", "HIGH", "--exit-code", "7"): 7,
        ("--fail-on", "HIGH", "--severity", "LOW,UNDEFINED"): 0,
        ("--fail-on", "NONSENSE"): 2,
    }
    for flags, status in cases.items():
        assert scan(target, data, *flags).status == status, flags


def test_what_is_shown_can_be_chosen(scan, tmp_path, data):
    assert names(scan(layout(tmp_path), data, "--format", "json", "--severity", "high")) == ["CVE-2023-5363"]
    unfixed = tmp_path / "data"
    unmended = record("DSA-3", "zlib", related=["CVE-2020-0001"])
    unmended["affected"][0]["ranges"][0]["events"] = [{"introduced": "0"}]  # type: ignore[index] # as it was made
    advisories = [unmended, *ADVISORIES]
    assert entrepot("vulndb", "import", dump(tmp_path / "all.zip", advisories), "--data", unfixed).status == 0
    assert "CVE-2020-0001" in names(scan(layout(tmp_path), unfixed, "--format", "json"))
    assert "CVE-2020-0001" not in names(scan(layout(tmp_path), unfixed, "--format", "json", "--ignore-unfixed"))


@pytest.mark.parametrize(
    ("form", "inside"),
    [("sarif", '"ruleId"'), ("cyclonedx", '"specVersion": "1.6"'), ("spdx", "SPDX-2.3"), ("junit", "<failure ")],
)
def test_each_form_is_written(scan, tmp_path, data, form, inside):
    ended = scan(layout(tmp_path), data, "--format", form)
    assert ended.status == 0, ended
    assert inside in ended.out
    assert form == "spdx" or "CVE-2023-5363" in ended.out


@pytest.mark.parametrize("form", ["cyclonedx", "spdx"])
def test_an_sbom_is_scanned_like_its_image(scan, tmp_path, data, form):
    file = tmp_path / "sbom.json"
    assert scan(layout(tmp_path), data, "--format", form, "--output", file).status == 0
    ended = scan(file, data, "--format", "json")
    assert (ended.status, names(ended)) == (0, ["CVE-2023-5363", "CVE-2018-25032"])


def test_without_a_database_it_says_what_to_do_and_writes_an_sbom_all_the_same(scan, tmp_path):
    nothing = tmp_path / "nothing"
    ended = scan(layout(tmp_path), nothing)
    assert (ended.status, ended.out) == (2, "")
    assert "entrepot vulndb import" in ended.complaint
    ended = scan(layout(tmp_path), nothing, "--format", "cyclonedx")
    assert (ended.status, len(ended.result["components"])) == (0, 3)
    assert scan(layout(tmp_path), nothing, "--format", "cyclonedx", "--fail-on", "LOW").status == 2


def test_another_database_can_be_named(scan, tmp_path, data):
    (file,) = (data / "vulndb").glob("*.db")
    assert len(names(scan(layout(tmp_path), tmp_path / "nothing", "--vulndb", file, "--format", "json"))) == 2
    assert scan(layout(tmp_path), data, "--vulndb", tmp_path / "absent.db").status == 2


def test_what_was_not_seen_is_said_and_is_no_success(scan, tmp_path, data):
    folder = layout(tmp_path)
    (folder / "blobs" / "sha256" / MADE.layers[1].digest.partition(":")[2]).write_bytes(b"other")
    ended = scan(folder, data, "--format", "json")
    assert ended.status == 2
    assert len(names(ended)) == 2, "the other layer was seen"
    assert MADE.layers[1].digest in ended.result["unseen"][0]
    assert "not seen" in ended.complaint
    assert scan(folder, data, "--allow-unseen").status == 0
    assert scan(folder, data, "--fail-on", "HIGH").status == 1
    other = archive({"etc/os-release": RELEASE.replace(b'"12"', b'"13"'), "var/lib/dpkg/status": STATUS})
    ended = scan(layout(tmp_path / "other", image_of(other)), data)
    assert (ended.status, "Nothing is known of Debian:13" in ended.out) == (2, True)


@pytest.mark.parametrize(
    "content", [b"", b"nonsense", b"{}", b"[]", b"\x1f\x8bnonsense", bytes(257) + b"ustar" + bytes(999)]
)
def test_what_holds_no_image_is_refused_by_name(scan, tmp_path, data, content):
    file = tmp_path / "odd"
    file.write_bytes(content)
    ended = scan(file, data)
    assert (ended.status, ended.out) == (2, "")
    assert "odd" in ended.complaint


def test_of_an_index_the_platform_is_chosen(scan, tmp_path, data):
    others = {"riscv64": image_of(OWN, architecture="riscv64"), "s390x": image_of(BASE, architecture="s390x")}
    index = Index(index_of(tuple(others.values()), tuple(others)), tuple(others.values()))
    folder = layout(tmp_path, index)
    ended = scan(folder, data)
    assert ended.status == 2
    assert "linux/riscv64, linux/s390x" in ended.complaint
    assert len(names(scan(folder, data, "--platform", "linux/s390x", "--format", "json"))) == 2
    assert names(scan(folder, data, "--platform", "linux/riscv64", "--format", "json")) == []


def test_images_of_a_deployment_are_read_where_they_lie_and_of_a_registry_over_http(scan, tmp_path, data, monkeypatch):
    with serve(tmp_path) as server:
        server.client().create_repository(repositoryName="team/app")
        Registry(server).push("team/app", MADE, "v1")
        (file,) = (data / "vulndb").glob("*.db")
        flags = ("--vulndb", file, "--format", "json")
        for target in ("team/app:v1", f"team/app@{MADE.digest}", "000000000000/us-east-1/team/app:v1"):
            ended = scan(target, server.data, *flags)
            assert (ended.status, len(names(ended))) == (0, 2), ended
            assert ended.result["digest"] == MADE.digest
        absent = scan("team/other:v1", server.data, *flags)
        assert (absent.status, "team/other" in absent.complaint) == (2, True)
        docker = tmp_path / "docker"
        docker.mkdir()
        monkeypatch.setenv("DOCKER_CONFIG", str(docker))
        remote = f"127.0.0.1:{server.port}/team/app:v1"
        refused = scan(remote, tmp_path / "elsewhere", *flags)
        assert (refused.status, "401" in refused.complaint) == (2, True)
        auth = {"auths": {f"127.0.0.1:{server.port}": {"auth": b64encode(f"AWS:{server.token()}".encode()).decode()}}}
        (docker / "config.json").write_text(json.dumps(auth))
        ended = scan(remote, tmp_path / "elsewhere", *flags)
        assert (ended.status, len(names(ended))) == (0, 2), ended


def test_packages_of_another_package_manager_are_asked_of_nobody_and_said(scan, tmp_path, data):
    apk = b"P:openssl\nV:1.0.0-r0\nA:x86_64\no:openssl\n\nP:musl\nV:1.2.4-r0\nA:x86_64\no:musl\n\n"
    folder = layout(tmp_path, image_of(BASE, archive({"lib/apk/db/installed": apk})))
    ended = scan(folder, data, "--format", "json")
    assert (ended.status, ended.result["unseen"]) == (
        2,
        ["2 packages of apk are of no system that is known here: they were not checked."],
    )
    assert [(each["id"], each["package"]) for each in ended.result["vulnerabilities"]] == [
        ("CVE-2023-5363", "libssl3"),
        ("CVE-2018-25032", "zlib1g"),
    ]
    assert "2 packages are not the system's own, among them apk/openssl" in scan(folder, data).out
