"""What goes wrong between deployments. No door of images answers with these: commands tell of them, replication keeps
them as reasons, and the door of peers answers with what they say.
"""

from entrepot.errors.fact import Fact


class PeerRefused(Fact):
    """The root of this module's facts."""


class PeerUnknown(PeerRefused):
    """No peer has this name (`name`)."""

    text = "there is no peer {name}; `entrepot peer list` shows those that there are"


class PeerAlreadyExists(PeerRefused):
    """Another peer has this name, this key, or serves this destination (`what`, `name`)."""

    text = "{what} belongs to the peer {name} already; remove that first with `entrepot peer remove {name}`"


class PeerInvalid(PeerRefused):
    """What a peer is to be and cannot (`reason`)."""

    text = "{reason}"


class PeerUnauthentic(PeerRefused):
    """A call that no peer signed, or one that was made before (`reason`)."""

    text = "the call is not one of a peer: {reason}"


class PeerNotGranted(PeerRefused):
    """A peer that acts for an account which it was not granted (`name`, `account`)."""

    text = "the peer {name} may not act for the account {account}; `entrepot peer grant {name} --account {account}`"


class PeerCallInvalid(PeerRefused):
    """A call that cannot be read, or asks for what there is not (`reason`)."""

    text = "the call cannot be done: {reason}"


class PeerCallStale(PeerRefused):
    """What a call tells is older than what another one has told (`name`)."""

    text = "{name} has been told of later changes already; look again"


class PeerUnavailable(PeerRefused):
    """A peer that does not answer now, or not as one (`name`, `reason`): it is asked again, for as long as it takes."""

    text = "the peer {name} cannot be used now: {reason}"


class PeerRefuses(PeerRefused):
    """What a peer says no to (`name`, `code`, `reason`); `final`: it will say so again."""

    text = "the peer {name} refuses: {reason}"
