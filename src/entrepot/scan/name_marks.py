"""Marks of package names: numbers of 32 bits by which the layers are found that may hold a package.

A layer need not say which release its image is, so the packages of all distributions are marked alike. Two names may
share a mark: whoever asks then looks at one image too many, never at one too few.
"""

import struct
from collections.abc import Iterable, Iterator
from zlib import crc32

from entrepot.scan.names import ECOSYSTEMS, normalised
from entrepot.scan.packages import Layer, Package

_SYSTEM = frozenset({"deb", "apk", "rpm"})
_LANGUAGES = frozenset(ECOSYSTEMS.values())
_DISTRIBUTION = ""  # of whichever distribution the image is, whose packages these are


def of_layer(layer: Layer) -> bytes:
    """The marks of everything that a layer holds, each once, in order."""
    found = {mark for package in _packages(layer) for mark in of_package(package)}
    return struct.pack(f"<{len(found)}I", *sorted(found))


def unpacked(marks: bytes) -> tuple[int, ...]:
    """The numbers that `of_layer` has packed."""
    return struct.unpack(f"<{len(marks) // 4}I", marks)


def of_changed(packages: Iterable[tuple[str, str]]) -> frozenset[int]:
    """The marks of (ecosystem, name) as the vulnerability database keeps them."""
    families = ((ecosystem.partition(":")[0], name) for ecosystem, name in packages)
    return frozenset(_mark(family if family in _LANGUAGES else _DISTRIBUTION, name) for family, name in families)


def _packages(layer: Layer) -> Iterator[Package]:
    yield from layer.packages
    for database in layer.databases:
        yield from database.packages


def of_package(package: Package) -> Iterator[int]:
    """One mark or two; none where nobody tells of packages of its type."""
    if package.type in _SYSTEM:
        yield _mark(_DISTRIBUTION, package.name)
        if package.source_name:
            yield _mark(_DISTRIBUTION, package.source_name)
    elif (ecosystem := ECOSYSTEMS.get(package.type)) is not None:
        yield _mark(ecosystem, normalised(ecosystem, package.name))


def _mark(kind: str, name: str) -> int:
    return crc32(f"{kind}\0{name}".encode(errors="surrogatepass"))
