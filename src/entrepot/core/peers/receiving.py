"""One image that a peer brings, or takes away, in transactions of the destination: its policies, templates, quotas,
immutability and keys decide, as for an image of this deployment (core/replication/arriving.py).

What a peer tells of a repository is as old as its look at its own: nothing older is done after something newer. A call
that is repeated, for its answer was lost, is answered as it was and told once.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from entrepot.core import deletion, lookup, templates
from entrepot.core.access import Caller
from entrepot.core.blobs import is_available
from entrepot.core.changes import Change
from entrepot.core.encryption import data_keys
from entrepot.core.images import OCI_RULES, accept
from entrepot.core.quotas.bytes import require_room
from entrepot.core.replication import failing, outcomes
from entrepot.core.replication.arriving import EVENT, Way, detail, is_kept
from entrepot.core.replication.failing import Failed
from entrepot.core.replication.outcomes import Outcome
from entrepot.db import blobs, images, peers, repositories, tags
from entrepot.db.database import Transaction
from entrepot.db.peer_records import Arrival, Peer
from entrepot.db.records import Repository
from entrepot.errors import Fact, TagImmutable
from entrepot.errors.peers import PeerCallStale
from entrepot.spec import peering
from entrepot.spec.digest import Digest
from entrepot.spec.manifest import Manifest
from entrepot.spec.peering import WINDOW, BlobNamed, Done, Lacking, PutImage, Remove
from entrepot.spec.reference import Tag

_ACTION: Final = "ReplicateImage"


def prepare(
    tx: Transaction,
    actor: Caller,
    peer: Peer,
    way: Way,
    store: str,
    manifests: Sequence[str],
    named: Sequence[BlobNamed],
) -> tuple[Repository, Lacking]:
    """The repository, made now if it is missing, and what it lacks: AccessDenied, TemplateRoleUnusable,
    RepositoryKeyUnusable. What this peer has brought before is lent to it: BytesTooMany.
    """
    target = _target(tx, actor, way)
    data_keys.require_usable(tx, target, actor.at)
    lacking = [each for each in named if not _is_held(tx, actor, peer, target, store, Digest.parse(each.digest))]
    absent = tuple(each for each in manifests if not images.known(tx, target.id, each))
    return target, Lacking(absent, tuple(lacking))


def require(tx: Transaction, actor: Caller, way: Way) -> Repository:
    """The repository, for bytes that are to go there: AccessDenied, RepositoryNotFound."""
    return lookup.require(tx, actor, way.target, _ACTION)


def brought(tx: Transaction, peer: Peer, way: Way, digest: Digest) -> None:
    """A peer has shown that it has these bytes, acting for this account."""
    if peers.find(tx, peer.name) is not None:
        peers.brought(tx, peer.name, way.source.registry.account, digest)


def put(
    tx: Transaction, actor: Caller, peer: Peer, way: Way, looked_at: int, told: PutImage, manifest: Manifest
) -> Done:
    """Put a manifest, the last one of an image with its tag: AccessDenied, PeerCallStale, and what a push may raise.

    Where the tag is elsewhere and immutable, the image comes without it: that counts, and is told, as failed.
    """
    target, digest = _target(tx, actor, way), Digest(told.digest)
    if not told.is_last:
        _require_latest(tx, peer, target, looked_at)
        accept(Change(tx, actor, target), digest, manifest, None, OCI_RULES, _ACTION)
        return Done("COMPLETE")
    known = _answered(tx, peer, target, way, looked_at)
    if known is not None:
        return known
    tag = Tag(told.tag) if told.tag else None
    change, kept = Change(tx, actor, target), tag is not None and is_kept(tx, target, tag, digest)
    outcome = outcomes.of_fact(TagImmutable(tag=told.tag, name=target.key.name)) if kept else outcomes.COMPLETE
    change.event(EVENT, detail(way, digest, told.tag, "FAILED" if kept else "SUCCESS"), [way.target.arn])
    accept(change, digest, manifest, None if kept else tag, OCI_RULES, _ACTION)
    return _answer(tx, peer, target, way, looked_at, outcome)


def remove(tx: Transaction, actor: Caller, peer: Peer, way: Way, looked_at: int, told: Remove) -> Done:
    """Have the repository be without what the peer is without (core/replication/leaving.py): AccessDenied,
    RepositoryProtected, ImageReferenced, PeerCallStale.
    """
    lookup.allow(tx, actor, way.target, _ACTION)
    target = repositories.lock(tx, way.target)
    if target is None:
        return Done("GONE")
    known = _answered(tx, peer, target, way, looked_at)
    if known is not None:
        return known
    pointed = tags.find(tx, target.id, told.tag) if told.tag and not told.has_tag else None
    if pointed not in (None, told.digest, told.pointed):
        return Done("GONE", pointed=pointed or "")
    change = Change(tx, actor, target)
    if told.is_deleted and images.known(tx, target.id, told.digest):
        deletion.remove_image(tx, change, Digest(told.digest))
    if pointed is not None and tags.find(tx, target.id, told.tag) == pointed:
        deletion.untag(tx, change, told.tag)
    if not change.events:
        return Done("GONE")
    change.event(EVENT, {**detail(way, told.digest, told.tag, "SUCCESS"), "action-type": "DELETE"}, [way.target.arn])
    named = {"imageTag": told.tag} if pointed is not None and not told.is_deleted else {"imageDigest": told.digest}
    change.finish("BatchDeleteImage", {"repositoryName": way.target.name, "imageIds": [named]})
    return _answer(tx, peer, target, way, looked_at, outcomes.COMPLETE)


def tell_refused(tx: Transaction, actor: Caller, peer: Peer, way: Way, failed: Failed, fact: Fact) -> None:
    """Tell the account here of what it refused, unless that was told for another call of the same step."""
    if peers.use_nonce(tx, peer.name, f"told/{way.request_id}", actor.at + 2 * WINDOW):
        failing.tell(tx, way, failed, outcomes.of_fact(fact), actor.at, actor)


def _target(tx: Transaction, actor: Caller, way: Way) -> Repository:
    """The repository, locked, made now if it is missing: AccessDenied, TemplateRoleUnusable."""
    lookup.allow(tx, actor, way.target, _ACTION)
    target = repositories.lock(tx, way.target)
    if target is None:
        templates.create_for(tx, actor, way.target, "REPLICATION")
        target = repositories.lock(tx, way.target)
    return lookup.present(target, way.target)


def _is_held(tx: Transaction, actor: Caller, peer: Peer, target: Repository, store: str, digest: Digest) -> bool:
    """Whether the repository holds a blob, or does so now, for this peer has brought the same bytes elsewhere."""
    if is_available(blobs.find_link(tx, target.id, digest)):
        return True
    if not peers.has_brought(tx, peer.name, actor.principal.account, digest):
        return False
    held = blobs.share_held(tx, store, digest, target.encryption_key)
    if held is None or held.state != "live":
        return False
    require_room(tx, target.key, held.size)
    blobs.link(tx, target.id, digest, held.id, actor.at)
    return True


def _require_latest(tx: Transaction, peer: Peer, target: Repository, looked_at: int) -> Arrival | None:
    last = peers.arrival(tx, peer.name, target.id)
    if last is not None and last.looked_at > looked_at:
        raise PeerCallStale(name=target.key.name)
    return last


def _answered(tx: Transaction, peer: Peer, target: Repository, way: Way, looked_at: int) -> Done | None:
    """What a call was answered that is made again: PeerCallStale where another one came after it."""
    last = peers.arrival(tx, peer.name, target.id)
    if last is not None and last.request_id == way.request_id:
        return msgspec.json.decode(last.result, type=Done)
    _require_latest(tx, peer, target, looked_at)
    return None


def _answer(tx: Transaction, peer: Peer, target: Repository, way: Way, looked_at: int, outcome: Outcome) -> Done:
    done = Done(outcome.status, outcome.code, outcome.reason)
    result = peering.encoded(done).decode()
    peers.put_arrival(tx, peer.name, target.id, Arrival(looked_at, way.request_id, result))
    return done
