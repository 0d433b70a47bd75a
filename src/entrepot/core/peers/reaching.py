"""How peers are reached, each by its kind, with what is known of it now: a key, or credentials."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

from entrepot.core.peers import keys, membership
from entrepot.core.peers.bandwidth import Bandwidth
from entrepot.core.peers.calling import Line
from entrepot.core.peers.deployments import Deployment, Pace
from entrepot.core.peers.destinations import Elsewhere
from entrepot.core.peers.membership import Peer
from entrepot.core.peers.registries import Registry
from entrepot.core.units import Units
from entrepot.errors.peers import PeerUnavailable
from entrepot.outbound import Outbound, OutboundFault, Sender
from entrepot.outbound.ecr_logins import EcrApi, EcrLogins
from entrepot.outbound.faults import CredentialsRefused
from entrepot.outbound.registries import Registries
from entrepot.outbound.registry_logins import ANONYMOUS, Login
from entrepot.outbound.signing import Keys
from entrepot.seal import Seal, SealBroken

_MOST_CONNECTIONS: Final = 32


class Reaching:
    """The peers of one process; connections are kept while somebody has it open."""

    def __init__(
        self,
        units: Units,
        seal: Seal,
        outbound: Outbound,
        clock: Callable[[], datetime],
        *,
        at_once: int,
        bandwidth: Bandwidth,
    ) -> None:
        """`at_once` blobs are on their way to a peer."""
        self._units = units
        self._seal = seal
        self._outbound = outbound
        self._clock = clock
        self._at_once = at_once
        self._bandwidth = bandwidth
        self._registries = Registries(outbound)
        self._logins = EcrLogins(outbound, clock)
        self._slots: dict[str, tuple[asyncio.Semaphore, Pace]] = {}
        self._sender: Sender | None = None

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Keep connections until the end; who opens it within shares them."""
        if self._sender is not None:
            yield
            return
        async with self._outbound.pool(_MOST_CONNECTIONS) as sender:
            self._sender = sender
            try:
                yield
            finally:
                self._sender = None

    async def of(self, name: str) -> Elsewhere:
        """A peer: PeerUnknown, PeerUnavailable."""
        peer = await self._units.read(membership.get, name)
        if peer.kind == "registry":
            return Registry(peer, self._registries, lambda: self._login(peer), self._bandwidth)
        slots, pace = self._slots.setdefault(name, (asyncio.Semaphore(self._at_once), Pace()))
        return Deployment(await self.line(peer), self._bandwidth, slots, pace)

    async def line(self, peer: Peer) -> Line:
        """The line to a deployment: PeerUnavailable where this one has no key."""
        signer = await self._units.read(keys.signer, self._seal)
        if signer is None or self._sender is None:
            raise PeerUnavailable(name=peer.name, reason="this deployment has no key for peers")
        return Line(peer, signer, self._sender, self._clock)

    async def _login(self, peer: Peer) -> Login:
        """Of a registry of ECR, whose users are access keys, the token that they give."""
        try:
            password = membership.password(self._seal, peer)
        except SealBroken:
            raise PeerUnavailable(name=peer.name, reason="another master key sealed its password") from None
        api = EcrApi.of(peer.url)
        if not peer.username:
            return ANONYMOUS
        if api is None or peer.username == "AWS":
            return Login(peer.username, password)
        try:
            return await self._logins.login(api, Keys(peer.username, password))
        except CredentialsRefused:
            raise
        except OutboundFault as fault:
            raise PeerUnavailable(name=peer.name, reason=str(fault)) from None
