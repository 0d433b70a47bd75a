"""Previews as they are made: claimed, found in one snapshot, kept a few images at a time, shown when all are there."""

import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from entrepot.core.access import Caller
from entrepot.core.changes import Change
from entrepot.core.lifecycle import evaluating, told
from entrepot.core.lifecycle.previews import COMPLETE, FAILED, IN_PROGRESS
from entrepot.core.lifecycle.told import Told
from entrepot.core.units import BlockingUnits
from entrepot.db import lifecycle_policies, repositories
from entrepot.db import lifecycle_previews as rows
from entrepot.db.database import Transaction
from entrepot.db.lifecycle_records import Preview, PreviewImage
from entrepot.db.records import Repository
from entrepot.pattern.lifecycle.evaluation import evaluate
from entrepot.pattern.lifecycle.policy import Policy
from entrepot.pattern.lifecycle.reading import parse
from entrepot.pattern.lifecycle.records import Action
from entrepot.spec.moments import micros, moment, moment_or_none

_SOME: Final = 20
_BATCH: Final = 500  # rows in one transaction
_MOST_TRIES: Final = 3
_MOST_EVENTS: Final = 100  # of one preview


@dataclass(frozen=True, slots=True)
class PreviewPeriods:
    """How long a run holds a preview, a preview shows what it found, and says that it is expired."""

    hold: timedelta = timedelta(minutes=1)
    shown: timedelta = timedelta(hours=24)
    expired: timedelta = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class _Found:
    """What a policy would do to a repository."""

    repository: Repository
    policy: Policy
    actions: Sequence[Action]
    images: Sequence[PreviewImage]


class Previews:
    """Makes previews, and has them expire."""

    def __init__(self, units: BlockingUnits, clock: Callable[[], datetime], periods: PreviewPeriods) -> None:
        self._units = units
        self._clock = clock
        self._periods = periods

    def run(self, now: datetime) -> int:
        """Those that something is to be done with; how many were made."""
        made = 0
        for repository_id in self._units.read(rows.due, now, _SOME):
            preview = self._units.read(rows.find, repository_id)
            if preview is None:
                continue
            if preview.status == IN_PROGRESS:
                made += self._make(repository_id, now)
            else:
                self._retire(preview, now)
        return made

    def _make(self, repository_id: str, now: datetime) -> bool:
        run = str(uuid.uuid4())
        preview = self._units.write(rows.claim, repository_id, run, now, now + self._periods.hold)
        if preview is None:
            return False
        found = self._units.read(_find, preview, now) if preview.tries <= _MOST_TRIES else None
        self._forget(repository_id, run)
        if found is None:
            self._units.write(rows.end, preview, FAILED, now, now + self._periods.shown)
            return False
        for at in range(0, len(found.images), _BATCH):
            self._units.write(rows.keep, repository_id, run, found.images[at : at + _BATCH])
        events = max(1, min(-(-len(found.images) // told.AT_ONCE), _MOST_EVENTS))
        callers = [told.caller(found.repository, self._clock()) for _ in range(events)]
        return self._units.write(_complete, callers, preview, found, now + self._periods.shown)

    def _retire(self, preview: Preview, now: datetime) -> None:
        """What is no longer shown is forgotten."""
        if preview.run:
            self._units.write(rows.expire, preview, now + self._periods.expired)
        else:
            self._units.write(rows.remove_expired, preview.repository_id, now)
        self._forget(preview.repository_id, "")

    def _forget(self, repository_id: str, kept: str) -> None:
        while self._units.write(rows.forget_some, repository_id, kept, _BATCH):
            pass


def _find(tx: Transaction, preview: Preview, now: datetime) -> _Found | None:
    repository = repositories.find_live(tx, preview.repository_id)
    if repository is None:
        return None
    settings = lifecycle_policies.settings(tx, repository.key.registry)
    policy = parse(preview.text, extended=preview.extended)
    found = evaluating.images(tx, repository.id, settings, now)
    actions = evaluate(policy, found.records, micros(now)).actions
    going = evaluate(policy, found.records, micros(now), found.spared).actions if found.spared else actions
    acting = {each.record.digest for each in going}
    images = [
        _image(ordinal, each, found.in_use.get(each.record.digest, ()), spared=each.record.digest not in acting)
        for ordinal, each in enumerate(actions)
    ]
    return _Found(repository, policy, actions, images)


def _image(ordinal: int, action: Action, clusters: tuple[str, ...], *, spared: bool) -> PreviewImage:
    record = action.record
    return PreviewImage(
        ordinal,
        record.digest,
        action.tags,
        moment(record.pushed_at),
        action.kind,
        action.priority,
        "ARCHIVE" if record.is_archived else "STANDARD",
        spared,
        clusters if spared else (),
        moment_or_none(record.pulled_at),
    )


def _complete(tx: Transaction, callers: Sequence[Caller], preview: Preview, found: _Found, until: datetime) -> bool:
    """Show what was found, unless another run has the preview now, and tell of it."""
    repository = repositories.lock_live(tx, preview.repository_id)
    expiring = sum(each.kind != "TRANSITION" for each in found.actions)
    whole = replace(preview, expiring=expiring, transitioning=len(found.actions) - expiring)
    if repository is None or not rows.end(tx, whole, COMPLETE, callers[0].at, until):
        return False
    about = Told(repository, found.policy, preview.id, 0, 0)
    for caller, actions in zip(callers, _portions(found.actions), strict=False):
        Change(tx, caller, repository).finish(told.DRY_RUN, told.details(about, actions, ()), bump=False)
    return True


def _portions(actions: Sequence[Action]) -> Iterator[Sequence[Action]]:
    yield actions[: told.AT_ONCE]
    for at in range(told.AT_ONCE, len(actions), told.AT_ONCE):
        yield actions[at : at + told.AT_ONCE]
