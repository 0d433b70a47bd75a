"""Who a credential names: an account's root, a user, or a session of a role or user."""

from datetime import datetime
from typing import Literal

import msgspec

from entrepot.policy.principals import Principal as Subject
from entrepot.seal.sessions import Session

PrincipalKind = Literal["root", "user", "role session", "federated user", "service", "web identity", "anonymous"]
Keys = dict[str, tuple[str, ...]]


class Principal(msgspec.Struct, frozen=True, gc=False):
    """An identity that a credential named: `id` is its unique id, `epoch` that of its credential, `stamp` its account's
    when the credential was read.

    The id of a role's session is that of the role; a federated user's begins with its account. `behind` is the ARN of
    the role, or of the user behind a federated one. A web identity, before it has a session, is of no account: its ARN
    is that of the provider who vouches for it.
    """

    account: str
    kind: PrincipalKind
    id: str
    arn: str
    credential_id: str
    epoch: int
    stamp: int = 0
    behind: str = ""
    session: Session | None = None

    def subject(self) -> Subject:
        """Who asks, as policies see it."""
        session = self.session
        if self.kind == "web identity":
            return Subject("", self.kind, self.arn, provider=self.arn)
        if session is None or session.kind == "self":
            return Subject(self.account, self.kind, self.arn, self.id)
        own = self.account if session.kind == "federated" else self.id
        return Subject(self.account, self.kind, self.arn, own, self.behind, session.name, session.provider)

    @property
    def owner_id(self) -> str:
        """Whose identity policies it has: the unique id of the user or role, the account for its root."""
        return self.id if self.session is None else self.session.owner_id

    @property
    def user_id(self) -> str:
        """How AWS shows it: a role's id with the session's name, a federated user's with its account."""
        return f"{self.id}:{self.session.name}" if self.session and self.kind == "role session" else self.id

    def age(self, at: datetime) -> tuple[str, ...]:
        """`aws:MultiFactorAuthAge`: the seconds since an MFA code was given, where one was."""
        if self.session is None or self.session.mfa_at is None:
            return ()
        return (str(int((at - self.session.mfa_at).total_seconds())),)


ANONYMOUS = Principal("", "anonymous", "ANONYMOUS_PRINCIPAL", "", "", 0)


def root_principal(account: str, credential_id: str, epoch: int, stamp: int = 0) -> Principal:
    """The root of an account, as named by one of its keys."""
    return Principal(account, "root", account, f"arn:aws:iam::{account}:root", credential_id, epoch, stamp)


def user_principal(account: str, user_id: str, owner: str, credential_id: str, epoch: int, stamp: int = 0) -> Principal:
    """A user, as named by one of its keys; `owner` is its path and name."""
    return Principal(account, "user", user_id, f"arn:aws:iam::{account}:user{owner}", credential_id, epoch, stamp)


def session_principal(owner: Principal, session: Session) -> Principal:
    """A session of a user or root: itself by a temporary credential, or a federated user."""
    if session.kind == "self":
        return Principal(
            owner.account, owner.kind, owner.id, owner.arn, session.key_id, owner.epoch, owner.stamp, "", session
        )
    named = f"{owner.account}:{session.name}"
    arn = f"arn:aws:sts::{owner.account}:federated-user/{session.name}"
    return Principal(
        owner.account, "federated user", named, arn, session.key_id, owner.epoch, owner.stamp, owner.arn, session
    )


def role_principal(account: str, role: str, stamp: int, session: Session) -> Principal:
    """A session of a role; `role` is the role's path and name."""
    arn = f"arn:aws:sts::{account}:assumed-role/{role.rpartition('/')[2]}/{session.name}"
    behind = f"arn:aws:iam::{account}:role{role}"
    return Principal(account, "role session", session.owner_id, arn, session.key_id, 0, stamp, behind, session)


def session_keys(session: Session) -> Keys:
    """The condition keys that hold as long as a session lasts."""
    keys: Keys = session.condition_keys()
    keys["aws:tokenissuetime"] = (session.issued_at.isoformat(),)
    keys["aws:multifactorauthpresent"] = ("true" if session.mfa_at is not None else "false",)
    if session.source_identity:
        keys["aws:sourceidentity"] = (session.source_identity,)
    if session.provider:
        keys["aws:federatedprovider"] = (session.provider,)
    return keys
