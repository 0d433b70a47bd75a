"""The headers of Packages.db, rpm's own form of database (lib/backend/ndb/rpmpkg.c), which SUSE uses.

page 0, 1, …  head ·32·: "RpmP" version generation pages-of-slots next-index …; then slots of 16:
              "Slot" package-index first-block blocks                                       (little-endian)
block ·16·    "BlbS" package-index generation length, the header, padding, checksum length "BlbE"
"""

import struct
from collections.abc import Iterator
from typing import BinaryIO

from entrepot.errors.scanning import FileMalformed

MAGIC = b"RpmP"

_PAGE = 4096
_MOST_PAGES = 4096  # of slots: a million packages


def headers(database: BinaryIO, size: int, path: str) -> Iterator[bytes]:
    """Each package's header: FileMalformed."""
    head = database.read(32)
    if len(head) < 32 or not head.startswith(MAGIC):
        raise FileMalformed(path=path, reason="it is no NDB database")
    version, _, pages = struct.unpack_from("<III", head, 4)
    if version != 0 or not 0 < pages <= min(_MOST_PAGES, size // _PAGE):
        raise FileMalformed(path=path, reason="it is no NDB database of a known version")
    slots = database.read(pages * _PAGE - 32)
    for magic, index, block, _ in struct.iter_unpack("<4sIII", slots):
        if magic != b"Slot":
            raise FileMalformed(path=path, reason="a slot is none")
        if index:
            yield _header(database, index, 16 * block, size, path)


def _header(database: BinaryIO, index: int, at: int, size: int, path: str) -> bytes:
    database.seek(at)
    head = database.read(16)
    magic, own, _, length = struct.unpack("<4sIII", head) if len(head) == 16 else (b"", 0, 0, 0)
    if magic != b"BlbS" or own != index or at + length > size:
        raise FileMalformed(path=path, reason="a slot points at no package")
    return database.read(length)
