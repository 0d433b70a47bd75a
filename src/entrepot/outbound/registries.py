"""A repository of somebody's registry: pull and push of manifests and blobs (OCI Distribution Specification 1.1,
"Pull" and "Push").

What is pulled is the digest that was asked for, or a fault. Blobs pass piece by piece.
"""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from yarl import URL

from entrepot.errors import DigestInvalid, TagInvalid
from entrepot.outbound.client import Outbound
from entrepot.outbound.exchange import Response, parsed
from entrepot.outbound.faults import AnswerUnusable, OutboundFault
from entrepot.outbound.registry_logins import ANONYMOUS, Authorizing, Login
from entrepot.outbound.streams import Bounds, Download
from entrepot.spec import media_type as types
from entrepot.spec.digest import Digest, hasher
from entrepot.spec.manifest import LARGEST
from entrepot.spec.reference import Reference, parse_reference

MANIFEST_TYPES = (types.OCI_MANIFEST, types.OCI_INDEX, types.DOCKER_MANIFEST, types.DOCKER_LIST)
_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_PLACE = re.compile(
    rf"(?:(?P<scheme>https?)://)?(?P<host>[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?P<port>:\d{{1,5}})?"
    rf"/(?P<name>{_COMPONENT}(?:/{_COMPONENT})*)(?::(?P<tag>[^@]*))?(?:@(?P<digest>.*))?"
)
_HUB = {"docker.io": "registry-1.docker.io", "index.docker.io": "registry-1.docker.io"}
_LONGEST_NAME = 255
_CODE = re.compile(rb'"code"\s*:\s*"([A-Z_]{1,64})"')
_MOST_ERROR = 64 * 1024
_PULL, _PUSH = "pull", "pull,push"
_OK, _CREATED, _ACCEPTED, _UNAUTHORIZED, _ABSENT = 200, 201, 202, 401, 404
Pieces = Callable[[], AsyncIterator[bytes]]


class RegistryRefused(OutboundFault):
    """What a registry answered instead of doing it: its status, and its code where it gives one."""

    def __init__(self, host: str, status: int, code: str) -> None:
        super().__init__(f"{host} answers with status {status}{f' ({code})' if code else ''}")
        self.status = status
        self.code = code


@dataclass(frozen=True, slots=True)
class Place:
    """Where content is: a registry's URL, a repository there, and perhaps which of its manifests."""

    url: str
    repository: str
    reference: Reference | None = None

    @classmethod
    def parse(cls, text: str, *, plain: bool = False) -> "Place":
        """`host[:port]/repository[:tag][@digest]`, over TLS unless it is `plain` or begins with a scheme that says
        which; a digest counts more than a tag. ValueError.
        """
        found = _PLACE.fullmatch(text)
        if found is None or len(found["name"]) > _LONGEST_NAME:
            raise ValueError("expected host[:port]/repository[:tag]")
        named = found["digest"] or found["tag"]
        try:
            reference = None if named is None else parse_reference(named)
        except (DigestInvalid, TagInvalid) as fault:
            raise ValueError(str(fault)) from None
        scheme = found["scheme"] or ("http" if plain else "https")
        host = _HUB.get(found["host"].lower(), found["host"].lower())
        return cls(f"{scheme}://{host}{found['port'] or ''}", found["name"], reference)


@dataclass(frozen=True, slots=True)
class Pulled:
    """A manifest as it was pulled; its bytes have this digest."""

    media_type: str
    digest: Digest
    body: bytes


