"""Findings as Inspector lists them: those that criteria mean, in an order, page by page, with bounded work for each.

A page that would cost more than it may ends early, and may be empty: the next one goes on where it ended.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from entrepot.core.access import Caller
from entrepot.core.inspector import places
from entrepot.core.inspector.criteria import Criteria, Filters, Json
from entrepot.core.page import Page
from entrepot.core.scanning import enhanced_shown
from entrepot.core.scanning.enhanced_shown import ImageNow, Texts
from entrepot.db import inspector_findings as rows
from entrepot.db import inspector_images as images
from entrepot.db import inspector_listing as listing
from entrepot.db.database import Reader, Transaction
from entrepot.db.inspector_listing import NARROWED, ORDERS, After
from entrepot.db.inspector_records import FindingRecord, ImageKey
from entrepot.spec.repository import RegistryKey

MOST_EXAMINED: Final = 5000  # findings for a page
BATCH: Final = 500
START: Final[tuple[str, str]] = ("", "")


@dataclass(frozen=True, slots=True)
class Listed:
    """A finding with what is told of its image now."""

    record: FindingRecord
    image: ImageNow

    def shown(self, texts: Texts) -> Json:
        """As Inspector shows it."""
        return enhanced_shown.shown(self.record, self.image, texts)

    def meets(self, criteria: Criteria) -> bool:
        """Whether criteria mean it."""
        return criteria.is_empty or criteria.match(self.shown(Texts()))


class Images:
    """What is told of images now, each read once."""

    def __init__(self, tx: Reader) -> None:
        self._tx = tx
        self._read: dict[ImageKey, ImageNow] = {}

    def now(self, image: ImageKey) -> ImageNow:
        """Tags and use of an image; of one that is gone nothing."""
        if image not in self._read:
            use = images.use(self._tx, image)
            self._read[image] = ImageNow(images.tags(self._tx, image), use.last_at, use.total)
        return self._read[image]


def list_of(
    tx: Transaction,
    caller: Caller,
    given: Mapping[str, Filters],
    order: str,
    limit: int,
    after: tuple[str, str] = START,
    most: int = MOST_EXAMINED,
) -> Page[Listed]:
    """Findings that the criteria mean, sorted by Inspector's `order` (with `-` before it the greatest first)."""
    registry = places.require(caller, "ListFindings")
    criteria = Criteria(given)
    found: list[tuple[Listed, After]] = []
    sorting = order if order.removeprefix("-") in ORDERS else ""
    wanted = narrowed(criteria)
    rest = criteria.without(wanted)
    batch = limit + 1 if rest.is_empty else most if sorting else BATCH  # what sorts, sorts all for each batch
    for examined, (listed, place) in enumerate(_all(tx, registry, wanted, sorting, After(*after), batch), start=1):
        if listed.meets(rest):
            if len(found) == limit:
                return Page(tuple(each for each, _ in found), tuple(found[-1][1]))
            found.append((listed, place))
        if examined == most:
            return Page(tuple(each for each, _ in found), tuple(place))
    return Page(tuple(each for each, _ in found), None)


def every(tx: Reader, registry: RegistryKey, criteria: Criteria) -> Iterator[Listed]:
    """Every finding that the criteria mean, in no order of note."""
    wanted = narrowed(criteria)
    rest = criteria.without(wanted)
    return (each for each, _ in _all(tx, registry, wanted, "", After(), BATCH) if each.meets(rest))


def some(
    tx: Reader, registry: RegistryKey, criteria: Criteria, after: After, limit: int
) -> tuple[Sequence[Listed], After | None]:
    """Of so many findings those that the criteria mean, and where the next ones begin."""
    now = Images(tx)
    wanted = narrowed(criteria)
    rest = criteria.without(wanted)
    batch = listing.page(tx, registry, "", after, wanted, limit)
    listed = [Listed(record, now.now(record.image)) for record, _ in batch]
    following = batch[-1].place if len(batch) == limit else None
    return [each for each in listed if each.meets(rest)], following


def these(tx: Transaction, caller: Caller, arns: Sequence[str]) -> Mapping[str, FindingRecord]:
    """Findings by their ARNs, of which those that are not the caller's are absent."""
    registry = places.require(caller, "BatchGetFindingDetails")
    found = {arn: rows.find(tx, registry, arn.rpartition("/")[2]) for arn in arns}
    return {arn: each for arn, each in found.items() if each is not None and each.arn == arn}


def narrowed(criteria: Criteria) -> Mapping[str, str]:
    """What the criteria want of columns, where they want one value of it."""
    wanted = {name: criteria.only(name) for name in NARROWED}
    return {name: next(iter(values)) for name, values in wanted.items() if values is not None and len(values) == 1}


def _all(
    tx: Reader, registry: RegistryKey, wanted: Mapping[str, str], order: str, after: After, size: int
) -> Iterator[tuple[Listed, After]]:
    now = Images(tx)
    while batch := listing.page(tx, registry, order, after, wanted, size):
        for record, place in batch:
            yield Listed(record, now.now(record.image)), place
        if len(batch) < size:
            return
        after = batch[-1].place
