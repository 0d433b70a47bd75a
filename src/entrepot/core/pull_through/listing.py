"""What is listed of an upstream and looked for there at once: referrers, tags, whether it answers at all."""

from collections.abc import Sequence

import msgspec

from entrepot.core import access
from entrepot.core.access import Caller
from entrepot.core.hot import Hot
from entrepot.core.pull_through import importing
from entrepot.core.pull_through.importer import Importer
from entrepot.core.pull_through.known import Known
from entrepot.core.pull_through.measures import Measures
from entrepot.core.pull_through.routing import Route
from entrepot.core.pull_through.rules import Rule
from entrepot.core.pull_through.seam import Refreshed
from entrepot.core.referrers import Referrer
from entrepot.core.units import Units
from entrepot.errors import (
    Fact,
    PullThroughRuleNotFound,
    UpstreamReferrersUnavailable,
)
from entrepot.spec.digest import Digest
from entrepot.spec.reference import Tag
from entrepot.spec.repository import RepositoryKey

_MOST_AT_ONCE = 50
_REFERRERS = msgspec.json.Decoder(list[Referrer], dec_hook=lambda kind, given: kind(given))


class Listing:
    """Of one event loop."""

    def __init__(self, units: Units, hot: Hot, known: Known, importer: Importer, measures: Measures) -> None:
        self._units = units
        self._hot = hot
        self._known = known
        self._importer = importer
        self._measures = measures

    async def failure(self, rule: Rule) -> str:
        """Why the upstream of a rule cannot be pulled from; '' where it can."""
        try:
            source = await self._importer.source(Route(rule, ""))
            await source.check()
        except Fact as fact:
            return str(fact)
        return ""

    def has_upstream(self, key: RepositoryKey) -> bool:
        """Whether a rule says where images of this name come from."""
        return self._known.route(key) is not None

    async def upstream_referrers(self, caller: Caller, key: RepositoryKey, subject: Digest) -> Sequence[Referrer]:
        """What the upstream lists, as lately as the rule wants it: UpstreamReferrersUnavailable."""
        route = self._known.route(key)
        return () if route is None else await self._upstream_referrers(caller, route, key, subject)

    async def _upstream_referrers(
        self, caller: Caller, route: Route, key: RepositoryKey, subject: Digest
    ) -> Sequence[Referrer]:
        repository = self._hot.repository(key)
        known = None if repository is None else self._known.referrers(repository, subject)
        if known is not None and caller.at - known.checked_at < route.rule.ttl:
            return _REFERRERS.decode(known.body)
        resource = self._hot.resource(key, repository)
        if not access.allows(caller, "BatchImportUpstreamImage", resource):
            return () if known is None else _REFERRERS.decode(known.body)
        try:
            found = await self._importer.referrers(route, key, subject)
        except Fact as fact:
            if known is not None:
                self._measures.stale()
                return _REFERRERS.decode(known.body)
            url = route.rule.upstream_url
            raise UpstreamReferrersUnavailable(digest=subject, url=url, reason=fact) from None
        return found

    async def refresh(self, caller: Caller, key: RepositoryKey, tag: Tag | None) -> Refreshed:
        """Look upstream for a tag now, or for those of the repository that were: RepositoryNotFound, ImageNotFound,
        the facts of errors/pull_through.py for a tag.
        """
        names = await self._units.write(importing.refresh, caller, key, tag, _MOST_AT_ONCE)
        route = self._known.route(key)
        if route is None:
            raise PullThroughRuleNotFound(prefix=key.name, account=key.registry.account)
        failures: dict[str, str] = {}
        for name in names:
            self._importer.forget(key, name)
            try:
                await self._importer.again(caller, route, key, name, caller.at)
            except Fact as fact:
                if tag is not None:
                    raise
                failures[name] = str(fact)
            arriving = self._importer.arriving(key, name)
            if arriving is not None:
                self._importer.bring(route, key, arriving.digest)
        came = {name: self._importer.came(key, name) for name in names}
        return Refreshed({name: each.digest for name, each in came.items() if each is not None}, failures)
