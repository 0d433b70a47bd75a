"""Principals in resource policies: kept by unique id, shown by ARN (IAM user guide, "Principal").

So that who is made anew under an old name does not inherit what the old one was granted; of one that is gone its id is
shown. An account may be one of another deployment, for which a peer acts.
"""

import re

from entrepot.core import entities as identities
from entrepot.db import accounts, entities, peers
from entrepot.db.database import Reader
from entrepot.policy import document

_ACCOUNT = re.compile(r"(?:arn:aws:iam::)?([0-9]{12})(?::root)?")
_ENTITY = re.compile(r"arn:aws:iam::([0-9]{12}):(user|role)(/(?:[!-~]+/)?)([\w+=,.@-]+)", re.ASCII)
_SESSION = re.compile(r"arn:aws:sts::([0-9]{12}):assumed-role/([\w+=,.@-]+)/[\w+=,.@-]+", re.ASCII)
_FEDERATED = re.compile(r"arn:aws:sts::([0-9]{12}):federated-user/[\w+=,.@-]+", re.ASCII)
_ID = re.compile(r"(?:AIDA|AROA)[A-Z2-7]{17}")


class PrincipalUnknown(Exception):
    """A policy names a principal that does not exist."""


def stored(tx: Reader, text: str) -> str:
    """A checked text as it is kept: PrincipalUnknown."""
    return document.with_principals(text, lambda name: kept(tx, name))


def shown(reader: Reader, text: str) -> str:
    """A text that was kept, as its readers see it."""
    return document.with_principals(text, lambda name: told(reader, name))


def kept(tx: Reader, name: str) -> str:
    """One principal as it is kept: PrincipalUnknown."""
    if match := _ENTITY.fullmatch(name):
        found = entities.find(tx, match[1], match[2], match[4])
        if found is not None and found.name == match[4] and found.path == match[3]:
            return found.id
    elif _exists(tx, name):
        return name
    raise PrincipalUnknown(name)


def _exists(tx: Reader, name: str) -> bool:
    if _ID.fullmatch(name):
        return entities.by_id(tx, name) is not None
    if match := _SESSION.fullmatch(name):
        return entities.find(tx, match[1], "role", match[2]) is not None
    match = _ACCOUNT.fullmatch(name) or _FEDERATED.fullmatch(name)
    if match is None:
        return False
    return accounts.find(tx, match[1]) is not None or peers.is_granted(tx, match[1])


def told(reader: Reader, name: str) -> str:
    """One principal that was kept, as its readers see it."""
    found = entities.by_id(reader, name) if _ID.fullmatch(name) else None
    return name if found is None else identities.arn(found)
