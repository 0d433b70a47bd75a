"""What a change of the vulnerability database costs a registry: images matched anew, from kept inventories.

    python -m benchmarks.scanning rematch FOLDER [IMAGES [LAYERS]]   the folder of tests/factories/vulnerability_data.py

An import tells something new of 500 packages. The floor is matching alone: the same images, in one process that keeps
nothing. Wall time and CPU time of the one process that does it all; others may use the machine too.
"""

import asyncio
import random
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import fleets
from entrepot.core.pulse import Pulse
from entrepot.core.scanning import rematch_work
from entrepot.core.scanning.rematch_plan import RematchPlan
from entrepot.core.scanning.rematcher import Rematcher
from entrepot.core.units import BlockingUnits, Units
from entrepot.core.vulnerabilities.importing import Importing
from entrepot.db import rematches
from entrepot.db.inspector_records import ImageKey
from entrepot.db.rematches import Held, Pass
from entrepot.db.sqlite import SqliteDatabase, connect
from entrepot.db.vulnerability_generations import Generations
from tests.factories.advisory_files import folder, record
from tests.factories.databases import sqlite_database

_DUMPS = ("Debian", "PyPI", "Go", "RubyGems", "Packagist", "crates.io")
_CHANGED, _SAMPLE = 500, 200
_LOOK_EVERY = 0.02  # seconds between two looks at the database from outside, by which the first finding is late
_NEW = "FROM inspector_finding WHERE vulnerability >= 'CVE-2099-' AND vulnerability < 'CVE-2100-'"
_SQL = f"SELECT 1 {_NEW} LIMIT 1"


class House:
    """A registry of many images, and what is known."""

    def __init__(self, directory: Path, data: Path, images: int, layers: int) -> None:
        self.directory = directory
        self.generations = Generations(directory / "vulndb")
        self.take([data / "osv" / f"{name}.zip" for name in _DUMPS])
        with self.generations.reading() as file:
            if file is None:
                raise LookupError
            self.database: SqliteDatabase = sqlite_database(directory)
            debian = data / "inventories" / "debian-10.json"
            self.names = fleets.build(self.database, debian, file, images, layers).names
            found = Pass(0, file.generation)
            self.since = file.generation
        self.database.submit(lambda tx: rematches.move_pass(tx, Pass(), found)).result()
        self.database.submit(lambda tx: rematches.move_pass(tx, found, Pass(file.generation))).result()
        self.database.checkpoint()
        self.pulse = Pulse()
        units = Units(self.database, ThreadPoolExecutor(2))
        self.plan = RematchPlan(BlockingUnits(self.database), self.generations, lambda: datetime.now(UTC))
        self.rematcher = Rematcher(
            units,
            self.generations,
            nothing,
            (),
            self.pulse.of(self.database),
            lambda: datetime.now(UTC),
        )

    def take(self, paths: Sequence[Path]) -> None:
        """Import files."""
        Importing(self.generations, datetime.now(UTC), False, (), lambda _: None).run(paths)

    def change(self) -> None:
        """Something new is told of 500 packages."""
        chosen = random.Random(3).sample(self.names, min(_CHANGED, len(self.names)))
        records = [
            record(f"NEW-{number}", name, ecosystem, "2", related=[f"CVE-2099-{number:05d}"])
            for number, (ecosystem, name) in enumerate(chosen)
        ]
        self.take([folder(self.directory / "changed", records)])

    def size(self) -> int:
        """Bytes of the database."""
        self.database.checkpoint()
        return (self.directory / "entrepot.db").stat().st_size


async def nothing(_: ImageKey) -> bool:
    return False


@contextmanager
def timed(what: str) -> Iterator[None]:
    begun, cpu = time.perf_counter(), time.process_time()
    yield
    print(f"{what:28} {time.perf_counter() - begun:8.2f} s, CPU {time.process_time() - cpu:8.2f} s", flush=True)


def rematch(data: Path, images: int, layers: int) -> None:
    with tempfile.TemporaryDirectory() as directory:
        with timed("the fleet is made"):
            house = House(Path(directory), data, images, layers)
        connection = connect(Path(directory) / "entrepot.db", query_only=True)
        marks, names = connection.execute("SELECT sum(length(marks)), count(*) FROM layer_marks").fetchone()
        print(f"marks of names: {marks:,} bytes of {names} layers")
        (found,) = connection.execute("SELECT count(*) FROM inspector_finding").fetchone()
        print(f"{images} images over {layers} layers, {found} findings: {house.size():,} bytes", flush=True)
        house.change()
        with timed("which images are concerned"):
            concerned = house.plan.run()
        print(f"{concerned} images")
        with timed("all of them matched anew"):
            first = watched(Path(directory), house)
        (new,) = connection.execute(f"SELECT count(*) {_NEW}").fetchone()
        print(f"{new} new findings, the first after {first:.2f} s", flush=True)
        floor(house)


def done(house: House) -> None:
    house.plan.run()
    asyncio.run(house.rematcher.step())
    if left := house.database.read(rematches.waiting):
        raise RuntimeError(f"{left} images wait still")


def watched(directory: Path, house: House) -> float:
    """Match; how long after the beginning the first new finding was there."""
    seen: list[float] = []
    begun, over = time.perf_counter(), threading.Event()

    def look() -> None:
        connection = connect(directory / "entrepot.db", query_only=True)
        while not over.is_set() and not connection.execute(_SQL).fetchall():
            time.sleep(_LOOK_EVERY)  # from outside, a first finding is seen by looking only
        seen.append(time.perf_counter() - begun)
        connection.close()

    looking = threading.Thread(target=look)
    looking.start()
    done(house)
    over.set()
    looking.join()
    return seen[0]


def floor(house: House) -> None:
    """Matching alone, with what is remembered by now."""
    keys = [each[:2] for each in house.database.read(lambda tx: rematches.watched(tx, ("", ""), _SAMPLE))]
    stored = house.database.read(lambda tx: rematch_work.read(tx, [Held(*key, "", 1, house.since) for key in keys]))
    some = [(each, each.scan) for each in stored if each.scan is not None]
    cpu = time.process_time()
    house.rematcher.match(some)
    print(f"floor: matching alone {1000 * (time.process_time() - cpu) / max(len(some), 1):.2f} ms CPU an image")


if __name__ == "__main__":
    rematch(Path(sys.argv[2]), *(int(each) for each in (*sys.argv[3:5], "10000", "4000")[:2]))
