"""Requests that cannot be understood or served, whoever asks."""

from entrepot.errors.fact import Fact


class RequestMalformed(Fact):
    """The request cannot be parsed (`reason`)."""


class RequestTooLarge(Fact):
    """The body or a header exceeds what this request may carry."""

    text = "{what} is larger than the allowed {limit} bytes"


class ParameterInvalid(Fact):
    """A parameter breaks a documented constraint."""

    text = "Invalid parameter at '{parameter}' failed to satisfy constraint: '{reason}'"


class DigestInvalid(Fact):
    """Not a digest of a supported algorithm: `algorithm:hex`."""

    text = "'{digest}' is not a digest; send sha256:<64 hex digits> or sha512:<128 hex digits>"


class TagInvalid(Fact):
    """Not an image tag."""

    text = "'{tag}' is not a tag; a tag is 1 to 128 of [a-zA-Z0-9._-] and does not start with '.' or '-'"


class NameInvalid(Fact):
    """Not a repository name."""

    text = "'{name}' is not a repository name; a name is 2 to 256 of [a-z0-9], in parts joined by one of . _ __ - /"


class PageTokenInvalid(Fact):
    """A page token that this server did not issue for these parameters."""

    text = "Invalid parameter at 'NextToken' failed to satisfy constraint: 'Invalid next token provided'"


class OperationUnsupported(Fact):
    """The operation exists elsewhere, and is not served here."""

    text = "{operation} is not supported by this server; see the coverage page of the documentation"


class RateExceeded(Fact):
    """An anonymous caller asks more often than it may; `seconds` until it may again."""

    text = "Rate exceeded; log in, or try again in {seconds} seconds"


class Throttled(Fact):
    """A principal, or its account, asks more often than it may; `seconds` until it may again."""

    text = "Rate exceeded"


class ServerBusy(Fact):
    """The server sheds load or drains; the same request may succeed later."""

    text = "the server is busy ({reason}); try again"
