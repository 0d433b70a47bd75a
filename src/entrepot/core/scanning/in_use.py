"""Where images run, as reporters beside container engines say. AWS gathers it from ECS and EKS by itself; here whoever
may do `entrepot:ReportImagesInUse` tells it.

A report has parts; the last says that nothing else of the registry runs in that cluster. What is not told again for a
day counts as running nowhere; when it last ran is kept for as long as Inspector's longest rescan duration.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from entrepot.core import access, changes
from entrepot.core.access import Caller
from entrepot.core.resources import Resource
from entrepot.core.units import BlockingUnits
from entrepot.db import images, images_in_use, repositories
from entrepot.db.database import Database, Transaction
from entrepot.db.images_in_use import InUse
from entrepot.errors import ParameterInvalid, QuotaExceeded
from entrepot.spec.digest import Digest
from entrepot.spec.platforms import platform_images
from entrepot.spec.repository import RegistryKey, RepositoryKey

SERVICE = "entrepot"
FRESH = timedelta(days=1)
KEPT = timedelta(days=181)
MOST_CLUSTERS = 500  # in which one image runs or ran
_INDEX = "index"
_MOST_IMAGES = 100  # of an index


@dataclass(frozen=True, slots=True)
class Running:
    """So many pods, tasks or containers that run an image; of an index on a platform, '' for any."""

    repository: str
    digest: Digest
    count: int
    platform: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a report on one cluster; `started_at` is what the first part was answered."""

    cluster: str
    images: Sequence[Running]
    started_at: datetime | None = None
    complete: bool = False


@dataclass(frozen=True, slots=True)
class Absent:
    """What runs and is not in the registry, any more or yet."""

    image: Running
    repository_is_there: bool


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a part."""

    started_at: datetime
    absent: Sequence[Absent]


def report(tx: Transaction, caller: Caller, registry: RegistryKey, part: Part, most: int = MOST_CLUSTERS) -> Taken:
    """Note where images run: ParameterInvalid for a report of the future, QuotaExceeded."""
    access.require(caller, "ReportImagesInUse", Resource(registry.account, "*", SERVICE))
    started_at = part.started_at or caller.at
    if started_at > caller.at:
        raise ParameterInvalid(parameter="startedAt", reason="no part of a report was answered that")
    absent, summed = [], Counter[tuple[str, str]]()
    for running in part.images:
        found = _found(tx, registry, running)
        if isinstance(found, Absent):
            absent.append(found)
        else:
            summed.update(dict.fromkeys(found, running.count))
    for (repository_id, digest), count in summed.items():
        if images_in_use.clusters(tx, repository_id, digest, part.cluster) >= most:
            raise QuotaExceeded(quota="ClustersPerImage", limit=most)
        images_in_use.put(tx, repository_id, digest, part.cluster, count, caller.at)
    _settle(tx, registry, part, started_at, caller.at)
    told = {"cluster": part.cluster, "images": len(part.images), "complete": part.complete}
    account, region = registry.account, registry.region
    changes.audit(tx, caller, "ReportImagesInUse", told, account=account, region=region, service=SERVICE)
    return Taken(started_at, absent)


def expire(database: Database, now: datetime) -> int:
    """What was not reported for a day runs nowhere: a reporter that has died tells nothing. How many images."""
    units, before = BlockingUnits(database), now - FRESH
    return units.write(images_in_use.settle_stale, before) if units.read(images_in_use.is_any_stale, before) else 0


def of_image(tx: Transaction, repository_id: str, digest: str, now: datetime) -> InUse | None:
    """Where an image runs now, and when it last did; None of one that nobody has seen run."""
    return images_in_use.find(tx, repository_id, digest, now - FRESH)


def _found(tx: Transaction, registry: RegistryKey, running: Running) -> Sequence[tuple[str, str]] | Absent:
    """(repository, digest) of the image, and with an index of those of its images that run on the platform."""
    repository = repositories.find(tx, RepositoryKey(registry, running.repository))
    if repository is None or images.share(tx, repository.id, running.digest) is None:
        return Absent(running, repository is not None)
    found = [(repository.id, str(running.digest))]
    if images.kind(tx, repository.id, running.digest) != _INDEX:
        return found
    stored = images.find(tx, repository.id, running.digest)
    named = () if stored is None else platform_images(stored.body)
    wanted = [each.digest for each in named[:_MOST_IMAGES] if _is_on(each.platform, running.platform)]
    return found + [(repository.id, each) for each in wanted if images.share(tx, repository.id, each) is not None]


def _is_on(platform: str, wanted: str) -> bool:
    """Whether an image for one platform is what runs on another: `linux/arm64/v8` on `linux/arm64`, anything on ''."""
    return (
        not wanted or not platform or f"{platform}/".startswith(f"{wanted}/") or f"{wanted}/".startswith(f"{platform}/")
    )


def _settle(tx: Transaction, registry: RegistryKey, part: Part, started_at: datetime, now: datetime) -> None:
    """With the last part of a report, what is in none of its parts runs no more."""
    if part.complete:
        images_in_use.settle(tx, registry, part.cluster, started_at)
        images_in_use.forget(tx, registry, now - KEPT)
