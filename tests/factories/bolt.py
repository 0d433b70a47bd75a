"""A writer of bbolt's files, in which Trivy looks its advisories up: buckets of keys, within buckets.

    page: id u64, flags u16, count u16, overflow u32 | elements | keys and values
    meta | meta | free list | leaves and branches, each bucket a tree of its own

https://pkg.go.dev/go.etcd.io/bbolt
"""

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Union

Bucket = Mapping[str, Union[bytes, "Bucket"]]

_PAGE = 4096
_BRANCH, _LEAF, _META, _FREE = 1, 2, 4, 16
_HEAD = struct.Struct("<QHHI")
_LEAF_ELEMENT = struct.Struct("<IIII")  # flags, place, lengths of key and value
_BRANCH_ELEMENT = struct.Struct("<IIQ")  # place, length of key, page
_ROOT = struct.Struct("<QQ")  # page, sequence
_BUCKET = 1
_MOST = 500  # keys of a leaf
_FIRST = 3  # the page behind the two metas and the free list


def write(target: Path, root: Bucket) -> None:
    """Write a file of these buckets."""
    pages: list[bytes] = []
    top = _tree(pages, root)
    with target.open("wb") as file:
        for number in (0, 1):
            file.write(_meta(number, top, _FIRST + sum(len(page) // _PAGE for page in pages)))
        file.write(_page(2, _FREE, 0, b""))
        for page in pages:
            file.write(page)


def _tree(pages: list[bytes], bucket: Bucket) -> int:
    """The page at which a bucket begins."""
    items = []
    for key, value in sorted((key.encode(), value) for key, value in bucket.items()):
        if isinstance(value, bytes):
            items.append((key, 0, value))
        else:
            items.append((key, _BUCKET, _ROOT.pack(_tree(pages, value), 0)))
    leaves = [items[at : at + _MOST] for at in range(0, len(items), _MOST)] or [[]]
    numbers = [_add(pages, _LEAF, len(leaf), _leaf(leaf)) for leaf in leaves]
    if len(numbers) == 1:
        return numbers[0]
    return _add(pages, _BRANCH, len(numbers), _branch([leaf[0][0] for leaf in leaves], numbers))


def _leaf(items: Sequence[tuple[bytes, int, bytes]]) -> bytes:
    head, body = b"", b""
    for place, (key, flags, value) in enumerate(items):
        behind = (len(items) - place) * _LEAF_ELEMENT.size + len(body)
        head += _LEAF_ELEMENT.pack(flags, behind, len(key), len(value))
        body += key + value
    return head + body


def _branch(keys: Sequence[bytes], numbers: Sequence[int]) -> bytes:
    head, body = b"", b""
    for place, (key, number) in enumerate(zip(keys, numbers, strict=True)):
        behind = (len(keys) - place) * _BRANCH_ELEMENT.size + len(body)
        head += _BRANCH_ELEMENT.pack(behind, len(key), number)
        body += key
    return head + body


def _add(pages: list[bytes], flags: int, count: int, body: bytes) -> int:
    number = _FIRST + sum(len(page) // _PAGE for page in pages)
    pages.append(_page(number, flags, count, body))
    return number


def _page(number: int, flags: int, count: int, body: bytes) -> bytes:
    size = -(-(_HEAD.size + len(body)) // _PAGE) * _PAGE
    return (_HEAD.pack(number, flags, count, size // _PAGE - 1) + body).ljust(size, b"\0")


def _meta(number: int, root: int, end: int) -> bytes:
    fields = struct.pack("<IIIIQQQQQ", 0xED0CDAED, 2, _PAGE, 0, root, 0, 2, end, number)
    return _page(number, _META, 0, fields + struct.pack("<Q", _fnv(fields)))


def _fnv(data: bytes) -> int:
    digest = 0xCBF29CE484222325
    for byte in data:
        digest = ((digest ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return digest
