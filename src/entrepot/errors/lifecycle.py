"""Lifecycle policies of repositories, and their previews. The sentences are those that AWS answers with."""

from entrepot.errors.fact import Fact


class LifecyclePolicyInvalid(Fact):
    """A document that is not a lifecycle policy (`reason`)."""

    text = (
        "Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: "
        "'Lifecycle policy validation failure: {reason}'"
    )


class LifecyclePolicyNotFound(Fact):
    """A repository without a lifecycle policy."""

    text = "Lifecycle policy does not exist for the repository with name '{name}' in the registry with id '{account}'"


class LifecyclePreviewNotFound(Fact):
    """Nobody has asked for a preview, or it was forgotten."""

    text = (
        "Lifecycle policy preview does not exist for the repository with name '{name}' in the registry with id "
        "'{account}'"
    )


class LifecyclePreviewInProgress(Fact):
    """A preview is asked for while another is being made."""

    text = (
        "A lifecycle policy preview is in progress for the repository with name '{name}' in the registry with id "
        "'{account}'; wait until it is complete"
    )
