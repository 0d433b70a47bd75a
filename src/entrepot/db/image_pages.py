"""Rows of `manifest` page by page, in order of digest, each page from an index that begins where it does.

A filter chooses ranges of an index that hold nothing else, each in order: what a page costs does not grow with what the
filter leaves out. Where there are several (images of any status, referrers of several types) their beginnings are
merged.
"""

from collections.abc import Mapping, Sequence
from itertools import product
from operator import itemgetter
from typing import Final

from sqlalchemy import bindparam, func, literal_column, select

from entrepot.db.database import Row, Transaction
from entrepot.db.image_schema import manifest, tag

STATUSES: Final = ("ACTIVE", "ARCHIVED", "ACTIVATING")
SEPARATOR: Final = ","  # no tag has one
_OF = manifest.c.repository_id == bindparam("of")
_OF_MANIFEST = (tag.c.repository_id == manifest.c.repository_id) & (tag.c.digest == manifest.c.digest)
_TAGS = (
    select(func.string_agg(tag.c.name, literal_column(f"'{SEPARATOR}'")))
    .where(_OF_MANIFEST)
    .correlate(manifest)
    .scalar_subquery()
    .label("tags")
)
_SHOWN = (
    manifest.c.digest,
    manifest.c.media_type,
    manifest.c.kind,
    manifest.c.artifact_type,
    manifest.c.subject,
    manifest.c.image_size,
    manifest.c.pushed_at,
    manifest.c.last_pulled_at,
    manifest.c.status,
    manifest.c.archived_at,
    manifest.c.activated_at,
    _TAGS,
)
_HAS_STATUS = manifest.c.status == bindparam("status")
_ONE = select(*_SHOWN).where(_OF, manifest.c.digest == bindparam("digest"))
_FOLLOWS = manifest.c.digest > bindparam("after")


_RANGE = (_OF, manifest.c.is_tagged == bindparam("is_tagged"), _HAS_STATUS)
PAGE: Final = select(*_SHOWN).where(*_RANGE, _FOLLOWS).order_by(manifest.c.digest).limit(bindparam("limit"))
IDS_PAGE: Final = (
    select(manifest.c.digest, _TAGS)
    .where(*_RANGE, manifest.c.digest >= bindparam("after"))
    .order_by(manifest.c.digest)
    .limit(bindparam("limit"))
)
_DESCRIPTOR = (
    manifest.c.digest,
    manifest.c.media_type,
    manifest.c.artifact_type,
    manifest.c.annotations,
    manifest.c.status,
    func.length(manifest.c.body).label("size"),
)
_REFERS = (
    select(*_DESCRIPTOR)
    .where(_OF, manifest.c.subject == bindparam("subject"), _HAS_STATUS, _FOLLOWS)
    .order_by(manifest.c.digest)
    .limit(bindparam("limit"))
)
# by whether an artifact type is asked for
REFERRERS: Final = {False: _REFERS, True: _REFERS.where(manifest.c.artifact_type == bindparam("artifact_type"))}
_IS_TAGGED: Final = {"TAGGED": (1,), "UNTAGGED": (0,), "ANY": (1, 0)}


def page(tx: Transaction, repository_id: str, tags: str, status: str, after: str, limit: int) -> Sequence[Row]:
    """(digest, media_type, kind, artifact_type, subject, image_size, pushed_at, last_pulled_at, status, archived_at,
    activated_at, tags) of images above `after`, in this order, by which doors unpack them, moments in microseconds;
    `tags` is TAGGED, UNTAGGED or ANY, `status` one or ANY.
    """
    asked = {"of": repository_id, "after": after, "limit": limit}
    return _first([row for ranged in _ranges(tags, status) for row in tx.all(PAGE, **asked, **ranged)], limit)


def find(tx: Transaction, repository_id: str, digest: str) -> Row | None:
    """The same of one image."""
    return tx.one(_ONE, of=repository_id, digest=digest)


def tags_of(found: str | None) -> tuple[str, ...]:
    """The `tags` of a row that these give, in order."""
    if found is None:
        return ()
    return tuple(sorted(found.split(SEPARATOR))) if SEPARATOR in found else (found,)


def ids_page(
    tx: Transaction, repository_id: str, tags: str, status: str, after: tuple[str, str], limit: int
) -> Sequence[tuple[str, str | None]]:
    """(digest, name of a tag) above the given one, filtered as in `page`; an untagged image stands once, with None."""
    asked = {"of": repository_id, "after": after[0], "limit": limit + 1}  # of the first all may have been told
    found = [row for ranged in _ranges(tags, status) for row in tx.all(IDS_PAGE, **asked, **ranged)]
    told: list[tuple[str, str | None]] = []
    for digest, tagged in _first(found, limit + 1):
        if digest == after[0]:
            told += [(digest, name) for name in tags_of(tagged) if name > after[1]]
        elif tagged is None or SEPARATOR not in tagged:
            told.append((digest, tagged))
        else:
            told += [(digest, name) for name in tags_of(tagged)]
        if len(told) >= limit:
            break
    return told[:limit]


def referrers(
    tx: Transaction, repository_id: str, subject: str, types: Sequence[str], status: str, after: str, limit: int
) -> Sequence[Row]:
    """(digest, media_type, artifact_type, annotations as JSON, status, size) of manifests with this subject, of these
    artifact types, or of any where none is given; `status` is one or ANY.
    """
    statuses = STATUSES if status == "ANY" else (status,)
    ranges: Sequence[Mapping[str, object]] = (
        [{"status": each, "artifact_type": kind} for each, kind in product(statuses, dict.fromkeys(types))]
        if types
        else [{"status": each} for each in statuses]
    )
    asked = {"of": repository_id, "subject": subject, "after": after, "limit": limit}
    return _first([row for ranged in ranges for row in tx.all(REFERRERS[bool(types)], **asked, **ranged)], limit)


def _ranges(tags: str, status: str) -> Sequence[Mapping[str, object]]:
    """What is asked for, once for each range of the index that holds it."""
    statuses = STATUSES if status == "ANY" else (status,)
    return [{"is_tagged": tagged, "status": each} for tagged, each in product(_IS_TAGGED[tags], statuses)]


def _first(found: Sequence[Row], limit: int) -> Sequence[Row]:
    """The first of several ranges, each of which is in order: by digest, then by what comes next to it."""
    return found if len(found) <= 1 else sorted(found, key=itemgetter(0))[:limit]
