"""Who reads which generation: told while it is read, gone with its process, waited for with a bound."""

import subprocess
import sys
import threading
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from entrepot.core.vulnerabilities import following
from entrepot.core.vulnerabilities.following import Following
from entrepot.core.vulnerabilities.importing import Importing
from entrepot.db import vulnerability_readers
from entrepot.db.vulnerability_generations import Generations
from tests.factories.advisory_files import dump, record
from tests.factories.waiting import wait

NOW = datetime(2026, 1, 1, tzinfo=UTC)
READER = """
import sys
from pathlib import Path
from entrepot.db.vulnerability_readers import Place
Place(Path(sys.argv[1])).note(5, 1)
print("noted", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "vulndb"


def take(directory: Path, tmp_path: Path, number: int) -> int:
    with closing(Generations(directory)) as generations:
        archive = dump(tmp_path / "Debian.zip", [record(f"DSA-{number}")])
        return Importing(generations, NOW, False, (), lambda _: None).run([archive]).generation


def told(directory: Path) -> list[int]:
    return [each.generation for each in vulnerability_readers.readers(directory)]


def test_without_readers_nobody_is_waited_for(directory):
    assert following.wait(directory, 1, 60) == ()


def test_a_process_follows_and_is_behind_while_it_still_reads_an_older_one(directory, tmp_path):
    first = take(directory, tmp_path, 1)
    with closing(Generations(directory)) as generations, Following(generations, directory, lambda: NOW, 0.01):
        assert told(directory) == [first]
        with generations.reading():
            second = take(directory, tmp_path, 2)
            (late,) = following.wait(directory, second, 0.1)
            assert late.generation == first
            with generations.reading() as file:
                assert file is not None
                assert file.generation == second
        assert following.wait(directory, second, 60) == ()
        assert told(directory) == [second]
    assert told(directory) == []


def test_one_that_has_nothing_to_read_yet_is_waited_for(directory, tmp_path):
    with closing(Generations(directory)) as generations, Following(generations, directory, lambda: NOW, 0.01):
        assert told(directory) == [0]
        generation = take(directory, tmp_path, 1)
        assert following.wait(directory, generation, 60) == ()


def test_a_broken_generation_is_not_followed_until_there_is_another(directory, tmp_path):
    with closing(Generations(directory)) as generations, Following(generations, directory, lambda: NOW, 0.01):
        (directory / "current").write_text("9.db")
        (directory / "9.db").write_bytes(b"broken" * 1000)
        assert [each.generation for each in following.wait(directory, 9, 0.1)] == [0]
        with closing(Generations(directory)) as others:
            archive = dump(tmp_path / "Debian.zip", [record("DSA-1")])
            done = Importing(others, NOW, True, (), lambda _: None).run([archive])
        assert following.wait(directory, done.generation, 60) == ()


def test_a_process_that_was_killed_is_not_waited_for(directory):
    command = [sys.executable, "-c", READER, str(directory)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        (late,) = following.wait(directory, 6, 0)
        assert (late.pid, late.generation) == (process.pid, 5)
        process.kill()
        process.wait()
    assert following.wait(directory, 6, 60) == ()
    assert list((directory / "readers").iterdir()) == []


def test_nobody_sees_a_reader_without_its_lock(directory):
    """Many begin and end while others look: what is told is one that runs, and none is removed that does."""
    ended = threading.Event()

    def look() -> None:
        while not ended.is_set():
            told(directory)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        for number in range(200):
            place = vulnerability_readers.Place(directory)
            place.note(number, 1)
            assert told(directory) == [number]
            place.close()
    finally:
        ended.set()
        looking.join()
    wait(lambda: not told(directory))
