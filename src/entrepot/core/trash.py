"""The trash: what is deleted in a registry that has a grace may be restored until that is over. Beyond AWS, and off
unless somebody sets it (docs/decisions/0026).

What is in it exists nowhere else: an image is moved out of its repository, a repository keeps what it holds under no
name. Collection spares the blobs of both. core/restoring.py brings them back.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from entrepot.core import access, changes, lookup, resources
from entrepot.core.access import Caller
from entrepot.core.changes import Change
from entrepot.core.page import Page, cut
from entrepot.core.resources import Resource
from entrepot.db import image_signings, images, registry_sboms, repositories
from entrepot.db import trash as rows
from entrepot.db.database import Transaction
from entrepot.db.records import Repository
from entrepot.db.trash import TrashedImage, TrashedRepository
from entrepot.errors import ParameterInvalid, TrashedNotFound
from entrepot.spec.digest import Digest
from entrepot.spec.event_ids import event_id
from entrepot.spec.moments import micros
from entrepot.spec.repository import RegistryKey, RepositoryKey
from entrepot.spec.subject_tags import shared_subject

__all__ = ["TrashedImage", "TrashedRepository"]

LONGEST = 365 * 24 * 3600  # seconds
Trashed = TrashedImage | TrashedRepository


def not_found(key: RepositoryKey, what: str) -> TrashedNotFound:
    """That the trash does not hold it."""
    return TrashedNotFound(what=what, name=key.name, account=key.registry.account)


def get_grace(tx: Transaction, caller: Caller, registry: RegistryKey) -> int:
    """For how many seconds what is deleted may be restored: 0 where it is gone at once."""
    access.require(caller, "GetTrashConfiguration", _registry(registry))
    return rows.grace(tx, registry)


def put_grace(tx: Transaction, caller: Caller, registry: RegistryKey, seconds: int) -> None:
    """Set it for what is deleted from now on: ParameterInvalid."""
    access.require(caller, "PutTrashConfiguration", _registry(registry))
    if not 0 <= seconds <= LONGEST:
        raise ParameterInvalid(parameter="graceSeconds", reason=f"Member must be between 0 and {LONGEST}")
    rows.set_grace(tx, registry, seconds)
    account, region = registry.account, registry.region
    told = {"graceSeconds": seconds}
    changes.audit(tx, caller, "PutTrashConfiguration", told, account=account, region=region, service=resources.OWN)


def list_of(tx: Transaction, caller: Caller, registry: RegistryKey, limit: int, after: str) -> Page[Trashed]:
    """A page of what is in the trash, by id of its entry."""
    access.require(caller, "ListTrash", _registry(registry))
    found: list[Trashed] = [
        *rows.images(tx, registry, caller.at, after, limit + 1),
        *rows.repositories(tx, registry, caller.at, after, limit + 1),
    ]
    return cut(sorted(found, key=lambda each: each.id)[: limit + 1], limit, lambda each: each.id)


def purge(tx: Transaction, caller: Caller, key: RepositoryKey, entry: str) -> None:
    """Remove an entry for good; collection frees its bytes: TrashedNotFound."""
    repository = lookup.find(tx, key, locked=True)
    access.require(caller, "PurgeTrash", resources.own(lookup.resource(tx, key, repository)))
    if repository is not None and rows.by_id(tx, repository.id, entry, caller.at) is not None:
        gone = rows.forget(tx, entry)
    else:
        of_name = {each.id for each in rows.of_name(tx, key.registry, key.name, caller.at)}
        repository = repositories.lock_by_id(tx, entry) if entry in of_name else None
        gone = repository is not None and rows.forget_repository(tx, entry)
    if repository is None or not gone:
        raise not_found(key, f"entry {entry}")
    told = {"repositoryName": key.name, "trashId": entry}
    Change(tx, caller, repository).finish("PurgeTrash", told, bump=False, service=resources.OWN)


def keep(tx: Transaction, caller: Caller, repository: Repository, digest: Digest, tags: Sequence[str]) -> None:
    """Keep an image that is about to be removed, which had these tags, where its registry has a trash."""
    until = _until(tx, caller, repository)
    stored = None if until is None else images.find(tx, repository.id, digest)
    if until is None or stored is None:
        return
    made = registry_sboms.is_made(tx, repository.id, digest)
    rows.add(
        tx,
        TrashedImage(
            id=event_id(micros(caller.at), caller.request_id, f"trash/{repository.id}/{digest}"),
            repository_id=repository.id,
            repository=repository.key.name,
            deletion=caller.request_id,
            digest=digest,
            subject=stored.subject or shared_subject(tags),
            tags=tuple(tags),
            media_type=stored.media_type,
            image_size=stored.image_size,
            body=stored.body,
            sbom_of=(stored.subject or "") if made else "",
            pushed_at=stored.pushed_at,
            last_pulled_at=stored.last_pulled_at,
            pull_count=0,  # the row says it
            deleted_by=caller.principal.arn,
            deleted_at=caller.at,
            expires_at=until,
            signings=image_signings.list_of(tx, repository.id, digest),
        ),
    )


def keep_repository(tx: Transaction, caller: Caller, repository: Repository) -> bool:
    """Keep a repository that has just lost its name, with all it has; whether its registry has a trash."""
    until = _until(tx, caller, repository)
    if until is not None:
        rows.keep_repository(tx, repository.id, caller.principal.arn, caller.at, until)
    return until is not None


def _until(tx: Transaction, caller: Caller, repository: Repository) -> datetime | None:
    seconds = rows.grace(tx, repository.key.registry)
    return caller.at + timedelta(seconds=seconds) if seconds else None


def _registry(registry: RegistryKey) -> Resource:
    return resources.own(resources.of_own_registry(registry))
