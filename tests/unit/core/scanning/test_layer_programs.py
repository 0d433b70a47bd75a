"""A program that reads a layer has an end, however it behaves, and what it says is told; so has who starts it."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import BinaryIO

import pytest

from entrepot.core.scanning.layer_programs import LayerPrograms
from entrepot.errors.scanning import LayerUnreadable
from entrepot.scan.packages import Layer
from tests.factories.layouts import archive
from tests.factories.programs import children, runs
from tests.factories.waiting import until, wait

DIGEST = "sha256:" + "0" * 64
ARCHIVE = archive({"etc/os-release": b"ID=debian\n"})
SLEEPS = "import time; time.sleep(60)"
SERVED = """
import os, sys, time
from entrepot.inventory.reading import read as sound
from entrepot.inventory.starting import serve
with open({log!r}, "a") as log:
    log.write(f"{{os.getpid()}} ")
def read():
{body}
serve(read{more})
"""


def opened(path: Path, blob: bytes = b"") -> BinaryIO:
    path.write_bytes(blob)
    return path.open("rb")


async def read(programs: LayerPrograms, blob: BinaryIO) -> Layer:
    with blob:
        return await programs.read(blob, DIGEST)


def behaving(folder: Path, body: str, seconds: float = 60.0, largest: int = 1_000_000, more: str = "") -> LayerPrograms:
    """Programs whose way to read a layer is this; each start of who starts them is noted in the folder."""
    code = SERVED.format(log=str(folder / "started"), body=textwrap.indent(body, "    "), more=more)
    return LayerPrograms(seconds, largest, (sys.executable, "-I", "-c", code))


def started(folder: Path) -> list[int]:
    """Who has started programs, one after the other."""
    log = folder / "started"
    return [int(each) for each in log.read_text().split()] if log.exists() else []


def programs_of(folder: Path) -> list[int]:
    """Those that run, of who started first."""
    return [pid for starter in started(folder)[:1] for pid in children(starter)]


async def test_a_layer_is_read(tmp_path):
    layer = await read(LayerPrograms(), opened(tmp_path / "blob", ARCHIVE))
    assert layer.releases["etc/os-release"].id == "debian"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("os.write(1, b'nonsense'); return 0", "Its inventory is none"),
        ("time.sleep(60); return 0", "takes more than 1 s"),
        ("while True: os.write(1, b'x' * 100000)", "more than 1000000 bytes"),
        ("while True: os.write(2, b'x' * 100000)", "takes more than 1 s"),
        ("os.abort()", "ended by signal 6"),
        ("os.write(2, b'torn'); return 3", "torn"),
    ],
    ids=["lies", "sleeps", "writes on", "complains on", "dies", "refuses"],
)
async def test_what_a_layer_makes_of_its_program_is_told_of_the_layer(tmp_path, body: str, told: str):
    programs = behaving(tmp_path, body, seconds=1.0 if "takes" in told else 60.0)
    with pytest.raises(LayerUnreadable, match=told):
        await read(programs, opened(tmp_path / "blob"))
    assert children(started(tmp_path)[0]) == []


@pytest.mark.parametrize("body", ["1 / 0", "raise SystemExit('ZeroDivisionError')"])
async def test_a_program_that_is_broken_is_no_fault_of_the_layer(tmp_path, body: str):
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        await read(behaving(tmp_path, body), opened(tmp_path / "blob"))


async def test_a_process_that_starts_none_is_no_fault_of_the_layer(tmp_path):
    programs = LayerPrograms(command=(sys.executable, "-I", "-c", "pass"))
    with pytest.raises(RuntimeError, match="was lost"):
        await read(programs, opened(tmp_path / "blob"))


# ---------------------------------------------------------------- who starts programs
async def test_what_reads_layers_is_loaded_once_for_many(tmp_path):
    programs = behaving(tmp_path, "return sound()")
    layers = await asyncio.gather(*(read(programs, opened(tmp_path / f"{n}", ARCHIVE)) for n in range(5)))
    assert {layer.releases["etc/os-release"].id for layer in layers} == {"debian"}
    assert len(started(tmp_path)) == 1


async def test_a_program_has_the_files_of_its_layer_alone_and_is_confined(tmp_path):
    pipe = tmp_path / "blob"
    os.mkfifo(pipe)
    programs = behaving(tmp_path, "return sound()")
    with os.fdopen(os.open(pipe, os.O_RDWR), "r+b", 0) as blob:
        reading = [asyncio.create_task(programs.read(blob, DIGEST)) for _ in range(2)]
        both = await until(lambda: _confined(programs_of(tmp_path), 2))
        for pid in both:
            _require_confined(Path(f"/proc/{pid}"))
        for each in reading:
            each.cancel()
        await asyncio.gather(*reading, return_exceptions=True)


def _require_confined(process: Path) -> None:
    assert {file.name for file in (process / "fd").iterdir()} == {"0", "1", "2"}
    assert re.search(r"NoNewPrivs:\s+1", (process / "status").read_text())
    limits = (process / "limits").read_text()
    for name, limit in (("address space", 1 << 30), ("file size", 1 << 29), ("cpu time", 150), ("core file size", 0)):
        assert re.search(rf"Max {name}\s+{limit}\s+{limit}\s", limits)


def _confined(pids: list[int], number: int) -> list[int]:
    """Those that have a filter of seccomp, once there are so many."""
    found = [each for each in pids if "Seccomp:\t2" in Path(f"/proc/{each}/status").read_text()]
    return found if len(found) == number else []


async def test_a_program_that_is_killed_concerns_its_layer_alone(tmp_path):
    programs = behaving(tmp_path, "if not os.fstat(0).st_size: time.sleep(60)\nreturn sound()")
    lost = asyncio.create_task(read(programs, opened(tmp_path / "lost")))
    (pid,) = await until(lambda: programs_of(tmp_path))
    layer = await read(programs, opened(tmp_path / "sound", ARCHIVE))
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(LayerUnreadable, match="ended by signal 9"):
        await lost
    assert (await read(programs, opened(tmp_path / "next", ARCHIVE))) == layer
    assert len(started(tmp_path)) == 1


async def test_a_layer_that_is_given_up_has_no_program_any_more(tmp_path):
    programs = behaving(tmp_path, SLEEPS)
    reading = asyncio.create_task(read(programs, opened(tmp_path / "blob")))
    (pid,) = await until(lambda: programs_of(tmp_path))
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert not runs(pid)


async def test_the_next_layer_has_another_starter_where_that_is_gone(tmp_path):
    programs = behaving(tmp_path, "return sound()")
    layer = await read(programs, opened(tmp_path / "blob", ARCHIVE))
    os.kill(started(tmp_path)[0], signal.SIGKILL)
    assert (await read(programs, opened(tmp_path / "next", ARCHIVE))) == layer
    assert len(started(tmp_path)) == 2


async def test_a_starter_that_falls_in_the_middle_costs_no_layer(tmp_path):
    """Its program goes with it, and the layer is begun anew."""
    log = str(tmp_path / "started")
    programs = behaving(tmp_path, f"if len(open({log!r}).read().split()) == 1: time.sleep(60)\nreturn sound()")
    reading = asyncio.create_task(read(programs, opened(tmp_path / "blob", ARCHIVE)))
    (pid,) = await until(lambda: programs_of(tmp_path))
    os.kill(started(tmp_path)[0], signal.SIGKILL)
    assert (await reading).releases["etc/os-release"].id == "debian"
    assert len(started(tmp_path)) == 2
    await until(lambda: not runs(pid))


async def test_a_starter_that_nobody_asks_ends_and_the_next_layer_has_another(tmp_path):
    programs = behaving(tmp_path, "return sound()", more=", idle=0.05")
    await read(programs, opened(tmp_path / "blob", ARCHIVE))
    await until(lambda: not runs(started(tmp_path)[0]))
    await read(programs, opened(tmp_path / "next", ARCHIVE))
    assert len(started(tmp_path)) == 2


async def test_a_starter_goes_with_who_asks_it(tmp_path):
    programs = behaving(tmp_path, "return sound()")
    await read(programs, opened(tmp_path / "blob", ARCHIVE))
    del programs
    await until(lambda: not runs(started(tmp_path)[0]))


WORKER = """
import asyncio, sys
from entrepot.core.scanning.layer_programs import LayerPrograms
programs = LayerPrograms(command=(sys.executable, "-I", "-c", sys.argv[1]))
with open(sys.argv[2], "rb") as blob:
    asyncio.run(programs.read(blob, "sha256:0"))
"""


def test_nothing_is_left_of_a_worker_that_is_killed(tmp_path):
    code = SERVED.format(log=str(tmp_path / "started"), body="    time.sleep(60)", more="")
    (tmp_path / "blob").write_bytes(b"")
    with subprocess.Popen([sys.executable, "-c", WORKER, code, tmp_path / "blob"]) as worker:
        (reading,) = wait(lambda: programs_of(tmp_path))
        worker.kill()
    wait(lambda: not runs(reading) and not runs(started(tmp_path)[0]))
