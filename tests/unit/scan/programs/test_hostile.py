"""Programs that are made to be costly: what is looked for stands everywhere, and is never what it seems."""

import time
import zlib

import pytest

from entrepot.scan.programs.classifiers import CLASSIFIERS
from entrepot.scan.programs.reader import READERS
from tests.factories import executables as make
from tests.factories.layer_files import MemoryFile

SIZE = 1024 * 1024
NAMES = [
    "python3.12",
    "node",
    "nginx",
    "httpd",
    "redis-server",
    "valkey-server",
    "postgres",
    "mysqld",
    "openssl",
    "php",
    "haproxy",
    "busybox",
    "memcached",
    "ruby",
    "perl",
    "bash",
    "curl",
    "lighttpd",
    "pgbouncer",
]
LITERALS = {
    (next(name for name in NAMES if each.files.fullmatch(name)), literal.replace(b"<series>", b"3.12."))
    for each in CLASSIFIERS
    for literal, _ in each.ways
}
BOMB = zlib.compress(b'{"packages":' + b" " * 9 * 1024 * 1024)
FILLS = [
    b"\xff Go buildinf:\x08\x02",
    b"\xff Go buildinf:\x08\x00" + b"\x41" * 16,
    (b"\xff Go buildinf:\x08\x02".ljust(32, b"\0") + b"\x05go1.2\xff\xff\xff\x01").ljust(48, b"\0"),
    bytes.fromhex("3077af0c9274080241e1c107e6d618e6"),
    b"go1.",
    b"x\x9c",
    zlib.compress(b'{"packages":', 0)[:20],
    BOMB[: len(BOMB) - 6],
    b"1",
    b"1.",
    b"1.1.1",
]
CASES = sorted(LITERALS) + [("redis-server", fill) for fill in FILLS] + [("python3.12", b"3.12.1")]


@pytest.mark.parametrize(("name", "fill"), CASES, ids=lambda value: repr(value[:20]))
def test_a_program_full_of_beginnings_takes_a_time_that_grows_with_its_length_only(name: str, fill: bytes):
    body = (fill * (SIZE // len(fill) + 1))[:SIZE]
    begun = time.process_time()
    for data in (make.elf(body, note=make.NOTE), b"MZ".ljust(4096, b"\0") + body):
        list(READERS[0].read(MemoryFile(f"usr/bin/{name}", data, executable=True)))
    assert time.process_time() - begun < 10
