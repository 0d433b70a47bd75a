"""What is wrong with signing profiles, signatures and the rules that make them."""

from entrepot.errors.fact import Fact


class SigningConfigurationNotFound(Fact):
    """A registry signs nothing that is pushed."""

    text = "The signing configuration for the registry with id '{account}' does not exist."


class SigningProfileNotFound(Fact):
    """No such profile, as far as the caller may know."""

    text = "The signing profile {name} does not exist."


class SigningJobNotFound(Fact):
    """No such signature, as far as the caller may know."""

    text = "The signing job {job} does not exist."


class SigningPlatformNotFound(Fact):
    """Nothing signs in that form here."""

    text = "The signing platform {platform} does not exist here; there are {known}."


class SigningInputInvalid(Fact):
    """An input that cannot be (`reason`)."""


class SigningPermissionNotFound(Fact):
    """No such statement among those of the profile."""

    text = "The signing profile {name} has no permission {statement}."


class SigningPermissionConflict(Fact):
    """Permissions have changed meanwhile, or have this statement (`reason`)."""


class SigningPermissionsTooMany(Fact):
    """As many as there may be."""

    text = "A signing profile may have {limit} permissions at most."


class SigningTagsInvalid(Fact):
    """Tags that cannot be (`reason`)."""


class SigningTaggedNotFound(Fact):
    """Nothing with that ARN has tags."""

    text = "No signing profile {arn}."
