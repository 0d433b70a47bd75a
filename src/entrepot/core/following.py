"""What a change of a repository has to do at other registries: written in the transaction of the change, by what the
change tells (core/image_events.py) and, of settings, by the operation that it is.

What replication itself changes is not followed: an image goes one step, and no chain of rules takes it further.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from entrepot.core import tag_patterns
from entrepot.db import (
    images,
    peers,
    replication_configurations,
    replication_options,
    replication_statuses,
    replication_steps,
    tags,
)
from entrepot.db.database import Transaction
from entrepot.db.records import Repository
from entrepot.db.replication_records import (
    DELETE,
    KINDS,
    SETTINGS,
    Action,
    Destination,
    Kind,
    destinations_of,
    settings_of,
    tags_of,
)

ROLE: Final = "/aws-service-role/replication.ecr.amazonaws.com/AWSServiceRoleForECRReplication"
_TOLD: Final = frozenset({"ECR Image Action", "ECR Referrer Action"})
_MOST_TAGS: Final = 1000
_DEEPEST: Final = 8  # subjects of subjects that are looked at
_BEFORE_EVENTS: Final = -1  # the place of settings in a change
# what changes settings, and which
_SETTING: Final[Mapping[str, tuple[Kind, ...]]] = {
    "CreateRepository": KINDS,
    "RestoreRepository": KINDS,
    "PutImageTagMutability": ("IMAGE_TAG_MUTABILITY",),
    "PutImageScanningConfiguration": ("SCAN_ON_PUSH",),
    "TagResource": ("RESOURCE_TAGS",),
    "UntagResource": ("RESOURCE_TAGS",),
    "PutLifecyclePolicy": ("LIFECYCLE_POLICY",),
    "DeleteLifecyclePolicy": ("LIFECYCLE_POLICY",),
    "SetRepositoryPolicy": ("REPOSITORY_POLICY",),
    "DeleteRepositoryPolicy": ("REPOSITORY_POLICY",),
}
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
    tx: Transaction,
    repository: Repository,
    revision: int,
    action: str,
    events: Sequence[Told],
    behind: str,
    at: datetime,
) -> None:
    """Note what is to be done for one change of this revision, `action`, with these events, which `behind` made."""
    told = [(ordinal, each["detail"]) for ordinal, (name, each) in enumerate(events) if name in _TOLD]
    kinds = _SETTING.get(action, ())
    if not (told or kinds) or repository.key.registry.kind != "private" or is_replication(behind):
        return
    rules = replication_configurations.find(tx, repository.key.registry)
    destinations = destinations_of(rules, repository.key.name)
    if not destinations:
        return
    options = replication_options.find(tx, repository.key.registry)
    changes = [(ordinal, change) for ordinal, detail in told for change in _changes(tx, repository, detail)]
    for destination, deletes in destinations.items():
        taken = set(kinds) & set(settings_of(options, destination, repository.key.name))
        if taken and peers.at(tx, destination) is None:  # to a peer that took the destination later, none go
            note_settings(tx, repository, destination, revision, at)
        filters = tags_of(options, destination, repository.key.name)
        for ordinal, change in changes:
            narrowed = _narrowed(tx, repository, change, filters, deletes=deletes)
            if narrowed is not None:
                _note(tx, repository, destination, (revision, ordinal), narrowed, at)


def note_settings(
    tx: Transaction, repository: Repository, destination: Destination, revision: int, at: datetime
) -> None:
    """Have the settings of a repository, as they are then, brought to a destination; once for a revision."""
    change = _Change(SETTINGS, "", "")
    _note(tx, repository, destination, (revision, _BEFORE_EVENTS), change, at)


def is_taken(tx: Transaction, repository: Repository, digest: str, tag: str, filters: Sequence[str]) -> bool:
    """Whether an image under a tag, or without one, goes where only images with tags that match these filters go: what
    refers to such an image does too.
    """
    if not filters:
        return True
    return tag_patterns.matches(filters, tag) if tag else _refers_to_taken(tx, repository, digest, filters)


def _note(
    tx: Transaction,
    repository: Repository,
    destination: Destination,
    place: tuple[int, int],
    change: _Change,
    at: datetime,
) -> None:
    replication_steps.add(tx, repository.id, repository.key, destination, place, *change, at)
    if change.action != DELETE:
        replication_statuses.put(tx, repository.id, change.digest, change.tag, destination, "IN_PROGRESS", at)


def _narrowed(
    tx: Transaction, repository: Repository, change: _Change, filters: Sequence[str], *, deletes: bool
) -> _Change | None:
    """What is left of a change where only some tags go. Of an image that is deleted, the image: it may have gone there
    under another tag.
    """
    if change.action != DELETE:
        return change if is_taken(tx, repository, change.digest, change.tag, filters) else None
    if not deletes:
        return None
    goes = not change.tag or not filters or tag_patterns.matches(filters, change.tag)
    return change if goes else change._replace(tag="")


def _refers_to_taken(tx: Transaction, repository: Repository, digest: str, filters: Sequence[str]) -> bool:
    """Whether the subject of a manifest, or that one's, has a tag that goes."""
    for _ in range(_DEEPEST):
        found = images.find(tx, repository.id, digest)
        if found is None or found.subject is None:
            return False
        digest = found.subject
        if any(tag_patterns.matches(filters, each) for each in tags.of_image(tx, repository.id, digest, _MOST_TAGS)):
            return True
    return False


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
