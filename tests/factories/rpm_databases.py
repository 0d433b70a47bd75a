"""Databases of rpm in each of its three forms, made of headers that are made of their tags."""

import sqlite3
import struct
from collections.abc import Mapping, Sequence
from contextlib import closing

Value = int | str | Sequence[int] | Sequence[str]

NAME, VERSION, RELEASE, EPOCH, VENDOR, LICENSE, ARCH = 1000, 1001, 1002, 1003, 1011, 1014, 1022
FULL_NAMES, SOURCE, DIRECTORY_OF, BASE_NAMES, DIRECTORIES, MODULARITY = 1027, 1044, 1116, 1117, 1118, 5096

PAGE = 512  # of the Berkeley database: as small as may be, so that a header needs several


def header(tags: Mapping[int, Value]) -> bytes:
    entries, data = b"", b""
    for tag, value in tags.items():
        kind, count, raw = _encoded(value)
        data += b"\0" * (-len(data) % 4 if kind == 4 else 0)
        entries += struct.pack(">IIII", tag, kind, len(data), count)
        data += raw
    return struct.pack(">II", len(tags), len(data)) + entries + data


def _encoded(value: Value) -> tuple[int, int, bytes]:
    if isinstance(value, str):
        return 6, 1, value.encode() + b"\0"
    if isinstance(value, int):
        return 4, 1, struct.pack(">I", value)
    if all(isinstance(each, int) for each in value):
        return 4, len(value), struct.pack(f">{len(value)}I", *value)
    return 8, len(value), b"".join(str(each).encode() + b"\0" for each in value)


def sqlite(headers: list[bytes], schema: str = "CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, blob BLOB)") -> bytes:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(schema)
        if headers:
            connection.executemany("INSERT INTO Packages (blob) VALUES (?)", [(each,) for each in headers])
        connection.commit()
        database = bytearray(connection.serialize())
    database[18:20] = b"\x02\x02"  # as written through a log
    return bytes(database)


def ndb(headers: list[bytes]) -> bytes:
    slots, blobs, start = b"", b"", 4096
    for index, each in enumerate(headers, 1):
        blob = struct.pack("<4sIII", b"BlbS", index, 1, len(each)) + each
        blob += b"\0" * (-(len(blob) + 12) % 16) + struct.pack("<II4s", 0, len(each), b"BlbE")
        slots += struct.pack("<4sIII", b"Slot", index, (start + len(blobs)) // 16, len(blob) // 16)
        blobs += blob
    head = struct.pack("<4sIIII12x", b"RpmP", 0, 1, 1, len(headers) + 1)
    empty = struct.pack("<4sIII", b"Slot", 0, 0, 0)
    return head + slots + empty * ((4096 - 32 - len(slots)) // 16) + blobs


def berkeley(headers: list[bytes], order: str = "<") -> bytes:
    """A page for each header with its key and value; what does not fit lies on pages of its own."""
    pages: list[bytes] = []
    for index, each in enumerate(headers, 1):
        key = b"\x01" + struct.pack(order + "I", index)
        here = b"\x01" + each if len(each) < PAGE // 4 else b""
        first = len(pages) + 2
        value = here or b"\x03\0\0\0" + struct.pack(order + "II", first, len(each))
        starts = (PAGE - len(key), PAGE - len(key) - len(value))
        items = struct.pack(order + "HH", *starts)
        pages.append(_page(order, len(pages) + 1, 0, 2, 13, items.ljust(starts[1] - 26, b"\0") + value + key))
        parts = [] if here else [each[at : at + PAGE - 26] for at in range(0, len(each), PAGE - 26)]
        for part in parts:
            last = part is parts[-1]
            pages.append(_page(order, len(pages) + 1, 0 if last else len(pages) + 2, len(part), 7, part))
    meta = (
        struct.pack(order + "8xIIII", 0, 0x00061561, 9, PAGE) + b"\0\x08\0\0" + struct.pack(order + "II", 0, len(pages))
    )
    return meta.ljust(PAGE, b"\0") + b"".join(pages)


def _page(order: str, number: int, following: int, count: int, kind: int, body: bytes) -> bytes:
    entries, used = (count, 0) if kind == 13 else (0, count)
    head = struct.pack(order + "8xIIIHHBB", number, 0, following, entries, used, 0, kind)
    return (head + body).ljust(PAGE, b"\0")
