"""Whether a repository believes VEX documents that are pushed to it as referrers: whoever may push may then take
findings of its images out of the count, or whoever holds one of the keys that must have signed. Off until somebody who
may says otherwise.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from entrepot.core import lookup
from entrepot.core.access import Caller
from entrepot.core.changes import Change
from entrepot.core.scanning import public_keys
from entrepot.db import image_standings, vulnerability_exceptions
from entrepot.db import vex_referrers as rows
from entrepot.db.database import Transaction
from entrepot.db.exception_records import VexReferrer, VexTrust
from entrepot.db.records import Repository
from entrepot.scan.vex.attachments import may_be_vex
from entrepot.spec.digest import Digest
from entrepot.spec.manifest import Manifest
from entrepot.spec.repository import RepositoryKey
from entrepot.spec.subject_tags import subject_of

_MOST_SHOWN = 1000


@dataclass(frozen=True, slots=True)
class Trust:
    """Who is believed, None: nobody is; and which documents there are."""

    given: VexTrust | None = None
    documents: Sequence[VexReferrer] = ()


def put(tx: Transaction, caller: Caller, key: RepositoryKey, keys: Sequence[str] = ()) -> None:
    """Believe what is pushed to a repository, and what was before: that is read soon. With public keys (PEM) only what
    one of them has signed; what was believed without is not, until it is read anew: ParameterInvalid.
    """
    repository = lookup.require_locked(tx, caller, key, "PutRepositoryVexTrust")
    known = public_keys.checked(keys)
    before = rows.trusted(tx, repository.id)
    if known and before is not None and before.keys != known:
        vulnerability_exceptions.remove_trusted(tx, repository.id)
        image_standings.outdate(tx, repository.id, "", caller.at)
    rows.trust(tx, repository.id, VexTrust(caller.principal.arn, caller.at, known))
    told = {"repositoryName": key.name, "publicKeys": list(known)}
    Change(tx, caller, repository).finish("PutRepositoryVexTrust", told, bump=False)


def delete(tx: Transaction, caller: Caller, key: RepositoryKey) -> bool:
    """Believe none of it any more, from now on; whether it was believed."""
    repository = lookup.require_locked(tx, caller, key, "DeleteRepositoryVexTrust")
    gone = rows.distrust(tx, repository.id)
    if vulnerability_exceptions.remove_trusted(tx, repository.id):
        image_standings.outdate(tx, repository.id, "", caller.at)
    Change(tx, caller, repository).finish("DeleteRepositoryVexTrust", {"repositoryName": key.name}, bump=False)
    return gone


def get(tx: Transaction, caller: Caller, key: RepositoryKey) -> Trust:
    """What is set, and what became of the documents that are there."""
    repository = lookup.require(tx, caller, key, "GetRepositoryVexTrust")
    given = rows.trusted(tx, repository.id)
    return Trust() if given is None else Trust(given, rows.page(tx, repository.id, "", _MOST_SHOWN))


def pushed(
    tx: Transaction, repository: Repository, digest: Digest, manifest: Manifest, owner: str, at: datetime
) -> None:
    """Have a document read that is pushed, in the unit that does, where its repository believes it."""
    if manifest.subject is None or not may_be_vex(manifest):
        return
    if rows.trusted(tx, repository.id) is not None:
        rows.put(tx, repository.id, digest, owner, at)


def signed(tx: Transaction, repository: Repository, manifest: Manifest, tag: str, at: datetime) -> None:
    """Have a document read anew whose signature may have been pushed, in the unit that does."""
    subject = "" if manifest.subject is None else str(manifest.subject.digest)
    named = [each for each in (subject_of(tag), subject) if each]
    trust = rows.trusted(tx, repository.id) if named else None
    if trust is not None and trust.keys:
        for each in named:
            rows.reread(tx, repository.id, each, at)
