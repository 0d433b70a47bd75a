"""An SBOM beside each scanned image, as a referrer of it, where its registry wants that (docs/decisions/0022).

It is pushed as anybody's would be, by the registry itself: the same use cases, events and audit records. Everything in
it follows from the image, so the same image has the same one however often it is scanned.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec
import structlog

from entrepot.core import made_referrers
from entrepot.core.access import Caller
from entrepot.core.made_referrers import Keeping
from entrepot.core.scanning import sboms
from entrepot.core.scanning.analysis import Analysis, Analyst, Content, EnhancedAnalyst
from entrepot.core.scanning.enhanced_shown import Texts
from entrepot.core.scanning.sboms import Kept
from entrepot.core.units import Units
from entrepot.db import images as rows
from entrepot.db import registry_sboms, repositories
from entrepot.db.database import Transaction
from entrepot.db.records import Blob
from entrepot.errors import Fact
from entrepot.scan.documents import cyclonedx
from entrepot.spec import media_type as types
from entrepot.spec.digest import Digest
from entrepot.spec.manifest import Manifest
from entrepot.spec.repository import RepositoryKey

_EMPTY: Final = b"{}"
_FILE: Final = "sbom.cdx.json"
log = structlog.get_logger()


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
                sealing = await self._keeping.fresh_key(self._units, key, self._clock())
                made.append(await asyncio.to_thread(self._keeping.keep, data, sealing))
            callers = [made_referrers.itself(key.registry, self._clock()) for _ in range(len(made) + 1)]
            held = await self._units.write(put, callers, key, subject, manifest, made)
        finally:
            self._keeping.drop(made, held)


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
    layer = made_referrers.descriptor(cyclonedx.MEDIA_TYPE, body) | {
        "annotations": {"org.opencontainers.image.title": _FILE}
    }
    subject = {"mediaType": image.media_type, "digest": kept.subject.digest, "size": len(image.payload)}
    manifest = {
        "schemaVersion": 2,
        "mediaType": types.OCI_MANIFEST,
        "artifactType": cyclonedx.MEDIA_TYPE,
        "config": made_referrers.descriptor(types.OCI_EMPTY, _EMPTY),
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
    put_ = made_referrers.put(tx, callers, key, subject, manifest, made)
    if put_ is None:
        return ()
    if not put_.known:  # what somebody else has pushed is theirs
        registry_sboms.make(tx, put_.repository.id, manifest.digest, subject)
    return put_.held


def _is_there(tx: Transaction, key: RepositoryKey, digest: Digest) -> bool:
    repository = repositories.find(tx, key)
    return repository is None or rows.known(tx, repository.id, digest)
