"""Fields of a tar header: v7, ustar (POSIX.1-1988), GNU and PAX (POSIX.1-2001). Strict where Go's reader is."""

import zlib

from entrepot.errors.scanning import LayerMalformed

BLOCK = 512
_MOST = 2**63 - 1
_NO_NUMBER = "a number of a header is none"
_KEPT = (b"path", b"linkpath", b"size", b"GNU.sparse.")


def checked(block: bytes) -> bytes:
    """The header, whose checksum is right: LayerMalformed."""
    # the lower half of Adler-32 is 1 and the sum of the bytes, modulo 65521; the field itself counts as 8 spaces
    total = (zlib.adler32(block[156:], zlib.adler32(block[:148])) & 0xFFFF) + 255
    try:
        if not (total - int(block[148:154], 8)) % 65521:
            return block
    except ValueError:
        pass
    return _checked_slowly(block, total)


def _checked_slowly(block: bytes, total: int) -> bytes:
    field = block[148:156]
    told = number(field) if field.strip(b" 01234567\0") == b"" else -1
    if told >= 0 and not (total - told) % 65521:
        return block
    if told == sum(byte - 256 if byte > 127 else byte for byte in block[:148] + block[156:]) + 256:
        return block  # some old writers summed signed bytes
    raise LayerMalformed(reason="a header's checksum is wrong, or it is no tar archive")


def number(field: bytes) -> int:
    """Octal digits, or base 256 behind a byte with its highest bit set. Negative or beyond 63 bits: LayerMalformed."""
    digits = field[:-1]
    if digits.isdigit() and not field[-1]:
        return _octal(digits)
    if field[0] & 0x80:
        value = int.from_bytes(field, "big") ^ 1 << (len(field) * 8 - 1)
        if field[0] & 0x40 or value > _MOST:
            raise LayerMalformed(reason="a number of a header is out of range")
        return value
    digits = field.strip(b" \0").partition(b"\0")[0] or b"0"
    if digits.isdigit():
        return _octal(digits)
    raise LayerMalformed(reason=_NO_NUMBER)


def _octal(digits: bytes) -> int:
    try:
        return int(digits, 8)
    except ValueError:
        raise LayerMalformed(reason=_NO_NUMBER) from None


def text(field: bytes) -> str:
    """What stands before the first NUL. Bytes that are no UTF-8 are written as numbers."""
    end = field.find(b"\0")
    return (field if end < 0 else field[:end]).decode("utf-8", "backslashreplace")


def name(block: bytes) -> str:
    """The header's own name, with ustar's prefix."""
    end = block.find(0, 0, 100)
    own = block[: end if end >= 0 else 100].decode("utf-8", "backslashreplace")
    if block[345] and block[257:263] == b"ustar\0":
        return f"{text(block[345:500])}/{own}"
    return own


def records(data: bytes) -> dict[str, str]:
    """The records of a PAX header that say where an entry is and how long: LayerMalformed."""
    found: dict[str, str] = {}
    at = 0
    while at < len(data):
        space = data.find(b" ", at, at + 20)
        length = int(data[at:space]) if space > at and data[at:space].isdigit() else 0
        end = at + length
        if space <= at or end <= space or end > len(data) or data[end - 1] != 0x0A:
            raise LayerMalformed(reason="a record of a PAX header has a wrong length")
        key, equals, value = data[space + 1 : end - 1].partition(b"=")
        if not equals:
            raise LayerMalformed(reason="a record of a PAX header has no value")
        if key.startswith(_KEPT):
            found[key.decode("utf-8", "backslashreplace")] = value.decode("utf-8", "backslashreplace")
        at = end
    return found


def decimal(digits: str) -> int:
    """A number of a PAX record: LayerMalformed."""
    if not (digits.isascii() and digits.isdigit() and len(digits) < 20 and int(digits) <= _MOST):
        raise LayerMalformed(reason="a number of a PAX header is none")
    return int(digits)


def normalised(path: str) -> str | None:
    """The path without `.`, doubled slashes and slashes at its ends, or None where it leaves the root."""
    path = path.removeprefix("./").rstrip("/")
    if path[:1] not in "/." and "//" not in path and "/." not in path:
        return path
    parts = [part for part in path.split("/") if part not in {"", "."}]
    return None if ".." in parts else "/".join(parts)
