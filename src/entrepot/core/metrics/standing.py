"""How a deployment stands at this moment, for an operator's page: what waits for how long, what repositories hold.

The page's own door decides who may see it; it is of all accounts.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import msgspec
import structlog

from entrepot.core import leases
from entrepot.core.metrics.gauges import HOLD
from entrepot.core.metrics.measuring import OURS
from entrepot.core.quotas.bytes import used
from entrepot.core.units import Units
from entrepot.db import journals, quotas, standing
from entrepot.db.database import DatabaseUnavailable, Row, Transaction
from entrepot.db.standing import Waiting
from entrepot.db.vulnerabilities import Source
from entrepot.db.vulnerability_generations import Generations
from entrepot.errors.scanning import VulnerabilityFileUnusable
from entrepot.journal import sizes
from entrepot.spec.moments import micros

KNOWN = "entrepot_gauges_known"
MOST_REPOSITORIES = 1000
MOST_SOURCES = 500
MOST_QUOTAS = 200
_GAUGES = 6  # told of each
_MICROS = 1_000_000
_FRESH_SECONDS = 2.0
_log = structlog.get_logger()
_DIMENSIONS = msgspec.json.Decoder(tuple[tuple[str, str], ...])
# what is told -> (of each repository, of all of a registry's)
NAMES: Mapping[str, tuple[str, str | None]] = {
    "ImageCount": ("entrepot_repository_images", "entrepot_images"),
    "TagCount": ("entrepot_repository_tags", "entrepot_tags"),
    "UniqueBytes": ("entrepot_repository_unique_bytes", "entrepot_unique_bytes"),
    "SharedBytes": ("entrepot_repository_shared_bytes", "entrepot_shared_bytes"),
    "OldestImageAge": ("entrepot_repository_oldest_image_age_seconds", None),
    "NewestImageAge": ("entrepot_repository_newest_image_age_seconds", None),
}


class Sample(NamedTuple):
    """One number and what it is of."""

    name: str
    labels: Mapping[str, str]
    value: float


Look = Callable[[Transaction, datetime], Iterable[Sample]]


class Standing:
    """Answers with what was found at most two seconds ago, so that many who ask cost as much as one."""

    def __init__(
        self,
        metadata: Units,
        events: Units,
        audit: Units,
        metrics: Units,
        directory: Path,
        known: Path,
        further: Sequence[Look] = (),
    ) -> None:
        """`directory` has the journals, `known` the vulnerability database; `further` looks at the metadata."""
        self._metadata = metadata
        self._events = events
        self._audit = audit
        self._metrics = metrics
        self._directory = directory
        self._known = known
        self._further = further
        self._asking = asyncio.Lock()
        self._found: tuple[Sample, ...] = ()
        self._until = 0.0

    async def samples(self, now: datetime) -> Sequence[Sample]:
        """How things stand."""
        async with self._asking:
            if time.monotonic() >= self._until:
                try:
                    self._found = (Sample(KNOWN, {}, 1.0), *await self._look(now))
                except DatabaseUnavailable as fault:
                    _log.warning("gauges not known", fault=str(fault))
                    self._found = (Sample(KNOWN, {}, 0.0),)
                self._until = time.monotonic() + _FRESH_SECONDS
            return self._found

    async def _look(self, now: datetime) -> list[Sample]:
        lengths = await asyncio.get_running_loop().run_in_executor(None, sizes, self._directory)
        sources = await asyncio.get_running_loop().run_in_executor(None, _of_vulnerabilities, self._known, now)
        told, folded = await self._metadata.read(_of_metadata, now)
        for look in self._further:
            told += await self._metadata.read(look, now)
        waiting = await self._events.read(standing.events_waiting)
        audited = await self._audit.read(journals.AUDIT.all)
        gauges, measured = await self._metrics.read(_of_metrics, now)
        behind = {"metadata": folded, "audit": audited, "metrics": measured}
        return [
            *told,
            *_waiting("entrepot_event_queue", "state", waiting, now),
            *(
                Sample("entrepot_journal_behind_bytes", {"database": name}, _behind(lengths, offsets))
                for name, offsets in behind.items()
            ),
            *gauges,
            *sources,
        ]


def _of_metadata(tx: Transaction, now: datetime) -> tuple[list[Sample], Mapping[str, int]]:
    found = list(_waiting("entrepot_outbox", "kind", standing.outbox_waiting(tx), now))
    found += _waiting("entrepot_scan_queue", "state", standing.scans_waiting(tx), now)
    for lease in leases.list_all(tx):
        late = 0.0 if lease.holder else max((now - lease.due_at).total_seconds(), 0.0)
        found.append(Sample("entrepot_job_late_seconds", {"job": lease.name}, late))
    found += _of_byte_quotas(tx)
    return found, journals.METADATA.all(tx)


def _of_byte_quotas(tx: Transaction) -> Iterator[Sample]:
    for key, quota in quotas.with_bytes(tx, MOST_QUOTAS):
        labels = {"account": key.account, "registry": key.kind, "region": key.region, "prefix": quota.prefix}
        held, reserved = used(tx, key, quota.prefix)
        yield Sample("entrepot_byte_quota_bytes", labels, float(quota.value))
        yield Sample("entrepot_byte_quota_held_bytes", labels, float(held))
        yield Sample("entrepot_byte_quota_reserved_bytes", labels, float(reserved))


def _of_metrics(tx: Transaction, now: datetime) -> tuple[list[Sample], Mapping[str, int]]:
    since = micros(now) - HOLD * _MICROS
    rows = standing.last_told(tx, OURS, since, MOST_REPOSITORIES * _GAUGES + 1)
    found = list(_of_repositories(rows[: MOST_REPOSITORIES * _GAUGES]))
    for row in standing.sums_told(tx, OURS, since):
        labels = {"account": row.account_id, "region": row.region}
        if (name := NAMES.get(row.name, ("", None))[1]) is not None:
            found.append(Sample(name, labels, float(row.value)))
        if row.name == "ImageCount":
            found.append(Sample("entrepot_repositories", labels, float(row.number)))
    left_out = len(rows) > MOST_REPOSITORIES * _GAUGES
    found.append(Sample("entrepot_repositories_left_out", {}, float(left_out)))
    return found, journals.METRICS.all(tx)


def _of_vulnerabilities(directory: Path, now: datetime) -> list[Sample]:
    """How old and how much each source is; nothing without a database that can be read. No file stays open."""
    try:
        with closing(Generations(directory)) as generations, generations.reading() as file:
            found = [] if file is None else file.sources()[:MOST_SOURCES]
    except (VulnerabilityFileUnusable, OSError):
        return []
    return [sample for each in found for sample in _of_source(each, now)]


def _of_source(source: Source, now: datetime) -> Iterator[Sample]:
    labels = {"source": source.name}
    yield Sample("entrepot_vulnerability_source_records", labels, float(source.records))
    if source.updated_at:
        age = max((micros(now) - source.updated_at) / _MICROS, 0.0)
        yield Sample("entrepot_vulnerability_source_age_seconds", labels, age)


def _of_repositories(rows: Sequence[Row]) -> Iterator[Sample]:
    for row in rows:
        if row.name in NAMES:
            dimensions = dict(_DIMENSIONS.decode(row.dimensions))
            labels = {
                "account": row.account_id,
                "region": row.region,
                "registry": dimensions.get("Registry", ""),
                "repository": dimensions.get("RepositoryName", ""),
            }
            yield Sample(NAMES[row.name][0], labels, float(row.value))


def _waiting(name: str, label: str, found: Mapping[str, Waiting], now: datetime) -> Iterator[Sample]:
    for what, waiting in found.items():
        age = 0.0 if waiting.since is None else max((micros(now) - waiting.since) / _MICROS, 0.0)
        yield Sample(f"{name}_rows", {label: what}, float(waiting.number))
        yield Sample(f"{name}_oldest_seconds", {label: what}, age)


def _behind(lengths: Mapping[str, int], offsets: Mapping[str, int]) -> float:
    return float(sum(max(length - offsets.get(name, 0), 0) for name, length in lengths.items()))
