"""Registries and repositories by name, and their ARNs (Service Authorization Reference, Amazon ECR)."""

import re
from typing import Literal

import msgspec

from entrepot.errors import NameInvalid, ParameterInvalid, RepositoryNameReserved

RegistryKind = Literal["private", "public"]
_SHORTEST, _LONGEST = 2, 256
_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_NAME = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_ADDRESS = re.compile(r"\d{12}/[a-z]{2}(-[a-z]+)+-\d(/|\Z)|public\.ecr(/|\Z)")
_PRIVATE_ARN = re.compile(r"arn:aws:ecr:([a-z0-9-]{2,25}):(\d{12}):repository/(.+)", re.DOTALL)
_PUBLIC_ARN = re.compile(r"arn:aws:ecr-public::(\d{12}):repository/(.+)", re.DOTALL)


class RegistryKey(msgspec.Struct, frozen=True):
    """An account's private registry of a region, or its public one (region '')."""

    kind: RegistryKind
    account: str
    region: str


def public_registry(account: str) -> RegistryKey:
    """An account's public registry."""
    return RegistryKey("public", account, "")


class RepositoryKey(msgspec.Struct, frozen=True):
    """A repository by name; it need not exist."""

    registry: RegistryKey
    name: str

    @property
    def arn(self) -> str:
        """The Amazon Resource Name."""
        registry = self.registry
        if registry.kind == "public":
            return f"arn:aws:ecr-public::{registry.account}:repository/{self.name}"
        return f"arn:aws:ecr:{registry.region}:{registry.account}:repository/{self.name}"

    @classmethod
    def parse_arn(cls, text: str) -> "RepositoryKey":
        """A repository's key from its ARN: ParameterInvalid, NameInvalid."""
        if match := _PRIVATE_ARN.fullmatch(text):
            return cls(RegistryKey("private", match[2], match[1]), parse_name(match[3]))
        if match := _PUBLIC_ARN.fullmatch(text):
            return cls(public_registry(match[1]), parse_name(match[2]))
        raise ParameterInvalid(parameter="resourceArn", reason="Invalid ARN")


def parse_name(text: str) -> str:
    """A repository name: NameInvalid; RepositoryNameReserved for what is always the address of a registry."""
    if not _SHORTEST <= len(text) <= _LONGEST or not _NAME.fullmatch(text):
        raise NameInvalid(name=text[:_LONGEST])
    if _ADDRESS.match(text):
        raise RepositoryNameReserved(name=text)
    return text
