"""Programs as compilers leave them, cut down to what a scanner looks for: ELF files with two segments and sections."""

import json
import struct
import zlib
from collections.abc import Sequence

NOTE = b"\4\0\0\0\x14\0\0\0\4\0\0\0Go\0\0"  # the head of that with Go's build id
BASE = 0x400000  # where the first segment is loaded
_INFO_START = bytes.fromhex("3077af0c9274080241e1c107e6d618e6")
_INFO_END = bytes.fromhex("f932433186182072008242104116d8f2")


def elf(
    constants: bytes,
    data: bytes = b"",
    code: bytes = b"",
    *,
    order: str = "<",
    wide: bool = True,
    note: bytes = b"",
    flags: int = 4,
) -> bytes:
    """A program: head, program headers and note; then, each at a multiple of 4096, constants, data and code."""
    head = b"\x7fELF" + bytes([2 if wide else 1, 1 if order == "<" else 2, 1]) + b"\0" * 9
    headers = body = b""
    segments = [(flags, constants), (6, data)] + [(5, code)] * bool(code)
    for kind, content in segments:
        place, size = 4096 + len(body), len(content)
        if wide:
            headers += struct.pack(order + "IIQQQQQQ", 1, kind, place, BASE + place, 0, size, size, 4096)
        else:
            headers += struct.pack(order + "8I", 1, place, BASE + place, 0, size, size, kind, 4096)
        body += content + b"\0" * (-size % 4096)
    form, each = ("HHIQQQIHHHHHH", 56) if wide else ("HHIIIIIHHHHHH", 32)
    table = 64 if wide else 52
    head += struct.pack(order + form, 2, 62, 1, 0, table, 0, 0, table, each, len(segments), 0, 0, 0)
    return (head + headers + note).ljust(4096, b"\0") + body


def module_text(lines: Sequence[str]) -> bytes:
    return _INFO_START + "".join(f"{line}\n" for line in lines).encode() + _INFO_END


def _counted(text: bytes) -> bytes:
    length, head = len(text), b""
    while length >= 0x80:
        head += bytes([length & 0x7F | 0x80])
        length >>= 7
    return head + bytes([length]) + text


def build_information(version: str, lines: Sequence[str] = ()) -> bytes:
    """What go1.18 and later leave."""
    modules = module_text(lines) if lines else b""
    return b"\xff Go buildinf:\x08\x02".ljust(32, b"\0") + _counted(version.encode()) + _counted(modules)


def go(version: str, lines: Sequence[str] = (), *, before: bytes = b"text") -> bytes:
    """A program of go1.18 or later."""
    return elf(before, build_information(version, lines), note=NOTE)


def elder_go(version: str, lines: Sequence[str], *, order: str = "<", wide: bool = True, padding: int = 64) -> bytes:
    """A program of go1.13 to go1.17: its texts lie before the pointers to them."""
    texts = b"go1.1" + version.encode() + b"go1.99"
    modules = module_text(lines)
    constants = b"\0" * padding + texts + modules
    pointer = order + ("Q" if wide else "I")
    data_at = BASE + 4096 + (len(constants) + 4095) // 4096 * 4096
    size = struct.calcsize(pointer)
    version_at, modules_at = BASE + 4096 + padding + 5, BASE + 4096 + padding + len(texts)
    head = b"\xff Go buildinf:" + bytes([size, order == ">"])
    head += struct.pack(pointer, data_at + 4096) + struct.pack(pointer, data_at + 4096 + 2 * size)
    data = head.ljust(4096, b"\0")
    for address, length in ((version_at, len(version)), (modules_at, len(modules))):
        data += struct.pack(pointer, address) + struct.pack(pointer, length)
    return elf(constants, data, order=order, wide=wide, note=NOTE)


def rust(crates: Sequence[dict[str, object]], *, named: bool = True, before: bytes = b"x\x9cx\xda") -> bytes:
    """A program that cargo-auditable built; the names of its sections stand at its end."""
    listed = zlib.compress(json.dumps({"packages": crates, "format": 1}, separators=(",", ":")).encode())
    return elf(before + listed + b"behind", b"data" + (b"\0.text\0.dep-v0\0" if named else b""))
