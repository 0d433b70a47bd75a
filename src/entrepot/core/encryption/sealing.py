"""The keys of blobs as one event loop has them: few, for minutes, in memory alone.

Whether a repository may still open them is asked again whenever anything has changed: a key that was disabled, or a
grant that was revoked, ends all reads with the next request, and a key that is enabled again heals.
"""

import asyncio
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import BinaryIO, Final

from entrepot.core.encryption import data_keys, faults, remote_data_keys
from entrepot.core.hot import Hot
from entrepot.core.keys.remote import RemoteKeys
from entrepot.core.keys.vault import Vault
from entrepot.core.recent import Recent
from entrepot.core.units import Units
from entrepot.db.key_records import RemoteKey
from entrepot.db.records import Blob, Repository, SealedKey
from entrepot.errors import KeyRefused
from entrepot.seal.chunks import ChunkCipher
from entrepot.store import sealed as sealed_bytes

_MOST: Final = 4096
_KEPT: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class _Known:
    version: int
    until: datetime
    cipher: ChunkCipher


class Sealing:
    """Encrypts and decrypts what repositories with keys hold; `vault` is None where no key can be opened."""

    def __init__(self, hot: Hot, units: Units, vault: Vault | None) -> None:
        self._hot = hot
        self._units = units
        self._vault = vault
        self._ciphers: Recent[tuple[str, bytes], _Known] = Recent(_MOST)
        self._usable: Recent[str, int] = Recent(_MOST)
        self._flights: dict[tuple[str, bytes], asyncio.Task[bytes]] = {}

    async def fresh(self, repository: Repository, at: datetime) -> SealedKey | None:
        """A key for a new blob of a repository, None where these are plain: RepositoryKeyUnusable."""
        if not repository.encryption_key:
            return None
        if self._vault is None:
            raise faults.no_vault(repository.key, repository.encryption_key)
        made = await remote_data_keys.fresh(self._units, self._vault, repository, at)
        self._keep(repository, made.sealed, made.text, -1, at)
        return made.sealed

    async def cipher(self, repository: Repository, sealed: SealedKey | None, at: datetime) -> ChunkCipher | None:
        """What encrypts and decrypts under a blob's key, None for a plain one: RepositoryKeyUnusable."""
        if sealed is None:
            return None
        version = self._hot.version()
        known = self._ciphers.get((repository.id, sealed.blob))
        if known is None or known.until <= at:
            return await self._opened(repository, sealed, version, at)
        if known.version != version:
            self.require_usable(repository, at)
            known = _Known(version, known.until, known.cipher)
            self._ciphers.put((repository.id, sealed.blob), known)
        return known.cipher

    async def opened(self, repository: Repository, blob: Blob, stored: BinaryIO, at: datetime) -> BinaryIO:
        """The bytes of a blob, from what is stored of it: RepositoryKeyUnusable, BlobBytesMissing."""
        if blob.sealed is None:
            return stored
        with ExitStack() as unless_opened:
            unless_opened.callback(stored.close)
            cipher = await self.cipher(repository, blob.sealed, at)
            unless_opened.pop_all()
        return stored if cipher is None else sealed_bytes.opened(stored, cipher, blob.digest, blob.size)

    def require_usable(self, repository: Repository, at: datetime) -> None:
        """RepositoryKeyUnusable unless the repository's key, where it has one, could be used now."""
        if not repository.encryption_key:
            return
        version = self._hot.version()
        if self._usable.get(repository.id) != version:
            self._hot.ask(lambda reader: data_keys.require_usable(reader, repository, at))
            self._usable.put(repository.id, version)

    async def _opened(self, repository: Repository, sealed: SealedKey, version: int, at: datetime) -> ChunkCipher:
        vault = self._vault
        if vault is None:
            raise faults.no_vault(repository.key, sealed.key)
        known = None
        if vault.remotes.covers(sealed.key):
            known = self._hot.ask(lambda reader: remote_data_keys.openable(reader, repository, sealed, at))
        if known is None:
            text = self._hot.ask(lambda reader: data_keys.opened(reader, vault, repository.key, sealed, at))
        else:
            text = await self._far(vault.remotes, repository, sealed, known)
        self._units.later(data_keys.tell_opened, repository.key, sealed.key, at)
        return self._keep(repository, sealed, text, version, at)

    async def _far(self, remotes: RemoteKeys, repository: Repository, sealed: SealedKey, known: RemoteKey) -> bytes:
        """The key that another service opens: asked for once by all who wait for it, whoever of them goes away."""
        asked = (repository.id, sealed.blob)
        try:
            flight = self._flights.get(asked)
            if flight is None:
                flight = asyncio.create_task(remote_data_keys.text(remotes, repository.key, sealed))
                self._flights[asked] = flight
                flight.add_done_callback(lambda ended: self._landed(asked, ended))
            return await asyncio.shield(flight)
        except KeyRefused as fault:
            await self._units.note(remote_data_keys.learn, await remotes.ask_again(known))
            raise faults.unusable(repository.key, sealed.key, fault) from None

    def _landed(self, asked: tuple[str, bytes], ended: asyncio.Task[bytes]) -> None:
        del self._flights[asked]
        if not ended.cancelled():
            ended.exception()  # whoever waited has it; if nobody did, it is no news

    def _keep(self, repository: Repository, sealed: SealedKey, text: bytes, version: int, at: datetime) -> ChunkCipher:
        cipher = ChunkCipher(text)
        self._ciphers.put((repository.id, sealed.blob), _Known(version, at + _KEPT, cipher))
        return cipher
