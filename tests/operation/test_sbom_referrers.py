"""Where a registry wants it, each scanned image has its SBOM as a referrer: one, that others can pull."""

import json
from typing import Any
from urllib.parse import quote

from tests.factories.advisory_files import dump, record
from tests.factories.layouts import archive, image_of, sha256
from tests.factories.processes import Server, serve
from tests.factories.registry import Registry
from tests.factories.waiting import wait
from tests.operation.commands import entrepot

RELEASE = b'ID=debian\nVERSION_ID="12"\n'
STATUS = b"Package: bash\nStatus: install ok installed\nArchitecture: amd64\nVersion: 5.2\n\n"
MADE = image_of(archive({"etc/os-release": RELEASE, "var/lib/dpkg/status": STATUS}))
SBOM = "application/vnd.cyclonedx+json"


def scanned(server: Server, repository: str) -> None:
    """An image that is pushed, and scanned on push."""
    server.client().create_repository(repositoryName=repository, imageScanningConfiguration={"scanOnPush": True})
    Registry(server).push(repository, MADE, "v1")
    wait(lambda: status(server, repository) != "IN_PROGRESS", 90)
    assert status(server, repository) == "COMPLETE"


def status(server: Server, repository: str) -> str:
    image = {"imageDigest": MADE.digest}
    told = server.client().describe_image_scan_findings(repositoryName=repository, imageId=image)
    return str(told["imageScanStatus"]["status"])


def referrers(server: Server, repository: str) -> list[dict[str, Any]]:
    answer = Registry(server).request("GET", f"/v2/{repository}/referrers/{MADE.digest}?artifactType={quote(SBOM)}")
    assert answer.status == 200
    found: list[dict[str, Any]] = json.loads(answer.data)["manifests"]
    return found


def test_a_scanned_image_has_one_sbom_where_its_registry_wants_that(tmp_path):
    with serve(tmp_path) as server:
        advisories = dump(tmp_path / "Debian" / "all.zip", [record("DSA-1")])
        assert entrepot("vulndb", "import", advisories, "--data", server.data).status == 0
        ecr = server.client()
        assert ecr.get_account_setting(name="SBOM_REFERRERS")["value"] == "DISABLED"
        scanned(server, "without")
        assert referrers(server, "without") == []
        ecr.put_account_setting(name="SBOM_REFERRERS", value="ENABLED")
        scanned(server, "app")
        (found,) = referrers(server, "app")
        assert found["artifactType"] == SBOM
        registry = Registry(server)
        manifest = registry.request("GET", f"/v2/app/manifests/{found['digest']}").data
        assert sha256(manifest) == found["digest"]
        told = json.loads(manifest)
        assert told["subject"]["digest"] == MADE.digest
        (layer,) = told["layers"]
        body = registry.request("GET", f"/v2/app/blobs/{layer['digest']}").data
        assert (sha256(body), len(body)) == (layer["digest"], layer["size"])
        sbom = json.loads(body)
        assert sbom["metadata"]["component"]["version"] == MADE.digest
        assert {each["name"] for each in sbom["components"]} == {"debian", "bash"}
        described = ecr.describe_images(repositoryName="app", imageIds=[{"imageDigest": found["digest"]}])
        assert described["imageDetails"][0]["artifactMediaType"] == SBOM
