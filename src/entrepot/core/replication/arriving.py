"""One manifest at its destination: the repository is made where it is missing, blobs are linked, the image is put with
its tag, by the destination's own rules (ECR user guide, "Private image replication").

Source and destination are in one deployment and have one store, so nothing but rows moves. Whoever does this acts as a
session of the source account's service-linked role: the destination's registry policy decides.
"""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from entrepot.core import image_copies, images, lookup, templates
from entrepot.core.access import Caller
from entrepot.core.changes import Change
from entrepot.core.encryption import data_keys, faults
from entrepot.core.following import ROLE, note_settings
from entrepot.core.images import OCI_RULES
from entrepot.core.principals import role_principal
from entrepot.core.quotas.bytes import require_link_room
from entrepot.core.replication.outcomes import COMPLETE, GONE, Outcome, of_fact
from entrepot.core.repositories import tag_is_immutable
from entrepot.core.rights import Rights, rights_of
from entrepot.db import blobs, entities, replication_options, repositories, tags
from entrepot.db import images as rows
from entrepot.db.database import Reader, Transaction
from entrepot.db.records import Repository
from entrepot.db.replication_records import Destination, settings_of
from entrepot.errors import CopyTooLarge, TagImmutable
from entrepot.policy.compiled import Policy
from entrepot.policy.evaluation import Policies
from entrepot.seal.sessions import Session
from entrepot.spec.digest import Digest
from entrepot.spec.manifest import Manifest
from entrepot.spec.reference import Tag
from entrepot.spec.repository import RepositoryKey

EVENT: Final = "ECR Replication Action"
_SESSION: Final = "ECRReplication"
_ROLE_NAME: Final = ROLE.rpartition("/")[2]


class Way(NamedTuple):
    """From which repository to which destination; `request_id` is a UUID, the same however often it is tried."""

    source: RepositoryKey
    destination: Destination
    request_id: str

    @property
    def target(self) -> RepositoryKey:
        """The repository there: names stay as they are."""
        return RepositoryKey(self.destination.registry, self.source.name)


def caller(reader: Reader, way: Way, at: datetime, manifest: str = "", also: tuple[Policy, ...] = ()) -> Caller:
    """Replication, as the source account's service-linked role; without that it may do nothing. What it does to
    different manifests on one way is told apart by their digests; `also` are policies that it has beside the role's.
    """
    account = way.source.registry.account
    found = entities.find(reader, account, "role", _ROLE_NAME)
    session = session_of(account, "" if found is None else found.id, at)
    principal = role_principal(account, ROLE, 0, session)
    if found is None:
        rights = Rights(principal.subject(), Policies())
    else:
        rights = rights_of(reader, principal.subject(), found.id, session, also)
    request_id = str(uuid.uuid5(uuid.UUID(way.request_id), manifest)) if manifest else way.request_id
    return Caller(principal, rights, way.destination.region, "", "", request_id, secure=True, door="worker", at=at)


def session_of(account: str, role_id: str, at: datetime) -> Session:
    """The session of an account's service-linked role, as which replication acts."""
    return Session(
        kind="role", account=account, owner_id=role_id, key_id="", issued_at=at, expires_at=at, name=_SESSION
    )


def missing(tx: Transaction, way: Way, digest: str) -> Sequence[str]:
    """The manifests to bring, in this order, the image itself last; without those that are there. None of
    them where the source has not got it any more.
    """
    order, target = needed(tx, way.source, digest), repositories.find(tx, way.target)
    there = set() if target is None else {each for each in order[:-1] if rows.known(tx, target.id, each)}
    return [each for each in order if each not in there]


def needed(tx: Transaction, key: RepositoryKey, digest: str) -> Sequence[Digest]:
    """The manifests that come with an image, in their order, the image itself last; none where it is gone."""
    source = repositories.find(tx, key)
    found = None if source is None else rows.find(tx, source.id, digest)
    if source is None or found is None:
        return ()
    try:
        return image_copies.ordered(tx, source, found, referrers=True, most=image_copies.MOST)
    except CopyTooLarge:  # what refers to it comes by itself
        return image_copies.ordered(tx, source, found, referrers=False, most=image_copies.MOST)


def is_ready(tx: Transaction, way: Way) -> bool:
    """Whether the destination has the repository, and can hold the source's blobs as they are."""
    source, target = repositories.find(tx, way.source), repositories.find(tx, way.target)
    return source is None or (target is not None and source.encryption_key == target.encryption_key)


def prepare(tx: Transaction, way: Way, digest: str, at: datetime) -> None:
    """Make the repository if it is missing, before bytes go there: AccessDenied, TemplateRoleUnusable."""
    require_ends(tx, caller(tx, way, at, "prepare"), way, digest)


