"""What a change of the vulnerability database costs a registry: images matched anew, from kept inventories.

    python -m benchmarks.scanning rematch FOLDER [IMAGES [LAYERS]] [--workers N]

The folder is that of tests/factories/vulnerability_data.py. An import tells something new of 500 packages, and so many
processes match at once, as the workers of a deployment do. The floor is matching alone: some of the images, in one
process that keeps nothing. Wall time, and CPU time of all processes; others may use the machine too.
"""

import argparse
import asyncio
import os
import random
import subprocess
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
from benchmarks.fleets import Fleet
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

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.generations = Generations(directory / "vulndb")
        self.database = SqliteDatabase(directory / "entrepot.db")
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

    def fill(self, data: Path, images: int, layers: int) -> Fleet:
        """Make the images, and have them matched with what is known."""
        self.take([data / "osv" / f"{name}.zip" for name in _DUMPS])
        with self.generations.reading() as file:
            if file is None:
                raise LookupError
            debian = data / "inventories" / "debian-10.json"
            made = fleets.build(self.directory / "entrepot.db", debian, file, images, layers)
            found = Pass(0, file.generation)
        self.database.submit(lambda tx: rematches.move_pass(tx, Pass(), found)).result()
        self.database.submit(lambda tx: rematches.move_pass(tx, found, Pass(file.generation))).result()
        self.database.checkpoint()
        return made

    def take(self, paths: Sequence[Path]) -> None:
        """Import files."""
        Importing(self.generations, datetime.now(UTC), False, (), lambda _: None).run(paths)

    def change(self, names: Sequence[tuple[str, str]]) -> None:
        """Something new is told of 500 packages."""
        chosen = random.Random(3).sample(names, min(_CHANGED, len(names)))
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
    begun, cpu = time.perf_counter(), _cpu()
    yield
    print(f"{what:28} {time.perf_counter() - begun:8.2f} s, CPU {_cpu() - cpu:8.2f} s", flush=True)


def _cpu() -> float:
    """Of this process, and of those that it has waited for."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def rematch(data: Path, images: int, layers: int, workers: int) -> None:
    with tempfile.TemporaryDirectory() as directory:
        sqlite_database(Path(directory)).close()
        house = House(Path(directory))
        with timed("the fleet is made"):
            names = house.fill(data, images, layers).names
        connection = connect(Path(directory) / "entrepot.db", query_only=True)
        marks, blobs = connection.execute("SELECT sum(length(marks)), count(*) FROM layer_marks").fetchone()
        print(f"marks of names: {marks:,} bytes of {blobs} layers")
        (held,) = connection.execute("SELECT sum(length(body)) FROM image_inventory").fetchone()
        (found,) = connection.execute("SELECT count(*) FROM inspector_finding").fetchone()
        print(
            f"{images} images over {layers} layers, {found} findings: {house.size():,} bytes, {held:,} of inventories"
        )
        since = house.database.read(rematches.find_pass).matched
        house.change(names)
        with timed("which images are concerned"):
            concerned = house.plan.run()
        print(f"{concerned} images", flush=True)
        begun = time.perf_counter()
        with timed(f"all of them, {workers} workers"):
            first = watched(house, workers)
        print(f"{concerned / (time.perf_counter() - begun):.1f} images/s")
        (new,) = connection.execute(f"SELECT count(*) {_NEW}").fetchone()
        print(f"{new} new findings, the first after {first:.2f} s", flush=True)
        floor(house, since)


def work(directory: Path) -> None:
    """One of several workers: match until nothing waits."""
    house = House(directory)
    asyncio.run(house.rematcher.step())
    house.database.close()


def done(house: House, workers: int) -> None:
    command = [sys.executable, "-m", "benchmarks.scanning", "work", str(house.directory)]
    others = [subprocess.Popen(command) for _ in range(workers - 1)]
    asyncio.run(house.rematcher.step())
    if any(each.wait() for each in others):
        raise RuntimeError("a worker failed")
    if left := house.database.read(rematches.waiting):
        raise RuntimeError(f"{left} images wait still")


def watched(house: House, workers: int) -> float:
    """Match; how long after the beginning the first new finding was there."""
    seen: list[float] = []
    begun, over = time.perf_counter(), threading.Event()

    def look() -> None:
        connection = connect(house.directory / "entrepot.db", query_only=True)
        while not over.is_set() and not connection.execute(_SQL).fetchall():
            time.sleep(_LOOK_EVERY)  # from outside, a first finding is seen by looking only
        seen.append(time.perf_counter() - begun)
        connection.close()

    looking = threading.Thread(target=look)
    looking.start()
    done(house, workers)
    over.set()
    looking.join()
    return seen[0]


def floor(house: House, since: int) -> None:
    """Matching alone, with what is remembered by now."""
    keys = [each[:2] for each in house.database.read(lambda tx: rematches.watched(tx, ("", ""), _SAMPLE))]
    stored = house.database.read(lambda tx: rematch_work.read(tx, [Held(*key, "", 1, since) for key in keys]))
    some = [(each, each.scan) for each in stored if each.scan is not None]
    cpu = time.process_time()
    house.rematcher.match(some)
    print(f"floor: matching alone {1000 * (time.process_time() - cpu) / max(len(some), 1):.2f} ms CPU an image")


def main() -> None:
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    measured = commands.add_parser("rematch")
    measured.add_argument("folder", type=Path)
    measured.add_argument("images", type=int, nargs="?", default=10_000)
    measured.add_argument("layers", type=int, nargs="?", default=4_000)
    measured.add_argument("--workers", type=int, default=1)
    commands.add_parser("work").add_argument("folder", type=Path)
    given = parser.parse_args()
    if given.command == "work":
        work(given.folder)
    else:
        rematch(given.folder, given.images, given.layers, given.workers)


if __name__ == "__main__":
    main()
