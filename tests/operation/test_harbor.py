"""Harbor's scanner API from both sides, over HTTP: a server that scans what another registry holds, and one that has
its images scanned by it.
"""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
import urllib3

from tests.factories.advisory_files import dump
from tests.factories.layouts import OCI_MANIFEST, Image, archive, image, image_of
from tests.factories.processes import Server, free_port, serve, stop
from tests.factories.registry import Registry
from tests.factories.waiting import wait
from tests.operation.test_scanning import ADVISORIES, BASE, names, push, take

SECRET = "a secret between two servers"
VULNERABILITIES = "application/vnd.security.vulnerability.report; version=1.1"
SBOM = "application/vnd.security.sbom.report+json; version=1.0"
FOUND = ["CVE-2023-4807", "CVE-2023-5363"]


def settings(folder: Path, **more: str) -> dict[str, str]:
    path = folder / "harbor.secret"
    path.write_text(f"{SECRET}\n")
    return {"ENTREPOT_HARBOR_SECRET": str(path), "ENTREPOT_OUTBOUND_ALLOW": "127.0.0.1", **more}


class Harbor:
    """Asks as Harbor does."""

    def __init__(self, server: Server, secret: str = SECRET) -> None:
        self.server = server
        self.secret = secret

    def request(self, method: str, path: str, body: bytes | None = None, **headers: str) -> urllib3.BaseHTTPResponse:
        given = {
            "Authorization": f"Bearer {self.secret}",
            **{name.replace("_", "-"): text for name, text in headers.items()},
        }
        url = f"{self.server.base_url}/scanner-adapter/api/v1/{path}"
        return urllib3.request(method, url, body=body, headers=given, redirect=False, retries=False)

    def scan(self, repository: str, digest: str, **more: Any) -> urllib3.BaseHTTPResponse:
        login = base64.b64encode(f"AWS:{self.server.token()}".encode()).decode()
        asked = {
            "registry": {"url": self.server.base_url, "authorization": f"Basic {login}"},
            "artifact": {"repository": repository, "digest": digest, "mime_type": OCI_MANIFEST},
            **more,
        }
        return self.request("POST", "scan", json.dumps(asked).encode())

    def report(self, scan_id: str, accept: str = VULNERABILITIES, query: str = "") -> urllib3.BaseHTTPResponse:
        return self.request("GET", f"scan/{scan_id}/report{query}", Accept=accept)

    def ended(self, repository: str, digest: str) -> urllib3.BaseHTTPResponse:
        """The answer about a scan once it has ended."""
        accepted = self.scan(repository, digest)
        assert accepted.status == 202, accepted.data
        return self.awaited(accepted.json()["id"])

    def awaited(self, scan_id: str) -> urllib3.BaseHTTPResponse:
        """The answer about a scan that was taken, once it has ended."""

        def look() -> urllib3.BaseHTTPResponse | None:
            found = self.report(scan_id)
            if found.status == 302:
                assert int(found.headers["Refresh-After"]) > 0
                return None
            return found

        found = wait(look, 60)
        assert found is not None
        return found


def stored(server: Server, repository: str, made: Image) -> Image:
    server.client().create_repository(repositoryName=repository)
    Registry(server).push(repository, made, "v1")
    return made


def test_what_another_registry_holds_is_scanned(tmp_path: Path):
    with serve(tmp_path, environment=settings(tmp_path)) as server:
        harbor = Harbor(server)
        assert "properties" in harbor.request("GET", "metadata").json()
        made = stored(server, "library/app", image_of(BASE, archive({"opt/x": b"x"})))
        failed = harbor.ended("library/app", made.digest)
        assert failed.status == 500
        assert "`entrepot vulndb import`" in failed.json()["error"]["message"]
        take(server, dump(tmp_path / "Debian" / "all.zip", ADVISORIES))
        answer = harbor.ended("library/app", made.digest)
        assert (answer.status, answer.headers["Content-Type"]) == (200, VULNERABILITIES)
        report = answer.json()
        assert report["artifact"] == {"repository": "library/app", "digest": made.digest, "mime_type": OCI_MANIFEST}
        assert (report["scanner"]["name"], report["severity"]) == ("Entrepot", "High")
        found = [(each["id"], each["package"]) for each in report["vulnerabilities"]]
        assert found == [(name, package) for name in FOUND for package in ("libssl3", "openssl")]
        first = report["vulnerabilities"][0]
        assert (first["version"], first["fix_version"], first["severity"]) == ("3.0.9-1", "3.0.11-1", "High")
        assert first["preferred_cvss"]["score_v3"] == 7.5
        assert first["layer"] == {"digest": made.layers[0].digest}
        for form, name in (("application/spdx+json", "spdxVersion"), ("application/vnd.cyclonedx+json", "bomFormat")):
            told = sbom(harbor, made, form)
            assert told["media_type"] == form
            assert name in told["sbom"]
            assert "3.0.9-1" in json.dumps(told["sbom"])
        metadata = harbor.request("GET", "metadata").json()
        assert metadata["properties"]["harbor.scanner-adapter/vulnerability-database-updated-at"].startswith("2024-")


