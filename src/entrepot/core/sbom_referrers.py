"""An SBOM beside each scanned image, as a referrer of it, where its registry wants that (docs/decisions/0022).

It is pushed as anybody's would be, by the registry itself: the same use cases, events and audit records. Everything in
it follows from the image, so the same image has the same one however often it is scanned.
"""

import asyncio
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec
import structlog

from entrepot.core import images, uploads
from entrepot.core.access import Caller
from entrepot.core.encryption import data_keys
from entrepot.core.encryption.data_keys import DataKey
from entrepot.core.images import OCI_RULES
from entrepot.core.keys.vault import Vault
from entrepot.core.principals import root_principal
from entrepot.core.rights import Rights
from entrepot.core.scanning import sboms
from entrepot.core.scanning.analysis import Analysis, Analyst, Content, EnhancedAnalyst
from entrepot.core.scanning.enhanced_shown import Texts
from entrepot.core.scanning.places import registry_itself
from entrepot.core.scanning.sboms import Kept
from entrepot.core.units import Units
from entrepot.core.uploads import Bytes
from entrepot.db import images as rows
from entrepot.db import registry_sboms, repositories
from entrepot.db.database import Transaction
from entrepot.db.records import Blob
from entrepot.errors import Fact, StorageFull
from entrepot.policy.evaluation import Policies
from entrepot.scan.documents import cyclonedx
from entrepot.seal.chunks import ChunkCipher
from entrepot.spec import media_type as types
from entrepot.spec.digest import Digest
from entrepot.spec.manifest import Manifest
from entrepot.spec.repository import RegistryKey, RepositoryKey
from entrepot.spec.ulid import new_ulid
from entrepot.store.blobs import BlobStore

_EMPTY: Final = b"{}"
_FILE: Final = "sbom.cdx.json"
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Keeping:
    """Where bytes go: a store by its name, and what must stay free there; `vault` makes keys for what goes to
    repositories with keys.
    """

    store: BlobStore
    name: str
    reserve: int
    vault: Vault | None = None

    def keep(self, data: bytes, key: DataKey | None = None) -> Blob:
        """The bytes as a blob that is durable and that nobody holds yet, encrypted where there is a key: StorageFull.
        Blocking.
        """
        if self.store.free_bytes() < self.reserve:
            raise StorageFull(reserve=self.reserve)
        upload, digest, generation = str(uuid.uuid4()), Digest.of(data), new_ulid()
        cipher = None if key is None else ChunkCipher(key.text)
        try:
            with self.store.spool(upload, create=True, cipher=cipher) as spool:
                spool.write(data)
                spool.finish(digest)
            location = self.store.adopt(upload, digest, generation, sealed=key is not None)
        finally:
            self.store.discard(upload)
        return Blob(generation, self.name, digest, location, len(data), "live", None if key is None else key.sealed)

    def fresh_key(self, tx: Transaction, key: RepositoryKey, at: datetime) -> DataKey | None:
        """A key for a blob of a repository, None where it has none: RepositoryKeyUnusable."""
        repository = repositories.find(tx, key)
        if repository is None or not repository.encryption_key or self.vault is None:
            return None
        return data_keys.fresh(tx, self.vault, repository, at)


class SbomReferrers:
    """Has images analysed by another analyst, and gives them SBOMs of what that has kept."""

    def __init__(self, analyst: Analyst, units: Units, keeping: Keeping, clock: Callable[[], datetime]) -> None:
        self._analyst = analyst
        self._units = units
        self._keeping = keeping
        self._clock = clock

    @property
    def generation(self) -> str:
        """What the analyst knows."""
        return self._analyst.generation

    async def analyse(self, content: Content) -> Analysis:
        """As the analyst does. Whatever keeps the SBOM away, the analysis stands."""
        analysis = await self._analyst.analyse(content)
        try:
            await self._attach(content.repository, content.digest)
        except Fact as fault:
            log.warning("sbom not stored", repository=content.repository.name, digest=content.digest, reason=str(fault))
        return analysis

    async def _attach(self, key: RepositoryKey, subject: Digest) -> None:
        kept = await self._units.read(wanted, key, subject)
        if kept is None:
            return
        body = await asyncio.to_thread(sboms.exported, kept[1], sboms.CYCLONEDX_1_6)
        manifest = referrer(*kept, body)
        if await self._units.read(_is_there, key, manifest.digest):
            return
        made: list[Blob] = []
        held: Sequence[str] = ()
        try:
            for data in (_EMPTY, body):
                sealing = await self._units.write(self._keeping.fresh_key, key, self._clock())
                made.append(await asyncio.to_thread(self._keeping.keep, data, sealing))
            callers = [_registry(key.registry, self._clock()) for _ in range(len(made) + 1)]
            held = await self._units.write(put, callers, key, subject, manifest, made)
        finally:
            for each in made:
                if each.location not in held:
                    self._keeping.store.remove(each.location)


