"""What the suites do not look at: error bodies, `n` in listings, the digest header on every answer that has one."""

import json
from urllib.parse import urlsplit

import pytest

from tests.factories.layouts import OCI_MANIFEST, Content, Image, image, index
from tests.factories.processes import Server
from tests.factories.registry import Registry, error_codes, with_query

REPOSITORY = "conformance/unseen"
ABSENT = "sha256:" + "0" * 64
# tags of which some are prefixes of others: pages must neither drop nor repeat one
TAGS = ("a", "a-b", "a.b", "a0", "aa", "b", "B", "_", "0", "a_b")


@pytest.fixture(scope="session")
def registry(server: Server) -> Registry:
    server.client().create_repository(repositoryName=REPOSITORY)
    opened = Registry(server)
    opened.push(REPOSITORY, pushed(), *TAGS)
    return opened


def pushed() -> Image:
    return image(4711)


ERRORS = [
    ("GET", f"/v2/{REPOSITORY}/manifests/absent", 404, "MANIFEST_UNKNOWN"),
    ("GET", f"/v2/{REPOSITORY}/manifests/.no-tag", 404, "MANIFEST_UNKNOWN"),
    ("GET", f"/v2/{REPOSITORY}/manifests/{ABSENT}", 404, "MANIFEST_UNKNOWN"),
    ("DELETE", f"/v2/{REPOSITORY}/manifests/{ABSENT}", 404, "MANIFEST_UNKNOWN"),
    ("GET", f"/v2/{REPOSITORY}/blobs/{ABSENT}", 404, "BLOB_UNKNOWN"),
    ("DELETE", f"/v2/{REPOSITORY}/blobs/{ABSENT}", 404, "BLOB_UNKNOWN"),
    ("GET", f"/v2/{REPOSITORY}/blobs/sha256:abc", 400, "DIGEST_INVALID"),
    ("GET", f"/v2/{REPOSITORY}/blobs/uploads/absent", 404, "BLOB_UPLOAD_UNKNOWN"),
    ("PATCH", f"/v2/{REPOSITORY}/blobs/uploads/absent", 404, "BLOB_UPLOAD_UNKNOWN"),
    ("DELETE", f"/v2/{REPOSITORY}/blobs/uploads/absent", 404, "BLOB_UPLOAD_UNKNOWN"),
    ("PUT", f"/v2/{REPOSITORY}/manifests/tag", 400, "MANIFEST_INVALID"),
    ("GET", "/v2/conformance/nowhere/tags/list", 404, "NAME_UNKNOWN"),
    ("GET", "/v2/conformance/nowhere/manifests/absent", 404, "NAME_UNKNOWN"),
    ("POST", "/v2/conformance/nowhere/blobs/uploads/", 404, "NAME_UNKNOWN"),
    ("GET", "/v2/Upper/Case/tags/list", 400, "NAME_INVALID"),
]


@pytest.mark.parametrize(("method", "path", "status", "code"), ERRORS)
def test_an_error_is_the_specifications_json(registry: Registry, method, path, status, code):
    body = b"" if method in {"PUT", "PATCH", "POST"} else None
    answer = registry.request(method, path, body, Content_Type=OCI_MANIFEST)
    assert (answer.status, error_codes(answer)) == (status, [code])


def test_a_head_of_something_absent_has_no_body(registry: Registry):
    for path in (f"/v2/{REPOSITORY}/manifests/absent", f"/v2/{REPOSITORY}/blobs/{ABSENT}"):
        answer = registry.request("HEAD", path)
        assert (answer.status, answer.data) == (404, b"")


def test_without_credentials_the_challenge_is_basic_and_the_body_json(server: Server):
    anonymous = Registry(server, token="")
    for path in ("/v2/", f"/v2/{REPOSITORY}/tags/list", "/v2/_catalog"):
        answer = anonymous.request("GET", path)
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"].startswith("Basic ")
        assert error_codes(answer) == ["UNAUTHORIZED"]


def test_n_bounds_a_page_and_links_join_pages_into_all_tags(registry: Registry):
    for n in (1, 3, len(TAGS), len(TAGS) + 1):
        found: list[str] = []
        path: str | None = f"/v2/{REPOSITORY}/tags/list?n={n}"
        while path:
            answer = registry.request("GET", path)
            page = json.loads(answer.data)
            assert page["name"] == REPOSITORY
            assert 0 < len(page["tags"]) <= n
            found += page["tags"]
            path = next_page(answer.headers.get("Link"))
        assert found == sorted(TAGS)


def next_page(link: str | None) -> str | None:
    if link is None:
        return None
    target, _, relation = link.partition(">;")
    assert relation.strip().replace('"', "") == "rel=next"
    parts = urlsplit(target.lstrip("<"))
    return f"{parts.path}?{parts.query}"


def test_last_continues_after_a_tag_whether_it_exists_or_not(registry: Registry):
    assert registry.tags(REPOSITORY, last="a-b") == [tag for tag in sorted(TAGS) if tag > "a-b"]
    assert registry.tags(REPOSITORY, last="a1") == [tag for tag in sorted(TAGS) if tag > "a1"]
    assert registry.tags(REPOSITORY, last="z") == []


