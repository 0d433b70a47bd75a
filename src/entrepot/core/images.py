"""Images: a manifest in a repository, put and read and listed, whichever door asks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from entrepot.core import access, image_events, lookup, storage_classes
from entrepot.core.access import Caller
from entrepot.core.changes import Change
from entrepot.core.encryption import data_keys
from entrepot.core.page import Page
from entrepot.core.quotas import catalogue, limits
from entrepot.core.repositories import tag_is_immutable
from entrepot.core.scanning import admission_signatures, enhanced_results, requests, vex_trust
from entrepot.core.scanning.enhanced_results import Standing
from entrepot.core.signing import pushes
from entrepot.db import blobs, image_pages, images, tags
from entrepot.db.database import Row, Transaction
from entrepot.db.records import ImageStatus, Repository, StoredManifest
from entrepot.errors import (
    BlobsNotFound,
    ChildrenNotFound,
    ImageAlreadyExists,
    ImageDigestMismatch,
    ImageNotFound,
    TagImmutable,
    TagsTooMany,
)
from entrepot.spec.digest import Digest
from entrepot.spec.manifest import Manifest
from entrepot.spec.reference import Reference, Tag
from entrepot.spec.repository import RepositoryKey

tags_of = image_pages.tags_of
MOST_TAGS = catalogue.QUOTAS["private"][catalogue.TAGS].most


@dataclass(frozen=True, slots=True)
class DoorRules:
    """All that the doors do differently with a put: one short list.

    `repeat_is_success`: the same digest under the same tag (an immutable one too) succeeds.
    `children_required`: the children of an index must be in the repository.
    """

    repeat_is_success: bool
    children_required: bool


OCI_RULES = DoorRules(repeat_is_success=True, children_required=False)
AWS_RULES = DoorRules(repeat_is_success=False, children_required=True)


@dataclass(frozen=True, slots=True)
class Image:
    """A manifest of a repository, and the tag that it was asked or put by."""

    key: RepositoryKey
    manifest: StoredManifest
    tag: str | None


class Described(NamedTuple):
    """Manifests without their bytes, as rows of db/image_pages.py, of which `tags_of` reads the tags; how the enhanced
    scans of those stand that have one, by digest; the key to continue from, None at the end.
    """

    images: Sequence[Row]
    standings: Mapping[str, Standing]
    after: tuple[str, ...] | None = None


TagStatus = Literal["TAGGED", "UNTAGGED", "ANY"]


class Filter(NamedTuple):
    """Which images are listed: by their tags, by their status."""

    tags: TagStatus = "ANY"
    status: ImageStatus | Literal["ANY"] = "ACTIVE"


LISTED = Filter()


def put(
    tx: Transaction,
    caller: Caller,
    key: RepositoryKey,
    reference: Reference | None,
    manifest: Manifest,
    rules: DoorRules,
    tag: Tag | None = None,
) -> Image:
    """Store a manifest and point the tag at it: all of it or nothing.

    `reference` is the tag, or the digest that the manifest must have (ImageDigestMismatch); with a digest, `tag` may be
    given too. Blobs must be in the repository (BlobsNotFound); condemned links of it are taken back.
    """
    tag = reference if isinstance(reference, Tag) else tag
    digest = reference if isinstance(reference, Digest) else manifest.digest
    repository = _put_into(tx, caller, key, tag or "", digest)
    if isinstance(reference, Digest) and reference != Digest.of(manifest.payload, reference.algorithm):
        raise ImageDigestMismatch(expected=digest, actual=manifest.digest)
    return accept(Change(tx, caller, repository), digest, manifest, tag, rules)


def accept(
    change: Change, digest: Digest, manifest: Manifest, tag: Tag | None, rules: DoorRules, action: str = "PutImage"
) -> Image:
    """`put`, once it is known that the caller may, in the change of the locked repository, which it finishes as
    `action`.
    """
    tx, repository, caller = change.tx, change.repository, change.caller
    key = repository.key
    pointed = tags.find(tx, repository.id, tag) if tag is not None else None
    known = images.find(tx, repository.id, digest)
    repeated = known is not None and known.status == storage_classes.ACTIVE and (tag is None or pointed == digest)
    if repeated and not rules.repeat_is_success:
        raise ImageAlreadyExists(digest=digest, tag=tag or "null", name=key.name, account=key.registry.account)
    if tag is not None and pointed not in (None, digest) and tag_is_immutable(repository, tag):
        raise TagImmutable(tag=tag, name=key.name)
    hold_blobs(tx, repository, manifest)
    if known is None:
        _add(tx, repository, digest, manifest, rules, caller)
        known = images.find(tx, repository.id, digest)
    if known is None:  # cannot be: the row was just written
        raise _not_found(key, digest)
    if tag is not None and pointed != digest:
        point(tx, repository, tag, digest, caller)
    _have_looked_at(change, digest, manifest, tag or "")
    _tell_push(change, known, tag, action, changed=not repeated)
    return Image(key, known, tag)


def _add(
    tx: Transaction, repository: Repository, digest: Digest, manifest: Manifest, rules: DoorRules, caller: Caller
) -> None:
    limits.require_image(tx, repository, digest)
    image_size = _hold_children(tx, repository, manifest, rules)
    images.add(tx, repository.id, digest, manifest, image_size, caller.at)


def find(tx: Transaction, caller: Caller, key: RepositoryKey, reference: Reference) -> Image:
    """The image that a tag or digest names, with its bytes; ImageNotFound."""
    named = (reference, "") if isinstance(reference, Tag) else ("", reference)
    repository = lookup.require_images(tx, caller, key, "BatchGetImage", [named])
    return resolve(tx, repository, reference)


def resolve(tx: Transaction, repository: Repository, reference: Reference) -> Image:
    """`find`, in a repository already looked up."""
    if isinstance(reference, Tag):
        digest = tags.find(tx, repository.id, reference)
        found = None if digest is None else images.find(tx, repository.id, digest)
        tag: str | None = reference
    else:
        found, tag = images.find(tx, repository.id, reference), None
    if found is None:
        raise _not_found(repository.key, reference)
    return Image(repository.key, found, tag)


def list_ids(
    tx: Transaction, caller: Caller, key: RepositoryKey, wanted: Filter, limit: int, after: tuple[str, str]
) -> Page[tuple[str, str | None]]:
    """A page of (digest, tag): one for each tag, and one for each untagged image."""
    repository = lookup.require(tx, caller, key, "ListImages")
    found = image_pages.ids_page(tx, repository.id, wanted.tags, wanted.status, after, limit + 1)
    more = (found[limit - 1][0], found[limit - 1][1] or "") if len(found) > limit else None
    return Page(tuple(found[:limit]), more)


def describe(tx: Transaction, caller: Caller, key: RepositoryKey, wanted: Filter, limit: int, after: str) -> Described:
    """A page of images in order of digest."""
    repository = lookup.require(tx, caller, key, "DescribeImages")
    found = image_pages.page(tx, repository.id, wanted.tags, wanted.status, after, limit + 1)
    shown = found[:limit]
    following = (shown[-1].digest,) if len(found) > limit else None
    return Described(shown, enhanced_results.standings(tx, repository, shown), following)


def describe_these(
    tx: Transaction, caller: Caller, key: RepositoryKey, ids: Sequence[tuple[str | None, str | None]]
) -> Described:
    """The images of these (digest, tag) ids, each once; ImageNotFound when any is missing."""
    named = [(tag or "", digest or "") for digest, tag in ids]
    repository = lookup.require_images(tx, caller, key, "DescribeImages", named)
    found: dict[str, Row] = {}
    for digest, tag in ids:
        pointed = tags.find(tx, repository.id, tag) if tag is not None else digest
        if pointed is None or (digest is not None and digest != pointed):
            raise _image_id_not_found(key, digest, tag)
        row = image_pages.find(tx, repository.id, pointed)
        if row is None:
            raise _image_id_not_found(key, digest, tag)
        found.setdefault(row.digest, row)
    rows = tuple(found.values())
    return Described(rows, enhanced_results.standings(tx, repository, rows))


def _put_into(tx: Transaction, caller: Caller, key: RepositoryKey, tag: str, digest: str) -> Repository:
    """The repository, locked, for a caller who may put this image: RepositoryKeyUnusable."""
    repository = lookup.require_locked(tx, caller, key, "PutImage", access.image_keys(tag, digest))
    data_keys.require_usable(tx, repository, caller.at)
    return repository


def hold_blobs(tx: Transaction, repository: Repository, manifest: Manifest) -> None:
    """Have the repository hold what a manifest needs, condemned or not: BlobsNotFound."""
    missing = []
    for digest in sorted({descriptor.digest for descriptor in manifest.required_blobs}):
        link = blobs.share_link(tx, repository.id, digest)
        if link is None or link.blob.state != "live":
            missing.append(digest)
        elif link.condemned:
            blobs.uncondemn(tx, repository.id, digest)
    if missing:
        raise BlobsNotFound(
            digests=_listed(missing), missing=missing, name=repository.key.name, account=repository.key.registry.account
        )


def _hold_children(tx: Transaction, repository: Repository, manifest: Manifest, rules: DoorRules) -> int:
    """The image size in bytes: of an index the largest of the children that are there."""
    sizes = {
        digest: images.share(tx, repository.id, digest)
        for digest in sorted({descriptor.digest for descriptor in manifest.children})
    }
    missing = [digest for digest, size in sizes.items() if size is None]
    if missing and rules.children_required:
        raise ChildrenNotFound(
            digests=_listed(missing), missing=missing, name=repository.key.name, account=repository.key.registry.account
        )
    return max((size for size in sizes.values() if size is not None), default=manifest.image_size)


def point(tx: Transaction, repository: Repository, tag: Tag, digest: Digest, caller: Caller) -> None:
    """Have a tag point at an image of the locked repository: TagsTooMany."""
    most = limits.limit(tx, repository.key.registry, catalogue.TAGS)
    if len(tags.of_image(tx, repository.id, digest, most)) >= most:
        raise TagsTooMany(tag=tag, name=repository.key.name, account=repository.key.registry.account, limit=most)
    tags.point(tx, repository.id, tag, digest, caller.at)


def _have_looked_at(change: Change, digest: Digest, manifest: Manifest, tag: str) -> None:
    """Have what is pushed scanned, read, verified and signed, as its repository and registry want it."""
    tx, repository, caller = change.tx, change.repository, change.caller
    requests.pushed(tx, repository, digest, manifest.payload, caller.at, caller.request_id)
    vex_trust.pushed(tx, repository, digest, manifest, caller.principal.arn, caller.at)
    vex_trust.signed(tx, repository, manifest, tag, caller.at)
    admission_signatures.pushed(tx, repository, digest, manifest, tag, caller.at)
    pushes.pushed(tx, repository, digest, manifest, caller)


def _tell_push(change: Change, manifest: StoredManifest, tag: str | None, action: str, *, changed: bool) -> None:
    """Events and the record of a put, which restores what it finds in the archive."""
    if changed:
        change.event(*image_events.of_change(change.repository, manifest, tag, "PUSH"))
        storage_classes.revive(change, manifest)
    parameters = {
        "repositoryName": change.repository.key.name,
        "imageDigest": manifest.digest,
        "imageManifestMediaType": manifest.media_type,
    }
    change.finish(action, parameters | ({"imageTag": tag} if tag else {}), bump=changed)


def _listed(digests: Sequence[str]) -> str:
    return f"[{', '.join(digests)}]"


def _not_found(key: RepositoryKey, reference: Reference) -> ImageNotFound:
    if isinstance(reference, Tag):
        return _image_id_not_found(key, None, reference)
    return _image_id_not_found(key, reference, None)


def _image_id_not_found(key: RepositoryKey, digest: str | None, tag: str | None) -> ImageNotFound:
    return ImageNotFound(digest=digest or "null", tag=tag or "null", name=key.name, account=key.registry.account)
