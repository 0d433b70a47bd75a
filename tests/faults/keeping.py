"""Core over a database and a store in memory, with a clock that the test moves: pushes, deletes, collections, fsck."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from entrepot.core import deletion
from entrepot.core.collection import Collected, Collector, Periods
from entrepot.core.integrity import Integrity, Report
from entrepot.db.sqlite import connect
from entrepot.spec.digest import Digest
from entrepot.spec.manifest import Manifest
from entrepot.spec.repository import RepositoryKey
from tests.factories.callers import EPOCH, image_manifest
from tests.factories.core_database import CONFIG, CoreDatabase
from tests.factories.memory_store import MemoryStore

GRACE = timedelta(days=1)
DRAIN = timedelta(hours=6)
STEP = GRACE + timedelta(seconds=1)


class House:
    """A registry whose blobs have bytes."""

    def __init__(self, directory: Path) -> None:
        self.core = CoreDatabase(directory)
        self.store = MemoryStore()
        self.now = EPOCH
        self.store.now = EPOCH.timestamp()
        self.collector = Collector(self.core.database, self.store, "main", Periods(GRACE, DRAIN))
        self.integrity = Integrity(self.core.database, self.store, "main")

    def push_blob(self, key: RepositoryKey, data: bytes) -> None:
        """A blob, with its bytes in the store."""
        held = self.core.blob(key, data)
        self.store.files[held.location] = data
        self.store.times[held.location] = self.store.now

    def push(
        self,
        key: RepositoryKey,
        *tags: str,
        layers: Sequence[bytes] = (b"layer",),
        config: bytes = CONFIG,
        **extra: object,
    ) -> Manifest:
        """An image with its bytes."""
        manifest = image_manifest(layers, config, **extra)
        for data in (config, *layers):
            self.push_blob(key, data)
        self.core.put(key, manifest, *tags)
        return manifest

    def delete(self, key: RepositoryKey, manifest: Manifest) -> None:
        """Delete an image by digest: ImageReferenced."""
        self.core.write(deletion.delete, key, manifest.digest)

    def later(self, step: timedelta = STEP) -> Collected:
        """One collection, a while later."""
        self.now += step
        return self.collector.run(self.now)

    def collect(self) -> None:
        """As many collections as remove everything that may go."""
        for _ in range(4):
            self.later()

    def holds(self, data: bytes) -> bool:
        """Whether the store has these bytes."""
        return data in self.store.files.values()

    def fsck(self, *, repair: bool = False, deep: bool = True) -> Report:
        """Check everything."""
        return self.integrity.fsck(self.now, repair=repair, deep=deep)

    def location(self, data: bytes) -> str:
        """Where the store keeps these bytes."""
        (found,) = [place for place in self.store.files if Digest.of(data).hex in place]
        return found

    def execute(self, statement: str, *parameters: object, foreign_keys: bool = True) -> None:
        """One statement past the house's own rules."""
        connection = connect(self.core.path)
        connection.execute(f"PRAGMA foreign_keys = {int(foreign_keys)}")
        connection.execute(statement, parameters)
        connection.close()

    def dump(self) -> dict[str, list[tuple[object, ...]]]:
        """Every row of every table."""
        connection = connect(self.core.path, query_only=True)
        tables = [
            row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        ]
        rows = {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in tables}
        connection.close()
        return rows

    def break_page(self, index: str) -> None:
        """Overwrite the root of an index in the database's file."""
        self.core.database.checkpoint()
        connection = connect(self.core.path, query_only=True)
        (size,) = connection.execute("PRAGMA page_size").fetchall()[0]
        (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (index,)).fetchall()[0]
        connection.close()
        with self.core.path.open("r+b") as file:
            file.seek((root - 1) * size)
            file.write(b"\xff" * size)

    def close(self) -> None:
        """Close the database."""
        self.core.close()
