"""Why a request to elsewhere has no usable answer; the messages name no more than the host."""


class OutboundFault(Exception):
    """A request that was not sent, or whose answer cannot be used."""


class Unavailable(OutboundFault):
    """Nobody does it now; somebody may later."""


class DestinationForbidden(OutboundFault):
    """An URL or an address that requests do not go to."""


class DestinationUnreachable(Unavailable):
    """Nobody answers there, or not in time, or not with a certificate that is trusted."""


class AnswerUnusable(OutboundFault):
    """An answer that is too large, broken, or redirects too often."""


class AnswerBroken(AnswerUnusable, Unavailable):
    """An answer that broke off."""


class ContentWrong(AnswerUnusable):
    """Content that has another digest or another length than it was asked for by."""


class RegistryRefused(OutboundFault):
    """What a registry answered instead of doing it: its status, and its code where it gives one."""

    def __init__(self, host: str, status: int, code: str) -> None:
        super().__init__(f"{host} answers with status {status}{f' ({code})' if code else ''}")
        self.status = status
        self.code = code


class CredentialsRefused(RegistryRefused):
    """It wants credentials, or others (401), or does not let these do it (403)."""


class ContentMissing(RegistryRefused):
    """It does not have it (404)."""


class RequestsTooMany(RegistryRefused):
    """It was asked too often (429); `retry_after` is after how many seconds it wants to be asked again, if it says."""

    def __init__(self, host: str, status: int, code: str, retry_after: int | None) -> None:
        super().__init__(host, status, code)
        self.retry_after = retry_after


class RegistryFailing(RegistryRefused, Unavailable):
    """It cannot do it now (5xx)."""
