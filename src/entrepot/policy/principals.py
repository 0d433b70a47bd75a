"""Who asks, and whether a resource policy's Principal names them, and how (IAM user guide, "Principal").

How decides what limits the grant: naming the account only lets its own policies decide; naming the role leaves the
session's limits in force; naming the user or the session itself grants directly.
"""

import re
from enum import IntEnum
from typing import Literal

import msgspec

from entrepot.policy.structure import Principals

Kind = Literal["root", "user", "role session", "federated user", "web identity", "service", "anonymous"]
_ROOT = re.compile(r"arn:[^:]*:iam::([0-9]{12}):root")
_TYPES = {"root": "Account", "user": "User", "role session": "AssumedRole", "federated user": "FederatedUser"}


class Naming(IntEnum):
    """How closely a statement names a principal."""

    NOBODY = 0
    ACCOUNT = 1
    ROLE = 2  # or the user behind a federated session
    DIRECT = 3


class Principal(msgspec.Struct, frozen=True):
    """One that asks; `arn` is shown in denials: of the user, the session, the account's root; a service's name.

    `account` is empty for services, web identities and anonymous callers. `id` is the unique id: AIDA…, AROA… of the
    role, the account. `behind` is the ARN of the role that was assumed, or of the user who asked for a federated
    session. `provider` names who vouched for a web identity, also after it has become a session.
    """

    account: str
    kind: Kind
    arn: str
    id: str = ""
    behind: str = ""
    session: str = ""
    provider: str = ""

    @property
    def governed(self) -> bool:
        """Whether identity policies speak of it at all."""
        return self.kind in _TYPES

    def context(self) -> dict[str, tuple[str, ...]]:
        """The condition keys that follow from who asks; those of tags and tokens are the caller's."""
        if not self.governed:
            return {"aws:principaltype": ("Anonymous",)} if self.kind == "anonymous" else {}
        keys = {
            "aws:PrincipalType": _TYPES[self.kind],
            "aws:PrincipalAccount": self.account,
            "aws:PrincipalArn": self.behind if self.kind == "role session" else self.arn,
            "aws:userid": f"{self.id}:{self.session}" if self.session else self.id,
        }
        if self.kind == "user":
            keys["aws:username"] = self.arn.rpartition("/")[2]
        return {key.lower(): (value,) for key, value in keys.items()}


class Names:
    """A Principal or NotPrincipal element, prepared."""

    __slots__ = ("_aws", "_everyone", "_federated", "_negated", "_services")

    def __init__(self, principals: Principals) -> None:
        self._everyone = principals.everyone
        self._negated = principals.negated
        self._aws = frozenset(_ROOT.sub(r"\1", value) for type_, value in principals.values if type_ == "AWS")
        self._services = frozenset(value for type_, value in principals.values if type_ == "Service")
        self._federated = frozenset(value for type_, value in principals.values if type_ == "Federated")

    def naming(self, principal: Principal) -> Naming:
        """How the element names a principal; NotPrincipal names directly all that it does not spare."""
        if self._negated:
            return Naming.NOBODY if self._spares(principal) else Naming.DIRECT
        if self._everyone:
            return Naming.DIRECT
        if principal.kind == "service":
            return Naming.DIRECT if principal.arn in self._services else Naming.NOBODY
        if principal.kind == "web identity":
            return Naming.DIRECT if principal.provider in self._federated else Naming.NOBODY
        return self._among_identities(principal)

    def _among_identities(self, principal: Principal) -> Naming:
        if self._aws.intersection(_own(principal)):
            return Naming.DIRECT
        if self._aws.intersection(_role(principal)):
            return Naming.ROLE
        if principal.provider and principal.provider in self._federated:
            return Naming.ROLE
        return Naming.ACCOUNT if principal.account in self._aws else Naming.NOBODY

    def _spares(self, principal: Principal) -> bool:
        """Whether NotPrincipal lists the account, the role and the session: a part of them is not enough."""
        if self._everyone:
            return True
        if principal.kind == "service":
            return principal.arn in self._services
        if principal.kind == "web identity":
            return principal.provider in self._federated
        layers = ({principal.account}, _role(principal), _own(principal) if principal.kind != "root" else set())
        return all(self._aws & layer for layer in layers if layer)


def _own(principal: Principal) -> set[str]:
    return {principal.arn, principal.id} - {""} if principal.kind == "user" else {principal.arn} - {""}


def _role(principal: Principal) -> set[str]:
    """The role that a session is of, or the user behind a federated one (a root is its account, and nothing more)."""
    if principal.kind == "role session":
        return {principal.behind, principal.id} - {""}
    if principal.kind == "federated user" and not _ROOT.fullmatch(principal.behind):
        return {principal.behind} - {""}
    return set()
