"""The job `lifecycle`: carries out the policies that are due, and makes the previews that are asked for.

It holds no transaction while it evaluates, and may be killed at any point: what it did is done, and the rest is found
again by the next evaluation.
"""

import hashlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from entrepot.core.access import Caller
from entrepot.core.changes import Change
from entrepot.core.lifecycle import evaluating, previewing, steps, told
from entrepot.core.lifecycle.evaluating import Evaluation
from entrepot.core.lifecycle.previewing import PreviewPeriods
from entrepot.core.lifecycle.steps import Done
from entrepot.core.units import BlockingUnits
from entrepot.db import lifecycle_policies, lifecycle_previews, repositories
from entrepot.db.database import Database, Reader, Transaction
from entrepot.pattern.lifecycle.records import Action, Kept

_SOME: Final = 20  # policies in one go
_TRIES: Final = 4
_AGAIN: Final = timedelta(minutes=1)
_MOST_FAILURES: Final = 100  # that are told
_TURN_SECONDS: Final = 20.0
_MOST_WITHIN: Final = 20_000  # images that are evaluated within a transaction
_MOST_STEPS_WITHIN: Final = 50


def waiting(tx: Reader) -> tuple[datetime | None, datetime | None]:
    """When this is another, there may be something to do."""
    return lifecycle_policies.soonest(tx), lifecycle_previews.soonest(tx)


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a policy is evaluated, and how long one run of the job takes, about."""

    every: timedelta
    turn_seconds: float = _TURN_SECONDS


class LifecycleJob:
    """Several may run: each step looks again at what it does in its own transaction."""

    def __init__(
        self, database: Database, clock: Callable[[], datetime], pace: Pace, previews: PreviewPeriods | None = None
    ) -> None:
        self._units = BlockingUnits(database)
        self._clock = clock
        self._pace = pace
        self._previews = previewing.Previews(self._units, clock, previews or PreviewPeriods())

    def run(self, now: datetime) -> Mapping[str, object]:
        """What is due; how many previews were made, images expired, archived and untagged."""
        made = self._previews.run(now)
        until, done = time.monotonic() + self._pace.turn_seconds, _Count()
        for repository_id in self._units.read(lifecycle_policies.due, now, _SOME):
            if time.monotonic() > until:
                break
            self._carry_out(repository_id, until, done)
        counts = {"previews": made, "expired": done.expired, "archived": done.archived, "untagged": done.untagged}
        return {name: count for name, count in counts.items() if count}

    def _carry_out(self, repository_id: str, until: float, done: "_Count") -> None:
        evaluation = self._evaluation(repository_id)
        for _ in range(_TRIES):
            if evaluation is None or self._do(evaluation, until, done):
                return
            evaluation = self._evaluation(repository_id)
        if evaluation is None:
            return
        if evaluation.size <= _MOST_WITHIN:
            self._do_within(evaluation, until, done)
        self._units.write(lifecycle_policies.postpone, evaluation.stored, self._clock() + _AGAIN)

    def _evaluation(self, repository_id: str) -> Evaluation | None:
        """What the policy says now; one of a repository that is gone is let rest."""
        now = self._clock()
        found = self._units.read(evaluating.of_repository, repository_id, now)
        if found is None:
            self._units.write(lifecycle_policies.rest, repository_id, now + self._pace.every)
        return found

    def _do(self, evaluation: Evaluation, until: float, done: "_Count") -> bool:
        """What an evaluation says, or as much as there is time for; False once it does not hold any more."""
        revision, kept = evaluation.repository.revision, list(evaluation.outcome.kept)
        for group in steps.groups(evaluation.outcome.actions):
            if time.monotonic() > until:
                return True  # it is due still
            caller = told.caller(evaluation.repository, self._clock())
            step = self._units.write(steps.carry_out, caller, evaluation, group, revision)
            if step is None:
                return False
            revision = step.revision
            done.add(step.actions)
            kept += step.kept
        told_of = range(0, min(len(kept), _MOST_FAILURES), told.AT_ONCE)
        callers = [told.caller(evaluation.repository, self._clock()) for _ in told_of]
        self._units.write(_finish, callers, evaluation, kept, self._clock() + self._pace.every)
        return True

    def _do_within(self, evaluation: Evaluation, until: float, done: "_Count") -> None:
        """Evaluate in the transaction that does it, a group at a time: where others are always faster."""
        for _ in range(_MOST_STEPS_WITHIN):
            caller = told.caller(evaluation.repository, self._clock())
            step = self._units.write(_evaluate_and_do, caller, evaluation.repository.id)
            if step is None or not step.actions or time.monotonic() > until:
                return
            done.add(step.actions)


@dataclass(slots=True)
class _Count:
    """What was done in one run."""

    expired: int = 0
    archived: int = 0
    untagged: int = 0

    def add(self, actions: Iterable[Action]) -> None:
        for action in actions:
            self.expired += action.kind == "EXPIRE"
            self.archived += action.kind == "TRANSITION"
            self.untagged += action.kind == "UNTAG"


def _evaluate_and_do(tx: Transaction, caller: Caller, repository_id: str) -> Done | None:
    """The first group of what a policy says now; None where it says nothing."""
    evaluation = evaluating.of_repository(tx, repository_id, caller.at)
    group = None if evaluation is None else next(steps.groups(evaluation.outcome.actions), None)
    if evaluation is None or group is None:
        return None
    return steps.carry_out(tx, caller, evaluation, group, evaluation.repository.revision)


def _finish(
    tx: Transaction,
    callers: Sequence[Caller],
    evaluation: Evaluation,
    kept: Sequence[Kept],
    again_at: datetime,
) -> None:
    """Note that a policy was evaluated; tell what stays because indexes name it, once while that is the same."""
    failures = _hash(kept)
    if not lifecycle_policies.evaluated(tx, evaluation.stored, evaluation.at, again_at, failures):
        return  # another was put meanwhile, and is due
    repository = repositories.lock_live(tx, evaluation.repository.id)
    if repository is None or not kept or failures == evaluation.stored.failures:
        return
    for place, caller in enumerate(callers):
        some = kept[place * told.AT_ONCE : (place + 1) * told.AT_ONCE]
        details = told.details(steps.about(evaluation, repository), (), some)
        Change(tx, caller, repository).finish(told.EXECUTION, details, bump=False)


def _hash(kept: Sequence[Kept]) -> str:
    digest = hashlib.sha256()
    for each in sorted((each.record.digest, each.priority) for each in kept):
        digest.update(repr(each).encode())
    return digest.hexdigest() if kept else ""
