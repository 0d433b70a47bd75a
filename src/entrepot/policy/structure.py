"""What a policy document is made of (IAM user guide, "IAM JSON policy elements reference"): frozen values, no rules.

Documents are made by document.parse, which checks them; the engine compiles them (compiled.py).
"""

from enum import StrEnum
from typing import Literal

import msgspec

Version = Literal["2008-10-17", "2012-10-17"]
Effect = Literal["Allow", "Deny"]
PrincipalType = Literal["AWS", "Service", "Federated", "CanonicalUser"]


class Kind(StrEnum):
    """What a document is for: each kind has its own elements, limits and errors."""

    IDENTITY = "identity"  # inline, of a user, group or role
    MANAGED = "managed"  # a version of a managed policy
    BOUNDARY = "boundary"
    SESSION = "session"
    SERVICE_CONTROL = "service control"
    REPOSITORY = "repository"
    REGISTRY = "registry"
    TRUST = "trust"
    EVENT_BUS = "event bus"
    KEY = "key"
    RESOURCE = "resource"  # of any service, for a simulation


class Listed(msgspec.Struct, frozen=True):
    """Action or NotAction, Resource or NotResource: patterns, or (`negated`) all but those."""

    values: tuple[str, ...]
    negated: bool = False


class Principals(msgspec.Struct, frozen=True):
    """Principal or (`negated`) NotPrincipal; `everyone` is `"*"`, which `{"AWS": "*"}` says too."""

    values: tuple[tuple[PrincipalType, str], ...]
    everyone: bool = False
    negated: bool = False


class Condition(msgspec.Struct, frozen=True):
    """One key under one operator: any of the values may match."""

    operator: str
    key: str
    values: tuple[str, ...]


class Statement(msgspec.Struct, frozen=True):
    """One statement; a repository policy's may have no resource, an identity's has no principals."""

    sid: str
    effect: Effect
    action: Listed
    resource: Listed | None
    principals: Principals | None
    conditions: tuple[Condition, ...]


class Document(msgspec.Struct, frozen=True):
    """A whole policy."""

    version: Version
    id: str
    statements: tuple[Statement, ...]

    @property
    def named(self) -> frozenset[str]:
        """The account ids, ARNs and unique ids that its principals name, for who must know whether they exist."""
        return frozenset(
            value
            for statement in self.statements
            if statement.principals is not None
            for type_, value in statement.principals.values
            if type_ == "AWS"
        )


class Wrong(Exception):
    """Why a text is not a policy; document.parse tells it as the fact of the document's kind."""


class NotJson(Wrong):
    """A text that is not even JSON."""
