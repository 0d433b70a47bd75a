"""Scanners of others as they should not be: slow, silent, broken, lying. Nothing of it hangs or passes for clean."""

import asyncio
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from entrepot.core.scanning.adapter_analyst import AdapterAnalyst, Patience, Peer
from entrepot.core.scanning.analysis import COMPLETE, FAILED, Analysis, Content
from entrepot.outbound import Destinations, Outbound
from entrepot.spec.repository import RepositoryKey
from entrepot.spec.scanner_adapter import VULNERABILITIES, VULNERABILITIES_OF_OLD
from tests.factories.callers import image_manifest, repository
from tests.factories.origins import Answering, Origin, body, origin

MANIFEST = image_manifest([b"layer"])
CONTENT = Content(repository("team/app"), MANIFEST.digest, MANIFEST, ())
QUICK = Patience(image=20, least_pause=0.01, longest_pause=0.02, usual_pause=0.01, faults=1)
METADATA: dict[str, Any] = {
    "scanner": {"name": "Trivy", "vendor": "Aqua Security", "version": "0.70"},
    "capabilities": [
        {
            "consumes_mime_types": [MANIFEST.media_type],
            "produces_mime_types": [VULNERABILITIES_OF_OLD, VULNERABILITIES],
        }
    ],
    "properties": {"harbor.scanner-adapter/vulnerability-database-updated-at": "2026-01-02T03:04:05Z"},
}
FOUND: dict[str, Any] = {
    "id": "CVE-1",
    "package": "openssl",
    "version": "1",
    "fix_version": "2",
    "severity": "High",
    "description": "bad",
    "links": ["javascript:alert(1)", "https://example.test/1"],
    "layer": None,
    "preferred_cvss": {"score_v3": 7.5, "score_v2": None, "vector_v3": "CVSS:3.1/AV:N", "vector_v2": ""},
    "cwe_ids": ["CWE-1"],
    "vendor_attributes": {"CVSS": {}},
}
REPORT: dict[str, Any] = {
    "generated_at": "2026-01-02T03:04:05.6789Z",
    "artifact": {"repository": "x", "digest": MANIFEST.digest},
    "scanner": METADATA["scanner"],
    "severity": "High",
    "vulnerabilities": [FOUND, FOUND],
}
PLACE = "/api/v1"


def told(value: object, status: int = 200, **headers: str) -> Answering:
    return body(json.dumps(value).encode(), status, **headers)


@pytest.fixture
def scanner(tmp_path: Path) -> Iterator[Origin]:
    """A scanner that does as it should."""
    with origin(tmp_path, tls=False) as made:
        made.answers |= {
            f"{PLACE}/metadata": told(METADATA),
            f"{PLACE}/scan": told({"id": "one"}, 202),
            f"{PLACE}/scan/one/report": told(REPORT),
        }
        yield made


def analysed(scanner: Origin, patience: Patience = QUICK) -> Analysis:
    async def token(key: RepositoryKey) -> str:
        return f"token-of-{key.name}"

    outbound = Outbound(Destinations(networks=[ip_network("127.0.0.0/8")]), total_seconds=5)
    peer = Peer(scanner.url("", "127.0.0.1"), "Bearer theirs", "http://registry.test:5000")
    return asyncio.run(AdapterAnalyst(outbound, peer, token, patience).analyse(CONTENT))


def test_what_a_scanner_finds_is_what_ecr_shows(scanner: Origin):
    found = analysed(scanner)
    assert (found.status, found.counted) == (COMPLETE, True)
    assert found.description == "The scan was completed successfully. The scanner was Trivy 0.70."
    (finding,) = found.findings
    assert (finding.name, finding.severity, finding.uri) == ("CVE-1", "HIGH", "https://example.test/1")
    assert dict(finding.attributes) == {
        "package_name": "openssl",
        "package_version": "1",
        "CVSS3_SCORE": "7.5",
        "CVSS3_VECTOR": "CVSS:3.1/AV:N",
        "fixed_in_version": "2",
    }
    asked = next(each for each in scanner.asked if each.method == "POST")
    sent = json.loads(asked.body)
    assert asked.headers["Authorization"] == "Bearer theirs"
    assert sent["registry"]["url"] == "http://registry.test:5000"
    assert sent["registry"]["authorization"].startswith("Basic ")
    assert sent["artifact"] == {
        "repository": "000000000000/us-east-1/team/app",
        "digest": MANIFEST.digest,
        "mime_type": MANIFEST.media_type,
    }
    assert "enabled_capabilities" not in sent  # of whom tells of none


