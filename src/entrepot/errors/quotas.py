"""What is more than an account may have, as AWS's quotas or the operator say."""

from entrepot.errors.fact import Fact


class ServiceQuotaUnknown(Fact):
    """A name that no quota has."""

    text = "there is no quota '{name}' of {kind} registries; there are {known}"


class ServiceQuotaOutOfBounds(Fact):
    """A value that a quota cannot have."""

    text = "the quota '{name}' can be set from {least} to {most}, not to {value}"


class BytePrefixInvalid(Fact):
    """A prefix that no repository's name can have."""

    text = "'{prefix}' is no repository's name, nor the beginning of one with a / at its end"


class ByteQuotaNotFound(Fact):
    """No quota of bytes was set for a prefix."""

    text = "there is no quota of bytes for '{prefix}'"


class RepositoriesTooMany(Fact):
    """As many repositories as a registry may have."""

    text = (
        "Adding repository '{name}' to the registry with id '{account}' exceeds the maximum allowed number of "
        "repositories per registry which is '{limit}'"
    )


class ImagesTooMany(Fact):
    """As many images as a repository may have."""

    text = (
        "Adding image '{digest}' to the repository with name '{name}' in registry with id '{account}' exceeds the "
        "maximum allowed number of images per repository which is '{limit}'"
    )


class LayerPartsTooMany(Fact):
    """As many parts as a layer may have."""

    text = (
        "Adding a part to the upload with id '{upload}' in the repository with name '{name}' in registry with id "
        "'{account}' exceeds the maximum allowed number of parts per layer which is '{limit}'"
    )


class LayerPartTooLarge(Fact):
    """More bytes than a layer part may have."""

    text = "Layer parts must be at most {limit} bytes in size; got {size}"


class BytesTooMany(Fact):
    """More bytes than the operator lets a registry, or repositories under a prefix, hold."""

    text = (
        "Adding {size} bytes to the repository with name '{name}' in registry with id '{account}' exceeds the maximum "
        "allowed number of bytes {where} which is '{limit}'; {used} are held or being sent"
    )
