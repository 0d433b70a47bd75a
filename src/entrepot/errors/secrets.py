"""What is wrong with secrets, their versions and policies. The sentences are AWS's where theirs are known."""

from entrepot.errors.fact import Fact


class SecretNotFound(Fact):
    """No such secret, as far as the caller may know."""

    text = "Secrets Manager can't find the specified secret."


class SecretVersionNotFound(Fact):
    """No such version of the secret, or none with that label."""

    text = "Secrets Manager can't find the specified secret value for {what}"


class SecretAlreadyExists(Fact):
    """The name is taken, or the version's token by another value (`reason`)."""


class SecretInputInvalid(Fact):
    """An input that cannot be (`reason`)."""


class SecretStateInvalid(Fact):
    """What the secret, as it stands, does not allow (`reason`)."""


class SecretQuotaExceeded(Fact):
    """As many as there may be (`reason`)."""


class SecretNotEncrypted(Fact):
    """The key cannot be used to encrypt (`reason`)."""

    text = "Secrets Manager can't encrypt the protected secret text using the provided KMS key: {reason}"


class SecretNotDecrypted(Fact):
    """The key cannot be used to decrypt (`reason`)."""

    text = "Secrets Manager can't decrypt the protected secret text using the provided KMS key: {reason}"


class SecretPolicyMalformed(Fact):
    """A text that is no policy of a secret (`reason`)."""

    text = "This resource policy contains invalid JSON or a statement that cannot be: {reason}"


class SecretPolicyPublic(Fact):
    """A policy that lets everyone in, where that was to be refused."""

    text = "The resource policy grants broad access to the secret, and BlockPublicPolicy is set."


class SecretPageTokenInvalid(Fact):
    """A page token of another listing."""

    text = "Invalid token."


class CredentialSecretNotFound(Fact):
    """The secret with an upstream's credentials is not there."""

    text = "The secret {arn} does not exist, is scheduled for deletion, or is not one of this account and region."


class CredentialSecretInaccessible(Fact):
    """The secret with an upstream's credentials may not be read."""

    text = "The secret {arn} cannot be read: {reason}"


class CredentialSecretUnreadable(Fact):
    """The secret with an upstream's credentials holds something else."""

    text = "The secret {arn} cannot be used: {reason}"
