"""Policy documents that are not accepted. The sentences are those that AWS answers with."""

from entrepot.errors.fact import Fact


class PolicyMalformed(Fact):
    """A document that is not a policy of its kind (`reason`)."""


class RepositoryPolicyInvalid(Fact):
    """A document that is not a repository policy (`reason`)."""

    text = (
        "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid repository policy provided' "
        "({reason})"
    )


class RegistryPolicyInvalid(Fact):
    """A document that is not a registry policy (`reason`)."""

    text = (
        "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid registry policy provided' ({reason})"
    )


class RepositoryPolicyNotFound(Fact):
    """A repository without a policy."""

    text = "Repository policy does not exist for the repository with name '{name}' in the registry with id '{account}'"


class RegistryPolicyNotFound(Fact):
    """A registry without a policy."""

    text = "Registry policy does not exist in the registry with id '{account}'"


class PolicyTooLarge(Fact):
    """More characters, white space apart, than a policy of its kind may have (`quota` names the limit)."""

    text = "Cannot exceed quota for {quota}: {limit}"


class InlinePoliciesTooLarge(Fact):
    """The inline policies of one identity (`holder`: `user alice`) together, white space apart."""

    text = "Maximum policy size of {limit} bytes exceeded for {holder}"


class SessionTooLarge(Fact):
    """Session policies and tags that do not fit into a token together."""

    text = "Packed policy consumes {percent}% of allotted space, please use smaller policy."


class SessionPoliciesTooLarge(Fact):
    """The session policies of one call together, white space apart."""

    text = "The session policies have {size} characters, and may have {limit} in all"
