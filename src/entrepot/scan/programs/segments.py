"""The segments of an ELF program (System V ABI, "Program Header"): where in the file an address lies, and what for."""

import struct

_MAGIC = b"\x7fELF"
_LOAD = 1
_EXECUTABLE, _WRITABLE, _READABLE = 1, 2, 4
_CODE = _EXECUTABLE | _READABLE


class Segments:
    """Those that are loaded, as far as the beginning of the file tells; none of what is no ELF program."""

    def __init__(self, start: bytes) -> None:
        try:
            self._all = list(_loaded(start)) if start.startswith(_MAGIC) else []
        except (struct.error, IndexError):
            self._all = []
        # where constants have segments of their own, those with code hold nothing else
        apart = any(flags == _READABLE for *_, flags in self._all)
        self._code = [(offset, offset + size) for offset, _, size, flags in self._all if flags == _CODE and apart]

    @property
    def known(self) -> bool:
        """Whether there are any."""
        return bool(self._all)

    def place(self, address: int) -> int | None:
        """Where in the file that address is."""
        for offset, start, size, _ in self._all:
            if start <= address < start + size:
                return offset + address - start
        return None

    def code(self, start: int, end: int) -> bool:
        """Whether that part of the file is code and nothing else."""
        return any(first <= start and end <= last for first, last in self._code)

    def writable(self, place: int) -> bool:
        """Whether that place of the file is writable data: of a file without segments anything is."""
        return not self._all or any(
            offset <= place < offset + size and flags & _WRITABLE for offset, _, size, flags in self._all
        )


def _loaded(start: bytes) -> list[tuple[int, int, int, int]]:
    """Offset, address, size in the file, flags."""
    order = ">" if start[5] == 2 else "<"
    wide = start[4] == 2
    (table,) = struct.unpack_from(order + ("Q" if wide else "I"), start, 32 if wide else 28)
    each, count = struct.unpack_from(order + "HH", start, 54 if wide else 42)
    found = []
    for at in range(table, min(table + each * count, len(start)), max(each, 1)):
        if wide:
            kind, flags, offset, address, _, size = struct.unpack_from(order + "IIQQQQ", start, at)
        else:
            kind, offset, address, _, size, _, flags = struct.unpack_from(order + "7I", start, at)
        if kind == _LOAD:
            found.append((offset, address, size, flags))
    return found
