"""Referrers as clients see them: filter, pages, headers, and the tags that older clients keep lists under."""

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import pytest
import urllib3

from tests.factories import layouts
from tests.factories.layouts import OCI_EMPTY, OCI_INDEX, Content, image
from tests.factories.processes import Server
from tests.factories.registry import Registry, error_codes

EMPTY = Content(OCI_EMPTY, b"{}")
SBOM, SIGNATURE = "application/vnd.test.sbom+json; v=1", "application/vnd.test.signature"
PAGE = 1000


@pytest.fixture(scope="module")
def registry(server: Server) -> Registry:
    return Registry(server)


def artifact(subject: Content, number: int = 0, **fields: Any) -> Content:
    """A manifest that refers to `subject`; another one for each number."""
    annotations = {"number": str(number)}
    return layouts.manifest(EMPTY, [EMPTY], subject=subject.descriptor(), **{"annotations": annotations, **fields})


def put(registry: Registry, repository: str, *manifests: Content) -> None:
    registry.push_blob(repository, EMPTY)
    for each in manifests:
        answer = registry.put_manifest(repository, each.digest, each)
        assert answer.status == 201, answer.data


def index_of(descriptors: Sequence[dict], **fields: object) -> Content:
    body = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": list(descriptors), **fields}
    return Content(OCI_INDEX, json.dumps(body).encode())


def asked(registry: Registry, repository: str, digest: str, query: str = "") -> urllib3.BaseHTTPResponse:
    """The referrers response, which always is a well-formed index."""
    answer = registry.request("GET", f"/v2/{repository}/referrers/{digest}{query}")
    assert (answer.status, answer.headers["Content-Type"]) == (200, OCI_INDEX)
    document = json.loads(answer.data)
    assert (document["schemaVersion"], document["mediaType"]) == (2, OCI_INDEX)
    return answer


def digests(answer: urllib3.BaseHTTPResponse) -> list[str]:
    return [entry["digest"] for entry in json.loads(answer.data)["manifests"]]


def next_page(answer: urllib3.BaseHTTPResponse) -> str | None:
    link = answer.headers.get("Link")
    if link is None:
        return None
    target, _, relation = link.partition(">")
    assert relation == '; rel="next"'
    return target.removeprefix("<")


def test_a_filter_is_applied_and_named(registry: Registry, repository):
    subject = image(1).manifest
    typed = {kind: artifact(subject, number, artifactType=kind) for number, kind in enumerate((SBOM, SIGNATURE))}
    put(registry, repository, *typed.values())
    unfiltered = asked(registry, repository, subject.digest)
    assert digests(unfiltered) == sorted(each.digest for each in typed.values())
    assert "OCI-Filters-Applied" not in unfiltered.headers
    for kind, expected in {**{kind: [each.digest] for kind, each in typed.items()}, "nobody/has-this": []}.items():
        answer = asked(registry, repository, subject.digest, f"?artifactType={quote(kind, safe='')}")
        assert answer.headers["OCI-Filters-Applied"] == "artifactType"
        assert digests(answer) == expected


def test_a_descriptor_says_type_size_and_annotations(registry: Registry, repository):
    """Without an artifactType of its own a manifest is of its config's media type; an index may refer too."""
    subject = image(2).manifest
    config = Content("application/vnd.test.config.v1+json", b'{"a":1}')
    registry.push_blob(repository, config)
    typed = artifact(subject, 1, artifactType=SBOM)
    by_config = layouts.manifest(config, [EMPTY], subject=subject.descriptor())
    listing = index_of([], subject=subject.descriptor(), artifactType=SIGNATURE, annotations={"of": "index"})
    put(registry, repository, typed, by_config, listing)
    found = {
        entry.pop("digest"): entry
        for entry in json.loads(asked(registry, repository, subject.digest).data)["manifests"]
    }
    assert found == {
        typed.digest: {**size_of(typed), "artifactType": SBOM, "annotations": {"number": "1"}},
        by_config.digest: {**size_of(by_config), "artifactType": config.media_type},
        listing.digest: {**size_of(listing), "artifactType": SIGNATURE, "annotations": {"of": "index"}},
    }


def size_of(content: Content) -> dict[str, object]:
    return {"mediaType": content.media_type, "size": len(content.data)}


def test_a_put_of_a_referrer_names_its_subject(registry: Registry, repository):
    """OCI-Subject tells a client that it need not keep a list under a tag: also when the put is repeated."""
    subject = image(3)
    referrer = artifact(subject.manifest)
    put(registry, repository)
    for reference in ("by-tag", referrer.digest, "by-tag"):
        answer = registry.put_manifest(repository, reference, referrer)
        assert (answer.status, answer.headers["OCI-Subject"]) == (201, subject.digest)
    registry.push(repository, subject)
    assert "OCI-Subject" not in registry.put_manifest(repository, "plain", subject.manifest).headers


def test_of_what_is_absent_there_are_none(registry: Registry, repository):
    for digest in (layouts.sha256(b"absent"), "sha512:" + "a" * 128):
        assert digests(asked(registry, repository, digest)) == []
    nowhere = registry.request("GET", f"/v2/nowhere/at-all/referrers/{layouts.sha256(b'absent')}")
    assert (nowhere.status, error_codes(nowhere)) == (404, ["NAME_UNKNOWN"])
    for reference in ("latest", "sha256:abc", "sha256-" + "a" * 64):
        wrong = registry.request("GET", f"/v2/{repository}/referrers/{reference}")
        assert (wrong.status, error_codes(wrong)) == (400, ["DIGEST_INVALID"])


