"""Import: a new generation is the old one, and what the given files say added to it; all of them, or none.

By advisory id the newer one counts. An archive that repeats most of what its source told takes its place, so that
what it lacks is gone; anything else only adds.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from entrepot.core.vulnerabilities import archives, exports, packing
from entrepot.core.vulnerabilities.feeds import Catalogue, Dump, Export, Feed, Releases, Scores, feeds
from entrepot.core.vulnerabilities.merging import TABLES, Merging
from entrepot.db.vulnerabilities import VulnerabilityFile
from entrepot.db.vulnerability_file import Building, Counts
from entrepot.db.vulnerability_generations import Generations, Making
from entrepot.errors.scanning import AdvisoryMalformed, VulnerabilityFileUnknown, VulnerabilitySourceShrunk
from entrepot.scan import end_of_life, exploitation
from entrepot.spec.moments import micros

KEV: Final = TABLES["exploited"]
EPSS: Final = TABLES["exploitation"]
RELEASES: Final = TABLES["release"]
_ADDED: Final = " (added)"
_ALIKE: Final = 0.8  # of what a source told, an archive must repeat so much to take its place
_WHOLE_NAME: Final = "all"


@dataclass(frozen=True, slots=True)
class Brought:
    """What one source brought, and out of which file."""

    source: str
    counts: Counts
    path: Path


@dataclass(frozen=True, slots=True)
class Imported:
    """A new generation, and what made it: `changed` packages of which something else is known now."""

    generation: int
    changed: int
    brought: Sequence[Brought]


@dataclass(frozen=True, slots=True)
class Importing:
    """One import; `force` takes what is smaller or older than what is there, `trusted` are public keys of who may sign
    exports; `beginning` is told of each file before it is read.
    """

    generations: Generations
    now: datetime
    force: bool
    trusted: Sequence[str]
    progress: Callable[[int], None]
    beginning: Callable[[Path], None] = lambda _: None

    def run(self, paths: Sequence[Path]) -> Imported:
        """Import files and folders, as `take` does."""
        return self.take(feeds(paths))

    def take(self, found: Sequence[Feed]) -> Imported:
        """Import feeds: VulnerabilityFileUnknown, VulnerabilitySourceShrunk, VulnerabilityRollback,
        VulnerabilitySignatureInvalid, VulnerabilityImportBusy. What was there counts until all of it is durable.
        """
        with self.generations.making(anew=self.force) as making:
            brought = [each for feed in found for each in self._take(making, feed)]
            generation = making.next_generation(micros(self.now))
            changed = making.building().finish(generation, micros(self.now))
            making.publish(generation)
        return Imported(generation, changed, brought)

    def _take(self, making: Making, feed: Feed) -> Sequence[Brought]:
        self.beginning(feed.path)
        if isinstance(feed, Export):
            return self._export(making, feed)
        building = making.building()
        try:
            match feed:
                case Dump():
                    return [self._dump(building, feed)]
                case Catalogue():
                    return [self._catalogue(building, feed)]
                case Scores():
                    return [self._scores(building, feed)]
                case Releases():
                    return [self._releases(building, feed)]
        except AdvisoryMalformed as fault:
            raise VulnerabilityFileUnknown(path=feed.path, reason=fault) from None

    def _export(self, making: Making, feed: Export) -> Sequence[Brought]:
        room = making.room
        exports.read(feed.path, room, self.trusted, self.progress)
        with VulnerabilityFile(room) as theirs:
            if making.before is None and not making.begun:
                brought = [Brought(each.name, Counts(added=each.records), feed.path) for each in theirs.sources()]
                making.adopt(room).adopt(micros(self.now))
                return brought
            merging = Merging(theirs, making.before, force=self.force)
            merging.require_newer()
            merged = merging.merge(making.building(), micros(self.now), self.progress)
            return [Brought(*each, feed.path) for each in merged]

    def _dump(self, building: Building, feed: Dump) -> Brought:
        counts = Counts()
        for found in feed.advisories(self.progress):
            building.put(packing.entry(found), counts)
        counts.left_out = dict(feed.left_out)
        source = feed.part_of or feed.teller()
        target, whole = self._place(building, feed, source, counts)
        building.finish_source(target, feed.updated_at(), micros(self.now), counts, whole=whole)
        return Brought(target, counts, feed.path)

    def _place(self, building: Building, feed: Dump, source: str, counts: Counts) -> tuple[str, bool]:
        """As whose these count, and whether what that source no longer tells goes."""
        if feed.part_of:
            return source, False
        had, repeated, has = building.known(source), building.repeated(source), feed.read.total()
        if not feed.whole:
            return source + _ADDED, False
        if not had or self.force or repeated >= _ALIKE * had:
            return source, True
        if feed.path.stem in {_WHOLE_NAME, source} and not counts.added and not counts.changed:
            raise VulnerabilitySourceShrunk(source=source, had=had, has=has)
        if has > had:
            building.rename(source, source + _ADDED)
            return source, True
        return source + _ADDED, False

    def _catalogue(self, building: Building, feed: Catalogue) -> Brought:
        released, entries = exploitation.catalogue(archives.whole(feed.path))
        self._refuse_shrinking(building, KEV, len(entries))
        building.replace_exploited((each.name, msgspec.msgpack.encode(each)) for each in entries)
        return self._told(building, feed.path, KEV, released, len(entries))

    def _scores(self, building: Building, feed: Scores) -> Brought:
        made_at, scores = exploitation.scores(archives.lines(feed.path))
        count = building.replace_exploitation((each.name, each.score, each.percentile) for each in scores)
        self._refuse_shrinking(building, EPSS, count)
        return self._told(building, feed.path, EPSS, made_at, count)

    def _releases(self, building: Building, feed: Releases) -> Brought:
        rows = [
            (Path(name).stem, each.name, msgspec.msgpack.encode(each))
            for name, document in feed.documents()
            for each in end_of_life.releases(document)
        ]
        self._refuse_shrinking(building, RELEASES, len(rows))
        building.replace_releases(rows)
        return self._told(building, feed.path, RELEASES, feed.at, len(rows))

    def _refuse_shrinking(self, building: Building, source: str, has: int) -> None:
        had = building.records(source)
        if has < _ALIKE * had and not self.force:
            raise VulnerabilitySourceShrunk(source=source, had=had, has=has)

    def _told(self, building: Building, path: Path, source: str, updated_at: int, count: int) -> Brought:
        self.progress(1)
        building.put_source(source, updated_at, micros(self.now), 0, count)
        return Brought(source, Counts(added=count), path)
