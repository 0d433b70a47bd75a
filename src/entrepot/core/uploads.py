"""Upload sessions as rows: started, advanced, finished as a blob of the repository, cancelled.

A session belongs to a repository and a principal; to anyone else it does not exist. The bytes are core/transfers.py's.
"""

import uuid
from dataclasses import dataclass, replace

from entrepot.core import lookup
from entrepot.core.access import Caller
from entrepot.core.blobs import is_available
from entrepot.core.changes import Change
from entrepot.core.encryption import data_keys, faults
from entrepot.db import blobs
from entrepot.db import uploads as rows
from entrepot.db.database import Transaction
from entrepot.db.records import Blob, Repository, Upload
from entrepot.errors import LayerAlreadyExists, UploadNotFound, UploadOutOfOrder
from entrepot.spec.digest import Digest, hasher
from entrepot.spec.repository import RepositoryKey


@dataclass(frozen=True, slots=True)
class Bytes:
    """What a finisher knows of the bytes that it verified.

    `fresh` is a blob of its own, already durable in the store; `seen` the location of a held blob whose bytes it found
    to be there; `bad` the location of one whose bytes it found missing or of another length. `key` is the ARN of the
    key that they are encrypted with, '' where they are plain.
    """

    digest: Digest
    store: str
    fresh: Blob | None
    seen: str | None
    bad: str | None
    key: str = ""


def new(caller: Caller, algorithm: str, boot_id: str) -> Upload:
    """A session that nothing was written to, of no repository yet."""
    return Upload(
        id=str(uuid.uuid4()),
        repository_id="",
        principal_id=caller.principal.id,
        algorithm=algorithm,
        offset=0,
        hashed_to=0,
        digest=hasher(algorithm).hexdigest(),
        boot_id=boot_id,
        parts=0,
        last_part=None,
        short_part=None,
        created_at=caller.at,
    )


def start(tx: Transaction, caller: Caller, key: RepositoryKey, upload: Upload) -> None:
    """Store a new session."""
    repository = lookup.require_shared(tx, caller, key, "InitiateLayerUpload")
    rows.add(tx, with_repository(upload, repository.id))
    Change(tx, caller, repository).finish("InitiateLayerUpload", {"repositoryName": key.name}, bump=False)


def with_repository(upload: Upload, repository_id: str) -> Upload:
    """The session, bound to a repository's id."""
    return replace(upload, repository_id=repository_id)


def advance(tx: Transaction, caller: Caller, key: RepositoryKey, after: Upload, expected: int) -> None:
    """Record progress by compare-and-set: UploadOutOfOrder when the session no longer stands at `expected` bytes."""
    repository = lookup.require_shared(tx, caller, key, "UploadLayerPart")
    if not rows.advance(tx, after, expected, caller.at):
        current = _mine(tx, caller, key, repository, after.id)
        raise UploadOutOfOrder(
            upload=after.id, offset=current.offset, start=expected, name=key.name, account=key.registry.account
        )
    parameters = {
        "repositoryName": key.name,
        "uploadId": after.id,
        "partFirstByte": expected,
        "partLastByte": after.offset - 1,
    }
    Change(tx, caller, repository).finish("UploadLayerPart", parameters, bump=False)


def finish(
    tx: Transaction,
    caller: Caller,
    key: RepositoryKey,
    upload_id: str | None,
    found: Bytes,
    *,
    refuse_held: bool,
) -> Blob | None:
    """Let the repository hold the verified bytes and end the session, in one transaction.

    Returns the blob that is held now: `found.fresh`, or one that somebody else stored first. None when the held blob
    that the finisher saw is gone: it must bring bytes of its own. `refuse_held`: LayerAlreadyExists when the
    repository holds the layer already. RepositoryKeyUnusable where the bytes are not encrypted as its are.
    """
    repository = lookup.require_shared(tx, caller, key, "CompleteLayerUpload")
    if found.key != repository.encryption_key:
        raise faults.changed(key, repository.encryption_key)
    data_keys.require_usable(tx, repository, caller.at)
    if upload_id is not None:
        _mine(tx, caller, key, repository, upload_id)
    if refuse_held and is_available(blobs.find_link(tx, repository.id, found.digest)):
        raise LayerAlreadyExists(digest=found.digest, name=key.name, account=key.registry.account)
    blob = _hold(tx, caller, found)
    if blob is None:
        return None
    blobs.link(tx, repository.id, found.digest, blob.id, caller.at)
    if upload_id is not None:
        rows.remove(tx, upload_id)
    parameters = {"repositoryName": key.name, "uploadId": upload_id, "layerDigests": [found.digest]}
    Change(tx, caller, repository).finish("CompleteLayerUpload", parameters, bump=False)
    return blob


def cancel(tx: Transaction, caller: Caller, key: RepositoryKey, upload_id: str) -> None:
    """End a session without a blob."""
    repository = lookup.require_shared(tx, caller, key, "UploadLayerPart")
    _mine(tx, caller, key, repository, upload_id)
    rows.remove(tx, upload_id)
    parameters = {"repositoryName": key.name, "uploadId": upload_id}
    Change(tx, caller, repository).finish("CancelLayerUpload", parameters, bump=False)


def belongs(upload: Upload | None, repository: Repository, caller: Caller) -> bool:
    """Whether the session exists for this repository and caller."""
    return upload is not None and upload.repository_id == repository.id and upload.principal_id == caller.principal.id


def not_found(key: RepositoryKey, upload_id: str) -> UploadNotFound:
    """The one answer for sessions that are absent, expired, finished or somebody else's."""
    return UploadNotFound(upload=upload_id, name=key.name, account=key.registry.account)


def _mine(tx: Transaction, caller: Caller, key: RepositoryKey, repository: Repository, upload_id: str) -> Upload:
    upload = rows.find(tx, upload_id)
    if upload is None or not belongs(upload, repository, caller):
        raise not_found(key, upload_id)
    return upload


def _hold(tx: Transaction, caller: Caller, found: Bytes) -> Blob | None:
    held = blobs.share_held(tx, found.store, found.digest, found.key)
    fresh = found.fresh
    if held is None and fresh is not None:
        if blobs.add(tx, fresh, caller.at):
            return fresh
        held = blobs.share_held(tx, found.store, found.digest, found.key)
    if held is None:
        return None
    if held.state == "live" and held.location != found.bad and (fresh is not None or held.location == found.seen):
        return held
    if fresh is None:
        return None
    blobs.heal(tx, held.id, fresh, caller.at)
    return replace(fresh, id=held.id)
