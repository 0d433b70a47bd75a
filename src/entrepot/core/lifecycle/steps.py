"""One step of carrying a policy out: a few images in one transaction, each looked at again, with the audit record.

Images go the way of every deletion (core/deletion.py), a subject together with its referrers. Nothing is done by what
was true of another revision, unless the policy says the same of each image by itself.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from entrepot.core import deletion, storage_classes
from entrepot.core.access import Caller
from entrepot.core.changes import Change
from entrepot.core.lifecycle import evaluating, told
from entrepot.core.lifecycle.evaluating import Evaluation
from entrepot.core.lifecycle.told import Told
from entrepot.core.scanning import in_use
from entrepot.db import images, lifecycle_images, lifecycle_policies, protections, repositories, tags
from entrepot.db.database import Transaction
from entrepot.db.records import Repository
from entrepot.errors import ImageReferenced, RepositoryProtected, StorageClassUpdateRefused
from entrepot.pattern.lifecycle.records import Action, Kept
from entrepot.spec.digest import Digest
from entrepot.spec.moments import micros

_MOST_TAGS = 1000
_MOST_TOGETHER = 500  # a subject and its referrers; of more, referrers go first


@dataclass(frozen=True, slots=True)
class Done:
    """What a step did; the repository's revision after it."""

    revision: int
    actions: Sequence[Action]
    kept: Sequence[Kept]


def groups(actions: Sequence[Action]) -> Iterator[Sequence[Action]]:
    """Actions in groups that a step does together: some ten images, none of them without its referrers."""
    group: list[Action] = []
    for together in _with_referrers(actions):
        if group and len(group) + len(together) > told.AT_ONCE:
            yield group
            group = []
        group += together
    if group:
        yield group


def carry_out(
    tx: Transaction, caller: Caller, evaluation: Evaluation, actions: Sequence[Action], revision: int
) -> Done | None:
    """Do this much, if the repository is at that revision or each action stands by itself; None if not."""
    repository = repositories.lock_live(tx, evaluation.repository.id)
    if repository is None or not is_current(tx, evaluation):
        return None
    if repository.revision != revision and evaluation.compares:
        return None
    step = _Step(tx, evaluation, Change(tx, caller, repository), unchanged=repository.revision == revision)
    step.do(actions)
    if not step.actions and not step.kept:
        return Done(repository.revision, (), ())
    details = told.details(about(evaluation, repository), step.actions, step.kept)
    step.change.finish(told.EXECUTION, details, bump=bool(step.actions))
    return Done(repository.revision + (1 if step.actions else 0), step.actions, step.kept)


def is_current(tx: Transaction, evaluation: Evaluation) -> bool:
    """Whether the policy is the one that was evaluated."""
    found = lifecycle_policies.find(tx, evaluation.repository.id)
    mine = evaluation.stored
    return found is not None and (found.id, found.version) == (mine.id, mine.version)


def about(evaluation: Evaluation, repository: Repository) -> Told:
    """Which policy an event is about."""
    stored = evaluation.stored
    evaluated_at = 0 if stored.evaluated_at is None else micros(stored.evaluated_at) // 1000
    return Told(repository, evaluation.policy, stored.id, stored.version, evaluated_at)


class _Step:
    """Images that are dealt with in one change."""

    def __init__(self, tx: Transaction, evaluation: Evaluation, change: Change, *, unchanged: bool) -> None:
        self._tx = tx
        self._evaluation = evaluation
        self._unchanged = unchanged
        self.change = change
        self.actions: list[Action] = []
        self.kept: list[Kept] = []
        self._left: set[str] = set()
        self._protected = protections.find(tx, change.repository.id) is not None

    def do(self, actions: Sequence[Action]) -> None:
        """Each of these, unless it is not to be done any more."""
        for action in actions:
            if action.subject in self._left or not self._stands(action):
                self._left.add(action.record.digest)
                continue
            try:
                self._act(action)
            except RepositoryProtected:
                self._left.add(action.record.digest)
            except (ImageReferenced, StorageClassUpdateRefused):
                self._left.add(action.record.digest)
                parents = images.parents(self._tx, self._of, action.record.digest, deletion.NAMED_PARENTS)
                self.kept.append(Kept(action.record, action.priority, tuple(parents)))

    @property
    def _of(self) -> str:
        return self.change.repository.id

    def _act(self, action: Action) -> None:
        if action.kind == "UNTAG":
            for tag in action.tags:
                deletion.remove_tag(self._tx, self.change, tag)
        elif action.kind == "TRANSITION":
            self._archive(action)
        else:
            deletion.remove_image(self._tx, self.change, Digest(action.record.digest))
        self.actions.append(action)

    def _archive(self, action: Action) -> None:
        """Into the archive, with what refers to the image: StorageClassUpdateRefused while an index needs it."""
        stored = images.find(self._tx, self._of, action.record.digest)
        if stored is not None and not action.subject:  # a referrer is there already
            storage_classes.require_own_class(self._tx, self.change.repository, stored, storage_classes.ARCHIVE)
            storage_classes.archive(self.change, stored)

    def _stands(self, action: Action) -> bool:
        """Whether an image is there, unused, and as it was; what refers to one goes with it, whatever became of it."""
        if self._protected and action.kind != "TRANSITION":
            return False  # nothing of the repository is deleted (core/protection.py)
        digest, now = action.record.digest, self.change.caller.at
        row = lifecycle_images.image(self._tx, self._of, digest)
        if row is None or self._is_wanted(digest, row.last_pulled_at, action.record.pulled_at, now):
            return False
        if self._unchanged or action.subject:
            return True
        if (row.status == storage_classes.ARCHIVED) is not action.record.is_archived:
            return False
        named = tags.of_image(self._tx, self._of, digest, _MOST_TAGS)
        return evaluating.decides_alone(self._evaluation.policy, action, named, now)

    def _is_wanted(self, digest: str, pulled_at: int | None, known: int | None, now: datetime) -> bool:
        """Whether an image runs somewhere, or was pulled since, where that matters: neither makes a revision."""
        if self._evaluation.asks_for_pulls and pulled_at != known:
            return True
        running = in_use.of_image(self._tx, self._of, digest, now) if self._evaluation.settings.spares_in_use else None
        return running is not None and running.count > 0


def _with_referrers(actions: Sequence[Action]) -> Iterator[Sequence[Action]]:
    """Each image with its referrers, which stand behind it."""
    start = 0
    for end in range(1, len(actions) + 1):
        if end < len(actions) and actions[end].subject:
            continue
        yield from _portions(actions[start:end])
        start = end


def _portions(together: Sequence[Action]) -> Iterator[Sequence[Action]]:
    surplus = together[_MOST_TOGETHER:]
    for at in range(0, len(surplus), _MOST_TOGETHER):
        yield surplus[at : at + _MOST_TOGETHER]
    yield together[:_MOST_TOGETHER]
