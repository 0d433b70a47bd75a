"""An import that tells something new of a package shows in every image that holds it, and reads no layer again."""

import shutil
from pathlib import Path
from typing import Any

from tests.behaviour.test_ecr_enhanced_scanning import BASE, names, push, scanned, take
from tests.factories.advisory_files import dump, folder, record
from tests.factories.layouts import archive, image_of
from tests.factories.processes import Server, serve
from tests.factories.waiting import wait

ADVISORIES = [record("DSA-1", "openssl", fixed="3.0.11-1", related=["CVE-2023-5363"])]


def told(server: Server, repository: str, digest: str, expected: list[str]) -> dict[str, Any]:
    """What is told of an image, once it is this."""

    def look() -> dict[str, Any] | None:
        found = scanned(server, repository, digest)
        return found if names(found) == expected else None

    return wait(look, 60) or {}


def test_images_are_matched_anew_when_something_else_is_known(tmp_path: Path):
    with serve(tmp_path / "server") as server:
        server.client().put_registry_scanning_configuration(scanType="ENHANCED", rules=[])
        take(server, dump(tmp_path / "Debian" / "all.zip", ADVISORIES))
        images = {f"app-{number}": image_of(BASE, archive({"opt/x": b"%d" % number})) for number in range(3)}
        for name, made in images.items():
            assert names(push(server, name, made)) == ["CVE-2023-5363"]
        shutil.rmtree(server.data / "blobs")  # nobody needs a layer
        newer = [record("DSA-2", "openssl", fixed="4", related=["CVE-2024-0001"], modified="2024-03-01T00:00:00Z")]
        take(server, folder(tmp_path / "newer", newer))
        for name, made in images.items():
            found = told(server, name, made.digest, ["CVE-2023-5363", "CVE-2024-0001"])
            assert found["imageScanStatus"]["status"] == "ACTIVE"
        mended = [record("DSA-2", "openssl", fixed="1", related=["CVE-2024-0001"], modified="2024-04-01T00:00:00Z")]
        take(server, folder(tmp_path / "mended", mended))
        for name, made in images.items():
            told(server, name, made.digest, ["CVE-2023-5363"])
