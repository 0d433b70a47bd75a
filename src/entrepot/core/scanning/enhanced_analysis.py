"""What is found in an image by enhanced scanning, in packages of its system and of languages, and what was not seen.

An image without a system, a program alone, is looked at too. Of a system or a language of which nothing is known the
description says so: nothing that was not looked for is called clean.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

import msgspec

from entrepot.core.scanning import kept_images
from entrepot.core.scanning.analysis import COMPLETE, FAILED, UNSUPPORTED, Analysis
from entrepot.core.scanning.basic_findings import notes, told_until, unknown
from entrepot.core.scanning.enhanced_findings import Facts, Found, found
from entrepot.core.scanning.enhanced_shown import Texts
from entrepot.core.scanning.outlines import Outline, outline
from entrepot.core.scanning.platforms import platform
from entrepot.core.vulnerabilities.known import Known
from entrepot.scan.matching import matches
from entrepot.scan.merging import Image
from entrepot.spec.moments import moment

UNSUPPORTED_IMAGE: Final = "UNSUPPORTED_IMAGE"
_NOT_TOLD: Final = (
    "Nothing is known of packages of {}: no advisories of them have been imported. Run `entrepot vulndb import`; the "
    "image is scanned again then."
)
_NOT_LOOKED_AT: Final = "Nothing is known of packages of {}: they were not looked at."


def found_in(image: Image, known: Known, facts: Facts) -> list[Found]:
    """What all packages of an image have."""
    return found(matches(image, known), known, image.release, facts)


def analysed(image: Image, known: Known, facts: Facts, now: datetime) -> Analysis:
    """What is known of all packages of an image; and what it holds, packed, for whoever asks for some of them."""
    of = outline(image)
    facts = msgspec.structs.replace(facts, platform=platform(image.release) if image.databases else "")
    return replace(
        described(of, known, now), found=found_in(image, known, facts), inventory=kept_images.packed(image, of, facts)
    )


def described(of: Outline, known: Known, now: datetime) -> Analysis:
    """What is said of the scan of an image as a whole, whatever is found in it."""
    if not of.databases and not of.languages:
        return Analysis(UNSUPPORTED_IMAGE, _unread(of), found=())
    dark = [each for each in of.languages if not known.tells_of(each)]
    if of.databases and not of.is_supported:
        return Analysis(UNSUPPORTED_IMAGE, _unread(of), found=())
    nobody = unknown(of, known) if of.databases else ""
    if nobody or (dark and not of.databases and len(dark) == len(of.languages)):
        return Analysis(FAILED, _NOT_TOLD.format(nobody or ", ".join(dark)), lacking=True, found=())
    said = notes(of, known, now)
    if dark:
        said = f"{said} {_NOT_LOOKED_AT.format(', '.join(dark))}"
    return Analysis(COMPLETE, said, source_updated_at=_told_until(of, known), found=())


def texts(known: Known | None, advisories: Sequence[str]) -> Mapping[str, Texts]:
    """What advisories say at length, by their ids, as far as they are known."""
    if known is None:
        return {}
    return {each: told for each in dict.fromkeys(advisories) if (told := text(known, each)) is not None}


def text(known: Known, advisory: str) -> Texts | None:
    """What an advisory of this id says at length; None where it is not known any more."""
    number = next(iter(known.search(advisory)), None)
    told = None if number is None else known.told(number)
    return None if told is None else Texts(told.details or told.summary, told.references)


def _told_until(of: Outline, known: Known) -> datetime | None:
    """Until when the advisories go that were asked: those of the system, else the latest of the languages'."""
    until = told_until(of, known)
    if until is not None:
        return until
    sources = [each for each in known.sources() if each.name.partition(" (")[0] in of.languages]
    return moment(max(each.updated_at or each.imported_at for each in sources)) if sources else None


def _unread(of: Outline) -> str:
    """Why nothing can be said: a file that could not be read may be what says which system it is."""
    first = of.first_unread
    if first is None:
        return UNSUPPORTED
    return f"{UNSUPPORTED} {first.path} could not be read: {first.reason}"