def test_a_report_is_waited_for_as_the_scanner_says(scanner: Origin):
    looks = iter([told({}, 302, Refresh_After="1"), told({}, 302, Refresh_After="soon"), told({}, 302), told(REPORT)])

    def answer(handler: BaseHTTPRequestHandler) -> None:
        next(looks)(handler)

    scanner.answers[f"{PLACE}/scan/one/report"] = answer
    assert analysed(scanner).status == COMPLETE


def test_a_scanner_that_was_started_anew_is_asked_once_more(scanner: Origin):
    scanner.answers[f"{PLACE}/scan/one/report"] = body(b"", 404)
    found = analysed(scanner)
    assert (found.status, found.counted) == (FAILED, False)
    assert len([each for each in scanner.asked if each.method == "POST"]) == 2


def test_a_clean_report_is_clean(scanner: Origin):
    empty: list[object] = []
    for nothing in (empty, None):
        scanner.answers[f"{PLACE}/scan/one/report"] = told({**REPORT, "vulnerabilities": nothing})
        found = analysed(scanner)
        assert (found.status, list(found.findings)) == (COMPLETE, [])


def refusal(message: str, status: int) -> Answering:
    return told({"error": {"message": message}}, status)


@pytest.mark.parametrize(
    ("path", "answer", "said", "counted"),
    [
        ("metadata", body(b"nothing"), "cannot be read", False),
        ("metadata", body(b"", 401), "status 401", False),
        ("metadata", told({**METADATA, "capabilities": []}), "no report of vulnerabilities", False),
        (
            "metadata",
            told({**METADATA, "capabilities": [{"produces_mime_types": [VULNERABILITIES]}]}),
            "UnsupportedImageError",
            True,
        ),
        ("scan", refusal("no such artifact", 422), "no such artifact", True),
        ("scan", refusal("later", 503), "later", False),
        ("scan", told({}, 202), "not under which id", False),
        ("scan", told({"id": "../../elsewhere"}, 202), "not under which id", False),
        ("scan/one/report", refusal("unsupported OS", 500), "unsupported OS", True),
        ("scan/one/report", body(b"\xff" * 2000, 500), "does not say why", True),
        ("scan/one/report", body(b"[" * 100_000), "cannot be read", False),
        ("scan/one/report", told({"vulnerabilities": []}), "cannot be read", False),
        ("scan/one/report", told({**REPORT, "artifact": {"digest": "sha256:other"}}), "another image", False),
        ("scan/one/report", told({**REPORT, "vulnerabilities": [{"id": 5}]}), "cannot be read", False),
        ("scan/one/report", body(b"{}", Content_Length="400000000"), "cannot be asked", False),
    ],
)
def test_a_scanner_that_does_not_do_as_it_should_is_said(scanner: Origin, path, answer, said: str, counted: bool):
    scanner.answers[f"{PLACE}/{path}"] = answer
    found = analysed(scanner)
    assert (found.status, list(found.findings), found.counted) == (FAILED, [], counted)
    assert said in found.description
    assert "token-of" not in found.description


def test_a_scanner_that_never_ends_is_given_up(scanner: Origin):
    scanner.answers[f"{PLACE}/scan/one/report"] = told({}, 302)
    found = analysed(scanner, Patience(image=0.5, least_pause=0.01, longest_pause=0.02))
    assert (found.status, found.counted) == (FAILED, False)
    assert "more than 0.5 s" in found.description


def test_a_scanner_that_is_not_there_is_said(scanner: Origin, tmp_path: Path):
    with origin(tmp_path / "gone", tls=False) as gone:
        pass
    found = analysed(gone)
    assert (found.status, found.counted) == (FAILED, False)
    assert "cannot be asked" in found.description


@pytest.mark.parametrize("score", [-1.0, 0.0, 11.0, 1e300])
def test_a_score_that_is_none_is_not_shown(scanner: Origin, score: float):
    odd = {**FOUND, "severity": "Awful", "preferred_cvss": {"score_v3": score}, "links": None, "description": None}
    scanner.answers[f"{PLACE}/scan/one/report"] = told({**REPORT, "vulnerabilities": [odd]})
    (finding,) = analysed(scanner).findings
    assert (finding.severity, finding.uri, finding.description) == ("UNDEFINED", "", "")
    assert "CVSS3_SCORE" not in dict(finding.attributes)
