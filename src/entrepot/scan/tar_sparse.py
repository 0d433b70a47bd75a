"""Sparse files of tar archives: where their stored bytes lie among the zeros. GNU's own form, PAX's 0.1 and 1.0.

What PAX's form 0.0 stores is passed over and not read: its map says each key many times.
"""

from collections.abc import Callable, Iterator

from entrepot.errors.scanning import FileMalformed
from entrepot.scan.tar_headers import BLOCK, number

Take = Callable[[int], bytes]
Segment = tuple[int, int]  # where it begins in the file, and its length
_ZEROS = bytes(1024 * 1024)
_MOST = 100_000  # segments


def segments_in(block: bytes, count: int) -> list[Segment]:
    """The segments that a block lists, so many at most, until the first that is empty."""
    fields = [block[at : at + 12] for at in range(0, 24 * count, 12)]
    pairs = zip(fields[::2], fields[1::2], strict=True)
    return [(number(offset), number(length)) for offset, length in pairs if offset.strip(b"\0")]


def of_header(block: bytes, following: Callable[[], bytes]) -> list[Segment]:
    """The map in a header of GNU's form and in the blocks that follow it."""
    found = segments_in(block[386:482], 4)
    more = block[482]
    while more:
        block = following()
        if len(found) < _MOST:
            found += segments_in(block, 21)
        more = block[504]
    return found


def of_records(path: str, numbers: str) -> list[Segment]:
    """The map in a record of PAX's form 0.1: FileMalformed, also without one."""
    listed = numbers.split(",")
    if len(listed) % 2 or not all(each.isascii() and each.isdigit() and len(each) < 20 for each in listed):
        raise FileMalformed(path=path, reason="a sparse file has no map that can be read")
    return list(zip(map(int, listed[::2]), map(int, listed[1::2]), strict=True))


def of_data(path: str, take: Take) -> list[Segment]:
    """The map before the data of PAX's form 1.0: lines of numbers, padded to a whole block. FileMalformed."""
    numbers: list[int] = []
    rest = b""
    while not numbers or len(numbers) < 1 + 2 * numbers[0]:
        block = take(BLOCK)
        *lines, rest = (rest + block).split(b"\n")
        numbers += [int(line) for line in lines if line.isdigit() and len(line) < 20]
        if len(block) < BLOCK or len(rest) > BLOCK or numbers[:1] > [_MOST]:
            raise FileMalformed(path=path, reason="the map of a sparse file is broken")
    return list(zip(numbers[1 : 1 + 2 * numbers[0] : 2], numbers[2 : 1 + 2 * numbers[0] : 2], strict=True))


def filled(path: str, segments: list[Segment], size: int, some: Take) -> Iterator[bytes]:
    """The whole file, zeros where nothing is stored. FileMalformed."""
    at = 0
    for offset, length in segments:
        if offset < at or offset + length > size:
            raise FileMalformed(path=path, reason="the map of a sparse file is broken")
        yield from _zeros(offset - at)
        at = offset + length
        left = length
        while left:
            part = some(left)
            if not part:
                raise FileMalformed(path=path, reason="a sparse file is shorter than its map")
            left -= len(part)
            yield part
    yield from _zeros(size - at)


def _zeros(count: int) -> Iterator[bytes]:
    while count > 0:
        yield _ZEROS[:count]
        count -= len(_ZEROS)
