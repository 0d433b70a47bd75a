"""What an image is found to hold, what is known of that, and what was not seen of either."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec

from entrepot import __version__
from entrepot.core.examining.sources import LayerSource, Source
from entrepot.core.scanning.analysis import SUCCESS
from entrepot.core.scanning.basic_findings import notes
from entrepot.core.scanning.layer_programs import LayerPrograms
from entrepot.core.scanning.outlines import outline
from entrepot.core.vulnerabilities.known import Known
from entrepot.errors.scanning import LayerUnreadable
from entrepot.scan.distributions import distribution
from entrepot.scan.documents.components import unread
from entrepot.scan.documents.reported import Reported, reported
from entrepot.scan.documents.subject import Subject
from entrepot.scan.matching import asked_of, matches, unasked
from entrepot.scan.merging import Image, Unread, merge
from entrepot.scan.packages import Layer
from entrepot.spec.moments import micros

_AT_ONCE: Final = 2


@dataclass(frozen=True, slots=True)
class Examination:
    """`unseen` says what was not looked at, a sentence each; of that nothing is known, and not that all is well."""

    subject: Subject
    image: Image
    found: Sequence[Reported]
    unseen: Sequence[str]
    notes: str = ""  # what one should know of what is known


async def inventory(source: Source, programs: LayerPrograms, progress: Callable[[int], None]) -> Image:
    """What an image holds. Layers that cannot be read stand among what was not read, and those above them count."""
    room = asyncio.Semaphore(_AT_ONCE)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_read(each, programs, room, progress)) for each in source.layers]
    read = [task.result() for task in tasks]
    image = merge((digest, layer) for digest, layer, _ in read)
    lost = [Unread("a layer", fault, digest) for digest, _, fault in read if fault]
    return msgspec.structs.replace(image, unread=[*lost, *image.unread])


async def _read(
    layer: LayerSource, programs: LayerPrograms, room: asyncio.Semaphore, progress: Callable[[int], None]
) -> tuple[str, Layer, str]:
    """The digest of a layer, its inventory, and why that is empty."""
    if layer.kept is not None:
        progress(1)
        return layer.name, layer.kept, ""
    try:
        async with room, layer.opened() as opened:
            return opened.digest, await programs.read(opened.file, opened.digest), ""
    except LayerUnreadable as fault:
        return layer.name, Layer(), str(fault)
    finally:
        progress(1)


def subject(name: str, digest: str, now: datetime) -> Subject:
    """What is examined, as documents name it."""
    return Subject(name, digest, micros(now), __version__)


def judged(about: Subject, image: Image, known: Known | None, now: datetime) -> Examination:
    """What is known of an image; without knowledge it is its inventory alone."""
    unseen = list(unread(image))
    if known is None:
        return Examination(about, image, (), unseen)
    told = notes(outline(msgspec.structs.replace(image, unread=())), known, now).removeprefix(SUCCESS).strip()
    return Examination(
        about, image, reported(matches(image, known), known.whole), [*unseen, *_unknown(image, known)], told
    )


def _unknown(image: Image, known: Known) -> Iterator[str]:
    """What is installed of which nobody tells."""
    if image.databases and (image.release is None or distribution(image.release) is None):
        name = image.release.name or image.release.id if image.release else "unnamed"
        yield f"The operating system ({name}) is none of which anybody tells: its packages were not checked."
    yield from _of_other_systems(image)
    asked: dict[str, dict[str, set[str]]] = {}  # by type of package: its ecosystems, and the packages
    for located, question in asked_of(image):
        of = asked.setdefault(located.package.type, {})
        of.setdefault(question.ecosystem, set()).add(located.package.name)
    for ecosystems in asked.values():
        if not any(map(known.tells_of, ecosystems)):
            name, packages = next(iter(ecosystems.items()))
            yield f"Nothing is known of {name}: {len(packages)} packages were not checked (`entrepot vulndb import`)."


def _of_other_systems(image: Image) -> Iterator[str]:
    """Packages that another package manager installed than the system's own."""
    system = None if image.release is None else distribution(image.release)
    if system is None:
        return
    counts = Counter(each.package.type for each in unasked(image) if each.package.type != system.format)
    for kind, count in counts.items():
        yield f"{count} packages of {kind} are of no system that is known here: they were not checked."
