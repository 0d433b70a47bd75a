"""Whether images are signed by a key of their repository, where it hands out no others (core/admission.py).

Signatures are verified when they or their images are pushed and when the keys change, never at a pull. What an index
names counts as signed with the index: clients sign what they tag. A signature that goes takes effect at once.
"""

import asyncio
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import structlog

from entrepot.core.scanning.manifest_signatures import Signing, is_signed, signing_of
from entrepot.core.units import Units
from entrepot.db import image_signatures as rows
from entrepot.db import images, repositories, repository_admissions
from entrepot.db.database import Transaction
from entrepot.db.exception_records import SignatureWait
from entrepot.db.records import Repository
from entrepot.errors import BlobBytesMissing
from entrepot.spec.digest import Digest
from entrepot.spec.manifest import Manifest
from entrepot.spec.subject_tags import subject_of
from entrepot.store.blobs import BlobStore

_MOST_SIGNING: Final = 100
_MOST_PARENTS: Final = 100
_MOST_TRIES: Final = 5
_AT_ONCE: Final = 100
log = structlog.get_logger()


class _Asked(NamedTuple):
    """What decides whether an image is signed."""

    keys: tuple[str, ...]
    signing: Signing
    by_parent: str


def pushed(tx: Transaction, repository: Repository, digest: str, manifest: Manifest, tag: str, at: datetime) -> None:
    """Have what is pushed looked at, and what it may sign, in the unit that pushes it."""
    setting = repository_admissions.find(tx, repository.id)
    if setting is None or not setting.keys:
        return
    subject = "" if manifest.subject is None else str(manifest.subject.digest)
    for each in (digest, subject, subject_of(tag)):
        if each:
            rows.await_(tx, repository.id, each, at)


def untagged(tx: Transaction, repository: Repository, tag: str, at: datetime) -> None:
    """What signatures under this tag were of is signed no more, until it has been looked at."""
    if signed := subject_of(tag):
        rows.lapse(tx, repository.id, signed, at)


async def look(units: Units, store: BlobStore, now: datetime) -> int:
    """Look at images that are due, some of them; of how many it was found out."""
    done = 0
    for wait in await units.read(rows.due, now, _AT_ONCE):
        asked = await units.read(_asked, wait)
        try:
            own = await asyncio.to_thread(is_signed, store, asked.keys, wait.digest, asked.signing)
        except (OSError, BlobBytesMissing) as fault:
            log.warning("signature not read", digest=wait.digest, exc_info=fault)
            if wait.tries + 1 < _MOST_TRIES:
                await units.write(rows.again, wait, now + timedelta(seconds=10 * 2**wait.tries))
                continue
            own = False
        done += await units.write(_settle, wait, asked, wait.digest if own else asked.by_parent, now)
    return done


def _asked(tx: Transaction, wait: SignatureWait) -> _Asked:
    repository = repositories.find_live(tx, wait.repository_id)
    setting = None if repository is None else repository_admissions.find(tx, repository.id)
    if repository is None or setting is None or not setting.keys:
        return _Asked((), (), "")
    parents = images.parents(tx, repository.id, wait.digest, _MOST_PARENTS)
    by = next((each for each in parents if rows.signed(tx, repository.id, each) == each), "")
    return _Asked(tuple(setting.keys), signing_of(tx, repository, Digest(wait.digest), _MOST_SIGNING), by)


def _settle(tx: Transaction, wait: SignatureWait, asked: _Asked, by: str, now: datetime) -> bool:
    """Write what was found, unless something changed meanwhile; what an index names follows it."""
    repository = repositories.lock_live(tx, wait.repository_id)
    setting = None if repository is None else repository_admissions.find(tx, wait.repository_id)
    if tuple(() if setting is None else setting.keys) != asked.keys:
        return False
    if by not in ("", wait.digest) and rows.signed(tx, wait.repository_id, by) != by:
        by = ""
    if not rows.settle(tx, wait, by):
        return False
    if by != wait.signed:
        rows.await_children(tx, wait.repository_id, wait.digest, now)
        if wait.signed == wait.digest:
            rows.lapse(tx, wait.repository_id, wait.digest, now)
    return True