def sbom(harbor: Harbor, made: Image, form: str) -> Any:
    """What the image consists of, in this form."""
    wanted = {"type": "sbom", "produces_mime_types": [SBOM], "parameters": {"sbom_media_types": [form]}}
    accepted = harbor.scan("library/app", made.digest, enabled_capabilities=[wanted]).json()
    assert harbor.report(accepted["id"], SBOM).status == 400
    query = f"?sbom_media_type={form.replace('+', '%2B')}"
    answer = wait(lambda: found if (found := harbor.report(accepted["id"], SBOM, query)).status != 302 else None, 60)
    assert answer is not None
    assert (answer.status, answer.headers["Content-Type"]) == (200, SBOM)
    assert harbor.report(accepted["id"]).status == 404  # what was not asked for
    return answer.json()


def test_what_cannot_be_scanned_says_why(tmp_path: Path):
    with serve(tmp_path, environment=settings(tmp_path)) as server:
        take(server, dump(tmp_path / "Debian" / "all.zip", ADVISORIES))
        harbor = Harbor(server)
        nothing = stored(server, "nothing", image(7))
        artifact = stored(server, "artifact", image(8, artifactType="application/vnd.test"))
        absent = "sha256:" + "0" * 64
        for repository, digest, said in (
            ("nothing", nothing.digest, "UnsupportedImageError"),
            ("artifact", artifact.digest, "no image with layers of files"),
            ("nothing", absent, "status 404"),
        ):
            answer = harbor.ended(repository, digest)
            assert answer.status == 500
            assert said in answer.json()["error"]["message"]


def test_a_scan_outlives_the_server_that_took_it_and_holds_no_credentials_in_the_open(tmp_path: Path):
    environment = settings(tmp_path)
    with serve(tmp_path, environment=environment, extra=["--role", "api"]) as server:
        made = stored(server, "app", image_of(BASE))
        token = server.token()
        accepted = Harbor(server).scan("app", made.digest)
        port, scan_id = server.port, accepted.json()["id"]
        assert Harbor(server).report(scan_id).status == 302
        stop(server)
        for file in server.data.glob("entrepot.db*"):
            assert token.encode() not in file.read_bytes()
            assert b"authorization" not in file.read_bytes()
    with serve(tmp_path, environment=environment, port=port) as server:
        take(server, dump(tmp_path / "Debian" / "all.zip", ADVISORIES))
        answer = Harbor(server).awaited(scan_id)
        assert answer.status in {200, 500}  # with what is known when its turn comes
        assert Harbor(server).report("0" * 36).status == 404


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("harbor")
    with serve(folder, environment=settings(folder)) as running:
        yield running


def test_who_does_not_know_the_secret_is_told_nothing(server: Server):
    for secret in ("", "another secret", SECRET[:-1]):
        for method, path in (("GET", "metadata"), ("POST", "scan"), ("GET", "scan/x/report"), ("GET", "nothing")):
            answer = Harbor(server, secret).request(method, path)
            assert answer.status == 401
            assert answer.headers["WWW-Authenticate"].startswith("Basic")


@pytest.mark.parametrize("scheme", ["Bearer", "Basic", "key"])
def test_the_secret_is_taken_as_harbor_sends_it(server: Server, scheme: str):
    basic = base64.b64encode(f"harbor:{SECRET}".encode()).decode()
    headers = {
        "Bearer": {"Authorization": f"Bearer {SECRET}"},
        "Basic": {"Authorization": f"Basic {basic}"},
        "key": {"X-ScannerAdapter-API-Key": SECRET},
    }[scheme]
    url = f"{server.base_url}/scanner-adapter/api/v1/metadata"
    answer = urllib3.request("GET", url, headers=headers)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/vnd.scanner.adapter.metadata+json; version=1.1"
    (capability, *_) = answer.json()["capabilities"]
    assert capability["type"] == "vulnerability"
    assert OCI_MANIFEST in capability["consumes_mime_types"]
    assert VULNERABILITIES in capability["produces_mime_types"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"\xff\xfe", 400),
        (b"[" * 30_000, 400),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, 400),
        (b'{"registry": {"url": 5}}', 400),
        (b" " * 70_000, 400),
        (b"{}", 422),
        (b'{"registry": {"url": "http://h"}, "artifact": {"repository": "a"}}', 422),
        (b'{"registry": {"url": "http://h/x"}, "artifact": {"repository": "a", "digest": "DIGEST"}}', 422),
        (b'{"registry": {"url": "file://h"}, "artifact": {"repository": "a", "digest": "DIGEST"}}', 422),
        (b'{"registry": {"url": "http://u:p@h"}, "artifact": {"repository": "a", "digest": "DIGEST"}}', 422),
        (b'{"registry": {"url": "http://h"}, "artifact": {"repository": "../a", "digest": "DIGEST"}}', 422),
        (b'{"registry": {"url": "http://h"}, "artifact": {"repository": "a:b", "digest": "DIGEST"}}', 422),
        (
            (
                b'{"registry": {"url": "http://h", "authorization": "x\\ny"}, '
                b'"artifact": {"repository": "a", "digest": "DIGEST"}}'
            ),
            422,
        ),
    ],
)
def test_a_request_that_cannot_be_used_is_refused(server: Server, body: bytes, status: int):
    answer = Harbor(server).request("POST", "scan", body.replace(b"DIGEST", b"sha256:" + b"0" * 64))
    assert answer.status == status, answer.data
    assert answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("capability", "status"),
    [
        ({"type": "malware"}, 422),
        ({"type": "vulnerability", "produces_mime_types": ["text/plain"]}, 501),
        ({"type": "vulnerability", "produces_mime_types": [VULNERABILITIES]}, 202),
        ({"type": "vulnerability", "parameters": None}, 202),
        ({"type": "sbom"}, 422),
    ],
)
def test_what_is_asked_for_must_be_what_the_scanner_does(server: Server, capability: dict[str, Any], status: int):
    answer = Harbor(server).scan("app", "sha256:" + "0" * 64, enabled_capabilities=[capability])
    assert answer.status == status, answer.data


