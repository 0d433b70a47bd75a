"""Inventories of layers as they were last unpacked: images that are scanned one after the other share them."""

from collections import OrderedDict
from collections.abc import Collection, Mapping

import zstandard

from entrepot.core.scanning import inventories
from entrepot.scan.packages import Layer

MOST_BYTES = 8 * 1024 * 1024  # of inventories as they are packed, without compression


class KeptLayers:
    """The inventories that were used last, by where the blob lies, which changes when damaged bytes are replaced; of
    one thread at a time, bounded by their size.
    """

    def __init__(self, most: int = MOST_BYTES) -> None:
        self._most = most
        self._bytes = 0
        self._layers: OrderedDict[str, tuple[Layer, int]] = OrderedDict()

    def of(self, blobs: Collection[str], brought: Mapping[str, bytes]) -> Mapping[str, Layer]:
        """The inventories of these blobs, of those that are kept here or brought now."""
        wanted = dict.fromkeys(blobs)
        found = {blob: self._again(blob) for blob in wanted if blob in self._layers}  # before new ones drive them out
        return found | {
            blob: self._new(blob, brought[blob]) for blob in wanted if blob in brought and blob not in found
        }

    def _again(self, blob: str) -> Layer:
        self._layers.move_to_end(blob)
        return self._layers[blob][0]

    def _new(self, blob: str, body: bytes) -> Layer:
        layer, size = inventories.unpacked(body), zstandard.frame_content_size(body)
        _, before = self._layers.pop(blob, (layer, 0))  # of another image, which brought it at the same time
        self._layers[blob] = layer, size
        self._bytes += size - before
        while self._bytes > self._most and len(self._layers) > 1:
            _, (_, gone) = self._layers.popitem(last=False)
            self._bytes -= gone
        return layer
