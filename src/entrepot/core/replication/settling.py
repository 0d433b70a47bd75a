"""The settings of a repository at a destination, where its registry wants them to go there: beyond AWS
(docs/decisions/0034).

Each is put by the use case by which a caller puts it, so that the destination judges it: by what it permits the source
account to do, by what it accepts, by its quotas. What one refuses keeps no other from going.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from entrepot.core import named_principals, repositories, repository_policies, resource_tags, resources
from entrepot.core.access import Caller
from entrepot.core.changes import Change
from entrepot.core.lifecycle import policies as lifecycle
from entrepot.core.replication.arriving import EVENT, Way, caller, lock_ends
from entrepot.core.replication.outcomes import COMPLETE, GONE, Outcome, of_fact
from entrepot.core.scanning.configuration import set_scan_on_push
from entrepot.core.stored_policies import compiled
from entrepot.db import lifecycle_policies, replication_options
from entrepot.db import repositories as repository_rows
from entrepot.db import resource_tags as tag_rows
from entrepot.db.database import Transaction
from entrepot.db.records import Repository
from entrepot.db.replication_records import KINDS, Kind, settings_of
from entrepot.errors import Fact

ACTION: Final = "ReplicateRepositorySettings"
# what the role may do beside what AWS lets it do; at another account that account's policies decide
_ALSO: Final = compiled(
    "replication of settings",
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Resource":"*","Action":["ecr:PutImageTagMutability",'
    '"ecr:PutImageScanningConfiguration","ecr:TagResource","ecr:UntagResource","ecr:PutLifecyclePolicy",'
    '"ecr:DeleteLifecyclePolicy","ecr:SetRepositoryPolicy","ecr:DeleteRepositoryPolicy"]}]}',
)


class _Ends(NamedTuple):
    """Both repositories, locked, and who acts."""

    actor: Caller
    source: Repository
    target: Repository


def settle(tx: Transaction, way: Way, at: datetime) -> tuple[Outcome, Sequence[Kind]]:
    """Have the repository at the destination be set as its source is, in what goes there; GONE where one of them is
    missing. Which settings it refused: the outcome is of the first of them.
    """
    source, target = lock_ends(tx, way)
    if source is None or target is None:
        return GONE, ()
    ends = _Ends(caller(tx, way, at, also=(_ALSO,)), source, target)
    kinds = settings_of(replication_options.find(tx, way.source.registry), way.destination, way.source.name)
    put: list[Kind] = []
    refused: dict[Kind, Outcome] = {}
    for kind in differing(tx, source, target, kinds):
        try:
            _PUT[kind](tx, ends)
        except Fact as fact:  # raised before anything of it was written
            refused[kind] = of_fact(fact)
        else:
            put.append(kind)
    if put:
        _tell(tx, way, ends, put)
    return next(iter(refused.values()), COMPLETE), tuple(refused)


def differing(tx: Transaction, source: Repository, target: Repository, kinds: Sequence[Kind]) -> Sequence[Kind]:
    """Those settings that are not the same on both sides, in the order of KINDS."""
    return [kind for kind in KINDS if kind in kinds and _SEEN[kind](tx, source) != _SEEN[kind](tx, target)]


def detail(way: Way, kinds: Sequence[Kind], result: str) -> Mapping[str, object]:
    """The detail of the event that tells of settings at their destination."""
    return {
        "result": result,
        "repository-name": way.source.name,
        "source-account": way.source.registry.account,
        "action-type": "REPLICATE_SETTINGS",
        "source-region": way.source.registry.region,
        "settings": list(kinds),
    }


def _tell(tx: Transaction, way: Way, ends: _Ends, kinds: Sequence[Kind]) -> None:
    target = repository_rows.lock_live(tx, ends.target.id)
    if target is not None:
        change = Change(tx, ends.actor, target)
        change.event(EVENT, detail(way, kinds, "SUCCESS"), [way.target.arn])
        told = {"repositoryName": way.target.name, "settings": list(kinds)}
        change.finish(ACTION, told, service=resources.OWN)


def _mutability(_: Transaction, of: Repository) -> object:
    return of.mutability, tuple(of.exclusion_filters)


def _put_mutability(tx: Transaction, ends: _Ends) -> None:
    source = ends.source
    repositories.set_mutability(tx, ends.actor, ends.target.key, source.mutability, source.exclusion_filters)


def _scan_on_push(_: Transaction, of: Repository) -> object:
    return of.scan_on_push


def _put_scan_on_push(tx: Transaction, ends: _Ends) -> None:
    set_scan_on_push(tx, ends.actor, ends.target.key, value=ends.source.scan_on_push)


def _tags(tx: Transaction, of: Repository) -> object:
    return dict(tag_rows.list_of(tx, of.id))


def _put_tags(tx: Transaction, ends: _Ends) -> None:
    wanted, found = (dict(tag_rows.list_of(tx, each.id)) for each in (ends.source, ends.target))
    surplus = sorted(found.keys() - wanted.keys())
    if surplus:
        resource_tags.remove(tx, ends.actor, ends.target.key, surplus)
    changed = [(name, value) for name, value in wanted.items() if found.get(name) != value]
    if changed:
        resource_tags.put(tx, ends.actor, ends.target.key, changed)


def _lifecycle(tx: Transaction, of: Repository) -> object:
    found = lifecycle_policies.find(tx, of.id)
    return None if found is None else found.text


def _put_lifecycle(tx: Transaction, ends: _Ends) -> None:
    found = lifecycle_policies.find(tx, ends.source.id)
    if found is None:
        lifecycle.delete(tx, ends.actor, ends.target.key)
    else:
        lifecycle.put(tx, ends.actor, ends.target.key, found.text)


def _policy(_: Transaction, of: Repository) -> object:
    return of.policy


def _put_policy(tx: Transaction, ends: _Ends) -> None:
    """Whatever it is, it is meant: whoever has put it at the source has been asked there."""
    kept = ends.source.policy
    if kept is None:
        repository_policies.delete(tx, ends.actor, ends.target.key)
    else:
        repository_policies.put(tx, ends.actor, ends.target.key, named_principals.shown(tx, kept), force=True)


_SEEN: Final[Mapping[Kind, Callable[[Transaction, Repository], object]]] = {
    "IMAGE_TAG_MUTABILITY": _mutability,
    "SCAN_ON_PUSH": _scan_on_push,
    "RESOURCE_TAGS": _tags,
    "LIFECYCLE_POLICY": _lifecycle,
    "REPOSITORY_POLICY": _policy,
}
_PUT: Final[Mapping[Kind, Callable[[Transaction, _Ends], None]]] = {
    "IMAGE_TAG_MUTABILITY": _put_mutability,
    "SCAN_ON_PUSH": _put_scan_on_push,
    "RESOURCE_TAGS": _put_tags,
    "LIFECYCLE_POLICY": _put_lifecycle,
    "REPOSITORY_POLICY": _put_policy,
}