def test_a_report_is_asked_for_by_a_type_that_there_is(server: Server):
    harbor = Harbor(server)
    assert harbor.report("x", "text/html").status == 501
    assert harbor.report("x", "application/vnd.security.sbom.report+json; version=1.0").status == 400
    assert harbor.report("x", VULNERABILITIES.replace(" ", "")).status == 404
    assert harbor.request("DELETE", "scan/x/report").status == 404


def test_a_registry_that_may_not_be_spoken_to_is_not(server: Server):
    harbor = Harbor(server)
    asked = {
        "registry": {"url": "http://169.254.169.254"},
        "artifact": {"repository": "app", "digest": "sha256:" + "0" * 64},
    }
    accepted = harbor.request("POST", "scan", json.dumps(asked).encode()).json()
    answer = harbor.awaited(accepted["id"])
    assert answer.status == 500
    assert "outbound_allow" in answer.json()["error"]["message"]


def test_images_are_scanned_by_another_scanner(tmp_path: Path):
    scanner, own = tmp_path / "scanner", tmp_path / "own"
    scanner.mkdir()
    own.mkdir()
    (own / "header").write_text(f"Bearer {SECRET}")
    with serve(scanner, environment=settings(scanner)) as other:
        take(other, dump(tmp_path / "Debian" / "all.zip", ADVISORIES))
        environment = {
            "ENTREPOT_SCANNER_ADAPTER_URL": f"{other.base_url}/scanner-adapter",
            "ENTREPOT_SCANNER_ADAPTER_CREDENTIALS": str(own / "header"),
            "ENTREPOT_OUTBOUND_ALLOW": "127.0.0.1",
        }
        with serve(own, environment=environment) as server:
            server.client().create_repository(
                repositoryName="team/app", imageScanningConfiguration={"scanOnPush": True}
            )
            told = push(server, "team/app", image_of(BASE))
            assert told["imageScanStatus"]["status"] == "COMPLETE", told["imageScanStatus"]
            assert "The scanner was Entrepot" in told["imageScanStatus"]["description"]
            assert names(told) == [name for name in FOUND for _ in range(2)]
            first = told["imageScanFindings"]["findings"][0]
            assert first["severity"] == "HIGH"
            attributes = {each["key"]: each["value"] for each in first["attributes"]}
            assert attributes["package_name"] in {"libssl3", "openssl"}
            assert (attributes["CVSS3_SCORE"], attributes["fixed_in_version"]) == ("7.5", "3.0.11-1")
            assert told["imageScanFindings"]["findingSeverityCounts"] == {"HIGH": 4}
            assert told["imageScanFindings"]["vulnerabilitySourceUpdatedAt"].year == 2024
            refused = push(server, "team/app", image(7))
            assert refused["imageScanStatus"]["status"] == "FAILED"
            assert "UnsupportedImageError" in refused["imageScanStatus"]["description"]


def test_a_scanner_that_is_not_there_fails_the_scan_and_it_may_be_started_again(tmp_path: Path):
    url = f"http://127.0.0.1:{free_port()}"
    environment = {"ENTREPOT_SCANNER_ADAPTER_URL": url, "ENTREPOT_OUTBOUND_ALLOW": "127.0.0.1"}
    with serve(tmp_path, environment=environment) as server:
        server.client().create_repository(repositoryName="app", imageScanningConfiguration={"scanOnPush": True})
        told = push(server, "app", image_of(BASE))
        assert told["imageScanStatus"]["status"] == "FAILED"
        assert "The scanner cannot be asked" in told["imageScanStatus"]["description"]
        again = server.client().start_image_scan(repositoryName="app", imageId={"imageTag": "v1"})
        assert again["imageScanStatus"]["status"] == "IN_PROGRESS"