def test_an_n_of_zero_is_an_empty_list_and_not_null(registry: Registry):
    assert registry.tags(REPOSITORY, n=0) == []


@pytest.mark.parametrize("n", ["-1", "x", "1.5", "", "9" * 40])
def test_an_n_that_is_no_number_of_items_is_refused_or_capped(registry: Registry, n):
    answer = registry.request("GET", with_query(f"/v2/{REPOSITORY}/tags/list", n=n))
    assert answer.status in {200, 400}
    if answer.status == 400:
        assert error_codes(answer)


def test_the_catalog_lists_what_the_principal_may_describe(registry: Registry):
    first = json.loads(registry.request("GET", "/v2/_catalog?n=1").data)["repositories"]
    everything = json.loads(registry.request("GET", "/v2/_catalog").data)["repositories"]
    assert len(first) == 1
    assert first == everything[:1]
    assert REPOSITORY in everything


def test_every_answer_about_content_names_its_digest(registry: Registry):
    content = pushed()
    blob = content.config
    answers = {
        content.digest: [
            registry.request(method, f"/v2/{REPOSITORY}/manifests/{reference}", Accept=OCI_MANIFEST)
            for method in ("GET", "HEAD")
            for reference in (content.digest, "a")
        ],
        blob.digest: [registry.request(method, f"/v2/{REPOSITORY}/blobs/{blob.digest}") for method in ("GET", "HEAD")],
    }
    for digest, group in answers.items():
        assert [(answer.status, answer.headers["Docker-Content-Digest"]) for answer in group] == [(200, digest)] * len(
            group
        )
    assert registry.put_manifest(REPOSITORY, "a", content.manifest).headers["Docker-Content-Digest"] == content.digest
    mounted = registry.request("POST", f"/v2/conformance/one/blobs/uploads/?mount={blob.digest}&from={REPOSITORY}", b"")
    assert (mounted.status, mounted.headers["Docker-Content-Digest"]) == (201, blob.digest)


def test_a_head_says_what_a_get_would_send(registry: Registry):
    content = pushed()
    for path, length in (
        (f"/v2/{REPOSITORY}/manifests/{content.digest}", len(content.manifest.data)),
        (f"/v2/{REPOSITORY}/blobs/{content.config.digest}", len(content.config.data)),
    ):
        answer = registry.request("HEAD", path, Accept=OCI_MANIFEST)
        assert (answer.status, answer.headers["Content-Length"], answer.data) == (200, str(length), b"")


def test_a_location_can_be_followed_as_it_is(registry: Registry):
    data = Content("application/octet-stream", b"followed as it is")
    opened = registry.request("POST", f"/v2/{REPOSITORY}/blobs/uploads/", b"")
    patched = registry.request("PATCH", opened.headers["Location"], data.data)
    assert (patched.status, patched.headers["Range"]) == (202, f"0-{len(data.data) - 1}")
    closed = registry.request("PUT", with_query(patched.headers["Location"], digest=data.digest), b"")
    assert closed.status == 201
    assert registry.request("GET", closed.headers["Location"]).data == data.data


def test_ranges_of_a_blob_are_exact(registry: Registry):
    blob = pushed().layers[0]
    size = len(blob.data)
    path = f"/v2/{REPOSITORY}/blobs/{blob.digest}"
    for header, start, end in (
        ("0-0", 0, 0),
        ("10-19", 10, 19),
        (f"{size - 5}-", size - 5, size - 1),
        ("-7", size - 7, size - 1),
    ):
        answer = registry.request("GET", path, Range=f"bytes={header}")
        assert (answer.status, answer.data) == (206, blob.data[start : end + 1])
        assert answer.headers["Content-Range"] == f"bytes {start}-{end}/{size}"
    beyond = registry.request("GET", path, Range=f"bytes={size}-")
    assert (beyond.status, beyond.headers["Content-Range"]) == (416, f"bytes */{size}")


def test_an_unchanged_manifest_or_blob_is_not_sent_again(registry: Registry):
    content = pushed()
    for path in (
        f"/v2/{REPOSITORY}/manifests/{content.digest}",
        f"/v2/{REPOSITORY}/blobs/{content.config.digest}",
    ):
        first = registry.request("GET", path, Accept=OCI_MANIFEST)
        again = registry.request("GET", path, Accept=OCI_MANIFEST, If_None_Match=first.headers["ETag"])
        assert (again.status, again.data) == (304, b"")


def test_several_accept_lines_are_all_used(registry: Registry):
    content = index(4712)
    registry.push(REPOSITORY, content, "several")
    for lines in ((OCI_MANIFEST, content.manifest.media_type), (content.manifest.media_type, OCI_MANIFEST)):
        answer = registry.request("GET", f"/v2/{REPOSITORY}/manifests/several", Accept=lines)
        assert (answer.status, answer.data) == (200, content.manifest.data)
