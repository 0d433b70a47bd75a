"""What layers hold, kept so that each is read once: by the blob that it is, with which it goes."""

from collections.abc import Mapping, Sequence

import msgspec
import zstandard

from entrepot.db import inventories as rows
from entrepot.db.database import Transaction
from entrepot.db.records import Blob
from entrepot.scan.packages import Layer

LARGEST = 256 * 1024 * 1024  # bytes of an inventory, before it is compressed
_DECODE = msgspec.msgpack.Decoder(Layer).decode
_ENCODE = msgspec.msgpack.Encoder().encode


def packed(layer: Layer) -> bytes:
    """An inventory as it is kept; make it before the unit that keeps it."""
    return zstandard.ZstdCompressor(level=3, write_checksum=True).compress(_ENCODE(layer))


def unpacked(body: bytes) -> Layer:
    """The inventory that `packed` was given."""
    return _DECODE(zstandard.ZstdDecompressor().decompress(body, max_output_size=LARGEST))


def find(tx: Transaction, blobs: Sequence[Blob], version: str) -> Mapping[str, bytes]:
    """The inventories that are kept of these blobs, made by this version of what reads layers, by the blobs' ids."""
    return rows.find(tx, [blob.id for blob in blobs], version)


def keep(tx: Transaction, blob: Blob, version: str, body: bytes, marks: bytes) -> bool:
    """Keep a blob's inventory as `packed` made it, with the marks of its names; False when the blob is not live any
    more, or lies elsewhere.
    """
    return rows.put(tx, blob.id, blob.location, version, body, marks)
