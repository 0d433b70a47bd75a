"""Repositories and their resource tags."""

from entrepot.errors.fact import Fact


class RepositoryNotFound(Fact):
    """No such repository in the registry."""

    text = "The repository with name '{name}' does not exist in the registry with id '{account}'"


class RepositoryAlreadyExists(Fact):
    """A repository of this name exists."""

    text = "The repository with name '{name}' already exists in the registry with id '{account}'"


class RepositoryKeyUnusable(Fact):
    """The key of KMS that a repository is encrypted with, or is to be, cannot be used (`kms_error`: KMS's own code)."""

    text = (
        "The KMS key '{key}' of the repository with name '{name}' in the registry with id '{account}' cannot be used: "
        "{reason}"
    )


class LayerKeyUnusable(Fact):
    """The same, said of a layer that somebody wants to download."""

    text = "The layer with digest {digest} in the repository with name '{name}' is not accessible: {reason}"


class RepositoryNotEmpty(Fact):
    """A repository that still contains images was to be deleted without force."""

    text = (
        "The repository with name '{name}' in registry with id '{account}' cannot be deleted because it still "
        "contains images"
    )


class RepositoryNameReserved(Fact):
    """A name that is always an address (design: path style) and never a repository."""

    text = "'{name}' is the address of a registry and cannot name a repository"


class RegionNotServed(Fact):
    """A region that this deployment does not serve."""

    text = "the region '{region}' is not served here; this deployment serves {served}"


class ResourceTagInvalid(Fact):
    """A resource tag with a key or value out of bounds (`reason`)."""

    text = "Invalid parameter at '{parameter}' failed to satisfy constraint: '{reason}'"


class ResourceTagsTooMany(Fact):
    """More than 50 tags on one resource."""

    text = "The list of tags on the repository is over the limit. The maximum number of tags is {limit}."


class RegistryNotFound(Fact):
    """No public registry has this alias."""

    text = "The registry with alias '{alias}' does not exist"


class PublicRegionNotServed(Fact):
    """ECR Public is asked for in a region that it is not in."""

    text = "ECR Public is not in {region}; use one of: {served}"


class PublicAliasTaken(Fact):
    """Another registry has this alias, or the same one."""

    text = "the alias {alias} is taken by account {account}"


class PublicAliasNotFound(Fact):
    """The account has no such alias of its own choice."""

    text = "account {account} has no custom alias {alias}; `entrepot public-alias list` shows those that there are"


class PullExclusionAlreadyExists(Fact):
    """The pulls of this principal are not counted already."""

    text = "The pull time update exclusion for '{principal}' already exists in the registry with id '{account}'"


class PullExclusionNotFound(Fact):
    """The pulls of this principal are counted."""

    text = "The pull time update exclusion for '{principal}' does not exist in the registry with id '{account}'"


class PullExclusionsTooMany(Fact):
    """A registry with as many exclusions as it may have."""

    text = "The registry already has {limit} pull time update exclusions; deregister one first"
