"""Repositories and their resource tags."""

from entrepot.errors.fact import Fact


class RepositoryNotFound(Fact):
    """No such repository in the registry."""

    text = "The repository with name '{name}' does not exist in the registry with id '{account}'"


class RepositoryAlreadyExists(Fact):
    """A repository of this name exists."""

    text = "The repository with name '{name}' already exists in the registry with id '{account}'"


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
