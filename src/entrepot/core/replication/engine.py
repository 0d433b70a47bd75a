"""The job `replicate`: does what changes of repositories are still to do at destinations.

Steps of a repository are begun in the order of its changes; each is done in a transaction that takes it off the list,
so that a process may be killed at any point. One that fails waits, twice as long each time, and holds up no other.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Final

from entrepot.core.replication import arriving, failing, leaving, outcomes, settling
from entrepot.core.replication.arriving import Way
from entrepot.core.replication.bearing import Bearer
from entrepot.core.replication.outcomes import Outcome
from entrepot.core.units import BlockingUnits
from entrepot.db import images, replication_statuses, replication_steps, repositories
from entrepot.db.database import Database, Reader, Transaction
from entrepot.db.replication_records import DELETE, PUSH, SETTINGS, Step
from entrepot.errors import Fact
from entrepot.spec.digest import Digest
from entrepot.spec.event_ids import event_id
from entrepot.spec.manifest import Manifest
from entrepot.spec.moments import micros
from entrepot.spec.repository import RepositoryKey

_SOME: Final = 32  # steps that share commits
_TURN_SECONDS: Final = 20.0
FAULT: Final = "a fault of the server, which its log tells of"


def waiting(tx: Reader) -> object:
    """When this is another, there may be something to do."""
    return replication_steps.soonest(tx)


class Replication:
    """Several may run: a step that another has done is not done again."""

    def __init__(self, database: Database, bearer: Bearer | None = None, turn_seconds: float = _TURN_SECONDS) -> None:
        """Without a `bearer`, images of repositories that are encrypted otherwise lack their bytes."""
        self._units = BlockingUnits(database)
        self._bearer = bearer
        self._turn_seconds = turn_seconds

    def run(self, now: datetime) -> Mapping[str, object]:
        """What is due; how many images were replicated, deleted and failed, how often settings were brought."""
        until, done = monotonic() + self._turn_seconds, Counts()
        while monotonic() < until:
            steps = self._units.read(replication_steps.due, now, _SOME)
            if not steps:
                break
            self._do(steps, now, done)
        return done.shown()

    def _do(self, steps: Sequence[Step], now: datetime, done: "Counts") -> None:
        begun: list[tuple[Step, Future[Outcome]]] = []
        try:
            for step in steps:
                future = self._begin(step, now, done)
                begun += [(step, future)] if future is not None else []
        finally:
            for step, future in begun:
                self._end(step, future, now, done)

    def _begin(self, step: Step, now: datetime, done: "Counts") -> Future[Outcome] | None:
        if step.action == DELETE:
            return self._units.queue(delete, step, now)
        if step.action == SETTINGS:
            return self._units.queue(settle, step, now)
        with self._stepping_aside(step, now):
            try:
                manifest = carry(self._units, self._bearer, way_of(step), step.digest, now)
            except Fact as fact:
                self._failed(step, fact, now, done)
                return None
            return self._units.queue(push, step, manifest, now)

    def _end(self, step: Step, future: Future[Outcome], now: datetime, done: "Counts") -> None:
        with self._stepping_aside(step, now):
            try:
                outcome = future.result()
            except Fact as fact:
                self._failed(step, fact, now, done)
            else:
                done.add(step, outcome)

    @contextmanager
    def _stepping_aside(self, step: Step, now: datetime) -> Iterator[None]:
        """Whatever is wrong with a step, others are done before it is tried again."""
        is_well = False
        try:
            yield
            is_well = True
        finally:
            if not is_well:
                again_at = now + outcomes.LONGEST
                self._units.write(replication_steps.postpone, step, step.attempts + 1, FAULT, again_at)

    def _failed(self, step: Step, fact: Fact, now: datetime, done: "Counts") -> None:
        attempts = step.attempts + 1
        if outcomes.is_final(fact, attempts):
            outcome = outcomes.of_fact(fact)
            self._units.write(give_up, step, outcome, now)
            done.add(step, outcome)
        else:
            self._units.write(replication_steps.postpone, step, attempts, str(fact), now + outcomes.pause(attempts))


@dataclass(slots=True)
class Counts:
    """What was done in one run."""

    replicated: int = 0
    deleted: int = 0
    settled: int = 0
    failed: int = 0

    def add(self, step: Step, outcome: Outcome) -> None:
        """Count one more."""
        self.failed += outcome.status == "FAILED"
        self.deleted += outcome.status == "COMPLETE" and step.action == DELETE
        self.settled += outcome.status == "COMPLETE" and step.action == SETTINGS
        self.replicated += outcome.status == "COMPLETE" and step.action == PUSH

    def shown(self) -> Mapping[str, object]:
        """Those that are not 0."""
        counts = {
            "replicated": self.replicated,
            "deleted": self.deleted,
            "settled": self.settled,
            "failed": self.failed,
        }
        return {name: count for name, count in counts.items() if count}


def way_of(step: Step) -> Way:
    """Which way a step goes."""
    named = f"{step.repository_id}/{step.destination.account}/{step.destination.region}/{step.tag}"
    request_id = event_id(micros(step.created_at), named, f"replicate/{step.revision}", step.ordinal)
    return Way(step.source, step.destination, request_id)


def carry(units: BlockingUnits, bearer: Bearer | None, way: Way, digest: str, now: datetime) -> Manifest | None:
    """Bring what an image needs to its destination, each manifest in a unit of its own, and return the image's own;
    None where the source has not got it any more. What a push may raise.
    """
    order = units.read(arriving.missing, way, digest)
    is_lent = units.read(arriving.is_ready, way)
    if order and not is_lent:
        units.write(arriving.prepare, way, digest, now)
        is_lent = units.read(arriving.is_ready, way)
    queued: list[Future[None]] = []
    last: Manifest | None = None
    for each in order:
        last = _parsed(units.read(_manifest, way.source, each))
        if last is not None and bearer is not None and not is_lent:
            bearer.bear(units, way, last, now)
        if last is not None and each != digest:
            queued.append(units.queue(arriving.bring, way, last, Digest(each), now))
        if len(queued) >= _SOME:
            queued.pop(0).result()
    for future in queued:
        future.result()
    return last


def push(tx: Transaction, step: Step, manifest: Manifest | None, now: datetime) -> Outcome:
    """Do a step that brings an image, and take it off the list."""
    if not replication_steps.remove(tx, step):
        return outcomes.GONE
    outcome = outcomes.GONE
    if manifest is not None:
        outcome = arriving.arrive(tx, way_of(step), manifest, Digest(step.digest), step.tag, now)
    _note(tx, step, outcome, now)
    return outcome


def conclude(tx: Transaction, step: Step, outcome: Outcome, now: datetime) -> Outcome:
    """Take a step off the list that was done elsewhere."""
    if not replication_steps.remove(tx, step):
        return outcomes.GONE
    _note(tx, step, outcome, now)
    return outcome


def hesitate(tx: Transaction, step: Step, reason: str, due_at: datetime, code: str) -> None:
    """Try a step again later, and show why."""
    replication_steps.postpone(tx, step, step.attempts + 1, reason, due_at)
    if step.action != DELETE and images.known(tx, step.repository_id, step.digest):
        named = (step.repository_id, step.digest, step.tag, step.destination)
        replication_statuses.put(tx, *named, "IN_PROGRESS", step.created_at, code, reason)


def delete(tx: Transaction, step: Step, now: datetime) -> Outcome:
    """Do a step that takes an image or a tag away, and take it off the list."""
    if not replication_steps.remove(tx, step):
        return outcomes.GONE
    return leaving.leave(tx, way_of(step), step.digest, step.tag, now)


def settle(tx: Transaction, step: Step, now: datetime) -> Outcome:
    """Do a step that brings settings, and take it off the list; what the destination refuses is told."""
    if not replication_steps.remove(tx, step):
        return outcomes.GONE
    outcome, refused = settling.settle(tx, way_of(step), now)
    if refused:
        place = (step.repository_id, step.revision, step.ordinal)
        failed = failing.Failed(SETTINGS, "", "", place, tuple(refused))
        failing.tell(tx, way_of(step), failed, outcome, now)
        outcome = outcome._replace(reason=f"{', '.join(refused)}: {outcome.reason}")
    if outcome.status == "GONE":
        replication_statuses.drop(tx, step.repository_id, "", "", step.destination)
    else:
        replication_statuses.put(tx, step.repository_id, "", "", step.destination, outcome.status, now, *outcome[1:])
    return outcome


def give_up(tx: Transaction, step: Step, outcome: Outcome, now: datetime, *, elsewhere: bool = False) -> None:
    """Take a step off the list that failed for good, and tell so, unless that is told `elsewhere`."""
    if replication_steps.remove(tx, step):
        _note(tx, step, outcome, now)
        if elsewhere:
            return
        place = (step.repository_id, step.revision, step.ordinal)
        failed = failing.Failed(step.action, step.digest, step.tag, place)
        failing.tell(tx, way_of(step), failed, outcome, now)


def _note(tx: Transaction, step: Step, outcome: Outcome, now: datetime) -> None:
    """How the image stands; one that is gone has no status, and one that is pushed again is still on its way."""
    if outcome.status == "GONE" or step.action != PUSH or not images.known(tx, step.repository_id, step.digest):
        return
    status, code, reason = outcome.status, outcome.code, outcome.reason
    if not replication_steps.waits_for(tx, step.repository_id, step.digest, step.tag, step.destination):
        replication_statuses.put(
            tx, step.repository_id, step.digest, step.tag, step.destination, status, now, code, reason
        )


def _parsed(body: tuple[bytes, str] | None) -> Manifest | None:
    """A manifest of its bytes and media type, outside of any transaction."""
    return None if body is None else Manifest.parse(*body)


def _manifest(tx: Transaction, source: RepositoryKey, digest: str) -> tuple[bytes, str] | None:
    found = repositories.find(tx, source)
    image = None if found is None else images.find(tx, found.id, digest)
    return None if image is None else (image.body, image.media_type)
