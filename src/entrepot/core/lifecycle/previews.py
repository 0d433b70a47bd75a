"""Previews: what a policy would do to a repository, asked for, and read once the job `lifecycle` has found it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from entrepot.core import access, lookup
from entrepot.core.access import Caller
from entrepot.core.changes import Change
from entrepot.core.lifecycle import policies
from entrepot.core.quotas import catalogue, limits
from entrepot.core.resources import Resource
from entrepot.db import lifecycle_policies, repositories, tags
from entrepot.db import lifecycle_previews as rows
from entrepot.db.database import Transaction
from entrepot.db.lifecycle_records import Preview, PreviewImage
from entrepot.db.records import Repository
from entrepot.errors import LifecyclePreviewInProgress, LifecyclePreviewNotFound, PageTokenInvalid
from entrepot.pattern.lifecycle.reading import parse
from entrepot.spec.repository import RepositoryKey

__all__ = ["Preview", "PreviewImage", "Shown", "of_images", "page", "spared", "start"]

IN_PROGRESS, COMPLETE, FAILED = "IN_PROGRESS", "COMPLETE", "FAILED"
_SERVICE = "entrepot"  # what AWS has no operation for (docs/decisions/0023)
Which = Literal["TAGGED", "UNTAGGED", "ANY", "SPARED"]


@dataclass(frozen=True, slots=True)
class Shown:
    """A preview, and a page of its images; `after` is where the next one begins, None at the end."""

    preview: Preview
    images: Sequence[PreviewImage]
    after: tuple[str, str] | None


def start(tx: Transaction, caller: Caller, key: RepositoryKey, text: str | None) -> str:
    """Ask what this policy would do, or the repository's own; its text as ECR prints it.

    LifecyclePolicyInvalid, LifecyclePolicyNotFound, LifecyclePreviewInProgress.
    """
    repository = lookup.require_locked(tx, caller, key, "StartLifecyclePolicyPreview")
    if text is None:
        own = policies.require(tx, repository)
        shown, extended = own.text, own.extended
    else:
        extended = lifecycle_policies.settings(tx, key.registry).extended
        shown = parse(text, extended=extended, most=limits.limit(tx, key.registry, catalogue.RULES)).text
    before = rows.find(tx, repository.id)
    if before is not None and before.status == IN_PROGRESS:
        raise LifecyclePreviewInProgress(name=key.name, account=key.registry.account)
    rows.start(tx, repository.id, caller.request_id, shown, caller.at, extended=extended)
    told = {"repositoryName": key.name} | ({} if text is None else {"lifecyclePolicyText": shown})
    Change(tx, caller, repository).finish("StartLifecyclePolicyPreview", told, bump=False)
    return shown


def page(
    tx: Transaction, caller: Caller, key: RepositoryKey, which: Which, limit: int, after: tuple[str, str]
) -> Shown:
    """A page of what the last preview found; `after` is as a page before it says: LifecyclePreviewNotFound,
    PageTokenInvalid once there is another preview.
    """
    return _page(tx, lookup.require(tx, caller, key, "GetLifecyclePolicyPreview"), which, limit, after)


def of_images(
    tx: Transaction, caller: Caller, key: RepositoryKey, ids: Sequence[tuple[str | None, str | None]]
) -> Shown:
    """What the last preview found of these (digest, tag) ids; what stays, or is not there, is left out."""
    repository = lookup.require(tx, caller, key, "GetLifecyclePolicyPreview")
    preview = _require(tx, repository)
    found: dict[int, PreviewImage] = {}
    for digest, tag in ids if preview.status == COMPLETE else ():
        named = digest if tag is None else tags.find(tx, repository.id, tag)
        image = None if named is None or digest not in (None, named) else rows.of_digest(tx, preview.run, named)
        if image is not None:
            found[image.ordinal] = image
    return Shown(preview, [found[ordinal] for ordinal in sorted(found)], None)


def spared(tx: Transaction, caller: Caller, key: RepositoryKey, limit: int, after: tuple[str, str]) -> Shown:
    """A page of what would go by the last preview and stays, for it is in use: as `page`."""
    access.require(caller, "ListSparedImages", Resource(key.registry.account, "*", _SERVICE))
    return _page(tx, lookup.present(repositories.find(tx, key), key), "SPARED", limit, after)


def _page(tx: Transaction, repository: Repository, which: Which, limit: int, after: tuple[str, str]) -> Shown:
    preview = _require(tx, repository)
    run, ordinal = after
    if run and (run != preview.run or not ordinal.isdecimal()):
        raise PageTokenInvalid
    if preview.status != COMPLETE:
        return Shown(preview, (), None)
    found = rows.page(tx, preview.run, which, int(ordinal) if run else -1, limit + 1)
    more = (preview.run, str(found[limit - 1].ordinal)) if len(found) > limit else None
    return Shown(preview, found[:limit], more)


def _require(tx: Transaction, repository: Repository) -> Preview:
    found = rows.find(tx, repository.id)
    if found is None:
        raise LifecyclePreviewNotFound(name=repository.key.name, account=repository.key.registry.account)
    return found