def bring(tx: Transaction, way: Way, manifest: Manifest, digest: Digest, at: datetime) -> None:
    """Put one manifest that the image needs, with no tag but one that says what it is about: AccessDenied, and what a
    push may raise.
    """
    actor = caller(tx, way, at, digest)
    ends = require_ends(tx, actor, way, digest)
    if ends is not None:
        tag = image_copies.subject_tag(tx, way.source, way.target, digest)
        _put(Change(tx, actor, ends.target), ends.source, manifest, digest, tag)


def arrive(tx: Transaction, way: Way, manifest: Manifest, digest: Digest, tag: str, at: datetime) -> Outcome:
    """Put the image itself, with the tag where the source has it there. AccessDenied, and what a push may raise, with
    nothing changed.

    Where the destination keeps the tag elsewhere, the image comes without it: that counts, and is told, as failed.
    """
    actor = caller(tx, way, at)
    ends = require_ends(tx, actor, way, digest)
    if ends is None:
        return GONE
    pointed = Tag(tag) if tag and tags.find(tx, ends.source.id, tag) == digest else None
    change = Change(tx, actor, ends.target)
    kept = pointed is not None and is_kept(tx, ends.target, pointed, digest)
    result = of_fact(TagImmutable(tag=tag, name=way.target.name)) if kept else COMPLETE
    change.event(EVENT, detail(way, digest, tag, "FAILED" if kept else "SUCCESS"), [way.target.arn])
    _put(change, ends.source, manifest, digest, None if kept else pointed)
    return result


class Ends(NamedTuple):
    """Both repositories, locked."""

    source: Repository
    target: Repository


def require_ends(tx: Transaction, actor: Caller, way: Way, digest: str) -> Ends | None:
    """Both repositories, the one at the destination made now if it is missing: AccessDenied, TemplateRoleUnusable,
    RepositoryKeyUnusable; None where the source has not got the image any more.
    """
    source, target = lock_ends(tx, way)
    if source is None or not rows.known(tx, source.id, digest):
        return None
    lookup.allow(tx, actor, way.target, "ReplicateImage")
    if target is None:
        templates.create_for(tx, actor, way.target, "REPLICATION")
        _have_settings_follow(tx, way, source, actor.at)
        target = repositories.lock(tx, way.target)
    ends = Ends(source, lookup.present(target, way.target))
    data_keys.require_usable(tx, ends.target, actor.at)
    return ends


def _have_settings_follow(tx: Transaction, way: Way, source: Repository, at: datetime) -> None:
    """Settings come to a repository that was just made, where they are to."""
    if settings_of(replication_options.find(tx, way.source.registry), way.destination, way.source.name):
        note_settings(tx, source, way.destination, source.revision, at)


def lock_ends(tx: Transaction, way: Way) -> tuple[Repository | None, Repository | None]:
    """Those of both repositories that there are, locked in the order of all locks: by id."""
    found = [repositories.find(tx, key) for key in (way.source, way.target)]
    locked = {each.id: repositories.lock_live(tx, each.id) for each in sorted(filter(None, found), key=_id)}
    source, target = (None if each is None else locked[each.id] for each in found)
    return source, target


def detail(way: Way, digest: str, tag: str, result: str) -> Mapping[str, object]:
    """The detail of the event that tells of an image at its destination."""
    return {
        "result": result,
        "repository-name": way.source.name,
        "image-digest": digest,
        "source-account": way.source.registry.account,
        "action-type": "REPLICATE",
        "source-region": way.source.registry.region,
        "image-tag": tag,
    }


def _id(repository: Repository) -> str:
    return repository.id


def is_kept(tx: Transaction, target: Repository, tag: Tag, digest: str) -> bool:
    """Whether the tag is elsewhere at the destination, and immutable there."""
    return tags.find(tx, target.id, tag) not in (None, digest) and tag_is_immutable(target, tag)


def _put(change: Change, source: Repository, manifest: Manifest, digest: Digest, tag: Tag | None) -> None:
    tx = change.tx
    for each in sorted({descriptor.digest for descriptor in manifest.required_blobs}):
        held, there = blobs.share_link(tx, source.id, each), blobs.find_link(tx, change.repository.id, each)
        if held is None or held.blob.state != "live" or held.blob.key != change.repository.encryption_key:
            continue
        if there is None or there.blob.state != "live":
            if held.blob.key != change.repository.encryption_key:
                raise faults.other_key(change.repository.key, change.repository.encryption_key, source.key.name)
            if there is None:
                require_link_room(tx, change.repository.key, held.blob.size)
            blobs.link(tx, change.repository.id, each, held.blob.id, change.caller.at)
    images.accept(change, digest, manifest, tag, OCI_RULES, "ReplicateImage")
