"""What is found anew in an image that was matched before, from what it holds, when something else is known.

Where the names are known of which that is so, only findings can change that packages of these names have, or had: those
are concerned, and all else stands. A finding is put together of all packages that have its vulnerability, so those of
other names are taken along that it showed before: they have it still. The law is tests/property/test_rematching.py's.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from entrepot.core.scanning.analysis import Analysis
from entrepot.core.scanning.enhanced_analysis import described
from entrepot.core.scanning.enhanced_changes import CLOSED
from entrepot.core.scanning.kept_images import KeptImage
from entrepot.core.scanning.recurring import Recurring
from entrepot.core.vulnerabilities.known import Known
from entrepot.db.inspector_findings import Brief
from entrepot.scan.merging import Image

_BETWEEN = ", "  # names in a title
_LONGEST_TITLE = 1024  # what is as long may have lost names


def matched(
    kept: KeptImage,
    changed: Collection[int] | None,
    before: Sequence[Brief],
    known: Known,
    recurring: Recurring,
    now: datetime,
) -> Analysis:
    """What is found by what is known now: all of it, or where `changed` has the marks of names, what is concerned.
    `before` are the findings of the image as they stand.
    """
    whole = described(kept.outline, known, now)
    if changed is None:
        found = recurring.found_in(kept.image(), known, kept.facts)
        return replace(whole, found=found, generation=known.generation)
    image = kept.image(kept.marked(changed))
    concerned, others = _concerned(image, before, recurring.vulnerabilities(image, known))
    if others:
        image = _with_others(kept, image, others)
    found = recurring.found_in(image, known, kept.facts, concerned) if concerned else []
    return replace(whole, found=found, concerned=concerned, generation=known.generation)


def _concerned(image: Image, before: Sequence[Brief], vulnerabilities: set[str]) -> tuple[frozenset[str], set[str]]:
    """The vulnerabilities whose findings may be others now, and the names of packages that these showed before; an
    empty one is any.
    """
    names = set(_names(image))
    concerned, others = set(vulnerabilities), set[str]()
    for each in before:
        if each.status == CLOSED:
            continue
        shown = _shown(each)
        if each.vulnerability in concerned or "" in shown or not names.isdisjoint(shown):
            concerned.add(each.vulnerability)
            others.update(shown)
    return frozenset(concerned), others - names


def _with_others(kept: KeptImage, image: Image, others: Collection[str]) -> Image:
    """The same image, and its packages of these names, in the order in which it holds them."""
    here = set(image.packages)
    whole = kept.image()
    if "" in others:
        return whole
    names = [
        each for each in whole.packages if each in here or not set(each.package.name.split(_BETWEEN)).isdisjoint(others)
    ]
    return Image(whole.release, whole.databases, names, ())


def _names(image: Image) -> Iterator[str]:
    for each in image.packages:
        yield from each.package.name.split(_BETWEEN)


def _shown(before: Brief) -> Collection[str]:
    """The names in the title of a finding (enhanced_findings.py)."""
    if len(before.title) >= _LONGEST_TITLE:
        return ("",)
    return before.title.removeprefix(f"{before.vulnerability} - ").split(_BETWEEN)
