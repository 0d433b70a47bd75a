"""A database that cannot grow: its units are told, or run once more when room was made; SQLite itself says full."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select, text

from entrepot.db.database import Transaction
from entrepot.db.migrate import upgrade
from entrepot.db.schema import gc_hold
from entrepot.db.sqlite import SqliteDatabase
from entrepot.errors import StorageFull

LARGE = "x" * 1_000_000
PAGES_FREE, PAGES_FULL = 1_000_000, 1
ADD = insert(gc_hold)
COUNT = select(func.count()).select_from(gc_hold)


class Volume:
    """How large the database may become: `full` now, and whether there is a ballast to release."""

    def __init__(self, path: Path, *, ballast: bool) -> None:
        upgrade(path)
        self.full = False
        self.asked = 0
        self._ballast = ballast
        self.database = SqliteDatabase(path, self._make_room)

    def add(self, name: str) -> Callable[[Transaction], str]:
        """A unit that stores a large row, within what the volume takes at that moment."""

        def work(tx: Transaction) -> str:
            tx.all(text(f"PRAGMA max_page_count = {PAGES_FULL if self.full else PAGES_FREE}"))
            tx.run(ADD, id=name, reason=LARGE, expires_at=0)
            return name

        return work

    def together(self, *names: str) -> list["Future[str]"]:
        """Units of one batch: all are queued while the first holds up the writer."""
        holding, begin = threading.Event(), threading.Event()

        def hold(_: Transaction) -> bool:
            holding.set()
            return begin.wait(10)

        held = self.database.submit(hold)
        assert holding.wait(10)
        futures = [self.database.submit(self.add(name)) for name in names]
        begin.set()
        assert held.result()
        return futures

    def count(self) -> int:
        return int(self.database.read(lambda tx: tx.all(COUNT))[0][0])

    def _make_room(self) -> bool:
        self.asked += 1
        if self._ballast:
            self.full = False
        return self._ballast


@pytest.fixture(params=[True, False], ids=["with ballast", "without ballast"])
def volume(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Volume]:
    made = Volume(tmp_path / "entrepot.db", ballast=request.param)
    yield made
    made.database.close()


@pytest.mark.parametrize("volume", [True], indirect=True)
def test_a_batch_that_found_no_room_runs_once_more_when_room_was_made(volume: Volume):
    volume.full = True
    assert [future.result(10) for future in volume.together("a", "b", "c")] == ["a", "b", "c"]
    assert (volume.asked, volume.count()) == (1, 3)


@pytest.mark.parametrize("volume", [False], indirect=True)
def test_every_unit_of_a_batch_that_found_no_room_is_told_and_none_of_it_stays(volume: Volume):
    assert volume.database.submit(volume.add("before")).result(10) == "before"
    volume.full = True
    for future in volume.together("a", "b", "c"):
        assert isinstance(future.exception(10), StorageFull)
    assert volume.count() == 1


def test_what_follows_a_full_database_is_stored(volume: Volume):
    volume.full = True
    wait = volume.database.submit(volume.add("first"))
    wait.exception(10)
    volume.full = False
    assert volume.database.submit(volume.add("second")).result(10) == "second"
    assert list(volume.database.check()) == []
