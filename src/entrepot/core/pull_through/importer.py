"""Brings images from upstreams: manifests when they are asked for, their blobs at once after that. The one place of the
cache that waits for others; what it decides stands in transactions of core/pull_through/importing.py.

What many ask for at once is asked for once. Whoever asked may go away: what was begun goes on for the others.
"""

import asyncio
from collections.abc import Callable, Coroutine, Hashable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

import msgspec
from msgspec import structs

from entrepot.core.access import Caller
from entrepot.core.hot import Hot
from entrepot.core.pull_through import acting, importing
from entrepot.core.pull_through.claims import Claims
from entrepot.core.pull_through.flights import Flights
from entrepot.core.pull_through.importing import Came, Failure
from entrepot.core.pull_through.known import Known
from entrepot.core.pull_through.routing import Route
from entrepot.core.pull_through.seam import CODES
from entrepot.core.pull_through.sources import Source, Sources
from entrepot.core.reads import Reads
from entrepot.core.recent import Recent
from entrepot.core.referrers import Referrer
from entrepot.core.units import Units
from entrepot.db.pull_through_cache import Arriving
from entrepot.errors import (
    Fact,
    ManifestInvalid,
    ManifestTooLarge,
    MediaTypeUnsupported,
    UpstreamImageAbsent,
    UpstreamImageUnusable,
)
from entrepot.spec.digest import Digest
from entrepot.spec.manifest import LARGEST
from entrepot.spec.reference import Reference, Tag
from entrepot.spec.repository import RepositoryKey

