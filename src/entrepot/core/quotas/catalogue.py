"""Every service quota of a registry, with AWS's value (ECR user guide and ECR Public user guide, "service quotas").

What a registry may have follows from here and from what its operator set (`limits`); nothing else holds such a number.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from entrepot.errors import ServiceQuotaUnknown
from entrepot.spec.repository import RegistryKind

MIB: Final = 1024 * 1024
REPOSITORIES: Final = "Repositories"
IMAGES: Final = "ImagesPerRepository"
TAGS: Final = "TagsPerImage"
LAYER_PARTS: Final = "LayerParts"
LEAST_PART: Final = "LayerPartMinimum"
LARGEST_PART: Final = "LayerPartMaximum"
LAYER_SIZE: Final = "LayerSize"
RULES: Final = "LifecyclePolicyRules"
TEMPLATES: Final = "CreationTemplates"
EXCLUSIONS: Final = "PullTimeUpdateExclusions"
SCANS: Final = "BasicScansPerDay"
UPSTREAMS: Final = "PullThroughCacheRules"
REPLICATION_RULES: Final = "ReplicationRules"
DESTINATIONS: Final = "ReplicationDestinations"
REPLICATION_FILTERS: Final = "ReplicationFilters"


class Quota(NamedTuple):
    """AWS's value, what it counts, and the bounds of what an operator may set: the most is where it was tested, or
    what something else of this server allows.
    """

    value: int
    unit: str
    least: int
    most: int


_MANY = 10_000_000
_COMMON: Mapping[str, Quota] = {
    IMAGES: Quota(100_000, "images in a repository", 0, _MANY),
    TAGS: Quota(1000, "tags of an image", 1, 1000),
    LEAST_PART: Quota(5 * MIB, "bytes of a layer part that is not the last", 1, 10 * MIB),
    LARGEST_PART: Quota(10 * MIB, "bytes of a layer part", 1, 20 * MIB),
}
QUOTAS: Mapping[RegistryKind, Mapping[str, Quota]] = {
    "private": {
        REPOSITORIES: Quota(100_000, "repositories in a registry", 0, _MANY),
        **_COMMON,
        LAYER_PARTS: Quota(4200, "parts of a layer", 1, 100_000),
        LAYER_SIZE: Quota(52_000 * MIB, "bytes of a layer", 1, 1 << 50),
        RULES: Quota(50, "rules of a lifecycle policy", 1, 50),
        TEMPLATES: Quota(50, "repository creation templates in a registry", 0, 50),
        EXCLUSIONS: Quota(100, "pull time update exclusions in a registry", 0, 1000),
        UPSTREAMS: Quota(50, "pull through cache rules in a registry", 0, 50),
        REPLICATION_RULES: Quota(25, "rules of a replication configuration", 0, 25),
        DESTINATIONS: Quota(25, "different destinations of a replication configuration", 0, 25),
        REPLICATION_FILTERS: Quota(100, "repository filters of a replication rule", 0, 100),
        SCANS: Quota(100_000, "basic scans of a registry in 24 hours", 0, _MANY),
    },
    "public": {
        REPOSITORIES: Quota(10_000, "repositories in a registry", 0, _MANY),
        **_COMMON,
        LAYER_PARTS: Quota(1000, "parts of a layer", 1, 100_000),
        LAYER_SIZE: Quota(10_000 * MIB, "bytes of a layer", 1, 1 << 50),
    },
}


def get(kind: RegistryKind, name: str) -> Quota:
    """The quota of this name: ServiceQuotaUnknown."""
    found = QUOTAS[kind].get(name)
    if found is None:
        raise ServiceQuotaUnknown(name=name, kind=kind, known=", ".join(sorted(QUOTAS[kind])))
    return found
