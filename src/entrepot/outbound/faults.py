"""Why a request to elsewhere has no usable answer; the messages name no more than the host."""


class OutboundFault(Exception):
    """A request that was not sent, or whose answer cannot be used."""


class DestinationForbidden(OutboundFault):
    """An URL or an address that requests do not go to."""


class DestinationUnreachable(OutboundFault):
    """Nobody answers there, or not in time, or not with a certificate that is trusted."""


class AnswerUnusable(OutboundFault):
    """An answer that is too large, broken, or redirects too often."""


class AnswerBroken(AnswerUnusable):
    """An answer that broke off."""