class EnhancedSbomReferrers(SbomReferrers):
    """The same around the analyst of enhanced scanning."""

    def __init__(self, analyst: EnhancedAnalyst, units: Units, keeping: Keeping, clock: Callable[[], datetime]) -> None:
        super().__init__(analyst, units, keeping, clock)
        self._enhanced = analyst

    async def texts(self, advisories: Sequence[str]) -> Mapping[str, Texts]:
        """As the analyst does."""
        return await self._enhanced.texts(advisories)


def wanted(tx: Transaction, key: RepositoryKey, subject: Digest) -> tuple[Manifest, Kept] | None:
    """An image that should have an SBOM, and what is kept of its layers; None where it should not, or cannot."""
    if key.registry.kind != "private" or not registry_sboms.are_wanted(tx, key.registry):
        return None
    repository = repositories.find(tx, key)
    stored = None if repository is None else rows.find(tx, repository.id, subject)
    if repository is None or stored is None:
        return None
    kept = sboms.kept(tx, repository, stored)
    return None if kept is None else (Manifest.parse(stored.body, stored.media_type), kept)


def referrer(image: Manifest, kept: Kept, body: bytes) -> Manifest:
    """The manifest of an SBOM (image specification, manifest.md, "Guidelines for Artifact Usage")."""
    layer = _descriptor(cyclonedx.MEDIA_TYPE, body) | {"annotations": {"org.opencontainers.image.title": _FILE}}
    subject = {"mediaType": image.media_type, "digest": kept.subject.digest, "size": len(image.payload)}
    manifest = {
        "schemaVersion": 2,
        "mediaType": types.OCI_MANIFEST,
        "artifactType": cyclonedx.MEDIA_TYPE,
        "config": _descriptor(types.OCI_EMPTY, _EMPTY),
        "layers": [layer],
        "subject": subject,
        "annotations": {"org.opencontainers.image.created": kept.subject.moment},
    }
    return Manifest.parse(msgspec.json.encode(manifest), types.OCI_MANIFEST)


def put(
    tx: Transaction,
    callers: Sequence[Caller],
    key: RepositoryKey,
    subject: Digest,
    manifest: Manifest,
    made: Sequence[Blob],
) -> Sequence[str]:
    """Push an SBOM: its blobs, then its manifest, each as a request of its own; the locations that are held now, none
    when the image is gone.
    """
    repository = repositories.lock(tx, key)
    if repository is None or rows.share(tx, repository.id, subject) is None:
        return ()
    held = []
    for caller, blob in zip(callers, made, strict=False):
        found = Bytes(blob.digest, blob.store, blob, None, None, blob.key)
        taken = uploads.finish(tx, caller, key, None, found, refuse_held=False)
        held.append("" if taken is None else taken.location)
    known = rows.known(tx, repository.id, manifest.digest)
    images.put(tx, callers[-1], key, manifest.digest, manifest, OCI_RULES)
    if not known:  # what somebody else has pushed is theirs
        registry_sboms.make(tx, repository.id, manifest.digest, subject)
    return held


def _registry(key: RegistryKey, at: datetime) -> Caller:
    """The registry itself, which may do in it what its account's root may."""
    itself = registry_itself(key, str(uuid.uuid4()), at)
    return msgspec.structs.replace(itself, rights=Rights(root_principal(key.account, "", 0).subject(), Policies()))


def _is_there(tx: Transaction, key: RepositoryKey, digest: Digest) -> bool:
    repository = repositories.find(tx, key)
    return repository is None or rows.known(tx, repository.id, digest)


def _descriptor(media_type: str, data: bytes) -> dict[str, object]:
    return {"mediaType": media_type, "digest": str(Digest.of(data)), "size": len(data)}
