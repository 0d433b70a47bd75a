"""Upstream registries as the cache sees them: one over HTTP, one that is a registry of this deployment. What goes wrong
there has the names that ECR has for it.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from entrepot.core import referrers as own_referrers
from entrepot.core.access import Caller
from entrepot.core.keys.vault import Vault
from entrepot.core.pull_through import acting
from entrepot.core.pull_through.measures import Measures
from entrepot.core.pull_through.routing import Route
from entrepot.core.pull_through.rules import Allowed, Rule
from entrepot.core.pull_through.upstreams import ECR, LISTED, Upstream
from entrepot.core.reads import Reads
from entrepot.core.referrers import ReferrerFilter
from entrepot.core.secrets import credentials
from entrepot.core.units import Units
from entrepot.db import accounts
from entrepot.db.database import Transaction
from entrepot.errors import (
    CredentialSecretInaccessible,
    CredentialSecretNotFound,
    CredentialSecretUnreadable,
    Fact,
    UpstreamBusy,
    UpstreamDenied,
    UpstreamImageAbsent,
    UpstreamImageUnusable,
    UpstreamLoginUnusable,
    UpstreamUnavailable,
)
from entrepot.outbound import Outbound, OutboundFault
from entrepot.outbound.ecr_logins import EcrApi, EcrLogins
from entrepot.outbound.faults import (
    ContentMissing,
    CredentialsRefused,
    DestinationForbidden,
    RequestsTooMany,
    Unavailable,
)
from entrepot.outbound.registries import Place, Pulled, Repository
from entrepot.outbound.registry_lists import Referrer
from entrepot.outbound.registry_logins import ANONYMOUS, Login, Tokens
from entrepot.outbound.signing import Keys
from entrepot.spec.digest import Digest
from entrepot.spec.reference import Reference
from entrepot.spec.repository import RegistryKey, RepositoryKey

_FAULTS: Sequence[tuple[type[OutboundFault], type[Fact]]] = (
    (ContentMissing, UpstreamImageAbsent),
    (CredentialsRefused, UpstreamDenied),
    (RequestsTooMany, UpstreamBusy),
    (DestinationForbidden, UpstreamDenied),
    (Unavailable, UpstreamUnavailable),
    (OutboundFault, UpstreamImageUnusable),
)
_PIECE = 1 << 20
_MOST_REFERRERS = 1000
_NO_NAME = "library/none"  # of which a token is asked for, where it is about the registry as a whole


class Source(Protocol):
    """One repository of an upstream, at `host`. What it raises are the facts of errors/pull_through.py."""

    host: str

    async def check(self) -> None:
        """Whether the registry answers at all, and with what the rule names."""

    async def manifest(self, reference: Reference) -> Pulled:
        """A manifest by tag or digest; it has the digest that was asked for."""

    async def head(self, reference: Reference) -> Digest | None:
        """The digest that a tag has there now, None where it is absent."""

    def blob(self, digest: Digest, size: int) -> AsyncIterator[bytes]:
        """A blob's pieces, gone on with where the line broke; whoever takes them checks the digest."""

    async def referrers(self, subject: Digest) -> Sequence[Referrer]:
        """What names a digest as its subject there."""


class RegistrySource:
    """A repository that is reached over HTTP."""

    def __init__(self, repository: Repository, host: str, measures: Measures) -> None:
        self._repository = repository
        self.host = host
        self._measures = measures

    async def check(self) -> None:
        """As Source says."""
        try:
            await self._repository.ping()
        except OutboundFault as fault:
            raise fact_of(self.host, fault) from None

    async def manifest(self, reference: Reference) -> Pulled:
        """As Source says."""
        try:
            pulled = await self._repository.manifest(reference)
        except OutboundFault as fault:
            raise fact_of(self.host, fault) from None
        if pulled.allowance is not None:
            self._measures.allowance(self.host, pulled.allowance.remaining)
        return pulled

    async def head(self, reference: Reference) -> Digest | None:
        """As Source says."""
        try:
            return await self._repository.head(reference)
        except OutboundFault as fault:
            raise fact_of(self.host, fault) from None

    async def blob(self, digest: Digest, size: int) -> AsyncIterator[bytes]:
        """As Source says."""
        try:
            async with self._repository.blob(digest, size, hashed=False) as incoming:
                async for piece in incoming.pieces():
                    self._measures.fetched(len(piece))
                    yield piece
        except OutboundFault as fault:
            raise fact_of(self.host, fault) from None

    async def referrers(self, subject: Digest) -> Sequence[Referrer]:
        """As Source says."""
        try:
            return (await self._repository.referrers(subject))[:_MOST_REFERRERS]
        except OutboundFault as fault:
            raise fact_of(self.host, fault) from None