class Repository:
    """One repository, as one user of it. Every method raises OutboundFault, RegistryRefused among them."""

    def __init__(self, outbound: Outbound, place: Place, login: Login = ANONYMOUS, seconds: float = 3600) -> None:
        """`seconds` are for each blob, however long it is."""
        self._outbound = outbound
        self._root = f"{place.url}/v2/{place.repository}"
        self._host = parsed(place.url).host or "nobody"
        self._name = place.repository
        self._seconds = seconds
        self._authorizing = Authorizing(outbound, login, secure=place.url.startswith("https:"))

    async def manifest(self, reference: Reference, media_types: tuple[str, ...] = MANIFEST_TYPES) -> Pulled:
        """A manifest by tag or digest, of one of these types."""
        bounds = Bounds(LARGEST, self._seconds)
        accept = {"Accept": ", ".join(media_types)}
        async with self._opened(f"{self._root}/manifests/{reference}", bounds, accept) as answer:
            body = await answer.whole()
            media_type = answer.headers.get("Content-Type", "").partition(";")[0].strip()
        algorithm = reference.algorithm if isinstance(reference, Digest) else "sha256"
        digest = Digest.of(body, algorithm)
        if isinstance(reference, Digest) and digest != reference:
            raise self._other("manifest")
        return Pulled(media_type, digest, body)

    async def blob(self, digest: Digest, size: int) -> AsyncIterator[bytes]:
        """A blob's pieces; what is wrong with the whole of them is known, and raised, after the last."""
        got, running = 0, hasher(digest.algorithm)
        async with self._opened(f"{self._root}/blobs/{digest}", Bounds(size, self._seconds)) as answer:
            async for piece in answer.pieces():
                got += len(piece)
                running.update(piece)
                yield piece
        if got != size or running.hexdigest() != digest.hex:
            raise self._other("blob")

    async def holds(self, digest: Digest) -> bool:
        """Whether the blob is there."""
        answer = await self._asked("HEAD", f"{self._root}/blobs/{digest}", _PULL)
        if answer.status == _ABSENT:
            return False
        self._require(answer, _OK, 301, 302, 303, 307, 308)
        return True

    async def push_blob(self, digest: Digest, size: int, pieces: Pieces) -> None:
        """Store a blob, unless it is there; `pieces` begins it each time that it is called."""
        if await self.holds(digest):
            return
        begun = await self._asked("POST", f"{self._root}/blobs/uploads/", _PUSH)
        self._require(begun, _ACCEPTED)
        at = URL(self._root).join(parsed(begun.headers.get("Location", ""), encoded=True))
        if at.scheme != URL(self._root).scheme:
            raise AnswerUnusable(f"{self._host} names an upload over another protocol than its own")
        same = at.origin() == URL(self._root).origin()
        headers = {"Content-Type": "application/octet-stream"} | (self._headers(_PUSH) if same else {})
        url = f"{at}{'&' if at.raw_query_string else '?'}digest={digest}"
        bounds = Bounds(_MOST_ERROR, self._seconds)
        self._require(await self._outbound.upload("PUT", url, pieces(), size, bounds=bounds, headers=headers), _CREATED)

    async def push_manifest(self, reference: Reference, media_type: str, body: bytes) -> Digest:
        """Store a manifest under a tag or its digest."""
        url = f"{self._root}/manifests/{reference}"
        answer = await self._asked("PUT", url, _PUSH, body=body, headers={"Content-Type": media_type})
        self._require(answer, _CREATED)
        return Digest.of(body)

    @asynccontextmanager
    async def _opened(self, url: str, bounds: Bounds, headers: dict[str, str] | None = None) -> AsyncIterator[Download]:
        for again in (True, False):
            given = {**(headers or {}), **self._headers(_PULL)}
            async with self._outbound.download(url, bounds, given) as answer:
                if answer.status == _OK:
                    yield answer
                    return
                challenge = answer.headers.get("WWW-Authenticate", "")
                if not (again and answer.status == _UNAUTHORIZED):
                    raise self._refused(answer.status, await _shown(answer))
            if not await self._authorizing.challenged(challenge, self._scope(_PULL)):
                raise self._refused(_UNAUTHORIZED, b"")

    async def _asked(
        self, method: str, url: str, actions: str, *, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> Response:
        answer = await self._sent(method, url, actions, body, headers or {})
        challenge = answer.headers.get("WWW-Authenticate", "")
        if answer.status == _UNAUTHORIZED and await self._authorizing.challenged(challenge, self._scope(actions)):
            return await self._sent(method, url, actions, body, headers or {})
        return answer

    async def _sent(self, method: str, url: str, actions: str, body: bytes, headers: dict[str, str]) -> Response:
        given = {**headers, **self._headers(actions)}
        return await self._outbound.send(method, url, most_bytes=_MOST_ERROR, body=body, headers=given)

    def _headers(self, actions: str) -> dict[str, str]:
        return self._authorizing.headers(self._scope(actions))

    def _scope(self, actions: str) -> str:
        return f"repository:{self._name}:{actions}"

    def _require(self, answer: Response, *statuses: int) -> None:
        if answer.status not in statuses:
            raise self._refused(answer.status, answer.body)

    def _refused(self, status: int, body: bytes) -> RegistryRefused:
        code = _CODE.search(body)
        return RegistryRefused(self._host, status, code[1].decode() if code else "")

    def _other(self, what: str) -> AnswerUnusable:
        return AnswerUnusable(f"{self._host} answers with another {what} than the one of the digest asked for")


async def _shown(answer: Download) -> bytes:
    """What an error says, as far as it can be read."""
    shown = b""
    try:
        async for piece in answer.pieces():
            shown += piece
            if len(shown) > _MOST_ERROR:
                break
    except OutboundFault:
        return shown
    return shown
