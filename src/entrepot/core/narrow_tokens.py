"""Registry tokens that may do less than whom they are of: a session of the user or root with a policy of its own.

For who works on the server's own machine; elsewhere AssumeRole or GetFederationToken with a session policy does it.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from entrepot.core import identities
from entrepot.core.entities import USER
from entrepot.core.principals import Principal, session_principal, user_principal
from entrepot.db import accounts
from entrepot.db import entities as rows
from entrepot.db.database import Transaction
from entrepot.errors import AccountNotFound, EntityNotFound, ParameterInvalid
from entrepot.policy import document as documents
from entrepot.policy.structure import Kind
from entrepot.seal.sessions import Session
from entrepot.spec.access_key import new_session_key

PULL = ("BatchCheckLayerAvailability", "BatchGetImage", "GetDownloadUrlForLayer")
PUSH = (*PULL, "InitiateLayerUpload", "UploadLayerPart", "CompleteLayerUpload", "PutImage")
_SHORT = {"pull": PULL, "push": PUSH}
_ACTION = re.compile(r"(?:ecr:)?([A-Za-z*?]+)")
_REPOSITORY = re.compile(r"[a-z0-9._/*?-]{1,256}")
_TTL = re.compile(r"([0-9]{1,6})([smh]?)")
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}
_LONGEST = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What a token may do, where and how long."""

    actions: tuple[str, ...]
    repositories: tuple[str, ...]
    lifetime: timedelta


def parse_ttl(text: str) -> timedelta:
    """`900`, `90s`, `15m`, `2h`, at most 12 hours: ParameterInvalid."""
    found = _TTL.fullmatch(text)
    lifetime = timedelta(seconds=int(found[1]) * _UNITS[found[2]]) if found is not None else timedelta()
    if not timedelta() < lifetime <= _LONGEST:
        raise ParameterInvalid(parameter="ttl", reason=f"'{text}' is not a time like 90s, 15m or 2h, at most 12h")
    return lifetime


def policy(account: str, actions: Sequence[str], repositories: Sequence[str]) -> str:
    """The session policy that allows these actions (`pull`, `push`, or ECR's own names) there: ParameterInvalid."""
    named = []
    for action in actions:
        found = _ACTION.fullmatch(action)
        if found is None:
            raise ParameterInvalid(parameter="actions", reason=f"'{action}' is neither pull, push nor an action of ECR")
        named += [f"ecr:{each}" for each in _SHORT.get(action, (found[1],))]
    for name in repositories:
        if _REPOSITORY.fullmatch(name) is None:
            raise ParameterInvalid(parameter="repositories", reason=f"'{name}' is no repository's name or pattern")
    resources = [f"arn:aws:ecr:*:{account}:repository/{name}" for name in repositories]
    statement = {"Effect": "Allow", "Action": list(dict.fromkeys(named)), "Resource": resources}
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement]}, separators=(",", ":"))
    documents.parse(text, Kind.SESSION)
    return text


def principal(tx: Transaction, account: str, user: str | None, narrowing: Narrowing, at: datetime) -> Principal:
    """Who such a token is of, a user or by default the root: AccountNotFound, EntityNotFound, ParameterInvalid."""
    owner = identities.root_of(tx, account) if user is None else _user(tx, account, user)
    session = Session(
        kind="self",
        account=account,
        owner_id=owner.id,
        key_id=new_session_key(account),
        issued_at=at,
        expires_at=at + narrowing.lifetime,
        maker=owner.credential_id,
        epoch=owner.epoch,
        policies=(policy(account, narrowing.actions, narrowing.repositories),),
    )
    return session_principal(owner, session)


def _user(tx: Transaction, account: str, name: str) -> Principal:
    """The user, by no key of its own: the token holds as long as the user does."""
    known = accounts.find(tx, account)
    if known is None:
        raise AccountNotFound(account=account)
    found = rows.find(tx, account, USER.name, name)
    if found is None or found.name != name:
        raise EntityNotFound(entity=USER.absent.format(name))
    return user_principal(account, found.id, found.path + found.name, "", 0, known.stamp)
