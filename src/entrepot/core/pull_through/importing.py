"""Images of an upstream as rows: noted when their manifest is here, made images of the repository when their blobs are
too. Each is one transaction; bytes move in core/pull_through/importer.py.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from entrepot.core import access, images, lookup, resources, templates
from entrepot.core.access import Caller
from entrepot.core.changes import Change, new_stamp
from entrepot.core.images import DoorRules
from entrepot.core.lookup import present
from entrepot.core.pull_through.routing import Route
from entrepot.db import blobs as blob_rows
from entrepot.db import images as image_rows
from entrepot.db import outbox
from entrepot.db import pull_through_cache as rows
from entrepot.db import repositories as repository_rows
from entrepot.db import tags as tag_rows
from entrepot.db.database import Transaction
from entrepot.db.pull_through_cache import Arriving
from entrepot.db.records import Repository
from entrepot.errors import AccessDenied, ImageNotFound, RepositoryNotFound, TagImmutable, TagsTooMany
from entrepot.spec.digest import Digest
from entrepot.spec.event_ids import event_id
from entrepot.spec.manifest import Descriptor, Manifest
from entrepot.spec.moments import micros
from entrepot.spec.reference import Reference, Tag
from entrepot.spec.repository import RepositoryKey

EVENT = "ECR Pull Through Cache Action"
CACHE_RULES = DoorRules(repeat_is_success=True, children_required=False)
_ARRIVES_WITHIN = timedelta(hours=1)
_OPERATION = "BatchImportUpstreamImage"


class Came(NamedTuple):
    """What became of a manifest: the repository, and whether its blobs are still to come."""

    repository: Repository
    digest: Digest
    arriving: bool


class Failure(NamedTuple):
    """What was not imported, and why."""

    reference: Reference
    code: str
    reason: str


def require(tx: Transaction, caller: Caller, key: RepositoryKey) -> None:
    """Whether the caller may have something imported, before the upstream is asked.

    ECR tells who may not create the repository that there is none, and who may not import that there is no image:
    RepositoryNotFound, ImageNotFound.
    """
    found = repository_rows.find(tx, key)
    if found is None:
        try:
            templates.allow_for(tx, caller, key, "PULL_THROUGH_CACHE")
        except AccessDenied:
            raise RepositoryNotFound(name=key.name, account=key.registry.account) from None
    if not may_import(tx, caller, key):
        raise ImageNotFound(digest="null", tag="null", name=key.name, account=key.registry.account)


def may_import(tx: Transaction, caller: Caller, key: RepositoryKey) -> bool:
    """Whether the caller may have images imported into a repository."""
    try:
        lookup.allow(tx, caller, key, _OPERATION)
    except AccessDenied:
        return False
    return True


def note(
    tx: Transaction, caller: Caller, service: Caller, route: Route, key: RepositoryKey, asked: Reference, new: Manifest
) -> Came:
    """Keep a manifest that the upstream has under this name: as an image, where the repository holds what it needs
    (an index needs nothing), else as one that is arriving.

    The repository is made where there is none, by the caller; all else is done by the service.
    """
    if repository_rows.find(tx, key) is None:
        templates.create_for(tx, caller, key, "PULL_THROUGH_CACHE")
    repository = present(repository_rows.lock(tx, key), key)
    rows.mark(tx, repository.id, caller.at)
    digest = asked if isinstance(asked, Digest) else new.digest
    before = rows.arriving(tx, repository.id, digest)
    tags = tuple(dict.fromkeys((*(before.tags if before else ()), *((asked,) if isinstance(asked, Tag) else ()))))
    if isinstance(asked, Tag):
        rows.checked(tx, repository.id, asked, caller.at)
    if not _missing(tx, repository, new):
        kept = _keep(tx, service, route, repository, digest, new, tags)
        return Came(kept, digest, arriving=False)
    arriving = Arriving(digest, tags, new.media_type, new.payload, caller.at)
    needed = [(each.digest, each.size) for each in new.required_blobs]
    rows.put_arriving(tx, repository.id, arriving, needed, caller.at + _ARRIVES_WITHIN)
    return Came(_bumped(tx, repository), digest, arriving=True)


def complete(tx: Transaction, service: Caller, route: Route, key: RepositoryKey, digest: Digest) -> Sequence[Digest]:
    """Make an image of one that was arriving; the blobs that the repository does not hold, which it waits for."""
    repository = present(repository_rows.lock(tx, key), key)
    arriving = rows.arriving(tx, repository.id, digest)
    if arriving is None:
        return ()
    manifest = Manifest.parse(arriving.body, arriving.media_type)
    missing = _missing(tx, repository, manifest)
    if not missing:
        _keep(tx, service, route, repository, digest, manifest, arriving.tags)
    return missing


def give_up(tx: Transaction, key: RepositoryKey, digest: Digest) -> None:
    """An image does not arrive; its tags are looked for again when they are next asked for."""
    repository = repository_rows.lock(tx, key)
    if repository is not None:
        arriving = rows.arriving(tx, repository.id, digest)
        for name in () if arriving is None else arriving.tags:
            rows.outdate(tx, repository.id, name)
        rows.remove_arriving(tx, repository.id, digest)
        _bumped(tx, repository)


def expire(tx: Transaction, repository_id: str, digest: str) -> None:
    """The same of one that nobody brings any more."""
    rows.remove_arriving(tx, repository_id, digest)


def unchanged(tx: Transaction, key: RepositoryKey, tag: Tag, at: datetime) -> None:
    """A tag was looked for upstream, and stays."""
    repository = repository_rows.lock(tx, key)
    if repository is not None:
        rows.checked(tx, repository.id, tag, at)
        _bumped(tx, repository)


def keep_referrers(tx: Transaction, key: RepositoryKey, subject: Digest, body: str, at: datetime) -> None:
    """Keep what an upstream lists, of a repository that is there."""
    repository = repository_rows.share(tx, key)
    if repository is not None:
        rows.put_referrers(tx, repository.id, subject, body, at)


def refresh(tx: Transaction, caller: Caller, key: RepositoryKey, tag: Tag | None, most: int) -> Sequence[Tag]:
    """Have tags that came from the upstream looked for again, whatever their age: those to be looked for at once, the
    others when they are next asked for. RepositoryNotFound, ImageNotFound for a tag that did not.
    """
    found = lookup.find(tx, key, locked=True)
    access.require(caller, "RefreshCachedImages", resources.own(lookup.resource(tx, key, found)))
    repository = lookup.present(found, key)
    if tag is not None and rows.checked_at(tx, repository.id, tag) is None:
        raise ImageNotFound(digest="null", tag=tag, name=key.name, account=key.registry.account)
    names = [tag] if tag is not None else [Tag(each) for each in rows.cached_tags(tx, repository.id, most)]
    rows.outdate(tx, repository.id, tag)
    told = {"repositoryName": key.name} | ({"imageTag": tag} if tag is not None else {})
    Change(tx, caller, repository).finish("RefreshCachedImages", told, service=resources.OWN)
    return names


def failed(tx: Transaction, service: Caller, route: Route, key: RepositoryKey, failure: Failure) -> None:
    """Tell that an import failed; the repository need not exist."""
    asked = failure.reference
    tag, digest = (asked, None) if isinstance(asked, Tag) else ("", Digest(asked))
    detail = _detail(route, key, tag, digest) | {
        "sync-status": "FAILED",
        "failure-code": failure.code,
        "failure-reason": failure.reason,
    }
    told = {"source": "aws.ecr", "resources": [key.arn], "detail": detail}
    outbox.add(
        tx,
        id=event_id(micros(service.at), service.request_id, f"{key.arn}/{EVENT}"),
        kind="event",
        account=key.registry.account,
        region=key.registry.region,
        repository_id="",
        revision=0,
        ordinal=0,
        name=EVENT,
        body=msgspec.json.encode(told, enc_hook=str).decode(),
        at=service.at,
    )


def _keep(
    tx: Transaction,
    service: Caller,
    route: Route,
    repository: Repository,
    digest: Digest,
    manifest: Manifest,
    tags: Sequence[str],
) -> Repository:
    """The image, under the tags that may move; each is told."""
    key = repository.key
    known = image_rows.find(tx, repository.id, digest) is not None
    moved: list[str] = []
    for name in tags:
        if tag_rows.find(tx, repository.id, name) == digest:
            continue
        try:
            images.put(tx, _apart(service, name), key, digest, manifest, CACHE_RULES, Tag(name))
        except (TagImmutable, TagsTooMany):
            continue
        moved.append(name)
    if not known and not moved:
        images.put(tx, service, key, digest, manifest, CACHE_RULES)
    rows.remove_arriving(tx, repository.id, digest)
    change = Change(tx, service, present(repository_rows.lock(tx, key), key))
    if moved or not known:
        for name in moved or [""]:
            change.event(EVENT, _detail(route, key, name, digest) | {"sync-status": "SUCCESS"}, [key.arn])
        ids = [{"imageTag": name} for name in moved] or [{"imageDigest": digest}]
        change.finish(_OPERATION, {"registryId": key.registry.account, "repositoryName": key.name, "imageIds": ids})
        return present(repository_rows.lock(tx, key), key)
    return _bumped(tx, change.repository)


def _apart(service: Caller, name: str) -> Caller:
    """A request of its own for each tag, whose records have ids of their own; the same when the unit is run again."""
    return msgspec.structs.replace(service, request_id=str(uuid.uuid5(uuid.UUID(service.request_id), name)))


def _missing(tx: Transaction, repository: Repository, manifest: Manifest) -> Sequence[Digest]:
    needed = {descriptor.digest: descriptor for descriptor in manifest.required_blobs}
    return [digest for digest, each in sorted(needed.items()) if not _holds(tx, repository, each)]


def _holds(tx: Transaction, repository: Repository, needed: Descriptor) -> bool:
    link = blob_rows.find_link(tx, repository.id, needed.digest)
    return link is not None and link.blob.state == "live"


def _detail(route: Route, key: RepositoryKey, tag: str, digest: Digest | None) -> dict[str, object]:
    detail: dict[str, object] = {
        "rule-version": "1",
        "ecr-repository-prefix": route.rule.prefix,
        "repository-name": key.name,
        "upstream-registry-url": route.rule.upstream_url,
    }
    return detail | ({"image-tag": tag} if tag else {}) | ({"image-digest": digest} if digest else {})


def _bumped(tx: Transaction, repository: Repository) -> Repository:
    """What caches know of the repository is looked at again."""
    repository_rows.bump(tx, repository.id, repository.revision + 1, new_stamp())
    return present(repository_rows.lock(tx, repository.key), repository.key)
