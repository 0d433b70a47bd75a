"""The headers of Packages, a Berkeley DB hash (dbinc/db_page.h), rpm's database until 4.15.

    page 0     …  magic ·4 at 12·  version  page size ·4 at 20·  type 8 at 25  …  last page ·4 at 32·
    any page   lsn ·8·  number ·4·  previous ·4·  next ·4·  entries ·2 at 20·  free offset ·2·  level ·1·  type ·1·
    hash page  offsets of its items ·2·: key, value, key, value, …; an item is a type ·1· and
               its bytes, or what lies on other pages: padding ·3·  first page ·4·  length ·4·
All numbers are in the order of the machine that wrote it.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from entrepot.errors.scanning import FileMalformed

MAGIC_AT = 12
MAGIC = 0x00061561

_HEAD = 26  # bytes of each page
_HASH_META, _HASH_PAGES, _OVERFLOW = 8, (2, 13), 7
_HERE, _ELSEWHERE = 1, 3
_LEAST_HEADER = 24


def known(start: bytes) -> bool:
    """Whether a file that begins so is such a database, of either order of bytes."""
    return start[MAGIC_AT : MAGIC_AT + 4] in (struct.pack("<I", MAGIC), struct.pack(">I", MAGIC))


def headers(database: BinaryIO, size: int, path: str) -> Iterator[bytes]:
    """Each package's header, in the order of the pages: FileMalformed."""
    pages = _Pages(database, size, path)
    for number in range(1, pages.last + 1):
        page = pages.page(number)
        if page[25] in _HASH_PAGES:
            yield from _of_page(pages, page)


def _of_page(pages: "_Pages", page: bytes) -> Iterator[bytes]:
    (entries,) = pages.unpack("H", page, 20)
    if _HEAD + 2 * entries > len(page):
        raise pages.malformed("a page has more items than room")
    offsets = pages.unpack(f"{entries}H", page, _HEAD)
    for value in range(1, entries, 2):
        start, end = offsets[value], offsets[value - 1]  # items are laid from the end of the page
        if not _HEAD < start < end <= len(page):
            raise pages.malformed("an item lies outside its page")
        item = page[start:end]
        if item[0] == _ELSEWHERE and len(item) >= 12:
            yield pages.chain(*pages.unpack("II", item, 4))
        elif item[0] == _HERE and len(item) > _LEAST_HEADER:  # a shorter one is the counter of packages
            yield item[1:]


@dataclass
class _Pages:
    database: BinaryIO
    size: int
    path: str

    def __post_init__(self) -> None:
        meta = self.database.read(512)
        if len(meta) < 512 or not known(meta):
            raise self.malformed("it is no Berkeley DB hash")
        self.order = "<" if meta[MAGIC_AT : MAGIC_AT + 4] == struct.pack("<I", MAGIC) else ">"
        (self.each,) = self.unpack("I", meta, 20)
        (self.last,) = self.unpack("I", meta, 32)
        if meta[25] != _HASH_META or self.each not in {512 << power for power in range(8)} or meta[24]:
            raise self.malformed("it is no Berkeley DB hash that can be read")
        if (self.last + 1) * self.each > self.size:
            raise self.malformed("it is cut off")
        self.unchained = self.last

    def page(self, number: int) -> bytes:
        if number > self.last:
            raise self.malformed("it points at a page that is not there")
        self.database.seek(number * self.each)
        page = self.database.read(self.each)
        if len(page) != self.each:
            raise self.malformed("it is cut off")
        return page

    def chain(self, number: int, length: int) -> bytes:
        """The bytes that begin on a page and go on to the next ones. Each page is of one chain: circles end."""
        found = bytearray()
        while len(found) < length:
            self.unchained -= 1
            if self.unchained < 0:
                raise self.malformed("its packages are longer than itself")
            page = self.page(number)
            (following,) = self.unpack("I", page, 16)
            (used,) = self.unpack("H", page, 22)
            if page[25] != _OVERFLOW or not 0 < used <= self.each - _HEAD:
                raise self.malformed("a package is continued on no page of its own")
            found += page[_HEAD : _HEAD + used]
            number = following
        return bytes(found[:length])

    def unpack(self, form: str, data: bytes, offset: int) -> tuple[int, ...]:
        return struct.unpack_from(self.order + form, data, offset)

    def malformed(self, reason: str) -> FileMalformed:
        return FileMalformed(path=self.path, reason=reason)
