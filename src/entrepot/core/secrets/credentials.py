"""What an upstream registry is asked with, as pull-through rules name it: a secret `ecr-pullthroughcache/…` of JSON
with `username` and `accessToken` (ECR user guide, "Storing upstream repository credentials").
"""

import re
from dataclasses import dataclass, field

import msgspec

from entrepot.core.access import Caller
from entrepot.core.keys.vault import Vault
from entrepot.core.secrets import names, versions
from entrepot.core.secrets.versions import Asked, Found
from entrepot.db.database import Reader
from entrepot.errors import (
    AccessDenied,
    CredentialSecretInaccessible,
    CredentialSecretNotFound,
    CredentialSecretUnreadable,
    SecretNotDecrypted,
    SecretNotFound,
    SecretStateInvalid,
    SecretVersionNotFound,
)

_ARN = re.compile(r"arn:aws:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:ecr-pullthroughcache/[a-zA-Z0-9/_+=.@-]+")


@dataclass(frozen=True, slots=True)
class Credential:
    """A login at an upstream registry."""

    username: str
    access_token: str = field(repr=False)


class _Content(msgspec.Struct, rename="camel"):
    username: str
    access_token: str


_DECODER = msgspec.json.Decoder(_Content)


def value(tx: Reader, caller: Caller, vault: Vault, arn: str) -> Credential:
    """The login that a secret of the caller's account and region holds: CredentialSecretNotFound,
    CredentialSecretInaccessible, CredentialSecretUnreadable.
    """
    name = names.parse(caller, arn)
    if not _ARN.fullmatch(arn) or (name.account, name.region) != (caller.principal.account, caller.region):
        raise CredentialSecretNotFound(arn=arn[:612])
    try:
        found = versions.get(tx, caller, vault, arn, Asked())
    except (SecretNotFound, SecretStateInvalid, SecretVersionNotFound):
        raise CredentialSecretNotFound(arn=arn) from None
    except (AccessDenied, SecretNotDecrypted) as why:
        raise CredentialSecretInaccessible(arn=arn, reason=why) from None
    return _credential(arn, found)


def _credential(arn: str, found: Found) -> Credential:
    try:
        content = _DECODER.decode(b"" if found.value is None else found.value.content)
    except msgspec.MsgspecError:
        reason = "it is not JSON with username and accessToken"
        raise CredentialSecretUnreadable(arn=arn, reason=reason) from None
    return Credential(content.username, content.access_token)
