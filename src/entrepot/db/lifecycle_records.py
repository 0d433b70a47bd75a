"""Lifecycle policies and previews as the rest of the house sees them."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class LifecycleSettings:
    """What a registry has set for all its lifecycle policies: `extended` ones may have this server's own properties;
    images in use stay, and those pulled within so many days.
    """

    extended: bool = False
    spares_in_use: bool = True
    spares_pulled_days: int = 0


@dataclass(frozen=True, slots=True)
class StoredPolicy:
    """A policy of a repository, and when it was last evaluated."""

    repository_id: str
    id: str
    version: int
    text: str
    extended: bool
    evaluated_at: datetime | None
    failures: str


@dataclass(frozen=True, slots=True)
class Preview:
    """The last preview that was asked for; `run` names the images that it shows."""

    repository_id: str
    id: str
    text: str
    extended: bool
    status: str
    run: str
    tries: int
    expiring: int
    transitioning: int


@dataclass(frozen=True, slots=True)
class PreviewImage:
    """What becomes of an image, the `ordinal`-th of a preview; a spared one stays, for it is in use or was pulled."""

    ordinal: int
    digest: str
    tags: tuple[str, ...]
    pushed_at: datetime
    action: str
    priority: int
    storage_class: str
    spared: bool
    clusters: tuple[str, ...]
    pulled_at: datetime | None
