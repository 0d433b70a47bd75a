"""What a session is asked to be, and whether that makes sense."""

import secrets
from dataclasses import dataclass

from entrepot.core.rights import managed
from entrepot.db.database import Transaction
from entrepot.errors import ParameterInvalid, SessionTooLarge
from entrepot.policy import document as documents
from entrepot.policy.structure import Kind
from entrepot.seal.sessions import MOST_PACKED, MOST_WHOLE, Session, grouped
from entrepot.spec.access_key import new_session_key

_SECRET_BYTES = 30  # 40 characters
_MOST_POLICY_ARNS = 10


@dataclass(frozen=True, slots=True)
class Draft:
    """What is asked for; the key is made before the unit of work, which may run twice.

    `keys` are condition keys that an identity provider's claims give, and `provider` is its ARN.
    """

    key_id: str
    secret: str
    name: str = ""
    seconds: int | None = None
    policy: str = ""
    policy_arns: tuple[str, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    transitive: tuple[str, ...] = ()
    source_identity: str = ""
    external_id: str = ""
    mfa: bool = False
    provider: str = ""
    keys: tuple[tuple[str, str], ...] = ()

    @property
    def limits(self) -> tuple[str, ...]:
        """All that counts as session policies."""
        return (*([self.policy] if self.policy else []), *self.policy_arns)

    def condition_keys(self) -> dict[str, tuple[str, ...]]:
        """The condition keys of asking for this."""
        keys = grouped(self.keys)
        single = {
            "sts:rolesessionname": self.name,
            "sts:externalid": self.external_id,
            "sts:sourceidentity": self.source_identity,
        }
        keys |= {key: (value,) for key, value in single.items() if value}
        keys |= {f"aws:requesttag/{key.lower()}": (value,) for key, value in self.tags}
        if self.tags:
            keys["aws:tagkeys"] = tuple(key for key, _ in self.tags)
        if self.transitive:
            keys["sts:transitivetagkeys"] = self.transitive
        if self.mfa:
            keys |= {"aws:multifactorauthpresent": ("true",), "aws:multifactorauthage": ("0",)}
        return keys


def fresh_key(account: str) -> tuple[str, str]:
    """(id, secret) of a temporary key."""
    return new_session_key(account), secrets.token_urlsafe(_SECRET_BYTES)


def check(tx: Transaction, draft: Draft, account: str, inherited: tuple[tuple[str, str], ...]) -> None:
    """What is asked for makes sense: ParameterInvalid, PolicyMalformed, SessionPoliciesTooLarge."""
    _check_tags(draft, inherited)
    if draft.policy:
        documents.parse(draft.policy, Kind.SESSION)
    documents.require_session_size(draft.limits)
    if len(draft.policy_arns) > _MOST_POLICY_ARNS:
        raise ParameterInvalid(parameter="PolicyArns", reason=f"there are more than {_MOST_POLICY_ARNS}")
    for arn in draft.policy_arns:
        if managed(tx, account, arn) is None:
            raise ParameterInvalid(parameter="PolicyArns", reason=f"there is no policy {arn[:256]}")


def _check_tags(draft: Draft, inherited: tuple[tuple[str, str], ...]) -> None:
    keys = {key.lower() for key, _ in draft.tags}
    if len(keys) != len(draft.tags):
        raise ParameterInvalid(parameter="Tags", reason="a key stands twice; case does not count")
    if any(key.startswith("aws:") for key in keys):
        raise ParameterInvalid(parameter="Tags", reason="keys that begin with aws: are reserved")
    if keys & {key.lower() for key, _ in inherited}:
        raise ParameterInvalid(parameter="Tags", reason="a key is a transitive tag of the calling session")
    if not {key.lower() for key in draft.transitive} <= keys:
        raise ParameterInvalid(parameter="TransitiveTagKeys", reason="a key is not among the Tags")


def percent_packed(session: Session) -> int | None:
    """How much of the space for session policies and tags is taken; None when there are none."""
    if not session.policies and not session.policy_arns and not session.tags:
        return None
    return -(-session.packed * 100 // MOST_PACKED)


def fitting(session: Session) -> Session:
    """The session, or SessionTooLarge."""
    percent = max(percent_packed(session) or 0, -(-session.whole * 100 // MOST_WHOLE))
    if percent > 100:
        raise SessionTooLarge(percent=percent)
    return session
