"""What replication keeps, as the rest of the house sees it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, get_args

import msgspec

from entrepot.spec.repository import RegistryKey, RepositoryKey

PUSH: Final = "PUSH"
DELETE: Final = "DELETE"
SETTINGS: Final = "SETTINGS"
Action = Literal["PUSH", "DELETE", "SETTINGS"]
Status = Literal["IN_PROGRESS", "COMPLETE", "FAILED"]
BackfillStatus = Literal["PREPARING", "IN_PROGRESS", "COMPLETE", "FAILED", "STOPPING", "STOPPED"]
Kind = Literal["IMAGE_TAG_MUTABILITY", "SCAN_ON_PUSH", "RESOURCE_TAGS", "LIFECYCLE_POLICY", "REPOSITORY_POLICY"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
RepairStatus = Literal["IN_PROGRESS", "COMPLETE"]
Difference = Literal["MISSING", "EXTRA", "DAMAGED", "SETTINGS"]


class Destination(msgspec.Struct, frozen=True, array_like=True, order=True):
    """A private registry that images go to."""

    region: str
    account: str

    @property
    def registry(self) -> RegistryKey:
        """Its key."""
        return RegistryKey("private", self.account, self.region)


class Rule(msgspec.Struct, frozen=True, array_like=True):
    """Where images go whose repository's name begins with one of the prefixes (without any, all); `deletes` is None
    where the rule says nothing of deletions.
    """

    destinations: tuple[Destination, ...]
    prefixes: tuple[str, ...]
    deletes: bool | None

    def applies_to(self, name: str) -> bool:
        """Whether images of the repository of this name go anywhere by it."""
        return not self.prefixes or name.startswith(self.prefixes)


def destinations_of(rules: Sequence[Rule], name: str) -> dict[Destination, bool]:
    """Where images of a repository go, each once, and whether deletions go there too: one rule that says so is
    enough.
    """
    found: dict[Destination, bool] = {}
    for rule in rules:
        if rule.applies_to(name):
            for each in rule.destinations:
                found[each] = found.get(each, False) or bool(rule.deletes)
    return found


class Option(msgspec.Struct, frozen=True, array_like=True):
    """What AWS has no name for: of repositories whose name begins with one of the prefixes (without any, all) that the
    rules take to the destination, only images with a tag that one of `tags` means go there (without any, all), and
    `settings` go there too.
    """

    destination: Destination
    prefixes: tuple[str, ...]
    tags: tuple[str, ...]
    settings: tuple[Kind, ...]

    def applies_to(self, destination: Destination, name: str) -> bool:
        """Whether it is about the repository of this name on its way to a destination."""
        return destination == self.destination and (not self.prefixes or name.startswith(self.prefixes))


def tags_of(options: Sequence[Option], destination: Destination, name: str) -> tuple[str, ...]:
    """The filters of tags of all options that apply, of which one is to match; none where any image goes."""
    return tuple(text for each in options if each.applies_to(destination, name) for text in each.tags)


def settings_of(options: Sequence[Option], destination: Destination, name: str) -> tuple[Kind, ...]:
    """The settings that go there too, in the order of KINDS."""
    wanted = {kind for each in options if each.applies_to(destination, name) for kind in each.settings}
    return tuple(kind for kind in KINDS if kind in wanted)


@dataclass(frozen=True, slots=True)
class Step:
    """What one change of a repository is still to do at one destination; `tag` is '' where it is of none, `reason`
    why the last attempt failed.
    """

    repository_id: str
    source: RepositoryKey
    destination: Destination
    revision: int
    ordinal: int
    action: Action
    digest: str
    tag: str
    attempts: int
    reason: str
    created_at: datetime
    due_at: datetime

    @property
    def target(self) -> RepositoryKey:
        """The repository at the destination."""
        return RepositoryKey(self.destination.registry, self.source.name)


@dataclass(frozen=True, slots=True)
class Lane:
    """From a repository to a destination: what goes there goes in the order of its changes."""

    repository_id: str
    destination: Destination


@dataclass(frozen=True, slots=True)
class ImageStatus:
    """How the copy of an image under a tag stands at a destination."""

    destination: Destination
    tag: str
    status: Status
    failure_code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits to go from one registry to another: how many steps, since when, how many of them failed before."""

    source: RegistryKey
    destination: Destination
    steps: int
    oldest: datetime
    retried: int


@dataclass(frozen=True, slots=True)
class Backfill:
    """The images of a registry that are there already, on their way to one destination; `after` is (name, digest, tag)
    up to which it is known what it has to do.
    """

    id: str
    registry: RegistryKey
    destination: Destination
    status: BackfillStatus
    failure_code: str
    after: tuple[str, str, str]
    total: int
    completed: int
    failed: int
    is_prepared: bool
    started_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Item:
    """One image and tag of a backfill; `sub_failure_codes` is None unless it is an index."""

    name: str
    digest: str
    tag: str
    status: str
    failure_code: str
    sub_failure_codes: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Repair:
    """A comparison of what a registry has with what one destination has, of the repository `name` or, where that is
    '', of all that the rules take there. `after` is (name, side, digest, tag) up to which it has been compared;
    `is_dry` only finds out, `kept` counts what is extra and stays.
    """

    id: str
    registry: RegistryKey
    destination: Destination
    name: str
    is_dry: bool
    status: RepairStatus
    after: tuple[str, str, str, str]
    compared: int
    found: int
    kept: int
    started_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class RepairItem:
    """One difference: an image and tag, or settings (`digest` is '', `tag` says which)."""

    ordinal: int
    name: str
    difference: Difference
    digest: str
    tag: str
    is_kept: bool