class OwnSource:
    """A private repository of this deployment, read as the rule's role may read it."""

    def __init__(self, reads: Reads, units: Units, caller: Caller, key: RepositoryKey) -> None:
        self._reads = reads
        self._units = units
        self._caller = caller
        self._key = key
        self.host = f"{key.registry.account}.dkr.ecr.{key.registry.region}"

    async def check(self) -> None:
        """As Source says: who reads it is known to be there."""

    async def manifest(self, reference: Reference) -> Pulled:
        """As Source says."""
        try:
            _, found = await self._reads.manifest(self._caller, self._key, reference)
        except Fact as fact:
            raise self._told(fact) from None
        return Pulled(found.media_type, found.digest, found.body)

    async def head(self, reference: Reference) -> Digest | None:
        """As Source says."""
        try:
            return (await self.manifest(reference)).digest
        except UpstreamImageAbsent:
            return None

    async def blob(self, digest: Digest, size: int) -> AsyncIterator[bytes]:
        """As Source says."""
        try:
            _, file = await self._reads.open_blob(self._caller, self._key, digest)
        except Fact as fact:
            raise self._told(fact) from None
        with file:
            while size > 0 and (piece := file.read(min(size, _PIECE))):
                size -= len(piece)
                yield piece

    async def referrers(self, subject: Digest) -> Sequence[Referrer]:
        """As Source says."""
        try:
            page = await self._units.read(
                own_referrers.list_of, self._caller, self._key, subject, ReferrerFilter(), _MOST_REFERRERS, ""
            )
        except Fact as fact:
            raise self._told(fact) from None
        return [
            Referrer(each.digest, each.media_type, each.size, each.artifact_type or "", each.annotations)
            for each in page.items
        ]

    def _told(self, fact: Fact) -> Fact:
        if type(fact).__name__ == "AccessDenied":
            return UpstreamDenied(url=self.host, reason=str(fact))
        if type(fact).__name__ in ("ImageNotFound", "RepositoryNotFound", "BlobNotFound"):
            return UpstreamImageAbsent()
        return UpstreamImageUnusable(url=self.host, reason=str(fact))


class Sources:
    """Makes the source of a route, with what its rule says that it is asked with."""

    def __init__(
        self,
        outbound: Outbound,
        units: Units,
        vault: Vault,
        clock: Callable[[], datetime],
        *,
        allowed: Allowed = (),
        domain: str | None = None,
        measures: Measures,
        keys: Keys | None = None,
    ) -> None:
        """`domain` is that of this deployment's registries; `keys` are the operator's for ECR elsewhere."""
        self._outbound = outbound
        self._units = units
        self._vault = vault
        self._clock = clock
        self._plain: Mapping[str, bool] = dict(allowed)
        self._domain = domain
        self._tokens = Tokens()
        self._measures = measures
        self._keys = keys
        self._ecr = EcrLogins(outbound, clock)

    async def close(self) -> None:
        """Let go of the connections that are kept."""
        await self._outbound.close()

    async def of(self, route: Route, reads: Reads) -> Source:
        """The upstream of a route: UpstreamLoginUnusable."""
        rule = route.rule
        own = await self._units.read(self._own, rule)
        if own is not None:
            caller, registry = own
            return OwnSource(reads, self._units, caller, RepositoryKey(registry, route.upstream_name))
        upstream = Upstream(rule.upstream_registry, rule.upstream_url, plain=self._plain.get(rule.upstream_url, False))
        api = EcrApi.of(upstream.url) if rule.upstream_registry == ECR else None
        login = await (self._units.read(self._login, rule) if api is None else self._elsewhere(rule, api))
        place = Place(upstream.url, route.upstream_name or _NO_NAME)
        repository = Repository(self._outbound, place, login, tokens=self._tokens)
        return RegistrySource(repository, rule.upstream_url, self._measures)

    def _own(self, tx: Transaction, rule: Rule) -> tuple[Caller, RegistryKey] | None:
        """Who reads a registry of this deployment, where the rule names one: UpstreamLoginUnusable."""
        named = Upstream(rule.upstream_registry, rule.upstream_url).registry
        if named is None or rule.upstream_registry == LISTED:
            return None
        account, region, domain = named
        if domain not in (self._domain, "amazonaws.com") or accounts.find(tx, account) is None:
            return None
        at = self._clock()
        if rule.custom_role_arn:
            return acting.role_of(tx, rule, region, at), RegistryKey("private", account, region)
        return acting.itself(rule.registry.account, region, at), RegistryKey("private", account, region)

    async def _elsewhere(self, rule: Rule, api: EcrApi) -> Login:
        """Who the rule's role is at a private registry of ECR that is not of this deployment, or the operator's keys
        where it names none: UpstreamLoginUnusable, and what goes wrong there.
        """
        if self._keys is None:
            reason = "it is no registry of this deployment, and aws_credentials names no keys for others"
            raise UpstreamLoginUnusable(url=rule.upstream_url, reason=reason)
        try:
            keys = self._keys
            if rule.custom_role_arn:
                keys = await self._ecr.session(api, rule.custom_role_arn, acting.SESSION, keys)
            return await self._ecr.login(api, keys)
        except OutboundFault as fault:
            raise fact_of(rule.upstream_url, fault) from None

    def _login(self, tx: Transaction, rule: Rule) -> Login:
        if not rule.credential_arn:
            return ANONYMOUS
        service = acting.itself(rule.registry.account, rule.registry.region, self._clock())
        try:
            found = credentials.value(tx, service, self._vault, rule.credential_arn)
        except (CredentialSecretNotFound, CredentialSecretInaccessible, CredentialSecretUnreadable) as why:
            raise UpstreamLoginUnusable(url=rule.upstream_url, reason=why) from None
        return Login(found.username, found.access_token)


def fact_of(host: str, fault: OutboundFault) -> Fact:
    """What ECR calls it."""
    for kind, fact in _FAULTS:
        if isinstance(fault, kind):
            return fact(url=host, reason=fault)
    return UpstreamImageUnusable(url=host, reason=fault)
