"""What a change of a repository has to do at other registries: written in the transaction of the change, by what the
change tells (core/image_events.py).

What replication itself changes is not followed: an image goes one step, and no chain of rules takes it further.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from entrepot.db import replication_configurations, replication_statuses, replication_steps, tags
from entrepot.db.database import Transaction
from entrepot.db.records import Repository
from entrepot.db.replication_records import DELETE, PUSH, Action, destinations_of

ROLE: Final = "/aws-service-role/replication.ecr.amazonaws.com/AWSServiceRoleForECRReplication"
_TOLD: Final = frozenset({"ECR Image Action", "ECR Referrer Action"})
_MOST_TAGS: Final = 1000
Told = tuple[str, Mapping[str, Any]]  # detail type; source, resources, detail


class _Change(NamedTuple):
    """One image that was pushed or restored, or deleted, or lost a tag."""

    action: Action
    digest: str
    tag: str


def is_replication(behind: str) -> bool:
    """Whether a principal acts for replication; `behind` is the ARN of its role."""
    return behind.endswith(f":role{ROLE}")


def follow(
    tx: Transaction, repository: Repository, revision: int, events: Sequence[Told], behind: str, at: datetime
) -> None:
    """Note what is to be done for the events of one change of this revision, which `behind` made."""
    images = [(ordinal, told["detail"]) for ordinal, (name, told) in enumerate(events) if name in _TOLD]
    if not images or repository.key.registry.kind != "private" or is_replication(behind):
        return
    rules = replication_configurations.find(tx, repository.key.registry)
    destinations = destinations_of(rules, repository.key.name)
    if not destinations:
        return
    for ordinal, detail in images:
        for change in _changes(tx, repository, detail):
            for destination, deletes in destinations.items():
                if change.action == DELETE and not deletes:
                    continue
                place = (revision, ordinal)
                replication_steps.add(tx, repository.id, repository.key, destination, place, *change, at)
                if change.action == PUSH:
                    replication_statuses.put(
                        tx, repository.id, change.digest, change.tag, destination, "IN_PROGRESS", at
                    )


def _changes(tx: Transaction, repository: Repository, detail: Mapping[str, Any]) -> Iterator[_Change]:
    digest, tag = str(detail["image-digest"]), str(detail.get("image-tag", ""))
    match detail["action-type"]:
        case "PUSH":
            yield _Change("PUSH", digest, tag)
        case "DELETE":
            yield _Change("DELETE", digest, tag)
        case "UPDATE_STORAGE_CLASS" if detail["target-storage-class"] == "STANDARD":
            for each in tags.of_image(tx, repository.id, digest, _MOST_TAGS) or ("",):
                yield _Change("PUSH", digest, each)
