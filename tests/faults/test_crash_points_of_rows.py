"""Invariant 1 for rows and bytes together: a crash between any two system calls, without what was not synced.

The database is SQLite's own business until its log loses what was not synced: so every write and sync of a real
program is recorded and replayed, the bytes of blobs and those of the database alike.
"""

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from entrepot.core import repositories
from entrepot.core.integrity import Integrity
from entrepot.core.repositories import RepositoryDraft
from entrepot.db import repositories as repository_rows
from entrepot.db import tags
from entrepot.db.database import Transaction
from entrepot.db.sqlite import SqliteDatabase
from entrepot.store.filesystem import Filesystem
from tests.factories.callers import EPOCH, caller, repository
from tests.factories.crash_store import Disk, Step, after, survivors
from tests.factories.databases import sqlite_database
from tests.faults.pushing import DATABASE, IMAGES, REPOSITORY, STORE
from tests.faults.replayed import SHARED_MEMORY, Steps, run_traced

ABSENT = None
MEMORY = Path("/dev/shm")  # syncing costs nothing here


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Steps]:
    """(the tree as the program left it, what it did)."""
    root = tmp_path_factory.mktemp("recorded") / "data"
    root.mkdir()
    Filesystem(root).prepare()
    database = sqlite_database(root)
    database.submit(lambda tx: repositories.create(tx, caller(), repository(REPOSITORY), RepositoryDraft())).result()
    database.close()
    steps = Steps(root)
    steps.take(run_traced("tests.faults.pushing", root, root.parent / "strace.txt"))
    return root, steps


@pytest.fixture
def volatile(tmp_path: Path) -> Iterator[Path]:
    """A directory where syncing costs nothing: thousands of databases are opened and closed in it."""
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else tmp_path) as directory:
        yield Path(directory)


def possible(steps: Sequence[Step]) -> dict[str, set[str | None]]:
    """Tag -> the digests that it may have after what was told: two while a change is under way."""
    states: dict[str, set[str | None]] = {}
    for step in steps:
        if step.kind != "tell":
            continue
        match step.data.decode().split():
            case ["pushing", tag, digest]:
                states[tag] = {ABSENT, digest}
            case ["pushed", tag, digest]:
                states[tag] = {digest}
            case ["deleting", tag]:
                states[tag] = states[tag] | {ABSENT}
            case ["deleted", tag]:
                states[tag] = {ABSENT}
            case words:
                raise AssertionError(words)
    return states


def faults(root: Path, states: dict[str, set[str | None]]) -> list[str]:
    """What a server that starts over this tree would find wrong: every row, every byte, every tag."""
    database = SqliteDatabase(root / DATABASE)
    try:
        report = Integrity(database, Filesystem(root), STORE).fsck(EPOCH, repair=False)
        wrong = [*report.database, *report.damaged, *report.unresolvable]
        found = database.read(lambda tx: {tag: pointed(tx, tag) for tag in states})
        return wrong + [f"{tag} is {found[tag]}" for tag, allowed in states.items() if found[tag] not in allowed]
    finally:
        database.close()


def pointed(tx: Transaction, tag: str) -> str | None:
    row = repository_rows.find(tx, repository(REPOSITORY))
    assert row is not None
    return tags.find(tx, row.id, tag)


def lost(steps: Sequence[Step], start: int, tree: Path, seeds: int) -> list[str]:
    """Faults after each crash point and way to lose; what looks like a tree that was checked is not checked again."""
    wrong: list[str] = []
    checked: set[tuple[bytes, str]] = set()
    for count in range(start, len(steps) + 1):
        disk = Disk(steps[:count])
        states = possible(steps[:count])
        for way, keep, content in survivors(disk, seeds):
            disk.materialise(tree, keep, content)
            looks = fingerprint(tree), repr(sorted(states.items()))
            if looks not in checked:
                checked.add(looks)
                wrong += [f"after step {count}, {way}: {fault}" for fault in faults(tree, states)]
            shutil.rmtree(tree)
    return wrong


def fingerprint(tree: Path) -> bytes:
    running = hashlib.sha256()
    for path in sorted(tree.rglob("*")):
        data = path.read_bytes() if path.is_file() else b""
        running.update(f"{path.relative_to(tree)} {path.is_file()} {len(data)}\n".encode() + data)
    return running.digest()


def without_syncs(steps: Sequence[Step], start: int, files_of: Callable[[str], bool]) -> list[Step]:
    """The steps without the syncs of files that are made under such names."""
    unwanted = {step.node for step in steps if step.kind == "create" and files_of(step.path.name)}
    rest = (step for step in steps[start:] if step.kind != "sync file" or step.node not in unwanted)
    return [*steps[:start], *rest]


def files(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and not path.name.endswith(SHARED_MEMORY)
    }


@pytest.mark.timeout(600)
def test_no_acknowledged_image_is_lost_and_no_deleted_one_returns_at_any_crash_point(recorded, volatile, full):
    _, trace = recorded
    assert sum(step.data.startswith(b"pushed") for step in trace.steps) == IMAGES
    assert lost(trace.steps, trace.start, volatile / "crashed", seeds=20 if full else 1) == []


def test_the_trace_holds_everything_that_the_program_did(recorded, tmp_path):
    root, trace = recorded
    Disk(trace.steps).materialise(tmp_path / "replayed", lambda: True, after)
    assert files(tmp_path / "replayed") == files(root)


def test_images_would_be_lost_without_the_syncs_of_the_log_or_of_the_blobs(recorded, volatile):
    _, trace = recorded
    for number, is_of in enumerate((lambda name: name.endswith("-wal"), lambda name: not name.startswith(DATABASE))):
        steps = without_syncs(trace.steps, trace.start, is_of)
        assert lost(steps, len(steps), volatile / f"{number}", seeds=0), "nothing is lost"
