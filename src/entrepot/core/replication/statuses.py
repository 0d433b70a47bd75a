"""How the copies of images stand at their destinations (ECR API reference, DescribeImageReplicationStatus)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from entrepot.core import lookup
from entrepot.core.access import Caller
from entrepot.core.scanning import places
from entrepot.db import replication_configurations, replication_statuses, replication_steps, tags
from entrepot.db.database import Transaction
from entrepot.db.replication_records import Backlog, Destination, ImageStatus, Step
from entrepot.spec.digest import Digest
from entrepot.spec.moments import moment
from entrepot.spec.repository import RegistryKey, RepositoryKey

_RANK: Final = ("IN_PROGRESS", "FAILED", "COMPLETE")
_MOST_TAGS: Final = 1000
_SHOWN: Final = 100


def describe(
    tx: Transaction, caller: Caller, key: RepositoryKey, digest: Digest | None, tag: str | None
) -> tuple[Digest, Sequence[ImageStatus]]:
    """The digest of an image, and for each destination how its copy stands: ImageNotFound. Of one that is named by its
    digest, what stands worst of all its tags.
    """
    places.require_named(digest, tag)
    repository = lookup.require_images(tx, caller, key, "DescribeImageReplicationStatus", [(tag or "", digest or "")])
    image = places.image(tx, repository, digest, tag)
    found = replication_statuses.of_image(tx, repository.id, image.digest)
    named = ("", tag) if tag else ("", *tags.of_image(tx, repository.id, image.digest, _MOST_TAGS))
    return image.digest, _worst([each for each in found if each.tag in named] or found)


def _worst(found: Iterable[ImageStatus]) -> Sequence[ImageStatus]:
    """One for each destination, in order."""
    worst: dict[Destination, ImageStatus] = {}
    for each in found:
        known = worst.get(each.destination)
        if known is None or _RANK.index(each.status) < _RANK.index(known.status):
            worst[each.destination] = each
    return [worst[destination] for destination in sorted(worst)]


@dataclass(frozen=True, slots=True)
class Flow:
    """From one registry to another: what waits, since when; how many images failed for good."""

    source: RegistryKey
    destination: Destination
    waiting: int
    retried: int
    oldest: datetime | None
    failed: int

    def lag(self, now: datetime) -> float:
        """For how many seconds the oldest of what waits has waited; 0 where nothing does."""
        return 0.0 if self.oldest is None else max((now - self.oldest).total_seconds(), 0.0)


@dataclass(frozen=True, slots=True)
class Failure:
    """An image and tag that is not where it should be, and why; of one that is tried again, `attempts` so far."""

    source: RepositoryKey
    destination: Destination
    digest: str
    tag: str
    code: str
    reason: str
    attempts: int
    at: datetime


def flows(tx: Transaction) -> Sequence[Flow]:
    """Every two registries between which something goes, waits or has failed."""
    backlogs = {(each.source, each.destination): each for each in replication_steps.backlogs(tx)}
    failed = {
        (RegistryKey("private", row.account_id, row.region), Destination(row.to_region, row.to_account)): row.images
        for row in replication_statuses.count_failed(tx)
    }
    configured = {
        (registry, destination)
        for registry, rules in replication_configurations.find_all(tx)
        for rule in rules
        for destination in rule.destinations
    }
    ways = sorted(configured | set(backlogs) | set(failed), key=lambda way: (way[0].account, way[0].region, way[1]))
    return [_flow(way, backlogs.get(way), failed.get(way, 0)) for way in ways]


def failures(tx: Transaction, limit: int = _SHOWN) -> Sequence[Failure]:
    """What failed for good, the newest first, and what is tried again."""
    given_up = [
        Failure(
            RepositoryKey(RegistryKey("private", row.account_id, row.region), row.name),
            Destination(row.to_region, row.to_account),
            row.digest,
            row.tag,
            row.failure_code,
            row.reason,
            0,
            moment(row.changed_at),
        )
        for row in replication_statuses.failed(tx, limit)
    ]
    return [*given_up, *(_tried_again(step) for step in replication_steps.retried(tx, limit))]


def _tried_again(step: Step) -> Failure:
    named = (step.source, step.destination, step.digest, step.tag)
    return Failure(*named, "", step.reason, step.attempts, step.due_at)


def _flow(way: tuple[RegistryKey, Destination], backlog: Backlog | None, failed: int) -> Flow:
    if backlog is None:
        return Flow(*way, 0, 0, None, failed)
    return Flow(*way, backlog.steps, backlog.retried, backlog.oldest, failed)
