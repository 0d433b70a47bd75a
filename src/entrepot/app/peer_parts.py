"""Peers from settings: the door for them, the job that brings images to them, and what commands do with them."""

import asyncio
import dataclasses
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import msgspec

from entrepot.app import opened, parts
from entrepot.core.parts import Core
from entrepot.core.peers import keys, membership
from entrepot.core.peers.bandwidth import Bandwidth
from entrepot.core.peers.intake import Intake
from entrepot.core.peers.keys import Signer
from entrepot.core.peers.membership import Draft, Peer
from entrepot.core.peers.reaching import Reaching
from entrepot.core.peers.reading import Reading
from entrepot.core.peers.sending import Sending, outcome_of
from entrepot.core.replication.arriving import Way
from entrepot.core.replication.outcomes import Outcome
from entrepot.core.units import BlockingUnits, Units
from entrepot.db.sqlite import SqliteDatabase
from entrepot.errors import Fact
from entrepot.errors.peers import PeerInvalid, PeerUnavailable
from entrepot.http.server import Pages
from entrepot.outbound import Outbound, OutboundFault
from entrepot.peering.door import PREFIX, PeerDoor
from entrepot.seal import Seal
from entrepot.settings import Settings
from entrepot.spec import peering
from entrepot.spec.peering import Greeting
from entrepot.store.blobs import BlobStore

_CALL_SECONDS = 30.0
_READERS = 4


def peer_pages(core: Core, seal: Seal) -> Pages:
    """The door for peers by what its paths begin with."""

    async def identity() -> Signer | None:
        return await core.units.read(keys.signer, seal)

    intake = Intake(core.units, core.transfers, parts.STORE, core.regions, core.clock)
    return {PREFIX: PeerDoor(core.units, intake, identity, core.clock).handle}


@dataclass(frozen=True, slots=True)
class ToPeers:
    """Brings images of this deployment to its peers."""

    settings: Settings
    database: SqliteDatabase
    store: BlobStore
    bandwidth: Bandwidth = field(init=False)
    readers: ThreadPoolExecutor = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "bandwidth", Bandwidth(self.settings.replication_bandwidth))
        object.__setattr__(self, "readers", ThreadPoolExecutor(_READERS, "peers"))

    def sending(self) -> Sending:
        """What does so on one event loop."""
        settings, units = self.settings, Units(self.database, self.readers)
        reaching = Reaching(
            units,
            parts.seal(settings, create=False),
            _outbound(settings),
            parts.clock,
            at_once=settings.replication_transfers,
            bandwidth=self.bandwidth,
        )
        return Sending(
            units,
            reaching,
            Reading(units, self.store),
            parts.clock,
            at_once=settings.replication_transfers,
            longest_rest=settings.replication_rest_seconds,
        )

    def bring(self, way: Way, digest: str, tag: str) -> Outcome:
        """Bring one image, in a thread that waits for it: PeerUnavailable."""
        try:
            return asyncio.run(self.sending().bring(way, digest, tag))
        except PeerUnavailable:
            raise
        except Fact as fact:
            return outcome_of(fact)


def public_key(settings: Settings) -> str:
    """The key by which peers know this deployment."""
    with opened.data(settings) as (database, seal):
        return BlockingUnits(database).write(keys.ensure, seal, parts.clock()).public


def add(settings: Settings, draft: Draft) -> Peer:
    """Keep a peer; without a key of it, the one that its URL shows over TLS: PeerInvalid, PeerUnavailable. Whether
    it may be called at all, `outbound_allow` of whoever calls decides.
    """
    if draft.kind == "deployment" and not draft.public_key:
        draft = dataclasses.replace(draft, public_key=asyncio.run(_fetched(settings, draft)))
    with opened.data(settings) as (database, seal):
        units = BlockingUnits(database)
        units.write(keys.ensure, seal, parts.clock())
        return units.write(membership.add, seal, draft, settings.regions, parts.clock())


def greeted(settings: Settings, name: str) -> Greeting:
    """What a deployment says of itself to this one, when it is asked now: PeerUnknown, PeerInvalid, PeerUnavailable."""
    return asyncio.run(_greeted(settings, name))


async def _greeted(settings: Settings, name: str) -> Greeting:
    with opened.data(settings) as (database, seal), ThreadPoolExecutor(1, "reader") as readers:
        units = Units(database, readers)
        peer = await units.read(membership.get, name)
        if peer.kind != "deployment" or not peer.url:
            raise PeerInvalid(reason=f"{name} is never called: it has no URL, or is a registry of another make")
        bandwidth = Bandwidth(settings.replication_bandwidth)
        reaching = Reaching(units, seal, _outbound(settings), parts.clock, at_once=1, bandwidth=bandwidth)
        async with reaching.open():
            return await (await reaching.line(peer)).call("hello", peering.Hello(), Greeting)


async def _fetched(settings: Settings, draft: Draft) -> str:
    if not draft.url.startswith("https://"):
        raise PeerInvalid(
            reason="without TLS nobody knows whose key it is; give it with --key (`entrepot peer key` there)"
        )
    url = f"{draft.url}{peering.PREFIX}{peering.KEY_PAGE}"
    try:
        answer = await _outbound(settings).send("GET", url, most_bytes=4096)
        return msgspec.json.decode(answer.body, type=peering.KeyPage).key
    except OutboundFault as fault:
        raise PeerUnavailable(name=draft.name, reason=str(fault)) from None
    except msgspec.MsgspecError:
        reason = "it shows no key; `entrepot peer key` there makes one"
        raise PeerUnavailable(name=draft.name, reason=reason) from None


def _outbound(settings: Settings) -> Outbound:
    """For calls that carry megabytes."""
    return Outbound(parts.destinations(settings), settings.outbound_ca, total_seconds=_CALL_SECONDS)
