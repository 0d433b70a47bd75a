"""What is found in an image by enhanced scanning, in packages of its system and of languages, and what was not seen.

An image without a system, a program alone, is looked at too. Of a system or a language of which nothing is known the
description says so: nothing that was not looked for is called clean.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec

from entrepot.core.scanning.analysis import COMPLETE, FAILED, UNSUPPORTED, Analysis
from entrepot.core.scanning.basic_findings import is_supported, notes, told_until, unknown
from entrepot.core.scanning.enhanced_findings import Facts, Found, found
from entrepot.core.scanning.enhanced_shown import Texts
from entrepot.core.scanning.platforms import platform
from entrepot.core.vulnerabilities.known import Known
from entrepot.scan.matching import matches
from entrepot.scan.merging import Image
from entrepot.scan.names import ECOSYSTEMS
from entrepot.spec.moments import moment

UNSUPPORTED_IMAGE: Final = "UNSUPPORTED_IMAGE"
_SYSTEM: Final = frozenset({"deb", "apk", "rpm"})
_NOT_TOLD: Final = (
    "Nothing is known of packages of {}: no advisories of them have been imported. Run `entrepot vulndb import`; the "
    "image is scanned again then."
)
_NOT_LOOKED_AT: Final = "Nothing is known of packages of {}: they were not looked at."


Find = Callable[[Image, Known, Facts], list[Found]]


def found_in(image: Image, known: Known, facts: Facts) -> list[Found]:
    """What all packages of an image have."""
    return found(matches(image, known), known, image.release, facts)


def analysed(image: Image, known: Known, facts: Facts, now: datetime, find: Find = found_in) -> Analysis:
    """What is known of all packages of an image, as `find` finds it."""
    languages = _languages(image)
    if not image.databases and not languages:
        return Analysis(UNSUPPORTED_IMAGE, _unread(image), found=())
    facts = msgspec.structs.replace(facts, platform=platform(image.release) if image.databases else "")
    here = find(image, known, facts)
    dark = [each for each in languages if not known.tells_of(each)]
    if image.databases and not is_supported(image):
        return Analysis(UNSUPPORTED_IMAGE, _unread(image), found=here)
    nobody = unknown(image, known) if image.databases else ""
    if nobody or (dark and not image.databases and len(dark) == len(languages)):
        return Analysis(FAILED, _NOT_TOLD.format(nobody or ", ".join(dark)), lacking=True, found=here)
    described = notes(image, known, now)
    if dark:
        described = f"{described} {_NOT_LOOKED_AT.format(', '.join(dark))}"
    return Analysis(COMPLETE, described, source_updated_at=_told_until(image, known, languages), found=here)


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


def _languages(image: Image) -> Sequence[str]:
    """The ecosystems of packages that are not of the system, in order."""
    kinds = {each.package.type for each in image.packages} - _SYSTEM
    return sorted({ECOSYSTEMS[kind] for kind in kinds if kind in ECOSYSTEMS})


def _told_until(image: Image, known: Known, languages: Sequence[str]) -> datetime | None:
    """Until when the advisories go that were asked: those of the system, else the latest of the languages'."""
    until = told_until(image, known)
    if until is not None:
        return until
    sources = [each for each in known.sources() if each.name.partition(" (")[0] in languages]
    return moment(max(each.updated_at or each.imported_at for each in sources)) if sources else None


def _unread(image: Image) -> str:
    """Why nothing can be said: a file that could not be read may be what says which system it is."""
    if not image.unread:
        return UNSUPPORTED
    first = image.unread[0]
    return f"{UNSUPPORTED} {first.path} could not be read: {first.reason}"
