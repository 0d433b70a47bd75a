"""A program that reads a layer has an end, however it behaves, and what it says is told."""

import sys
from pathlib import Path
from typing import BinaryIO

import pytest

from entrepot.core.scanning.layer_programs import LayerPrograms
from entrepot.errors.scanning import LayerUnreadable
from entrepot.scan.packages import Layer
from tests.factories.layouts import archive

DIGEST = "sha256:" + "0" * 64


def opened(path: Path, blob: bytes = b"") -> BinaryIO:
    path.write_bytes(blob)
    return path.open("rb")


async def read(programs: LayerPrograms, blob: BinaryIO) -> Layer:
    with blob:
        return await programs.read(blob, DIGEST)


def behaving(code: str, seconds: float = 20.0, largest: int = 1_000_000) -> LayerPrograms:
    return LayerPrograms(seconds, largest, (sys.executable, "-I", "-c", code))


async def test_a_layer_is_read(tmp_path):
    layer = await read(LayerPrograms(), opened(tmp_path / "blob", archive({"etc/os-release": b"ID=debian\n"})))
    assert layer.releases["etc/os-release"].id == "debian"


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("print('nonsense')", "Its inventory is none"),
        ("import time; time.sleep(60)", "takes more than 1 s"),
        ("import sys\nwhile True: sys.stdout.write('x' * 100000)", "more than 1000000 bytes"),
        ("import sys\nwhile True: sys.stderr.write('x' * 100000)", "takes more than 1 s"),
        ("import os; os.abort()", "ended by signal 6"),
        ("import sys; sys.stderr.write('torn'); sys.exit(3)", "torn"),
    ],
    ids=["lies", "sleeps", "writes on", "complains on", "dies", "refuses"],
)
async def test_what_a_layer_makes_of_its_program_is_told_of_the_layer(tmp_path, code: str, told: str):
    with pytest.raises(LayerUnreadable, match=told):
        await read(behaving(code, seconds=1.0), opened(tmp_path / "blob"))


async def test_a_program_that_is_broken_is_no_fault_of_the_layer(tmp_path):
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        await read(behaving("1 / 0"), opened(tmp_path / "blob"))
