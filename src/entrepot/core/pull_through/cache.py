"""Pulls through the cache, as both doors ask for them: what is here is answered as ever; what is not comes from the
upstream of the rule that the repository's name falls under (ECR user guide, "Pulling an image with a pull through cache
rule").
"""

import asyncio
from contextlib import suppress
from typing import BinaryIO

from entrepot.core import access
from entrepot.core.access import Caller
from entrepot.core.calls import Telling
from entrepot.core.hot import Hot
from entrepot.core.pull_through import importing, mirroring
from entrepot.core.pull_through.flight import Flight
from entrepot.core.pull_through.flights import Flights
from entrepot.core.pull_through.importer import Importer
from entrepot.core.pull_through.importing import Came
from entrepot.core.pull_through.known import Known
from entrepot.core.pull_through.measures import Measures
from entrepot.core.pull_through.routing import Route
from entrepot.core.pull_through.seam import CODES, ArrivingBlob
from entrepot.core.reads import Reads
from entrepot.core.units import Units
from entrepot.db.pull_through_cache import Arriving
from entrepot.db.records import Blob, Repository, StoredManifest
from entrepot.errors import (
    BlobNotFound,
    Fact,
    ImageNotFound,
    RepositoryNotFound,
    UpstreamImageAbsent,
    UpstreamLayerUnavailable,
)
from entrepot.spec.digest import Digest
from entrepot.spec.reference import Reference, Tag
from entrepot.spec.repository import RepositoryKey

_LAYER_SECONDS = 20


