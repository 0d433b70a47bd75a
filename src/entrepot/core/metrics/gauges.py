"""How things stand, as metrics: repositories, images, tags, bytes, ages ("Amazon ECR usage metrics": ResourceCount).

A value holds until it is told again: when the repository's revision says that something has changed, and hourly. A run
does a bounded amount of work; what it leaves is told by the next.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from entrepot.core.metrics import points
from entrepot.core.metrics.measuring import OURS
from entrepot.core.metrics.series import NO_UNIT, Metric, metric
from entrepot.core.units import BlockingUnits
from entrepot.db import gauges as holdings
from entrepot.db import metric_gauges as rows
from entrepot.db.database import Database, Transaction
from entrepot.db.gauges import Holding
from entrepot.db.metric_gauges import Gauge
from entrepot.metrics import summaries
from entrepot.metrics.periods import FIVE_MINUTES, HOUR
from entrepot.spec.moments import micros

HOLD = HOUR + 2 * FIVE_MINUTES  # told hourly, and a run may be late
_PAGE = 1000
_MOST = 500  # repositories of a run
_AT_ONCE = 50  # of a transaction
_FEW = 20_000  # images or blobs of a repository of which each is read when it has changed; of others hourly
_NOTHING = Holding(0, 0, 0, 0, None, None)


class Subject(msgspec.Struct, frozen=True, array_like=True):
    """A repository, or with no name the private registry that has so many (`revision`) of them."""

    account: str
    region: str
    kind: str
    name: str


_SUBJECT = msgspec.json.Decoder(Subject)


@dataclass(frozen=True, slots=True)
class Telling:
    """What is told of one subject; `seconds` is when."""

    gauge: Gauge
    subject: Subject
    holding: Holding
    seconds: int


class Gauges:
    """The job `gauges`; `region` is where public registries are counted."""

    def __init__(
        self, metadata: Database, metrics: Database, region: str, *, most: int = _MOST, few: int = _FEW
    ) -> None:
        self._metadata = BlockingUnits(metadata)
        self._metrics = BlockingUnits(metrics)
        self._region = region
        self._most = most
        self._few = few

    def run(self, now: datetime) -> int:
        """Tell what has changed or is old, and the end of what is gone; how many subjects."""
        known = self._metrics.read(rows.find_all)
        present = self._present()
        old = micros(now) - HOUR * points.MICROS
        told = {subject: known.get(subject, _UNKNOWN) for subject in present}
        changed = [gauge for gauge in present.values() if told[gauge.subject].revision != gauge.revision]
        stale = [
            gauge
            for gauge in present.values()
            if told[gauge.subject].revision == gauge.revision and told[gauge.subject].told_at <= old
        ]
        gone = [gauge for subject, gauge in known.items() if subject not in present]
        due = [*changed, *stale][: self._most]
        before = {gauge.subject: told[gauge.subject].told_at for gauge in due if told[gauge.subject].told_at > old}
        for start in range(0, len(due), _AT_ONCE):
            self._metrics.write(tell, self._measured(due[start : start + _AT_ONCE], before, now))
        for start in range(0, len(gone), _AT_ONCE):
            self._metrics.write(end, [self._telling(gauge, _NOTHING, now) for gauge in gone[start : start + _AT_ONCE]])
        return len(due) + len(gone)

    def _present(self) -> Mapping[str, Gauge]:
        found: dict[str, Gauge] = {}
        registries: Counter[Subject] = Counter()
        after = ""
        while page := self._metadata.read(holdings.page, after, _PAGE):
            for row in page:
                subject = Subject(row.account_id, row.region or self._region, row.kind, row.name)
                found[row.id] = _gauge(row.id, subject, row.revision)
                if row.kind == "private":
                    registries[Subject(row.account_id, row.region, row.kind, "")] += 1
            after = page[-1].id
        for registry, count in registries.items():
            found[f"{registry.account}/{registry.region}"] = _gauge(
                f"{registry.account}/{registry.region}", registry, count
            )
        return found

    def _measured(self, due: Sequence[Gauge], before: Mapping[str, int], now: datetime) -> Sequence[Telling]:
        repositories = [gauge.subject for gauge in due if "/" not in gauge.subject]
        held = self._metadata.read(_holdings, [(each, self._few if each in before else None) for each in repositories])
        return [
            self._telling(gauge, held.get(gauge.subject, _NOTHING), now, before.get(gauge.subject)) for gauge in due
        ]

    def _telling(self, gauge: Gauge, holding: Holding, now: datetime, told_at: int | None = None) -> Telling:
        """`told_at` is when all was told that is not told again now."""
        told = Gauge(gauge.subject, gauge.name, gauge.revision, micros(now) if told_at is None else told_at)
        return Telling(told, _SUBJECT.decode(gauge.name), holding, int(now.timestamp()))


def tell(tx: Transaction, told: Sequence[Telling]) -> None:
    """Put how things stand, and note that it has been told."""
    for each in told:
        _put(tx, each, each.gauge.revision)
        rows.note(tx, each.gauge)


def end(tx: Transaction, told: Sequence[Telling]) -> None:
    """Put that nothing is left of these."""
    for each in told:
        _put(tx, each, 0)
        rows.forget(tx, each.gauge.subject)


def _put(tx: Transaction, told: Telling, repositories: int) -> None:
    subject = told.subject
    found = _of_repository(told) if subject.name else _of_registry(repositories)
    for which, unit, value in found:
        points.put(
            tx,
            subject.account,
            subject.region,
            which,
            told.seconds,
            summaries.of_value(value),
            unit,
            resolution=1,  # two values of one minute are not put together: the last one holds
            hold=HOLD,
        )


def _of_registry(repositories: int) -> Iterator[tuple[Metric, str, float]]:
    yield _usage("RepositoryCount"), NO_UNIT, float(repositories)


def _of_repository(told: Telling) -> Iterator[tuple[Metric, str, float]]:
    subject, held = told.subject, told.holding
    if subject.kind == "private":
        yield _usage("ImagesPerRepositoryCount", f"repository/{subject.name}"), NO_UNIT, float(held.images)
    place = {"Registry": subject.kind, "RepositoryName": subject.name}
    yield metric(OURS, "ImageCount", place), "Count", float(held.images)
    yield metric(OURS, "TagCount", place), "Count", float(held.tags)
    if held.size is not None and held.shared is not None:
        yield metric(OURS, "UniqueBytes", place), "Bytes", float(held.size - held.shared)
        yield metric(OURS, "SharedBytes", place), "Bytes", float(held.shared)
    for name, since in (("OldestImageAge", held.oldest), ("NewestImageAge", held.newest)):
        if since is not None:
            yield metric(OURS, name, place), "Seconds", float(max(told.seconds - since // points.MICROS, 0))


def _usage(resource: str, resource_id: str | None = None) -> Metric:
    dimensions = {"Service": "ECR", "Type": "RESOURCE", "Resource": resource, "Class": "None"}
    return metric("AWS/Usage", "ResourceCount", {**dimensions, **({"ResourceId": resource_id} if resource_id else {})})


def _gauge(subject: str, name: Subject, revision: int) -> Gauge:
    return Gauge(subject, msgspec.json.encode(name).decode(), revision, 0)


def _holdings(tx: Transaction, repositories: Sequence[tuple[str, int | None]]) -> Mapping[str, Holding]:
    return {each: holdings.holding(tx, each, most) for each, most in repositories}


_UNKNOWN = Gauge("", "", -1, 0)
