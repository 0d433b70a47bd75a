"""What secrets are called (Secrets Manager API reference, "CreateSecret"), and how an ARN names one."""

import re
import secrets
import string
from dataclasses import dataclass

from entrepot.core.access import Caller
from entrepot.errors import SecretInputInvalid

SERVICE = "secretsmanager"
_SUFFIX = 6
_LETTERS = string.ascii_letters + string.digits
_NAME = re.compile(r"[a-zA-Z0-9/_+=.@!-]{1,512}")
_ARN = re.compile(r"arn:aws:secretsmanager:([a-z0-9-]{1,32}):([0-9]{12}):secret:([a-zA-Z0-9/_+=.@!-]{1,519})")


@dataclass(frozen=True, slots=True)
class SecretName:
    """A secret as it was named: `names` are what it may be called, each with the suffix that it must then have ('' for
    any). `given` is what the caller wrote.
    """

    account: str
    region: str
    given: str
    names: tuple[tuple[str, str], ...]

    @property
    def arn(self) -> str:
        """What an action is authorised on where there is no such secret."""
        if self.given.startswith("arn:"):
            return self.given
        return f"arn:aws:secretsmanager:{self.region}:{self.account}:secret:{self.given}-??????"


def parse(caller: Caller, given: str) -> SecretName:
    """A secret by its name in the caller's account and region, or by its ARN, with or without the suffix."""
    found = _ARN.fullmatch(given)
    if found is None:
        own = ((given, ""),) if _NAME.fullmatch(given) else ()
        return SecretName(caller.principal.account, caller.region, given, own)
    rest = found[3]
    name, hyphen, suffix = rest.rpartition("-")
    whole = ((name, suffix),) if hyphen and len(suffix) == _SUFFIX and name else ()
    return SecretName(found[2], found[1], given, (*whole, (rest, "")))


def checked(name: str) -> str:
    """The name: SecretInputInvalid for one that no secret can have."""
    if not _NAME.fullmatch(name):
        raise SecretInputInvalid(
            reason="Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: "
            "-/_+=.@!"
        )
    return name


def new_suffix() -> str:
    """Six random characters of an ARN: who makes a secret anew under an old name has another one."""
    return "".join(secrets.choice(_LETTERS) for _ in range(_SUFFIX))