class Cache:
    """Of one event loop."""

    def __init__(
        self,
        units: Units,
        hot: Hot,
        known: Known,
        reads: Reads,
        importer: Importer,
        flights: Flights,
        measures: Measures,
    ) -> None:
        self._units = units
        self._hot = hot
        self._known = known
        self._reads = reads
        self._importer = importer
        self._flights = flights
        self._measures = measures

    # ------------------------------------------------------------ manifests
    async def manifest(
        self,
        caller: Caller,
        key: RepositoryKey,
        reference: Reference,
        telling: Telling | None = None,
        *,
        head: bool = False,
    ) -> tuple[Repository, StoredManifest]:
        """As core/reads.py has it, or from the upstream; `head`: its blobs are not to come."""
        try:
            repository, found = await self._reads.manifest(caller, key, reference, telling, head=head)
        except (ImageNotFound, RepositoryNotFound) as absent:
            route = self._known.route(key)
            if route is None:
                raise
            return await self._first(caller, route, key, reference, telling, absent, head=head)
        if not isinstance(reference, Tag) or not self._known.is_cached(repository):
            return repository, found
        return await self._tagged(caller, key, reference, telling, repository, found, head=head)

    async def _first(
        self,
        caller: Caller,
        route: Route,
        key: RepositoryKey,
        reference: Reference,
        telling: Telling | None,
        absent: Fact,
        *,
        head: bool,
    ) -> tuple[Repository, StoredManifest]:
        arriving = self._importer.arriving(key, reference)
        if arriving is None:
            await self._units.read(importing.require, caller, key)
            self._measures.miss()
            came = await self._brought(caller, route, key, reference, absent)
            if not came.arriving:
                return await self._reads.manifest(caller, key, reference, telling, head=head)
            arriving = self._importer.arriving(key, came.digest)
        if arriving is None:  # it has arrived since
            return await self._reads.manifest(caller, key, reference, telling, head=head)
        return await self._shown(caller, route, key, reference, arriving, telling, head=head)

    async def _brought(
        self, caller: Caller, route: Route, key: RepositoryKey, reference: Reference, absent: Fact
    ) -> Came:
        try:
            return await self._importer.first(caller, route, key, reference)
        except UpstreamImageAbsent:
            if isinstance(absent, RepositoryNotFound):
                raise
            raise absent from None

    async def _tagged(
        self,
        caller: Caller,
        key: RepositoryKey,
        tag: Tag,
        telling: Telling | None,
        repository: Repository,
        found: StoredManifest,
        *,
        head: bool,
    ) -> tuple[Repository, StoredManifest]:
        """What a tag names here, unless it is time to look upstream, and that has another."""
        checked, route = self._known.checked_at(repository, tag), self._known.route(key)
        if checked is None or route is None:
            return repository, found
        if caller.at - checked >= route.rule.ttl and self._may_import(caller, key, repository):
            try:
                await self._importer.again(caller, route, key, tag, caller.at - route.rule.ttl)
            except Fact as fact:
                if type(fact) not in CODES:
                    raise
                self._measures.stale()
                return repository, found
        else:
            self._measures.hit()
        arriving = self._importer.arriving(key, tag)
        if arriving is not None and arriving.digest != found.digest:
            return await self._shown(caller, route, key, tag, arriving, telling, head=head)
        return await self._reads.manifest(caller, key, tag, telling, head=head)

    async def _shown(
        self,
        caller: Caller,
        route: Route,
        key: RepositoryKey,
        reference: Reference,
        arriving: Arriving,
        telling: Telling | None,
        *,
        head: bool,
    ) -> tuple[Repository, StoredManifest]:
        repository = self._hot.repository(key)
        if repository is None:
            raise RepositoryNotFound(name=key.name, account=key.registry.account)
        found = await self._stored(arriving)
        await self._reads.admit(caller, repository, reference, found, telling, head=head)
        if not head:
            self._importer.bring(route, key, arriving.digest)
        return repository, found

    async def _stored(self, arriving: Arriving) -> StoredManifest:
        manifest = await self._units.manifest(arriving.body, arriving.media_type)
        return StoredManifest(
            digest=arriving.digest,
            media_type=manifest.media_type,
            kind=manifest.kind,
            artifact_type=manifest.artifact_type,
            subject=None if manifest.subject is None else manifest.subject.digest,
            image_size=manifest.image_size,
            size=len(arriving.body),
            pushed_at=arriving.created_at,
            last_pulled_at=None,
            body=arriving.body,
        )

    def is_here(self, key: RepositoryKey, digest: Digest) -> bool:
        """Whether it is an image of the repository, as it is known at this moment."""
        repository = self._hot.repository(key)
        return repository is not None and self._hot.manifest(repository, digest) is not None

    def has_upstream(self, key: RepositoryKey) -> bool:
        """Whether a rule says where images of this name come from."""
        return self._known.route(key) is not None

    def _may_import(self, caller: Caller, key: RepositoryKey, repository: Repository | None) -> bool:
        return access.allows(caller, "BatchImportUpstreamImage", self._hot.resource(key, repository))

    # ------------------------------------------------------------ blobs
    async def comes(self, key: RepositoryKey, digest: Digest) -> bool:
        """Whether a layer is on its way, which is waited for, for a while: UpstreamLayerUnavailable."""
        size, route = self._needed(key, digest), self._known.route(key)
        if size is None or route is None:
            return False
        try:
            flight = await self._flight(route, key, digest, size)
            with suppress(TimeoutError):
                async with asyncio.timeout(_LAYER_SECONDS):
                    await flight.landed()
        except Fact as fact:
            raise UpstreamLayerUnavailable(digest=digest, url=route.rule.upstream_url, reason=fact) from None
        return True

    async def _flight(self, route: Route, key: RepositoryKey, digest: Digest, size: int) -> Flight:
        source = await self._importer.source(route)
        return self._flights.fetch(lambda: self._importer.service(key), key, digest, size, source)

    async def blob(self, caller: Caller, key: RepositoryKey, digest: Digest) -> tuple[Digest, int]:
        """Digest and size of a blob that is here, or on its way: BlobNotFound."""
        try:
            found = await self._reads.blob(caller, key, digest)
        except BlobNotFound:
            size = self._needed(key, digest)
            if size is None:
                raise
            return digest, size
        return found.digest, found.size

    async def open_blob(
        self, caller: Caller, key: RepositoryKey, digest: Digest
    ) -> tuple[Blob, BinaryIO] | ArrivingBlob:
        """A blob and its bytes as core/reads.py has them, or one that is on its way."""
        try:
            return await self._reads.open_blob(caller, key, digest)
        except BlobNotFound:
            size, route = self._needed(key, digest), self._known.route(key)
            if size is None or route is None:
                raise
        flight = await self._flight(route, key, digest, size)
        await self._flights.begun(flight)
        pieces = self._flights.pieces(flight, lambda: self._importer.service(key), key, digest)
        return ArrivingBlob(digest, size, pieces)

    def _needed(self, key: RepositoryKey, digest: Digest) -> int | None:
        repository = self._hot.repository(key)
        return None if repository is None else self._known.needed_size(repository, digest)

    # ------------------------------------------------------------ the rest
    async def mirrored(self, caller: Caller, key: RepositoryKey, host: str) -> str:
        """The repository that a node means who asks this server for `key` in place of a registry: RepositoryNotFound
        for one that this server would have of another registry.
        """
        upstream, rules = mirroring.upstream(host), self._known.rules(key.registry)
        found = mirroring.local_name(rules, key.name, upstream)
        if found is None and mirroring.is_of_another(rules, key.name, upstream):
            await self._reads.require(caller, key, "BatchGetImage")
            repository = self._hot.repository(key)
            if repository is None or self._known.is_cached(repository):
                raise RepositoryNotFound(name=key.name, account=key.registry.account)
        return found or key.name

    async def close(self) -> None:
        """End what is under way."""
        await self._importer.close()
