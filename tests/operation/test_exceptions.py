"""Findings that need not count, and images that are not handed out, from the command line to every worker's answers."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.factories import layouts
from tests.factories.advisory_files import dump, record
from tests.factories.layouts import Content, Image, Index, archive, image_of, index_of
from tests.factories.processes import Server, serve
from tests.factories.registry import Registry, error_codes
from tests.factories.signing import Signer
from tests.factories.waiting import wait
from tests.operation.commands import entrepot, refused
from tests.operation.test_scanning import BASE, push, scanned, take

pytestmark = pytest.mark.timeout(600)  # each runs several commands, which start slowly on a machine that does much else
SEVERE = [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"}]  # HIGH
WORST = [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H"}]  # CRITICAL
ADVISORIES = [
    record("DSA-1", "openssl", fixed="3.0.11-1", related=["CVE-2023-5363"], severity=WORST),
    record("DSA-2", "zlib", fixed="1:1.2.14-1", related=["CVE-2023-0002"], severity=SEVERE),
]
OPENVEX = "application/vnd.openvex+json"
EMPTY = Content("application/vnd.oci.empty.v1+json", b"{}")
WORKERS = 3


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    directory = tmp_path_factory.mktemp("exceptions")
    with serve(directory, extra=["--workers", str(WORKERS)]) as running:
        take(running, dump(directory / "Debian" / "all.zip", ADVISORIES))
        yield running


def run(server: Server, *arguments: object) -> Any:
    """The result of a command beside the server."""
    ended = entrepot(*arguments, "--data", server.data, "--output", "json")
    assert ended.status == 0, ended
    return ended.result


def pushed(server: Server, name: str, *, base: bytes = BASE) -> Image:
    """An image with two findings, scanned, in a repository of its own."""
    server.client().create_repository(repositoryName=name, imageScanningConfiguration={"scanOnPush": True})
    made = image_of(base, archive({"name": name.encode()}))
    told = push(server, name, made)
    assert told["imageScanFindings"]["findingSeverityCounts"] == {"CRITICAL": 1, "HIGH": 1}
    return made


def guard(server: Server, name: str, *more: object, mode: str = "enforce", most: str = "HIGH") -> None:
    run(server, "repository", "admission", "set", name, "--mode", mode, "--max-severity", most, *more)


def statuses(server: Server, name: str, reference: str, method: str = "GET") -> set[int]:
    """What each of some connections answers: they are spread over the workers."""
    return {Registry(server).request(method, f"/v2/{name}/manifests/{reference}").status for _ in range(4 * WORKERS)}


def accept(server: Server, name: str, vulnerability: str, *more: object, expires: str = "30d") -> dict[str, Any]:
    given = ("--repository", name, "--owner", "team@test", "--reason", "not reachable", "--expires", expires)
    made: dict[str, Any] = run(server, "vulnerability", "exception", "add", vulnerability, *given, *more)
    return made


def suppressed(server: Server, name: str, digest: str) -> dict[str, dict[str, str]]:
    """The attributes of findings that say why they need not count."""
    found = scanned(server, name, digest)["imageScanFindings"]["findings"]
    attributes = {each["name"]: {pair["key"]: pair["value"] for pair in each["attributes"]} for each in found}
    return {each: told for each, told in attributes.items() if "status" in told}


def vex(made: Image, vulnerability: str, status: str = "not_affected", **fields: Any) -> dict[str, Any]:
    statement = {
        "vulnerability": {"name": vulnerability},
        "products": [{"@id": f"pkg:oci/x@{made.digest}", "subcomponents": [{"@id": "pkg:deb/debian/zlib1g"}]}],
        "status": status,
        "justification": "vulnerable_code_not_in_execute_path",
        **fields,
    }
    return {
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": f"https://vex.test/{vulnerability}",
        "author": "them",
        "timestamp": "2026-01-01T00:00:00Z",
        "version": 1,
        "statements": [statement],
    }


def attached(made: Image, document: bytes, media_type: str = OPENVEX, **annotations: str) -> Image:
    """A document as a referrer of an image."""
    layer = Content(media_type, document)
    artifact = layouts.manifest(
        EMPTY, [layer], subject=made.manifest.descriptor(), artifactType=media_type, annotations=annotations
    )
    return Image(artifact, EMPTY, (layer,))


# ---------------------------------------------------------------- risks that somebody answers for
def test_an_accepted_vulnerability_stays_and_says_so(server: Server):
    made = pushed(server, "accepted")
    added = accept(server, "accepted", "CVE-2023-5363", "--package", "pkg:deb/debian/libssl3")
    assert suppressed(server, "accepted", made.digest) == {}  # of another package of the same source it is not said
    run(server, "vulnerability", "exception", "remove", added["id"])
    added = accept(server, "accepted", "CVE-2023-5363", "--package", "openssl")
    told = suppressed(server, "accepted", made.digest)["CVE-2023-5363"]
    assert (told["status"], told["justification"], told["owner"]) == ("SUPPRESSED", "not reachable", "team@test")
    assert told["expires_at"] == added["expires_at"]
    found = scanned(server, "accepted", made.digest)
    assert found["imageScanFindings"]["findingSeverityCounts"] == {"CRITICAL": 1, "HIGH": 1}
    assert found["imageScanStatus"]["description"].endswith("Without those that are suppressed: HIGH 1.")
    listed = run(server, "vulnerability", "exception", "list")
    assert [each["vulnerability"] for each in listed if each["repository"] == "accepted"] == ["CVE-2023-5363"]
    run(server, "vulnerability", "exception", "remove", added["id"])
    assert suppressed(server, "accepted", made.digest) == {}


def test_an_exception_needs_an_owner_a_reason_and_a_day_to_come(server: Server):
    given = ("vulnerability", "exception", "add", "CVE-1", "--repository", "x", "--data", server.data)
    assert "expires_at" in refused(*given, "--owner", "o", "--reason", "r", "--expires", "2020-01-01")
    assert "owner" in refused(*given, "--owner", " ", "--reason", "r", "--expires", "1d")
    assert "reason" in refused(*given, "--owner", "o", "--reason", "", "--expires", "1d")
    assert "neither days" in refused(*given, "--owner", "o", "--reason", "r", "--expires", "soon")


def test_an_exception_for_what_is_not_there_is_kept_with_a_warning(server: Server):
    given = ("--owner", "o", "--reason", "r", "--expires", "1d", "--data", server.data, "--output", "json")
    ended = entrepot("vulnerability", "exception", "add", "CVE-1", "--repository", "mistyped", *given)
    (warning,) = ended.result["warnings"]
    assert "is named 'mistyped'" in warning
    assert f"Warning: {warning}" in ended.complaint
    assert any(each["id"] == ended.result["id"] for each in run(server, "vulnerability", "exception", "list"))
    run(server, "vulnerability", "exception", "remove", ended.result["id"])


# ---------------------------------------------------------------- what is not handed out
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_an_image_with_a_finding_above_the_maximum_is_refused_by_every_worker(server: Server, method: str):
    name = f"guarded/{method.lower()}"
    made = pushed(server, name)
    assert statuses(server, name, "v1", method) == {200}
    guard(server, name)
    assert statuses(server, name, "v1", method) == statuses(server, name, made.digest, method) == {403}
    added = accept(server, name, "CVE-2023-5363")
    assert statuses(server, name, "v1", method) == {200}
    run(server, "vulnerability", "exception", "remove", added["id"])
    assert statuses(server, name, made.digest, method) == {403}
    run(server, "repository", "admission", "set", name, "--mode", "off")
    assert statuses(server, name, "v1", method) == {200}


def test_a_refusal_names_the_worst_findings_and_how_to_see_them(server: Server):
    made = pushed(server, "refusal")
    guard(server, "refusal", most="MEDIUM")
    answer = Registry(server).request("GET", f"/v2/refusal/manifests/{made.digest}")
    assert (answer.status, error_codes(answer)) == (403, ["DENIED"])
    message = json.loads(answer.data)["errors"][0]["message"]
    assert "CRITICAL 1, HIGH 1; at most MEDIUM is allowed; the worst: CVE-2023-5363 (openssl)" in message
    assert f"--repository-name refusal --image-id imageDigest={made.digest}" in message


def test_the_aws_door_refuses_the_same_images(server: Server):
    made = pushed(server, "batched")
    guard(server, "batched")
    told = server.client().batch_get_image(repositoryName="batched", imageIds=[{"imageTag": "v1"}])
    assert told["images"] == []
    (failure,) = told["failures"]
    assert (failure["failureCode"], failure["imageId"]) == ("ImageInaccessible", {"imageTag": "v1"})
    assert "CVE-2023-5363" in failure["failureReason"]
    accept(server, "batched", "CVE-2023-5363")
    told = server.client().batch_get_image(repositoryName="batched", imageIds=[{"imageTag": "v1"}])
    assert [each["imageId"]["imageDigest"] for each in told["images"]] == [made.digest]


def test_in_audit_mode_everything_is_handed_out(server: Server):
    made = pushed(server, "audited")
    guard(server, "audited", mode="audit")
    assert statuses(server, "audited", made.digest) == {200}


def test_an_image_that_is_not_scanned_is_refused_where_that_is_wanted(server: Server):
    server.client().create_repository(repositoryName="unscanned")
    made = image_of(BASE, archive({"name": b"unscanned"}))
    Registry(server).push("unscanned", made, "v1")
    guard(server, "unscanned")
    assert statuses(server, "unscanned", "v1") == {200}
    guard(server, "unscanned", "--unscanned", "deny", most="NONE")
    assert statuses(server, "unscanned", "v1") == {403}
    guard(server, "unscanned", "--unscanned", "deny", "--grace-seconds", 86400)
    assert statuses(server, "unscanned", "v1") == {200}
    document = attached(made, b"{}")
    guard(server, "unscanned", "--unscanned", "deny")
    Registry(server).push("unscanned", document)
    assert statuses(server, "unscanned", document.digest) == {200}  # is no image


def test_of_an_index_each_image_is_decided_by_itself(server: Server):
    server.client().create_repository(repositoryName="platforms", imageScanningConfiguration={"scanOnPush": True})
    bad = image_of(BASE, archive({"name": b"platforms"}))
    good = image_of(archive({"etc/os-release": b'ID=debian\nVERSION_ID="12"\n', "var/lib/dpkg/status": b""}))
    children = (bad, good)
    both = Index(index_of(children, ("amd64", "arm64")), children)
    Registry(server).push("platforms", both, "v1")
    scanned(server, "platforms", both.digest)
    guard(server, "platforms")
    assert statuses(server, "platforms", "v1") == {200}
    assert statuses(server, "platforms", good.digest) == {200}
    assert statuses(server, "platforms", bad.digest) == {403}


def test_what_is_pushed_anew_is_decided_by_its_own_scan(server: Server):
    pushed(server, "moved")
    guard(server, "moved", "--unscanned", "deny")
    assert statuses(server, "moved", "v1") == {403}
    clean = image_of(BASE, archive({"var/lib/dpkg/status": b""}))
    push(server, "moved", clean)
    assert statuses(server, "moved", "v1") == statuses(server, "moved", clean.digest)


# ---------------------------------------------------------------- documents
def test_an_imported_document_suppresses_what_it_says_is_not_affected(server: Server, tmp_path: Path):
    made = pushed(server, "vexed/x")
    path = tmp_path / "vex.json"
    path.write_text(json.dumps(vex(made, "CVE-2023-0002")))
    imported = ("vulnerability", "vex", "import", path, "--owner", "team@test", "--repository", "vexed/*")
    assert run(server, *imported) == {
        "document": "https://vex.test/CVE-2023-0002",
        "statements": 1,
        "replaced": 0,
        "foreign": 0,
        "warnings": [],
    }
    told = suppressed(server, "vexed/x", made.digest)
    assert {name: each["justification"] for name, each in told.items()} == {
        "CVE-2023-0002": "vulnerable_code_not_in_execute_path"
    }
    path.write_text(json.dumps(vex(made, "CVE-2023-0002", "affected", action_statement="update")))
    assert run(server, *imported)["replaced"] == 1
    assert suppressed(server, "vexed/x", made.digest) == {}
    path.write_text('{"@context": "https://openvex.dev/ns/v9"}')
    assert "cannot be used" in refused(*imported, "--data", server.data)


def test_a_document_that_is_pushed_is_believed_only_where_that_is_wanted(server: Server):
    made = pushed(server, "trusting")
    document = attached(made, json.dumps(vex(made, "CVE-2023-0002")).encode())
    Registry(server).push("trusting", document)
    assert run(server, "vulnerability", "vex", "show", "trusting")["trusted"] is False
    assert suppressed(server, "trusting", made.digest) == {}
    run(server, "vulnerability", "vex", "trust", "trusting")  # what is there is read
    wait(lambda: set(suppressed(server, "trusting", made.digest)) == {"CVE-2023-0002"})
    statement = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "x", "digest": {"sha256": made.digest.partition(":")[2]}}],
        "predicateType": "https://openvex.dev/ns/v0.2.0",
        "predicate": vex(made, "CVE-2023-5363", products=[]),
    }
    another = attached(
        made,
        json.dumps(statement).encode(),
        "application/vnd.in-toto+json",
        **{"in-toto.io/predicate-type": "https://openvex.dev/ns/v0.2.0"},
    )
    Registry(server).push("trusting", another)
    wait(lambda: set(suppressed(server, "trusting", made.digest)) == {"CVE-2023-0002", "CVE-2023-5363"})
    server.client().batch_delete_image(repositoryName="trusting", imageIds=[{"imageDigest": another.digest}])
    assert set(suppressed(server, "trusting", made.digest)) == {"CVE-2023-0002"}
    run(server, "vulnerability", "vex", "distrust", "trusting")
    assert suppressed(server, "trusting", made.digest) == {}


def test_a_document_is_believed_that_a_registered_key_has_signed(server: Server, tmp_path: Path):
    made, signer = pushed(server, "signed"), Signer()
    key = tmp_path / "cosign.pub"
    key.write_text(signer.pem)
    assert run(server, "vulnerability", "vex", "trust", "signed", "--key", key)["keys"] == 1
    document = attached(made, json.dumps(vex(made, "CVE-2023-0002")).encode())
    Registry(server).push("signed", document)

    def outcome() -> str:
        told = run(server, "vulnerability", "vex", "show", "signed")
        assert told["keys"] == [signer.pem]
        (only,) = told["documents"]
        return "" if only["outcome"] == "waits" else str(only["outcome"])

    assert "none of the repository's 1 keys" in wait(outcome)
    assert suppressed(server, "signed", made.digest) == {}
    layer = signer.simple(document.digest)
    signature = layouts.manifest(EMPTY, [layer], subject=document.manifest.descriptor(), artifactType=layer.media_type)
    Registry(server).push("signed", Image(signature, EMPTY, (layer,)))
    wait(lambda: set(suppressed(server, "signed", made.digest)) == {"CVE-2023-0002"})
    key.write_text("no key")
    given = ("vulnerability", "vex", "trust", "signed", "--key", key, "--data", server.data)
    assert "no public key" in refused(*given)


def test_a_document_that_cannot_be_used_says_why(server: Server):
    made = pushed(server, "doubtful")
    run(server, "vulnerability", "vex", "trust", "doubtful")
    document = attached(made, b'{"@context": "https://openvex.dev/ns/v0.2.0"}')
    Registry(server).push("doubtful", document)

    def outcome() -> str:
        (told,) = run(server, "vulnerability", "vex", "show", "doubtful")["documents"]
        return "" if told["outcome"] == "waits" else str(told["outcome"])

    assert "cannot be used" in wait(outcome)
