"""An advisory as the file of a generation keeps it, and back: a head, texts apart, and each row with its package."""

from collections.abc import Sequence

import msgspec
import zstandard

from entrepot.db.vulnerability_file import Entry
from entrepot.scan.advisories import Advisory, Affected
from entrepot.scan.names import normalised

Row = tuple[int, bytes, Affected]  # the advisory's number, a stamp that changes with what is said, what is affected

_LEVEL = 9
_MOST_BYTES = 1 << 28
_ENCODER = msgspec.msgpack.Encoder()
_HEAD = msgspec.msgpack.Decoder(Advisory)
_ROWS = msgspec.msgpack.Decoder(list[Row])
_RAW_ROWS = msgspec.msgpack.Decoder(list[tuple[int, bytes, msgspec.Raw]])
_TEXTS = msgspec.msgpack.Decoder(tuple[str, str, list[str]])


def entry(advisory: Advisory) -> Entry:
    """What is kept of an advisory."""
    head = msgspec.structs.replace(advisory, summary="", details="", references=(), affected=())
    texts = _ENCODER.encode((advisory.summary, advisory.details, advisory.references))
    return Entry(
        id=advisory.id,
        modified=advisory.modified,
        withdrawn=advisory.withdrawn,
        about=advisory.vulnerabilities,
        head=_ENCODER.encode(head),
        texts=zstandard.ZstdCompressor(level=_LEVEL).compress(texts),
        packages=[
            (each.ecosystem, normalised(each.ecosystem, each.name), _ENCODER.encode(each)) for each in advisory.affected
        ],
    )


def rows(packed: bytes | None) -> Sequence[Row]:
    """What is known of a package."""
    return () if packed is None else _ROWS.decode(packed)


def bodies(packed: bytes) -> Sequence[tuple[int, bytes]]:
    """The rows of a package, still packed, each with its advisory's number."""
    return [(number, bytes(body)) for number, _, body in _RAW_ROWS.decode(packed)]


def head(packed: bytes) -> Advisory:
    """An advisory without packages and texts."""
    return _HEAD.decode(packed)


def with_texts(advisory: Advisory, packed: bytes) -> Advisory:
    """The advisory with its texts."""
    text = zstandard.ZstdDecompressor().decompress(packed, max_output_size=_MOST_BYTES)
    summary, details, references = _TEXTS.decode(text)
    return msgspec.structs.replace(advisory, summary=summary, details=details, references=references)
