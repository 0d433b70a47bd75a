"""A plain OCI Distribution client for tests: shows every status and header, retries and hides nothing."""

import json
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

import urllib3

from tests.factories.layouts import MANIFEST_TYPES, Content, Image, Index
from tests.factories.processes import Server


class Registry:
    """One principal's view of a server's registry, by Basic credentials of a registry token."""

    def __init__(self, server: Server, token: str | None = None) -> None:
        """Without a token, the root's; with an empty one, anonymous."""
        self.base_url = server.base_url
        password = server.token() if token is None else token
        self._headers = urllib3.make_headers(basic_auth=f"AWS:{password}") if password else {}
        context = server.context() if server.ca else None
        self._pool = urllib3.PoolManager(ssl_context=context, retries=False, timeout=60, maxsize=4)
        server.resources.callback(self._pool.clear)

    def request(
        self, method: str, path: str, body: bytes | None = None, **headers: str | tuple[str, ...]
    ) -> urllib3.BaseHTTPResponse:
        """One request, no redirects; in `headers` an underscore stands for a hyphen, a tuple for several lines."""
        lines = urllib3.HTTPHeaderDict(self._headers)
        for name, values in headers.items():
            for value in (values,) if isinstance(values, str) else values:
                lines.add(name.replace("_", "-"), value)
        return self._pool.request(method, urljoin(self.base_url, path), body=body, headers=lines, redirect=False)

    def push_blob(self, repository: str, blob: Content) -> None:
        """POST and PUT one blob; asserts what the specification promises."""
        opened = self.request("POST", f"/v2/{repository}/blobs/uploads/", b"")
        assert opened.status == 202, opened.data
        closed = self.request(
            "PUT",
            with_query(opened.headers["Location"], digest=blob.digest),
            blob.data,
            Content_Type="application/octet-stream",
        )
        assert closed.status == 201, closed.data
        assert closed.headers["Docker-Content-Digest"] == blob.digest

    def put_manifest(self, repository: str, reference: str, manifest: Content) -> urllib3.BaseHTTPResponse:
        """PUT a manifest; any status."""
        return self.request(
            "PUT", f"/v2/{repository}/manifests/{reference}", manifest.data, Content_Type=manifest.media_type
        )

    def push(self, repository: str, content: Image | Index, *references: str) -> None:
        """Blobs, children by digest, then the manifest by each reference (its digest when none is given)."""
        for each in content.children if isinstance(content, Index) else (content,):
            for blob in each.blobs:
                self.push_blob(repository, blob)
            if each is not content:
                self._put(repository, each.digest, each.manifest)
        for reference in references or (content.digest,):
            self._put(repository, reference, content.manifest)

    def pull_manifest(self, repository: str, reference: str) -> Content:
        """GET a manifest with every type accepted; asserts its digest header."""
        answer = self.request("GET", f"/v2/{repository}/manifests/{reference}", Accept=", ".join(MANIFEST_TYPES))
        assert answer.status == 200, answer.data
        content = Content(answer.headers["Content-Type"], answer.data)
        assert answer.headers["Docker-Content-Digest"] == content.digest
        return content

    def pull_blob(self, repository: str, digest: str) -> bytes:
        """GET a whole blob."""
        answer = self.request("GET", f"/v2/{repository}/blobs/{digest}")
        assert answer.status == 200, answer.data
        assert answer.headers["Docker-Content-Digest"] == digest
        return answer.data

    def pull(self, repository: str, reference: str) -> dict[str, bytes]:
        """Everything reachable from a reference, by digest, each checked against it."""
        top = self.pull_manifest(repository, reference)
        found = {top.digest: top.data}
        document = json.loads(top.data)
        for child in document.get("manifests", ()):
            found |= self.pull(repository, child["digest"])
        for blob in (document.get("config"), *document.get("layers", ())):
            if blob:
                found[blob["digest"]] = self.pull_blob(repository, blob["digest"])
        for digest, data in found.items():
            assert Content("", data).digest == digest
        return found

    def tags(self, repository: str, **query: Any) -> list[str]:
        """One page of tags/list."""
        answer = self.request("GET", with_query(f"/v2/{repository}/tags/list", **query))
        assert answer.status == 200, answer.data
        listed: list[str] = json.loads(answer.data)["tags"]
        return listed

    def _put(self, repository: str, reference: str, manifest: Content) -> None:
        answer = self.put_manifest(repository, reference, manifest)
        assert answer.status == 201, answer.data
        assert answer.headers["Docker-Content-Digest"] == manifest.digest


def with_query(location: str, **query: Any) -> str:
    """`location` with parameters added to those that it has."""
    if not query:
        return location
    return location + ("&" if urlsplit(location).query else "?") + urlencode(query)


def error_codes(answer: urllib3.BaseHTTPResponse) -> list[str]:
    """The codes of an error body, which must have the specification's form."""
    assert answer.headers["Content-Type"].partition(";")[0] == "application/json", answer.headers
    errors = json.loads(answer.data)["errors"]
    assert errors
    for error in errors:
        assert isinstance(error["code"], str)
        assert isinstance(error.get("message", ""), str)
    return [error["code"] for error in errors]
