"""The engine of scanning: what the layers of an image hold, each read once, against what is known.

A re-scan reads no blob: inventories are kept by layer. Nothing that was not seen is called clean: a layer that cannot
be read, a system of which nobody tells, or no database at all make the scan fail, and say so.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from entrepot.core.scanning import enhanced_analysis, inventories
from entrepot.core.scanning.analysis import FAILED, NO_DATABASE, UNSUPPORTED, Analysis, Content, ImageLayer
from entrepot.core.scanning.basic_findings import findings, notes, of_system, told_until, unknown
from entrepot.core.scanning.coverage_statuses import TOO_LARGE
from entrepot.core.scanning.enhanced_findings import Facts
from entrepot.core.scanning.enhanced_shown import Texts
from entrepot.core.scanning.image_configs import ImageConfigs
from entrepot.core.scanning.kept_layers import KeptLayers
from entrepot.core.scanning.layer_programs import VERSION, LayerPrograms
from entrepot.core.scanning.outlines import outline
from entrepot.core.units import Units
from entrepot.core.vulnerabilities.known import Known
from entrepot.db.records import Blob
from entrepot.db.vulnerability_generations import Generations
from entrepot.errors import RepositoryKeyUnusable
from entrepot.errors.scanning import LayerTooLarge, LayerUnreadable
from entrepot.scan import name_marks
from entrepot.scan.matching import matches
from entrepot.scan.merging import Image, merge
from entrepot.scan.packages import Layer
from entrepot.store.blobs import BlobStore

_NOT_TOLD = (
    "Nothing is known of the packages of {}: no advisories of it have been imported. Run `entrepot vulndb import`; the "
    "image is scanned again then."
)


class Engine:
    """Analyses images (core/scanning/analysis.py, `Analyst`)."""

    def __init__(
        self,
        units: Units,
        store: BlobStore,
        generations: Generations,
        programs: LayerPrograms,
        clock: Callable[[], datetime],
    ) -> None:
        self._units = units
        self._store = store
        self._generations = generations
        self._programs = programs
        self._clock = clock
        self._configs = ImageConfigs(units, store)
        self._kept = KeptLayers()

    @property
    def generation(self) -> str:
        """What is known at this moment."""
        number = self._generations.generation()
        return str(number) if number else ""

    async def analyse(self, content: Content) -> Analysis:
        """What is known of the packages of an image: basic scanning looks at those of its operating system alone."""
        if not self.generation:
            return Analysis(FAILED, NO_DATABASE, lacking=True)
        absent = [layer.descriptor.digest for layer in content.layers if layer.blob is None]
        if absent:
            return Analysis(FAILED, f"The registry does not hold layer {absent[0]}: what is in it was not seen.")
        try:
            layers = await self._layers(content.layers)
        except LayerUnreadable as fault:
            return Analysis(_too_large(content, fault), str(fault))
        if content.kind == "BASIC":
            return await asyncio.to_thread(self._matched, layers)
        facts = await self._configs.facts(content)
        return await asyncio.to_thread(self._all_matched, layers, facts)

    async def texts(self, advisories: Sequence[str]) -> Mapping[str, Texts]:
        """What these advisories say at length, as far as they are known."""
        return await asyncio.to_thread(self._texts, advisories) if advisories else {}

    async def _layers(self, layers: Sequence[ImageLayer]) -> list[tuple[str, Layer]]:
        """The inventory of each layer, kept or made now: LayerUnreadable."""
        blobs = {layer.blob.location: layer.blob for layer in layers if layer.blob is not None}
        found = dict(self._kept.of(blobs, {}))  # at once: while others are brought these may be driven out
        lacking = [blob for location, blob in blobs.items() if location not in found]
        there = await self._units.read(inventories.find, lacking, VERSION) if lacking else {}
        brought = {blob.location: there[blob.id] for blob in lacking if blob.id in there}
        found |= self._kept.of(brought, brought)
        missing = sorted((blob for blob in lacking if blob.location not in found), key=_size, reverse=True)
        try:
            async with asyncio.TaskGroup() as group:
                tasks = {blob.location: group.create_task(self._read(blob)) for blob in missing}
        except ExceptionGroup as faults:  # of several layers; this server's own faults go before the image's
            unreadable, others = faults.split(LayerUnreadable)
            raise (others or unreadable or faults).exceptions[0] from None
        found |= {location: task.result() for location, task in tasks.items()}
        held = [(layer.descriptor.digest, layer.blob) for layer in layers if layer.blob is not None]
        return [(str(digest), found[blob.location]) for digest, blob in held]

    async def _read(self, blob: Blob) -> Layer:
        try:
            opened = await asyncio.to_thread(self._store.open_checked, blob.location, blob.size)
        except RepositoryKeyUnusable as fault:
            raise LayerUnreadable(digest=blob.digest, reason=fault) from None
        with opened as file:
            layer = await self._programs.read(file, str(blob.digest))
        body, marks = await asyncio.to_thread(lambda: (inventories.packed(layer), name_marks.of_layer(layer)))
        await self._units.write(inventories.keep, blob, VERSION, body, marks)
        return layer

    def _all_matched(self, layers: Sequence[tuple[str, Layer]], facts: Facts) -> Analysis:
        image = merge(layers)
        with self._generations.reading() as file:
            if file is None:
                return Analysis(FAILED, NO_DATABASE, lacking=True)
            analysis = enhanced_analysis.analysed(image, Known(file), facts, self._clock())
            return replace(analysis, generation=file.generation)

    def _texts(self, advisories: Sequence[str]) -> Mapping[str, Texts]:
        with self._generations.reading() as file:
            return enhanced_analysis.texts(None if file is None else Known(file), advisories)

    def _matched(self, layers: Sequence[tuple[str, Layer]]) -> Analysis:
        image = of_system(merge(layers))
        of = outline(image)
        if not of.is_supported:
            return Analysis(FAILED, _unsupported(image))
        with self._generations.reading() as file:
            if file is None:
                return Analysis(FAILED, NO_DATABASE, lacking=True)
            known = Known(file)
            if nobody := unknown(of, known):
                return Analysis(FAILED, _NOT_TOLD.format(nobody), lacking=True)
            found = findings(matches(image, known), known, image.release)
            return Analysis(
                description=notes(of, known, self._clock()),
                findings=found,
                source_updated_at=told_until(of, known),
            )


def _unsupported(image: Image) -> str:
    """Why nothing can be said: a file that could not be read may be what says which system it is."""
    if image.unread:
        first = image.unread[0]
        return f"{UNSUPPORTED} {first.path} could not be read: {first.reason}"
    return UNSUPPORTED


def _too_large(content: Content, fault: LayerUnreadable) -> str:
    """Basic scanning has no status of its own for a layer that costs too much."""
    return TOO_LARGE if content.kind != "BASIC" and isinstance(fault, LayerTooLarge) else FAILED


def _size(blob: Blob) -> int:
    return blob.size
