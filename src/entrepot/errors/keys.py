"""What is wrong with keys, their aliases and grants. The sentences are AWS's where theirs are known."""

from entrepot.errors.fact import Fact


class KeyNotFound(Fact):
    """No such key or alias, as far as the caller may know."""

    text = "{what} does not exist"


class KeyDisabled(Fact):
    """The key is switched off."""

    text = "{arn} is disabled."


class KeyStateInvalid(Fact):
    """The key's state does not allow it."""

    text = "{arn} is {state}."


class KeyRefused(Fact):
    """What the endpoint that has a key answered instead of using it (`code`: KMS's own)."""

    text = "the endpoint of {arn} answers with {code}."


class KeyUnavailable(Fact):
    """The endpoint that has a key gives no answer, or none that can be used."""

    text = "the endpoint of {arn} gives no answer that can be used: {reason}"


class KeyUsageInvalid(Fact):
    """The key is for something else, or has no such algorithm."""

    text = "{arn} key usage is {usage} which is not valid for {operation}."


class CiphertextInvalid(Fact):
    """Not a ciphertext of this key in this context; nothing more is said."""

    text = "The ciphertext or its encryption context is not valid."


class KeyMismatch(Fact):
    """The key that was named is not the one that encrypted."""

    text = "The key ID in the request does not identify a CMK that can perform this operation."


class KeyAliasAlreadyExists(Fact):
    """The alias is taken."""

    text = "An alias with the name {arn} already exists"


class KeyAliasInvalid(Fact):
    """A name that no alias of an account can have (`reason`)."""


class KeyQuotaExceeded(Fact):
    """As many as there may be (`reason`)."""


class KeyTagInvalid(Fact):
    """Tags that a key cannot have (`reason`)."""


class KeyFeatureUnsupported(Fact):
    """What keys here do not do (`reason`)."""


class KeyMarkerInvalid(Fact):
    """A marker of another listing."""

    text = "The marker is not valid: it was not given for this listing."


class GrantNotFound(Fact):
    """No such grant on the key."""

    text = "Grant {id} does not exist"


class GrantPrincipalInvalid(Fact):
    """A grant to somebody who is not there."""

    text = "{principal} is not a principal that a grant can name"


class GrantTokenInvalid(Fact):
    """A text that is no grant token of this deployment."""

    text = "The grant token is not valid."


class KeySignatureWrong(Fact):
    """The signature is not the key's of this message."""

    text = "The signature is not valid."


class KeyDryRun(Fact):
    """It would have been done."""

    text = "The request would have succeeded, but the DryRun option is set."
