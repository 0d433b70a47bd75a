"""What an image holds, as its topmost layer leaves it: kept so that packages of some names cost nothing but themselves.

It never changes while the image's blobs are what they should be. Packages stay packed until they are asked for.
"""

import struct
from collections.abc import Collection, Sequence
from typing import Final

import msgspec
import zstandard

from entrepot.core.scanning.enhanced_findings import Facts
from entrepot.core.scanning.inventories import LARGEST
from entrepot.core.scanning.layer_programs import VERSION
from entrepot.core.scanning.outlines import Outline
from entrepot.scan import name_marks
from entrepot.scan.merging import Image, Located
from entrepot.scan.packages import Package

BETWEEN: Final = ", "  # names in the title of a finding (enhanced_findings.py)
HELD_BY: Final = f"{VERSION}/image-1"  # the version under which they are kept: count on when their form changes
_MARKS = 2  # of each package, the second may be the first once more


class _Held(msgspec.Struct, frozen=True, array_like=True):
    package: Package
    layer: int  # which of `layers`


class KeptImage(msgspec.Struct, frozen=True, array_like=True):
    """An image without its unread files; `marks` are two of each package (scan/name_marks.py)."""

    outline: Outline
    facts: Facts
    layers: Sequence[str]  # digests
    marks: bytes
    names: Sequence[str]
    packages: Sequence[msgspec.Raw]

    def marked(self, marks: Collection[int]) -> list[int]:
        """Which of the packages have one of these marks."""
        found = {place // _MARKS for place, mark in enumerate(name_marks.unpacked(self.marks)) if mark in marks}
        return sorted(found)

    def named(self, names: Collection[str]) -> list[int]:
        """Which of the packages have one of these names, or one of them in theirs between `BETWEEN`; whatever they are
        packages of.
        """
        return [place for place, name in enumerate(self.names) if not names_in(name).isdisjoint(names)]

    def named_at(self, places: Collection[int]) -> frozenset[str]:
        """The names of the packages there, in their parts."""
        return frozenset().union(*(names_in(self.names[each]) for each in places))

    def image(self, places: Sequence[int] | None = None) -> Image:
        """The image with these packages alone, or with all of them."""
        held = self.packages if places is None else [self.packages[each] for each in places]
        found = [_HELD.decode(each) for each in held]
        return Image(
            self.outline.release,
            self.outline.databases,
            [Located(each.package, self.layers[each.layer]) for each in found],
            (),
        )


_HELD = msgspec.msgpack.Decoder(_Held)
_DECODER = msgspec.msgpack.Decoder(KeptImage)
_ENCODE = msgspec.msgpack.Encoder().encode


def packed(image: Image, outline: Outline, facts: Facts) -> bytes:
    """An image as it is kept; make it before the unit that keeps it."""
    layers = {digest: number for number, digest in enumerate(dict.fromkeys(each.layer for each in image.packages))}
    marks = [mark for each in image.packages for mark in _marks(each.package)]
    packages = [msgspec.Raw(_ENCODE(_Held(each.package, layers[each.layer]))) for each in image.packages]
    names = [each.package.name for each in image.packages]
    made = KeptImage(outline, facts, list(layers), struct.pack(f"<{len(marks)}I", *marks), names, packages)
    return zstandard.ZstdCompressor(level=1, write_checksum=True).compress(_ENCODE(made))


def names_in(text: str) -> frozenset[str]:
    """The names in a text that has several, `BETWEEN` one and the next; or the parts of a name that has that in it."""
    return frozenset(text.split(BETWEEN)) if BETWEEN in text else frozenset((text,))


def unpacked(body: bytes) -> KeptImage:
    """The image that `packed` was given."""
    return _DECODER.decode(zstandard.ZstdDecompressor().decompress(body, max_output_size=LARGEST))


def _marks(package: Package) -> tuple[int, int]:
    """Of one that nobody tells of, what no change is likely to have."""
    found = list(name_marks.of_package(package)) or [0]
    return found[0], found[-1]
