"""Images are scanned for what their packages are known to have, from the push to the findings, beside imports."""

import gzip
import io
import json
import tarfile
from pathlib import Path
from typing import Any

from tests.factories.advisory_files import dump, record
from tests.factories.layouts import OCI_LAYER, Content, Image, archive, image, image_of, manifest
from tests.factories.processes import Server, serve
from tests.factories.registry import Registry
from tests.factories.vulnerability_data import shared
from tests.factories.waiting import wait
from tests.operation.commands import entrepot

RELEASE = b'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n'
STATUS = (
    b"Package: libssl3\nStatus: install ok installed\nArchitecture: amd64\nSource: openssl\nVersion: 3.0.9-1\n\n"
    b"Package: openssl\nStatus: install ok installed\nArchitecture: amd64\nVersion: 3.0.9-1\n\n"
    b"Package: zlib1g\nStatus: install ok installed\nArchitecture: amd64\nSource: zlib\nVersion: 1:1.2.13-2\n\n"
)
BASE = archive({"etc/os-release": RELEASE, "var/lib/dpkg/status": STATUS})
ADVISORIES = [
    record(
        "DSA-1",
        "openssl",
        fixed="3.0.11-1",
        related=["CVE-2023-5363", "CVE-2023-4807"],
        details="Two faults.",
        severity=[{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"}],
    ),
    record("DSA-2", "zlib", fixed="1:1.2.11-1", related=["CVE-2018-25032"]),
    record("DSA-3", "libssl3", fixed="99", related=["CVE-2000-0001"]),  # of a source package that is not there
]

OF_OPENSSL = ["CVE-2019-1543", "CVE-2019-1547", "CVE-2019-1549", "CVE-2019-1563"]


def take(server: Server, path: Path, *flags: str) -> None:
    ended = entrepot("vulndb", "import", path, "--data", server.data, *flags)
    assert ended.status == 0, ended


def scanned(server: Server, repository: str, digest: str) -> dict[str, Any]:
    """What is told of an image once its scan has ended."""
    ecr = server.client()

    def look() -> dict[str, Any] | None:
        found: dict[str, Any] = ecr.describe_image_scan_findings(
            repositoryName=repository, imageId={"imageDigest": digest}
        )
        return None if found["imageScanStatus"]["status"] == "IN_PROGRESS" else found

    return wait(look, 60) or {}


def push(server: Server, repository: str, made: Image) -> dict[str, Any]:
    """Push an image that is scanned on push; what was found."""
    Registry(server).push(repository, made, "v1")
    return scanned(server, repository, made.digest)


def names(told: dict[str, Any]) -> list[str]:
    return [each["name"] for each in told["imageScanFindings"]["findings"]]


def test_what_a_system_s_packages_are_known_to_have_is_found(tmp_path):
    with serve(tmp_path) as server:
        server.client().create_repository(repositoryName="app", imageScanningConfiguration={"scanOnPush": True})
        made = image_of(BASE, archive({"opt/x": b"x"}))
        before = push(server, "app", made)
        assert before["imageScanStatus"]["status"] == "FAILED"
        assert "`entrepot vulndb import`" in before["imageScanStatus"]["description"]
        take(server, dump(tmp_path / "Debian" / "all.zip", ADVISORIES))
        told = wait(
            lambda: (found := scanned(server, "app", made.digest))["imageScanStatus"]["status"] == "COMPLETE" and found,
            60,
        )
        assert told["imageScanStatus"]["description"].startswith("The scan was completed successfully.")
        assert names(told) == ["CVE-2023-4807", "CVE-2023-5363"]
        first = told["imageScanFindings"]["findings"][0]
        assert (first["severity"], first["description"]) == ("HIGH", "Two faults.")
        assert first["uri"] == "https://security-tracker.debian.org/tracker/CVE-2023-4807"
        assert {each["key"]: each["value"] for each in first["attributes"]} == {
            "package_name": "openssl",
            "package_version": "3.0.9-1",
            "CVSS3_SCORE": "7.5",
            "CVSS3_VECTOR": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N",
            "fixed_in_version": "3.0.11-1",
        }
        assert told["imageScanFindings"]["findingSeverityCounts"] == {"HIGH": 2}
        assert told["imageScanFindings"]["vulnerabilitySourceUpdatedAt"].year == 2024
        mended = image_of(BASE, archive({"var/lib/dpkg/status": STATUS.replace(b"3.0.9-1", b"3.0.11-1")}))
        assert names(push(server, "app", mended)) == []


def test_what_was_not_seen_is_never_called_clean(tmp_path):
    with serve(tmp_path) as server:
        take(server, dump(tmp_path / "Debian" / "all.zip", ADVISORIES))
        server.client().create_repository(repositoryName="app", imageScanningConfiguration={"scanOnPush": True})
        other = archive({"etc/os-release": RELEASE.replace(b'"12"', b'"13"'), "var/lib/dpkg/status": STATUS})
        cases = {
            "UnsupportedImageError": image(7),
            "Nothing is known of the packages of Debian:13": image_of(other),
            "The layer cannot be read": broken(gzip.compress(BASE, mtime=0)[:-100]),
        }
        for description, made in cases.items():
            told = push(server, "app", made)
            assert told["imageScanStatus"]["status"] == "FAILED", description
            assert description in told["imageScanStatus"]["description"]
            assert names(told) == []


def broken(layer: bytes) -> Image:
    """An image whose only layer is these bytes."""
    made = image_of(BASE)
    packed = Content(OCI_LAYER, layer)
    return Image(manifest(made.config, [packed]), made.config, (packed,))


def test_alpine_as_it_was_published_has_what_its_advisories_say(tmp_path):
    advisories = shared("osv/Alpine.zip")
    with tarfile.open(shared("images/alpine-310.tar.gz")) as saved:
        (path,) = json.load(member(saved, "manifest.json"))[0]["Layers"]
        layer = member(saved, path).read()
    with tarfile.open(fileobj=io.BytesIO(layer)) as tar:
        installed = member(tar, "lib/apk/db/installed").read()
    elder = archive({"lib/apk/db/installed": installed.replace(b"V:1.1.1d-r2", b"V:1.1.1a-r0")})
    with serve(tmp_path) as server:
        take(server, advisories)
        server.client().create_repository(repositoryName="alpine", imageScanningConfiguration={"scanOnPush": True})
        told = push(server, "alpine", image_of(layer))
        assert (told["imageScanStatus"]["status"], names(told)) == (
            "COMPLETE",
            [],
        )  # it was mended when it was published
        assert "Its advisories are of 2020-06-08." in told["imageScanStatus"]["description"]
        assert names(push(server, "alpine", image_of(layer, elder))) == OF_OPENSSL


def member(saved: tarfile.TarFile, path: str) -> Any:
    return saved.extractfile(path) or io.BytesIO()


def test_a_layer_is_read_once(tmp_path):
    with serve(tmp_path) as server:
        take(server, dump(tmp_path / "Debian" / "all.zip", ADVISORIES))
        server.client().create_repository(repositoryName="app", imageScanningConfiguration={"scanOnPush": True})
        first = image_of(BASE)
        assert len(names(push(server, "app", first))) == 2
        hexadecimal = first.layers[0].digest.partition(":")[2]
        (blob,) = (server.data / "blobs").rglob(f"{hexadecimal}.*")
        blob.write_bytes(bytes(blob.stat().st_size))  # who reads it again finds no layer
        assert len(names(push(server, "app", image_of(BASE, archive({"a": b"a"}))))) == 2
