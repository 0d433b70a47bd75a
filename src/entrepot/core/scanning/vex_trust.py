"""Whether a repository believes VEX documents that are pushed to it as referrers: whoever may push may then take
findings of its images out of the count. Off until somebody who may says otherwise.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from entrepot.core import lookup
from entrepot.core.access import Caller
from entrepot.core.changes import Change
from entrepot.db import image_standings, vulnerability_exceptions
from entrepot.db import vex_referrers as rows
from entrepot.db.database import Transaction
from entrepot.db.exception_records import VexReferrer
from entrepot.db.records import Repository
from entrepot.scan.vex.attachments import may_be_vex
from entrepot.spec.digest import Digest
from entrepot.spec.manifest import Manifest
from entrepot.spec.repository import RepositoryKey

_MOST_SHOWN = 1000


@dataclass(frozen=True, slots=True)
class Trust:
    """Whether documents are believed, who said so, since when, and which there are."""

    owner: str = ""
    since: datetime | None = None
    documents: Sequence[VexReferrer] = ()

    @property
    def is_given(self) -> bool:
        """Whether they are believed."""
        return self.since is not None


def put(tx: Transaction, caller: Caller, key: RepositoryKey) -> None:
    """Believe what is pushed to a repository, and what was before: that is read soon."""
    repository = lookup.require_locked(tx, caller, key, "PutRepositoryVexTrust")
    rows.trust(tx, repository.id, caller.principal.arn, caller.at)
    Change(tx, caller, repository).finish("PutRepositoryVexTrust", {"repositoryName": key.name}, bump=False)


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
    since = rows.trusted_since(tx, repository.id)
    if since is None:
        return Trust()
    return Trust(*since, rows.page(tx, repository.id, "", _MOST_SHOWN))


def pushed(
    tx: Transaction, repository: Repository, digest: Digest, manifest: Manifest, owner: str, at: datetime
) -> None:
    """Have a document read that is pushed, in the unit that does, where its repository believes it."""
    if manifest.subject is None or not may_be_vex(manifest):
        return
    if rows.trusted_since(tx, repository.id) is not None:
        rows.put(tx, repository.id, digest, owner, at)
