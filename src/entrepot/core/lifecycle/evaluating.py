"""A policy held against the images of a repository as they are in one snapshot; which stay because they are in use."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from entrepot.core.scanning.in_use import FRESH
from entrepot.core.storage_classes import ARCHIVED
from entrepot.db import lifecycle_images as rows
from entrepot.db import lifecycle_policies, repositories
from entrepot.db.database import Row, Transaction
from entrepot.db.lifecycle_records import LifecycleSettings, StoredPolicy
from entrepot.db.records import Repository
from entrepot.pattern.lifecycle.evaluation import evaluate
from entrepot.pattern.lifecycle.policy import COUNT, PULLED, Policy
from entrepot.pattern.lifecycle.reading import parse
from entrepot.pattern.lifecycle.records import Action, Outcome, Record
from entrepot.spec.moments import micros
from entrepot.spec.subject_tags import shared_subject

_INDEX = "index"


@dataclass(frozen=True, slots=True)
class Images:
    """All images of a repository, in which clusters some of them run, and those that are to stay."""

    records: Sequence[Record]
    in_use: Mapping[str, tuple[str, ...]]
    spared: frozenset[str]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What the policy of a repository says of it, as it was at a revision."""

    repository: Repository
    stored: StoredPolicy
    policy: Policy
    settings: LifecycleSettings
    outcome: Outcome
    at: datetime
    size: int  # how many images there are

    @property
    def compares(self) -> bool:
        """Whether what becomes of one image depends on others."""
        return any(rule.count_type == COUNT or rule.with_children for rule in self.policy.rules)

    @property
    def asks_for_pulls(self) -> bool:
        """Whether it depends on when an image was pulled."""
        return bool(self.settings.spares_pulled_days) or any(rule.count_type == PULLED for rule in self.policy.rules)


def of_repository(tx: Transaction, repository_id: str, now: datetime) -> Evaluation | None:
    """The policy of a repository held against its images; None where either is gone."""
    repository, stored = repositories.find_live(tx, repository_id), lifecycle_policies.find(tx, repository_id)
    if repository is None or stored is None:
        return None
    settings = lifecycle_policies.settings(tx, repository.key.registry)
    policy = parse(stored.text, extended=stored.extended)
    found = images(tx, repository_id, settings, now)
    outcome = evaluate(policy, found.records, micros(now), found.spared)
    return Evaluation(repository, stored, policy, settings, outcome, now, len(found.records))


def images(tx: Transaction, repository_id: str, settings: LifecycleSettings, now: datetime) -> Images:
    """The images of a repository."""
    tags, children = rows.tags(tx, repository_id), rows.children(tx, repository_id)
    records = [_record(row, tags, children) for row in rows.images(tx, repository_id)]
    in_use = rows.in_use(tx, repository_id, now - FRESH)
    since = pulled_since(settings, now)
    spared = {each.digest for each in records if each.pulled_at is not None and each.pulled_at >= since}
    return Images(records, in_use, frozenset(spared.union(in_use) if settings.spares_in_use else spared))


def pulled_since(settings: LifecycleSettings, now: datetime) -> float:
    """An image that was pulled since, in microseconds, stays."""
    days = settings.spares_pulled_days
    return micros(now - timedelta(days=days)) if days else float("inf")


def decides_alone(policy: Policy, action: Action, tags: Sequence[str], now: datetime) -> bool:
    """Whether a policy that does not compare images says the same still of one that has these tags."""
    record = action.record._replace(tags=tuple(tags), subject=None, children=())
    found = evaluate(policy, [record], micros(now)).actions
    return [(each.kind, each.tags) for each in found] == [(action.kind, action.tags)]


def _record(row: Row, tags: Mapping[str, tuple[str, ...]], children: Mapping[str, tuple[str, ...]]) -> Record:
    named = tags.get(row.digest, ())
    return Record(
        row.digest,
        named,
        row.pushed_at,
        row.last_pulled_at,
        row.activating_since if row.activated_at is None else row.activated_at,
        row.archived_at,
        row.status == ARCHIVED,
        subject=row.subject or shared_subject(named) or None,
        children=children.get(row.digest, ()) if row.kind == _INDEX else (),
    )
