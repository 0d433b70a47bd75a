"""The pull-through cache: its rules, and what an upstream registry does not give."""

from entrepot.errors.fact import Fact


class PullThroughRuleNotFound(Fact):
    """No pull-through cache rule has this prefix."""

    text = "The pull through cache rule with prefix '{prefix}' does not exist in the registry with id '{account}'"


class PullThroughRuleAlreadyExists(Fact):
    """A rule has this prefix, with or without the `/` at its end."""

    text = "The pull through cache rule with prefix '{prefix}' already exists in the registry with id '{account}'"


class UpstreamUnsupported(Fact):
    """An upstream registry that no rule may name."""

    text = "The upstream registry '{url}' is not supported: {reason}"


class UpstreamImageAbsent(Fact):
    """The upstream has no such image, or does not say so to whom it does not know."""

    text = "Requested image not found"


class UpstreamDenied(Fact):
    """The upstream does not let this server pull."""

    text = "The upstream registry {url} denies access: {reason}"


class UpstreamBusy(Fact):
    """The upstream answers no more requests until some time has passed."""

    text = "The upstream registry {url} answers too many requests: {reason}"


class UpstreamUnavailable(Fact):
    """The upstream cannot be reached, or fails."""

    text = "The upstream registry {url} is not available: {reason}"


class UpstreamImageUnusable(Fact):
    """What the upstream gives is not what was asked for, or no image."""

    text = "The image of the upstream registry {url} cannot be used: {reason}"


class UpstreamLoginUnusable(Fact):
    """The secret or the role that a rule names cannot be used."""

    text = "The upstream registry {url} cannot be asked: {reason}"


class UpstreamLayerUnavailable(Fact):
    """A layer cannot be had from the upstream."""

    text = "The layer with digest {digest} cannot be had from the upstream registry {url}: {reason}"


class UpstreamReferrersUnavailable(Fact):
    """The upstream's referrers of an image cannot be listed, and are not known from before."""

    text = "The referrers of {digest} cannot be listed at the upstream registry {url}: {reason}"
