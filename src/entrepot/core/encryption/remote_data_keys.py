"""The keys of single blobs, where the repository's key is at another Key Management Service: made and opened there,
outside of any unit of work, in the context of the repository that brought the blob.

That service sees one context alone: whether another repository may open the blob is decided here, by its key.
"""

from datetime import datetime

from entrepot.core.encryption import data_keys, faults
from entrepot.core.encryption.configuration import CONTEXT
from entrepot.core.encryption.data_keys import DataKey
from entrepot.core.keys import remote
from entrepot.core.keys.remote import RemoteKeys
from entrepot.core.keys.vault import Vault
from entrepot.core.units import BlockingUnits, Units
from entrepot.db import remote_keys
from entrepot.db.database import Reader, Transaction
from entrepot.db.key_records import RemoteKey
from entrepot.db.records import Repository, SealedKey
from entrepot.errors import KeyRefused, KeyUnavailable
from entrepot.spec.repository import RepositoryKey


async def fresh(units: Units, vault: Vault, repository: Repository, at: datetime) -> DataKey:
    """A new key for a blob of a repository, wherever its key is: RepositoryKeyUnusable."""
    known = await units.read(usable, repository, at) if vault.remotes.covers(repository.encryption_key) else None
    if known is None:
        return await units.note(data_keys.fresh, vault, repository, at)
    try:
        made = await _made(vault.remotes, repository)
    except KeyRefused as fault:
        await units.note(learn, await vault.remotes.ask_again(known))
        raise faults.unusable(repository.key, known.arn, fault) from None
    await units.note(data_keys.tell, "GenerateDataKey", repository.key, known.arn, at)
    return made


def fresh_blocking(units: BlockingUnits, vault: Vault, repository: Repository, at: datetime) -> DataKey:
    """`fresh`, for a thread that has no event loop."""
    known = units.read(usable, repository, at) if vault.remotes.covers(repository.encryption_key) else None
    if known is None:
        return units.write(data_keys.fresh, vault, repository, at)
    try:
        made = remote.blocking(_made(vault.remotes, repository))
    except KeyRefused as fault:
        units.write(learn, remote.blocking(vault.remotes.ask_again(known)))
        raise faults.unusable(repository.key, known.arn, fault) from None
    units.write(data_keys.tell, "GenerateDataKey", repository.key, known.arn, at)
    return made


async def text(remotes: RemoteKeys, key: RepositoryKey, sealed: SealedKey) -> bytes:
    """The key of a blob that a repository holds and may open: RepositoryKeyUnusable, KeyRefused."""
    try:
        return await remotes.open_data_key(key.registry.account, sealed.key, sealed.blob, {CONTEXT: sealed.arn})
    except KeyUnavailable as fault:
        raise faults.unusable(key, sealed.key, fault) from None


def usable(tx: Reader, repository: Repository, at: datetime) -> RemoteKey | None:
    """A repository's key at another service, None where it is here: RepositoryKeyUnusable."""
    known = remote_keys.find(tx, repository.encryption_key)
    if known is not None:
        data_keys.require_usable(tx, repository, at)
    return known


def openable(tx: Reader, repository: Repository, sealed: SealedKey, at: datetime) -> RemoteKey | None:
    """The key at another service that opens a blob for a repository, None where it is here: RepositoryKeyUnusable."""
    known = remote_keys.find(tx, sealed.key)
    if known is None:
        return None
    if repository.encryption_key != sealed.key:
        raise faults.changed(repository.key, sealed.key)
    data_keys.require_usable(tx, repository, at)
    return known


def learn(tx: Transaction, seen: RemoteKey) -> bool:
    """Keep what a key's service says of it now, where it is something else; whether it is."""
    known = remote_keys.find(tx, seen.arn)
    if known == seen:
        return False
    remote_keys.put(tx, seen)
    return True


async def _made(remotes: RemoteKeys, repository: Repository) -> DataKey:
    key, arn = repository.key, repository.encryption_key
    try:
        made = await remotes.make_data_key(key.registry.account, arn, {CONTEXT: key.arn})
    except KeyUnavailable as fault:
        raise faults.unusable(key, arn, fault) from None
    return DataKey(SealedKey(arn, made.blob, key.arn), made.text)
