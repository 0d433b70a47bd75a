"""What keys and aliases are called (KMS developer guide, "Key identifiers")."""

import re
from dataclasses import dataclass

from entrepot.core.access import Caller

SERVICE = "kms"
RESERVED = "alias/aws/"
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_ID = re.compile(_UUID)
_ALIAS = re.compile(r"alias/[a-zA-Z0-9/_-]{1,250}")
_ARN = re.compile(rf"arn:aws:kms:([a-z0-9-]{{1,32}}):([0-9]{{12}}):(?:key/({_UUID})|({_ALIAS.pattern}))")


@dataclass(frozen=True, slots=True)
class KeyName:
    """A key by its id, or by an alias; `id` and `alias` are '' where the other is given, both where neither can be."""

    account: str
    region: str
    given: str
    id: str = ""
    alias: str = ""

    @property
    def arn(self) -> str:
        """The ARN of what was named."""
        return f"arn:aws:kms:{self.region}:{self.account}:{self.alias or f'key/{self.id or self.given}'}"


def parse(caller: Caller, given: str) -> KeyName:
    """A key by its id or alias in the caller's account and region, or by the ARN of either."""
    return of(caller.principal.account, caller.region, given)


def of(account: str, region: str, given: str) -> KeyName:
    """A key by its id or alias in an account and region, or by the ARN of either."""
    if found := _ARN.fullmatch(given):
        return KeyName(found[2], found[1], given, found[3] or "", found[4] or "")
    if _ID.fullmatch(given):
        return KeyName(account, region, given, given)
    return KeyName(account, region, given, alias=given if _ALIAS.fullmatch(given) else "")


def is_alias(name: str) -> bool:
    """Whether a text can be an alias's name."""
    return _ALIAS.fullmatch(name) is not None