def test_referrers_outlive_their_subject_and_stay_in_their_repository(registry: Registry, make_repository):
    here, there = make_repository(), make_repository()
    subject = image(4)
    referrer = artifact(subject.manifest)
    for name in (here, there):
        registry.push(name, subject, "latest")
    put(registry, here, referrer)
    assert digests(asked(registry, there, subject.digest)) == []
    assert registry.request("DELETE", f"/v2/{here}/manifests/{subject.digest}").status == 202
    assert digests(asked(registry, here, subject.digest)) == [referrer.digest]
    assert registry.request("DELETE", f"/v2/{here}/manifests/{referrer.digest}").status == 202
    assert digests(asked(registry, here, subject.digest)) == []


def test_pages_join_into_all_referrers_with_the_filter_kept(registry: Registry, repository):
    subject = image(5).manifest
    made = [artifact(subject, number, artifactType=SBOM) for number in range(PAGE + 5)]
    other = artifact(subject, artifactType=SIGNATURE)
    put(registry, repository, *made, other)
    for query, expected in ((f"?artifactType={quote(SBOM, safe='')}", made), ("", [*made, other])):
        first = asked(registry, repository, subject.digest, query)
        target = next_page(first)
        assert target is not None
        second = registry.request("GET", target)
        assert second.headers.get("OCI-Filters-Applied") == first.headers.get("OCI-Filters-Applied")
        assert next_page(second) is None
        assert len(digests(first)) == PAGE
        assert digests(first) + digests(second) == sorted(each.digest for each in expected)
    (only,) = digests(asked(registry, repository, subject.digest, f"?artifactType={SIGNATURE}"))
    assert only == other.digest


def test_a_page_of_heavy_referrers_stays_within_a_manifests_size(registry: Registry, repository):
    """Annotations of some megabytes each, asked for together, would be an answer of gigabytes."""
    subject = image(6).manifest
    made = [artifact(subject, number, annotations={"n": str(number), "pad": "x" * 2**20}) for number in range(9)]
    put(registry, repository, *made)
    found: list[str] = []
    path: str | None = f"/v2/{repository}/referrers/{subject.digest}"
    pages = 0
    while path is not None:
        answer = registry.request("GET", path)
        assert answer.status == 200
        assert len(answer.data) <= 4 * 2**20
        found += digests(answer)
        path, pages = next_page(answer), pages + 1
    assert found == sorted(each.digest for each in made)
    assert pages == 3


def fallback(subject: Content) -> str:
    """The tag under which a client that knows no referrers API keeps the list."""
    return subject.digest.replace(":", "-")


def test_the_list_of_an_older_client_is_served_as_it_was_pushed(registry: Registry, repository):
    subject = image(7)
    registry.push(repository, subject, "latest")
    listed, unlisted = artifact(subject.manifest, 1), artifact(subject.manifest, 2)
    old = layouts.manifest(EMPTY, [EMPTY], artifactType=SIGNATURE)  # of before there were subjects
    put(registry, repository, listed, unlisted, old)
    index = index_of([listed.descriptor(), old.descriptor()])
    assert registry.put_manifest(repository, fallback(subject.manifest), index).status == 201
    assert registry.pull_manifest(repository, fallback(subject.manifest)) == index
    assert digests(asked(registry, repository, subject.digest)) == sorted([listed.digest, unlisted.digest])
    moved = index_of([unlisted.descriptor()])
    assert registry.put_manifest(repository, fallback(subject.manifest), moved).status == 201
    assert registry.pull_manifest(repository, fallback(subject.manifest)) == moved
    assert digests(asked(registry, repository, subject.digest)) == sorted([listed.digest, unlisted.digest])


def test_a_list_goes_without_what_it_lists_and_holds_it_until_then(registry: Registry, repository):
    subject = image(8)
    registry.push(repository, subject, "latest")
    referrer = artifact(subject.manifest)
    put(registry, repository, referrer)
    tag = fallback(subject.manifest)
    assert registry.put_manifest(repository, tag, index_of([referrer.descriptor()])).status == 201
    held = registry.request("DELETE", f"/v2/{repository}/manifests/{referrer.digest}")
    assert (held.status, error_codes(held)) == (409, ["DENIED"])
    assert registry.request("DELETE", f"/v2/{repository}/manifests/{tag}").status == 202
    assert registry.request("GET", f"/v2/{repository}/manifests/{tag}").status == 404
    assert digests(asked(registry, repository, subject.digest)) == [referrer.digest]
    assert registry.request("DELETE", f"/v2/{repository}/manifests/{referrer.digest}").status == 202
    assert digests(asked(registry, repository, subject.digest)) == []
    assert registry.pull_manifest(repository, "latest") == subject.manifest


def test_deleting_the_subject_leaves_the_list_of_an_older_client(registry: Registry, repository):
    subject = image(9)
    registry.push(repository, subject, "latest")
    index = index_of([])
    assert registry.put_manifest(repository, fallback(subject.manifest), index).status == 201
    assert registry.request("DELETE", f"/v2/{repository}/manifests/{subject.digest}").status == 202
    assert registry.pull_manifest(repository, fallback(subject.manifest)) == index
