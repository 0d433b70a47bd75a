"""Every image of a repository in what lifecycle policies ask of it, and where which of them are in use."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import bindparam, select

from entrepot.db.database import Reader, Row
from entrepot.db.inspector_schema import image_in_use
from entrepot.db.schema import manifest, manifest_reference, tag
from entrepot.spec.moments import micros

_COLUMNS = (
    manifest.c.digest,
    manifest.c.kind,
    manifest.c.subject,
    manifest.c.pushed_at,
    manifest.c.last_pulled_at,
    manifest.c.status,
    manifest.c.archived_at,
    manifest.c.activating_since,
    manifest.c.activated_at,
)
_IMAGES = select(*_COLUMNS).where(manifest.c.repository_id == bindparam("of")).order_by(manifest.c.digest)
_IMAGE = select(*_COLUMNS).where(manifest.c.repository_id == bindparam("of"), manifest.c.digest == bindparam("image"))
_TAGS = (
    select(tag.c.digest, tag.c.name).where(tag.c.repository_id == bindparam("of")).order_by(tag.c.digest, tag.c.name)
)
_CHILDREN = (
    select(manifest_reference.c.manifest_digest, manifest_reference.c.digest)
    .where(manifest_reference.c.repository_id == bindparam("of"), manifest_reference.c.kind == "child")
    .order_by(manifest_reference.c.manifest_digest, manifest_reference.c.digest)
)
_IN_USE = (
    select(image_in_use.c.digest, image_in_use.c.cluster)
    .where(
        image_in_use.c.repository_id == bindparam("of"),
        image_in_use.c.count > 0,
        image_in_use.c.last_in_use_at > bindparam("since"),
    )
    .order_by(image_in_use.c.digest, image_in_use.c.cluster)
)


def images(tx: Reader, repository_id: str) -> Sequence[Row]:
    """(digest, kind, subject, status, and when it was pushed, pulled, archived and restored), by digest."""
    return tx.all(_IMAGES, of=repository_id)


def image(tx: Reader, repository_id: str, digest: str) -> Row | None:
    """The same of one image."""
    return tx.one(_IMAGE, of=repository_id, image=digest)


def tags(tx: Reader, repository_id: str) -> Mapping[str, tuple[str, ...]]:
    """The tags of each image that has some, in order."""
    return _gathered([(row.digest, row.name) for row in tx.all(_TAGS, of=repository_id)])


def children(tx: Reader, repository_id: str) -> Mapping[str, tuple[str, ...]]:
    """What each index names."""
    return _gathered([(row.manifest_digest, row.digest) for row in tx.all(_CHILDREN, of=repository_id)])


def in_use(tx: Reader, repository_id: str, since: datetime) -> Mapping[str, tuple[str, ...]]:
    """In which clusters images run, by what was reported since."""
    return _gathered([(row.digest, row.cluster) for row in tx.all(_IN_USE, of=repository_id, since=micros(since))])


def _gathered(pairs: Sequence[tuple[str, str]]) -> Mapping[str, tuple[str, ...]]:
    """Pairs in the order of their first members, put together by these."""
    found: dict[str, list[str]] = {}
    for first, second in pairs:
        found.setdefault(first, []).append(second)
    return {first: tuple(seconds) for first, seconds in found.items()}
