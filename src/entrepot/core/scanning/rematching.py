"""What is found anew in an image that was matched before, from what it holds, when something else is known.

Where the names are known of which that is so, only findings can change that packages of these names have, or had: those
are concerned, and all else stands. A finding is put together of all packages that have its vulnerability, so those of
other names are taken along that it showed before: they have it still. The law is tests/property/test_rematching.py's.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from entrepot.core.scanning.analysis import Analysis
from entrepot.core.scanning.enhanced_analysis import described
from entrepot.core.scanning.enhanced_changes import CLOSED
from entrepot.core.scanning.kept_images import KeptImage, names_in
from entrepot.core.scanning.recurring import Recurring
from entrepot.core.vulnerabilities.known import Known
from entrepot.db.inspector_findings import Brief

_AFTER = " - "  # the vulnerability, in a title
_ANY = frozenset({""})
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
    places = kept.marked(changed)
    vulnerabilities = recurring.vulnerabilities(kept.image(places), known)
    concerned, shown = _concerned(kept.named_at(places), before, vulnerabilities)
    more = range(len(kept.packages)) if "" in shown else kept.named(shown)
    found = recurring.found_in(kept.image(sorted({*places, *more})), known, kept.facts, concerned) if concerned else []
    return replace(whole, found=found, concerned=concerned, generation=known.generation)


def _concerned(
    names: Collection[str], before: Sequence[Brief], vulnerabilities: set[str]
) -> tuple[frozenset[str], set[str]]:
    """The vulnerabilities whose findings may be others now, with those that packages of these names had before; and the
    names of all packages that these findings showed. An empty one may be any.
    """
    concerned, shown = set(vulnerabilities), set[str]()
    for each in before:
        if each.status != CLOSED:
            here = _shown(each)
            if each.vulnerability in concerned or "" in here or not here.isdisjoint(names):
                concerned.add(each.vulnerability)
                shown |= here
    return frozenset(concerned), shown


def _shown(before: Brief) -> frozenset[str]:
    """The names in the title of a finding (enhanced_findings.py)."""
    if len(before.title) >= _LONGEST_TITLE:
        return _ANY
    return names_in(before.title[len(before.vulnerability) + len(_AFTER) :])