T = TypeVar("T")
_MOST_FAILURES = 4096
_ROUNDS = 3  # blobs that collection took away meanwhile are brought again
_OTHER = "ImageInaccessible"


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds in which an upstream is not asked again: for what it does not have, and after it failed."""

    absent: float = 30
    failed: float = 2
    stale: float = 60


class Importer:
    """Of one event loop."""

    def __init__(
        self,
        units: Units,
        hot: Hot,
        known: Known,
        reads: Reads,
        claims: Claims,
        flights: Flights,
        sources: Sources,
        clock: Callable[[], datetime],
        patience: Patience | None = None,
    ) -> None:
        self._units = units
        self._hot = hot
        self._known = known
        self._reads = reads
        self._claims = claims
        self._flights = flights
        self._sources = sources
        self._clock = clock
        self._patience = patience or Patience()
        self._under_way: dict[Hashable, asyncio.Task[Any]] = {}
        self._failures: Recent[tuple[RepositoryKey, str], tuple[datetime, Fact]] = Recent(_MOST_FAILURES)

    async def first(self, caller: Caller, route: Route, key: RepositoryKey, reference: Reference) -> Came:
        """An image that is not here: the facts of errors/pull_through.py; those of the last time, for a while."""
        self._require_hope(key, reference)
        return await self._once(
            ("first", key, str(reference)),
            lambda: self._told(route, key, reference, self._first(caller, route, key, reference)),
        )

    async def again(self, caller: Caller, route: Route, key: RepositoryKey, tag: Tag, since: datetime) -> None:
        """Look whether the upstream has another image under a tag, unless somebody has since then."""
        self._require_hope(key, tag)
        await self._once(
            ("again", key, str(tag)),
            lambda: self._told(route, key, tag, self._again(caller, route, key, tag, since), stale=True),
        )

    def bring(self, route: Route, key: RepositoryKey, digest: Digest) -> None:
        """Begin to bring the blobs of an image that is arriving, for whoever may ask for it next."""
        task = self._begun(("blobs", key, digest), lambda: self._bring(route, key, digest))
        task.add_done_callback(_heard)

    async def source(self, route: Route) -> Source:
        """The upstream of a route: UpstreamLoginUnusable."""
        return await self._sources.of(route, self._reads)

    async def referrers(self, route: Route, key: RepositoryKey, subject: Digest) -> Sequence[Referrer]:
        """What the upstream lists now: the facts of errors/pull_through.py."""
        return await self._once(("referrers", key, subject), lambda: self._referrers(route, key, subject))

    async def _referrers(self, route: Route, key: RepositoryKey, subject: Digest) -> Sequence[Referrer]:
        source = await self.source(route)
        found = [
            Referrer(each.media_type, each.digest, each.size, each.artifact_type or None, dict(each.annotations))
            for each in await source.referrers(subject)
        ]
        body = msgspec.json.encode(found, enc_hook=str).decode()
        if len(body) <= LARGEST:
            await self._units.write(importing.keep_referrers, key, subject, body, self._clock())
        return found

    def service(self, key: RepositoryKey) -> Caller:
        """The service itself, as a caller of its own."""
        return acting.itself(key.registry.account, key.registry.region, self._clock())

    async def close(self) -> None:
        """End what is under way."""
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._flights.close()
        await self._sources.close()

    async def _first(self, caller: Caller, route: Route, key: RepositoryKey, reference: Reference) -> Came:
        name = f"{key.arn} {reference}"
        async with self._claims.held(name, lambda: self.came(key, reference) is not None) as alone:
            came = None if alone else self.came(key, reference)
            return came if came is not None else await self._noted(caller, route, key, reference)

    async def _again(self, caller: Caller, route: Route, key: RepositoryKey, tag: Tag, since: datetime) -> None:
        async with self._claims.held(f"{key.arn} {tag}", lambda: self._is_checked(key, tag, since)) as alone:
            if not alone:
                return
            source = await self.source(route)
            there = await source.head(tag)
            repository = self._hot.repository(key)
            here = None if repository is None else self._hot.manifest(repository, tag)
            if there is not None and (here is None or here.digest != there):
                await self._noted(caller, route, key, tag)
            else:
                await self._units.write(importing.unchanged, key, tag, self._clock())

    async def _noted(self, caller: Caller, route: Route, key: RepositoryKey, reference: Reference) -> Came:
        source = await self.source(route)
        pulled = await source.manifest(reference)
        try:
            manifest = await self._units.manifest(pulled.body, pulled.media_type or None)
        except (ManifestInvalid, ManifestTooLarge, MediaTypeUnsupported) as fault:
            raise UpstreamImageUnusable(url=route.rule.upstream_url, reason=fault) from None
        service = self.service(key)
        by = structs.replace(caller, request_id=service.request_id, at=service.at)
        return await self._units.write(importing.note, by, self.service(key), route, key, reference, manifest)

    def came(self, key: RepositoryKey, reference: Reference) -> Came | None:
        """What is here of an image, by what is known at this moment."""
        repository = self._hot.repository(key)
        if repository is None:
            return None
        found = self._hot.manifest(repository, reference)
        if found is not None:
            return Came(repository, found.digest, arriving=False)
        arriving = self.arriving(key, reference)
        return None if arriving is None else Came(repository, arriving.digest, arriving=True)

    def arriving(self, key: RepositoryKey, reference: Reference) -> Arriving | None:
        """The image on its way that a tag or digest names."""
        repository = self._hot.repository(key)
        if repository is None:
            return None
        if isinstance(reference, Tag):
            return self._known.arriving_tag(repository, reference)
        return self._known.arriving(repository, reference)

    def _is_checked(self, key: RepositoryKey, tag: Tag, since: datetime) -> bool:
        repository = self._hot.repository(key)
        at = None if repository is None else self._known.checked_at(repository, tag)
        return at is not None and at > since

    async def _bring(self, route: Route, key: RepositoryKey, digest: Digest) -> None:
        try:
            await self._brought(route, key, digest)
        except Fact as fact:
            await self._units.write(importing.give_up, key, digest)
            await self._tell(route, key, digest, fact)

    async def _brought(self, route: Route, key: RepositoryKey, digest: Digest) -> None:
        for _ in range(_ROUNDS):
            missing = await self._units.write(importing.complete, self.service(key), route, key, digest)
            arriving = self.arriving(key, digest)
            if not missing or arriving is None:
                return
            manifest = await self._units.manifest(arriving.body, arriving.media_type)
            source = await self.source(route)
            sizes = {each.digest: each.size for each in manifest.required_blobs}
            flights = [
                self._flights.fetch(lambda: self.service(key), key, each, sizes[each], source) for each in missing
            ]
            for flight in flights:
                await flight.landed()

    async def _told(
        self,
        route: Route,
        key: RepositoryKey,
        reference: Reference,
        work: Coroutine[Any, Any, T],
        *,
        stale: bool = False,
    ) -> T:
        """The work; what goes wrong with the upstream is told, and remembered for a while."""
        try:
            return await work
        except Fact as fact:
            if type(fact) in CODES:
                seconds = self._patience.absent if isinstance(fact, UpstreamImageAbsent) else self._patience.failed
                seconds = self._patience.stale if stale else seconds
                self._failures.put((key, str(reference)), (self._clock() + timedelta(seconds=seconds), fact))
                await self._tell(route, key, reference, fact)
            raise

    async def _tell(self, route: Route, key: RepositoryKey, reference: Reference, fact: Fact) -> None:
        failure = Failure(reference, CODES.get(type(fact), _OTHER), str(fact))
        await self._units.write(importing.failed, self.service(key), route, key, failure)

    def _require_hope(self, key: RepositoryKey, reference: Reference) -> None:
        """What went wrong a moment ago, once more."""
        known = self._failures.get((key, str(reference)))
        if known is not None and self._clock() < known[0]:
            raise type(known[1])(**known[1].fields)

    def forget(self, key: RepositoryKey, reference: Reference) -> None:
        """Ask again, whatever went wrong."""
        self._failures.drop((key, str(reference)))

    async def _once(self, name: Hashable, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """The result of the work of this name that is under way, or is begun now."""
        return await asyncio.shield(self._begun(name, work))

    def _begun(self, name: Hashable, work: Callable[[], Coroutine[Any, Any, T]]) -> "asyncio.Task[T]":
        known = self._under_way.get(name)
        if known is not None:
            return known
        task = asyncio.create_task(work())
        self._under_way[name] = task
        task.add_done_callback(lambda _: self._under_way.pop(name, None))
        task.add_done_callback(_heard)
        return task


def _heard(task: "asyncio.Task[Any]") -> None:
    """Whoever waits is told; where nobody does, it was told as an event."""
    with suppress(asyncio.CancelledError):
        task.exception()
