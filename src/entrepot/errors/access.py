"""Who is asking, and what they may not do."""

from entrepot.errors.fact import Fact


class AccessDenied(Fact):
    """A known principal is not permitted to do this; `evidence` is for who may know why, and never shown."""

    evidence: object = None
    text = "User: {principal} is not authorized to perform: {action} on resource: {resource} {why}"


class CredentialMissing(Fact):
    """The request carries no credential and the resource needs one."""

    text = "Not Authorized"


class CredentialInvalid(Fact):
    """A token or password that this server did not issue, or has revoked."""

    text = "the token or password is not valid; log in again"


class CredentialMisplaced(Fact):
    """A login's token of one service, used at the registries of the other."""

    text = "this token is one of {issued_for}, and does not serve here; log in with `aws {wanted} get-login-password`"


class CredentialExpired(Fact):
    """A credential that was valid once."""

    text = "Your authorization token has expired. Reauthenticate and try again."


class CredentialUnknown(Fact):
    """An access key id that does not exist here."""

    text = "The security token included in the request is invalid."


class SessionExpired(Fact):
    """Temporary credentials that held once."""

    text = "The security token included in the request is expired"


class SessionCannot(Fact):
    """What temporary credentials of this kind can never do, whatever policies say (`operation`, `holder`)."""

    text = "Cannot call {operation} with {holder}"


class MfaRefused(Fact):
    """A code that is not the caller's own device's, or was used before."""

    text = "MultiFactorAuthentication failed with invalid MFA one time pass code."


class AuthorizationMessageInvalid(Fact):
    """An encoded authorization message that this server did not write for this account."""

    text = "The encoded authorization message is not valid, or is not of this account"


class SignatureInvalid(Fact):
    """The signature does not fit the request (`reason` says which part was looked at)."""

    text = (
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access "
        "Key and signing method. ({reason})"
    )


class RequestSkewed(Fact):
    """The request's time is too far from the server's."""

    text = "Signature expired: {signed_at} is more than {allowed_seconds} seconds from the server's time {server_at}"


class AccountNotFound(Fact):
    """No such account."""

    text = "the account {account} does not exist; `entrepot account list` shows those that do"


class AccountAlreadyExists(Fact):
    """An account of this id exists."""

    text = "the account {account} already exists"
