"""A repository of somebody's registry: pull and push of manifests and blobs (OCI Distribution Specification 1.1).

What is pulled is the digest that was asked for, or a fault. Blobs pass piece by piece. URLs that a manifest names
(`urls`) are never asked.
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from entrepot.errors import DigestInvalid, TagInvalid
from entrepot.outbound.client import Outbound
from entrepot.outbound.faults import ContentMissing, ContentWrong
from entrepot.outbound.registry_answers import Allowance, allowance
from entrepot.outbound.registry_blobs import IncomingBlob
from entrepot.outbound.registry_calls import DELETE, PULL, PUSH, Calls
from entrepot.outbound.registry_lists import Referrer, all_referrers, all_tags
from entrepot.outbound.registry_logins import ANONYMOUS, Authorizing, Login, Tokens
from entrepot.outbound.registry_uploads import Begin, upload
from entrepot.outbound.streams import Bounds
from entrepot.spec import media_type as types
from entrepot.spec.digest import Digest, Hash
from entrepot.spec.manifest import LARGEST
from entrepot.spec.reference import Reference, parse_reference

MANIFEST_TYPES: Final = (types.OCI_MANIFEST, types.OCI_INDEX, types.DOCKER_MANIFEST, types.DOCKER_LIST)
LARGEST_BLOB: Final = 52_000 * 1024 * 1024  # ECR's largest layer
_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_PLACE = re.compile(
    rf"(?:(?P<scheme>https?)://)?(?P<host>[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?P<port>:\d{{1,5}})?"
    rf"/(?P<name>{_COMPONENT}(?:/{_COMPONENT})*)(?::(?P<tag>[^@]*))?(?:@(?P<digest>.*))?"
)
_HUB = {"docker.io": "registry-1.docker.io", "index.docker.io": "registry-1.docker.io"}
_LONGEST_NAME = 255
_MANIFEST_SECONDS = 30
_OK, _CREATED, _ACCEPTED, _EMPTY, _ABSENT = 200, 201, 202, 204, 404
_ELSEWHERE = (301, 302, 303, 307, 308)


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
    """A manifest as it was pulled; its bytes have this digest. `allowance` is what the registry says of pulls left."""

    media_type: str
    digest: Digest
    body: bytes
    allowance: Allowance | None = None


class Repository:
    """One repository, as one user of it. Every method raises OutboundFault, RegistryRefused among them."""

    def __init__(
        self,
        outbound: Outbound,
        place: Place,
        login: Login = ANONYMOUS,
        seconds: float = 3600,
        tokens: Tokens | None = None,
    ) -> None:
        """`seconds` are for each blob, however long it is. Repositories that share `tokens` share what they may do."""
        self._seconds = seconds
        authorizing = Authorizing(outbound, place.url, login, tokens)
        self._calls = Calls(outbound, place.url, place.repository, authorizing)

    async def manifest(self, reference: Reference, media_types: tuple[str, ...] = MANIFEST_TYPES) -> Pulled:
        """A manifest by tag or digest, of one of these types."""
        bounds = Bounds(LARGEST, min(self._seconds, _MANIFEST_SECONDS))
        async with self._calls.opened(self._manifest(reference), bounds, _accepting(media_types)) as answer:
            body = await answer.whole()
            media_type = types.bare(answer.headers.get("Content-Type", ""))
            left = allowance(answer.headers)
        algorithm = reference.algorithm if isinstance(reference, Digest) else "sha256"
        digest = Digest.of(body, algorithm)
        if isinstance(reference, Digest) and digest != reference:
            raise ContentWrong(f"{self._calls.host} answers with another manifest than the one of the digest asked for")
        return Pulled(media_type, digest, body, left)

    async def head(self, reference: Reference, media_types: tuple[str, ...] = MANIFEST_TYPES) -> Digest | None:
        """The digest of the manifest that a tag or digest names there now, None where there is none; it counts as no
        pull where the registry tells it in a header.
        """
        accept = _accepting(media_types)
        answer = await self._calls.asked("HEAD", self._manifest(reference), PULL, headers=accept)
        if answer.status == _ABSENT:
            return None
        told = answer.headers.get("Docker-Content-Digest", "")
        if answer.status == _OK and told:
            try:
                return Digest.parse(told)
            except DigestInvalid:
                raise ContentWrong(f"{self._calls.host} names a digest that is none") from None
        if answer.status not in {_OK, 405, *_ELSEWHERE}:
            self._calls.require(answer, _OK)
        try:
            return (await self.manifest(reference, media_types)).digest
        except ContentMissing:
            return None

    @asynccontextmanager
    async def blob(
        self,
        digest: Digest,
        size: int | None = None,
        *,
        offset: int = 0,
        running: Hash | None = None,
        most_bytes: int = LARGEST_BLOB,
        hashed: bool = True,
    ) -> AsyncIterator[IncomingBlob]:
        """A blob whose pieces are to be taken, from `offset` on where `running` has hashed what is before. Not
        `hashed`: who takes them hashes them too, and checks the digest.
        """
        bounds = Bounds(most_bytes if size is None else size, self._seconds)
        blob = IncomingBlob(self._calls, digest, bounds, size, hashed=hashed)
        try:
            await blob.open(offset, running)
            yield blob
        finally:
            await blob.close()

    async def referrers(
        self, digest: Digest, artifact_type: str | None = None, *, most: int = 10_000
    ) -> tuple[Referrer, ...]:
        """What names this digest as its subject, of one artifact type where it is given; a registry without the API
        for it is asked for the tag that stands in (OCI Distribution Specification 1.1, "Referrers Tag Schema").
        """
        return await all_referrers(self._calls, digest, artifact_type, self.manifest, most)

    async def tags(self, *, most: int = 1_000_000) -> tuple[str, ...]:
        """The tags, as many pages as they are."""
        return await all_tags(self._calls, most)

    async def ping(self) -> None:
        """Whether the registry answers this login at all."""
        answer = await self._calls.asked("GET", self._calls.base, PULL)
        self._calls.require(answer, _OK)

    async def has_blob(self, digest: Digest) -> bool:
        """Whether the blob is there."""
        answer = await self._calls.asked("HEAD", f"{self._calls.root}/blobs/{digest}", PULL)
        if answer.status == _ABSENT:
            return False
        self._calls.require(answer, _OK, *_ELSEWHERE)
        return True

    async def push_blob(self, digest: Digest, size: int, begin: Begin, *, mount_from: str | None = None) -> None:
        """Store a blob, unless it is there or in another repository of the registry, from which it is then mounted.
        `begin` gives its bytes from an offset on, each time that it is called.
        """
        if not await self.has_blob(digest):
            await upload(self._calls, digest, size, begin, mount_from=mount_from, seconds=self._seconds)

    async def put_manifest(self, reference: Reference, media_type: str, body: bytes) -> Digest:
        """Store a manifest under a tag or its digest."""
        headers = {"Content-Type": media_type}
        answer = await self._calls.asked("PUT", self._manifest(reference), PUSH, body=body, headers=headers)
        self._calls.require(answer, _CREATED)
        return Digest.of(body, reference.algorithm if isinstance(reference, Digest) else "sha256")

    async def delete_manifest(self, reference: Reference) -> bool:
        """Have a manifest, or a tag, be gone; whether it was there."""
        answer = await self._calls.asked("DELETE", self._manifest(reference), DELETE)
        if answer.status == _ABSENT:
            return False
        self._calls.require(answer, _OK, _ACCEPTED, _EMPTY)
        return True

    def _manifest(self, reference: Reference) -> str:
        return f"{self._calls.root}/manifests/{reference}"


class Registries:
    """Repositories of all registries that one process asks: they share what they are let do."""

    def __init__(self, outbound: Outbound) -> None:
        self._outbound = outbound
        self._tokens = Tokens()

    def repository(self, place: Place, login: Login = ANONYMOUS, seconds: float = 3600) -> Repository:
        """One repository, as this user of it; `seconds` are for each blob."""
        return Repository(self._outbound, place, login, seconds, self._tokens)


def _accepting(media_types: tuple[str, ...]) -> dict[str, str]:
    return {"Accept": ", ".join(media_types)}
