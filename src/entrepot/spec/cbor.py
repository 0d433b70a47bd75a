"""CBOR from strangers and to them (RFC 8949; Smithy RPC v2 CBOR, "Document and shape serialization"): bounded in depth
and in items, no key twice in a map, of the tags only the epoch time, of the simple values only those that JSON has.

A time is tag 1 over seconds; integers of more than 64 bits, and so bignums, do not occur.
"""

import struct
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

_INDEFINITE = 31
_BREAK = 0xFF
_WIDTHS = {24: 1, 25: 2, 26: 4, 27: 8}  # additional information -> bytes of the argument
_FLOATS = {25: (">e", 2), 26: (">f", 4), 27: (">d", 8)}
_SIMPLE = {20: False, 21: True, 22: None, 23: None}  # `undefined` is absent, as null is
_EPOCH = 1
_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _LIST, _MAP, _TAG, _OTHER = range(8)
_NUMBERS = (_UNSIGNED, _NEGATIVE, _OTHER)


class CborRefused(ValueError):
    """No CBOR, or not as strangers may write it; the message says why."""


def decode(data: bytes, deepest: int, most: int) -> Any:
    """The value of exactly one item, which nests at most `deepest` levels and has at most `most` items: CborRefused."""
    reader = _Reader(data, most)
    value = reader.item(deepest)
    if reader.at != len(data):
        raise CborRefused("bytes follow the item")
    return value


def encode(value: object) -> bytes:
    """The item of a value; floats in 64 bits, times as tag 1 in seconds to the millisecond."""
    out = bytearray()
    _write(out, value)
    return bytes(out)


class _Reader:
    """Reads items one after another; `at` is where the next begins."""

    def __init__(self, data: bytes, most: int) -> None:
        self.at = 0
        self._data = data
        self._left = self._most = most
        self._by_major = (
            self._unsigned,
            self._negative,
            self._bytes,
            self._text,
            self._list,
            self._map,
            self._time,
            self._other,
        )

    def item(self, depth: int) -> Any:
        """The next item, which may nest `depth` levels deep."""
        self._left -= 1
        if self._left < 0:
            raise CborRefused(f"it has more than {self._most} items")
        head = self._take(1)[0]
        return self._by_major[head >> 5](head & 31, depth)

    def _take(self, count: int) -> bytes:
        end = self.at + count
        if end > len(self._data):
            raise CborRefused("it ends too early")
        found = self._data[self.at : end]
        self.at = end
        return found

    def _argument(self, info: int) -> int:
        if info < 24:
            return info
        if info not in _WIDTHS:
            raise CborRefused("an item has no length where it needs one")
        return int.from_bytes(self._take(_WIDTHS[info]))

    def _unsigned(self, info: int, _: int) -> int:
        return self._argument(info)

    def _negative(self, info: int, _: int) -> int:
        return -1 - self._argument(info)

    def _bytes(self, info: int, _: int, major: int = _BYTES) -> bytes:
        if info != _INDEFINITE:
            return self._take(self._argument(info))
        pieces = []
        while (head := self._take(1)[0]) != _BREAK:
            if head >> 5 != major or head & 31 == _INDEFINITE:
                raise CborRefused("a string in pieces has a piece of another kind")
            pieces.append(self._take(self._argument(head & 31)))
        return b"".join(pieces)

    def _text(self, info: int, depth: int) -> str:
        try:
            return self._bytes(info, depth, _TEXT).decode()
        except UnicodeDecodeError:
            raise CborRefused("a text is not in UTF-8") from None

    def _list(self, info: int, depth: int) -> list[Any]:
        below = _below(depth)
        if info == _INDEFINITE:
            found = []
            while not self._ended():
                found.append(self.item(below))
            return found
        return [self.item(below) for _ in range(self._count(info))]

    def _map(self, info: int, depth: int) -> dict[str, Any]:
        below = _below(depth)
        found: dict[str, Any] = {}
        if info == _INDEFINITE:
            while not self._ended():
                self._pair(found, below)
        else:
            for _ in range(self._count(info)):
                self._pair(found, below)
        return found

    def _pair(self, found: dict[str, Any], depth: int) -> None:
        key = self.item(0)
        if not isinstance(key, str):
            raise CborRefused("a key of a map is not text")
        if key in found:
            raise CborRefused("a key stands twice in one map")
        found[key] = self.item(depth)

    def _count(self, info: int) -> int:
        """How many entries are promised, of which each needs a byte at least."""
        count = self._argument(info)
        if count > len(self._data) - self.at:
            raise CborRefused("it ends too early")
        return count

    def _ended(self) -> bool:
        if self.at < len(self._data) and self._data[self.at] == _BREAK:
            self.at += 1
            return True
        return False

    def _time(self, info: int, _: int) -> datetime:
        tag = self._argument(info)
        if tag != _EPOCH:
            raise CborRefused(f"it has the tag {tag}; only times have one")
        if self.at == len(self._data) or self._data[self.at] >> 5 not in _NUMBERS:  # no tag: they would nest unbounded
            raise CborRefused("a time is not a number of seconds")
        seconds = self.item(0)
        if isinstance(seconds, bool) or not isinstance(seconds, int | float):
            raise CborRefused("a time is not a number of seconds")
        try:
            return datetime.fromtimestamp(seconds, UTC)
        except (ValueError, OverflowError, OSError):
            raise CborRefused("a time is out of range") from None

    def _other(self, info: int, _: int) -> Any:
        if info in _SIMPLE:
            return _SIMPLE[info]
        if info not in _FLOATS:
            raise CborRefused("it has a simple value that is not false, true, null or undefined")
        form, width = _FLOATS[info]
        return struct.unpack(form, self._take(width))[0]


def _below(depth: int) -> int:
    if depth == 0:
        raise CborRefused("it is nested too deep")
    return depth - 1


def _write(out: bytearray, value: object) -> None:
    match value:
        case None | bool():
            out.append(_head_of(_OTHER) | {False: 20, True: 21, None: 22}[value])
        case int():
            _write_head(out, _UNSIGNED if value >= 0 else _NEGATIVE, value if value >= 0 else -1 - value)
        case float():
            out += b"\xfb" + struct.pack(">d", value)
        case datetime():
            _write_head(out, _TAG, _EPOCH)
            seconds = round(value.timestamp(), 3)
            _write(out, int(seconds) if seconds.is_integer() else seconds)
        case _:
            _write_long(out, value)


def _write_long(out: bytearray, value: object) -> None:
    match value:
        case str():
            text = value.encode("utf-8", "replace")
            _write_head(out, _TEXT, len(text))
            out += text
        case bytes():
            _write_head(out, _BYTES, len(value))
            out += value
        case Mapping():
            _write_head(out, _MAP, len(value))
            for name, item in value.items():
                _write(out, name)
                _write(out, item)
        case Sequence():
            _write_head(out, _LIST, len(value))
            for item in value:
                _write(out, item)
        case _:
            raise TypeError(f"no CBOR for a {type(value).__name__}")


def _head_of(major: int) -> int:
    return major << 5


def _write_head(out: bytearray, major: int, argument: int) -> None:
    if argument < 24:
        out.append(_head_of(major) | argument)
        return
    info, width = next((info, width) for info, width in _WIDTHS.items() if argument < 1 << 8 * width or width == 8)
    out.append(_head_of(major) | info)
    out += argument.to_bytes(width)  # OverflowError above 64 bits
