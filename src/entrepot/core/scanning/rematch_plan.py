"""Which images are to be matched anew when something else is known of vulnerabilities: those that hold a package of
which that is so, and all of them where it is not known what changed.

A pass goes over the images that are scanned continuously, a page at a time, and remembers where it is: whoever is
killed is followed by one who goes on there, or with a newer generation begins anew. It reads no layer.
"""

from collections.abc import Callable, Iterator
from datetime import datetime

import msgspec

from entrepot.core.units import BlockingUnits
from entrepot.core.vulnerabilities.known import Known
from entrepot.core.vulnerabilities.merging import TABLES
from entrepot.db import inventories, rematches
from entrepot.db.database import Transaction
from entrepot.db.rematches import Pass, Watched
from entrepot.db.vulnerability_generations import Generations
from entrepot.scan import name_marks

PAGE = 500
_OF_EXPLOITS = {TABLES["exploited"], TABLES["exploitation"]}  # these tell of vulnerabilities, not of packages
_PLACE = msgspec.json.Decoder(tuple[str, str])
_START = ("", "")


class RematchPlan:
    """Puts images where whoever matches finds them; one process at a time does."""

    def __init__(
        self, units: BlockingUnits, generations: Generations, clock: Callable[[], datetime], page: int = PAGE
    ) -> None:
        """`page` of images, and of layers."""
        self._units = units
        self._generations = generations
        self._clock = clock
        self._page = page
        self._settled = 0

    def run(self) -> int:
        """Plan for the newest generation, unless that is done; how many images are to be matched."""
        newest = self._generations.generation()
        if newest in (0, self._settled):
            return 0
        with self._generations.reading() as file:
            return 0 if file is None else self._plan(Known(file))

    def _plan(self, known: Known) -> int:
        now = self._units.read(rematches.find_pass)
        if now.matched == known.generation and not now.target:
            self._settled = known.generation
            return 0
        begun = now
        if now.target != known.generation:
            begun = Pass(now.matched, known.generation)
            if not self._units.write(rematches.move_pass, now, begun):
                return 0
        touched = self._touched(known, now.matched)
        return sum(self._pages(begun, lambda: self._generations.generation() == known.generation, touched))

    def _touched(self, known: Known, since: int) -> Callable[[Watched], bool]:
        """Whether an image holds anything of which something else is known: one of which a layer is not known may."""
        if not knows_since(known, since):
            return lambda image: bool(image.layers)
        changed = name_marks.of_changed(known.changed_since(since))
        spared: set[str] = set()
        concerned: set[str] = set()
        after = ""
        while page := self._units.read(inventories.marks, after, self._page):
            for _, digest, marks in page:
                (spared if changed.isdisjoint(name_marks.unpacked(marks)) else concerned).add(digest)
            after = page[-1][0]
        spared -= concerned  # a digest may be several blobs
        return lambda image: not spared.issuperset(image.layers)

    def _pages(self, begun: Pass, is_newest: Callable[[], bool], touched: Callable[[Watched], bool]) -> Iterator[int]:
        """Go through the images from where the pass is; how many of each page are to be matched."""
        after = _PLACE.decode(begun.place) if begun.place else _START
        while is_newest():
            page = self._units.read(rematches.watched, after, self._page)
            if not page:
                self._units.write(rematches.move_pass, begun, Pass(begun.target))
                return
            some = [each[:2] for each in page if touched(each)]
            after = page[-1][:2]
            place = begun._replace(place=msgspec.json.encode(after).decode())
            if some and not self._units.write(_queue, begun, place, some, self._clock()):
                return
            yield len(some)


def knows_since(known: Known, generation: int) -> bool:
    """Whether all that changed since then is listed by packages: no other database has taken the place of that one, and
    nothing was told of exploits.
    """
    told = max((each.imported_at for each in known.sources() if each.name in _OF_EXPLOITS), default=0)
    return known.history <= generation <= known.generation and told <= generation


def _queue(tx: Transaction, old: Pass, new: Pass, images: list[tuple[str, str]], at: datetime) -> bool:
    """Queue images and move on, both or neither: False when another pass has begun."""
    if not rematches.move_pass(tx, old, new):
        return False
    rematches.queue(tx, images, old.matched, at)
    return True
