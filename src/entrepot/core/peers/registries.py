"""A registry of another make as a destination (OCI Distribution Specification 1.1): one way, by pushes.

It has no word for much of what replication knows: who pushes is the user that the operator gave, what is immutable
there it decides, and it can be told to forget an image by its digest only where it lets that be done.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from entrepot.core.peers.bandwidth import Bandwidth
from entrepot.core.peers.destinations import Cargo, Loss, Pieces, Source
from entrepot.core.peers.membership import Peer
from entrepot.core.replication.outcomes import COMPLETE, GONE, Outcome
from entrepot.errors.peers import PeerRefuses, PeerUnavailable
from entrepot.outbound import OutboundFault
from entrepot.outbound.faults import ContentMissing, CredentialsRefused, RegistryRefused, RequestsTooMany, Unavailable
from entrepot.outbound.registries import Place, Registries, Repository
from entrepot.outbound.registry_logins import Login
from entrepot.spec.digest import Digest
from entrepot.spec.manifest import Manifest
from entrepot.spec.reference import Reference, Tag

_UNSUPPORTED = frozenset({400, 405, 501})


@dataclass(frozen=True, slots=True)
class Registry:
    """Pushes to the repositories of one registry; `login` is asked for before each image, for tokens end."""

    peer: Peer
    registries: Registries
    login: Callable[[], Awaitable[Login]]
    bandwidth: Bandwidth

    async def bring(self, cargo: Cargo, source: Source) -> Outcome:
        """As Elsewhere says. An image that is there already is pushed again under its tag only."""
        try:
            there = await self._there(cargo.way.source.name)
            for digest in cargo.order:
                await self._bring(there, cargo, digest, source)
        except OutboundFault as fault:
            raise self._fact(fault) from None
        return COMPLETE

    async def take_away(self, loss: Loss, source: Source) -> Outcome:
        """As Elsewhere says: a tag goes where the registry lets tags be deleted; otherwise it stays."""
        try:
            there = await self._there(loss.way.source.name)
            gone = False
            if loss.tag and not loss.has_tag and await self._is_ours(there, loss, source):
                gone = await there.delete_manifest(Tag(loss.tag))
            if loss.is_deleted:
                gone = await there.delete_manifest(loss.digest) or gone
        except RegistryRefused as fault:
            if fault.status in _UNSUPPORTED:
                raise self._refuses("UnsupportedCommand", str(fault), final=True) from None
            raise self._fact(fault) from None
        except OutboundFault as fault:
            raise self._fact(fault) from None
        return COMPLETE if gone else GONE

    async def _bring(self, there: Repository, cargo: Cargo, digest: Digest, source: Source) -> None:
        is_last = digest == cargo.digest
        reference: Reference = Tag(cargo.tag) if is_last and cargo.tag else digest
        stored = await source.manifest(cargo.way, digest)
        if await there.head(digest, (stored.media_type,)) != digest:
            manifest = Manifest.parse(stored.body, stored.media_type)
            for blob in sorted({each.digest for each in manifest.required_blobs}):
                size, begin = await source.begin(cargo.way, blob, lambda: min(self.bandwidth.piece, 1 << 20))
                await there.push_blob(blob, size, self._paced(begin))
        elif reference == digest:
            return
        await there.put_manifest(reference, stored.media_type, stored.body)

    async def _is_ours(self, there: Repository, loss: Loss, source: Source) -> bool:
        pointed = await there.head(Tag(loss.tag))
        return pointed is not None and (pointed == loss.digest or await source.knows(loss.way, pointed))

    def _paced(self, begin: Pieces) -> Pieces:
        async def pieces(offset: int) -> AsyncIterator[bytes]:
            async for piece in begin(offset):
                await self.bandwidth.pass_(len(piece))
                yield piece

        return pieces

    async def _there(self, name: str) -> Repository:
        place = Place(self.peer.url, f"{self.peer.prefix}{name}")
        return self.registries.repository(place, await self.login())

    def _fact(self, fault: OutboundFault) -> PeerRefuses | PeerUnavailable:
        if isinstance(fault, Unavailable | RequestsTooMany):
            return PeerUnavailable(name=self.peer.name, reason=str(fault))
        if isinstance(fault, CredentialsRefused):
            return self._refuses("AccessDenied", str(fault), final=False)
        if isinstance(fault, ContentMissing):
            return self._refuses("RepositoryNotFound", str(fault), final=False)
        if isinstance(fault, RegistryRefused):
            return self._refuses(fault.code or "InvalidParameter", str(fault), final=False)
        return PeerUnavailable(name=self.peer.name, reason=str(fault))

    def _refuses(self, code: str, reason: str, *, final: bool) -> PeerRefuses:
        return PeerRefuses(name=self.peer.name, code=code[:64], reason=reason, final=final)
