"""Tokens of identity providers, and what is wrong with them."""

from entrepot.errors.fact import Fact


class IdentityTokenInvalid(Fact):
    """Not a token that a provider of the account signed for one of its audiences (`reason`)."""


class IdentityTokenExpired(Fact):
    """A token that was good once."""

    text = "Token expired: current date/time {now} must be before the expiration date/time {expired_at}"


class IdentityClaimRejected(Fact):
    """A token that its provider signed, and a claim in it that cannot be used (`reason`)."""


class IdentityProviderUnreachable(Fact):
    """The provider's keys cannot be fetched, or are none (`reason`)."""

    text = "Couldn't retrieve verification key from the identity provider {provider}: {reason}"


class RoleRefused(Fact):
    """The role does not trust the identity, does not exist, or may not be assumed in this way."""

    text = "Not authorized to perform sts:AssumeRoleWithWebIdentity"
