"""What an image holds, as its topmost layer leaves it: kept so that packages of some names cost nothing but themselves.

It never changes while the image's blobs are what they should be. Packages stay packed until they are asked for.
"""

import struct
from collections.abc import Collection, Sequence

import msgspec
import zstandard

from entrepot.core.scanning.enhanced_findings import Facts
from entrepot.core.scanning.inventories import LARGEST
from entrepot.core.scanning.outlines import Outline
from entrepot.scan import name_marks
from entrepot.scan.merging import Image, Located
from entrepot.scan.packages import Package

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
    packages: Sequence[msgspec.Raw]

    def marked(self, marks: Collection[int]) -> list[int]:
        """Which of the packages have one of these marks."""
        found = {place // _MARKS for place, mark in enumerate(name_marks.unpacked(self.marks)) if mark in marks}
        return sorted(found)

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
    made = KeptImage(outline, facts, list(layers), struct.pack(f"<{len(marks)}I", *marks), packages)
    return zstandard.ZstdCompressor(level=1, write_checksum=True).compress(_ENCODE(made))


def unpacked(body: bytes) -> KeptImage:
    """The image that `packed` was given."""
    return _DECODER.decode(zstandard.ZstdDecompressor().decompress(body, max_output_size=LARGEST))


def _marks(package: Package) -> tuple[int, int]:
    """Of one that nobody tells of, what no change is likely to have."""
    found = list(name_marks.of_package(package)) or [0]
    return found[0], found[-1]
