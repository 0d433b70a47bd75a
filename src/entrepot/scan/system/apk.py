"""What apk says is installed: lib/apk/db/installed, since Alpine 3.23 and of Wolfi below usr/.

apk(5), its version 2: a field of one letter a line, a package a paragraph.
"""

from collections.abc import Iterator

from entrepot.errors.scanning import FileMalformed
from entrepot.scan.files import File, Keeps, SystemReader
from entrepot.scan.packages import Package, SystemDatabase

_PATHS = frozenset({"lib/apk/db/installed", "usr/lib/apk/db/installed"})


def read(file: File, keeps: Keeps) -> SystemDatabase:
    """The packages, and which files they own: `F:` names a folder, each `R:` behind it a file in it."""
    text = file.read().decode("utf-8", "backslashreplace")
    packages: list[Package] = []
    owned: list[str] = []
    nameless = 0
    for paragraph in text.split("\n\n"):
        lines = paragraph.split("\n")
        fields = {line[0]: line[2:].strip() for line in lines if line[1:2] == ":" and line[0] in "PVAomL"}
        owned += keeps(_files(lines))
        if fields.get("P") and fields.get("V"):
            packages.append(_package(fields, file.path))
        elif fields:
            nameless += 1
    if text.strip() and not packages:
        raise FileMalformed(path=file.path, reason="it is no database of apk")
    fault = f"{nameless} packages in it have no name or no version" if nameless else ""
    return SystemDatabase(kind="apk", path=file.path, packages=packages, owned=owned, fault=fault)


def _files(lines: list[str]) -> Iterator[str]:
    folder = ""
    for line in lines:
        if line.startswith("F:"):
            folder = line[2:] and f"{line[2:]}/"
        elif line.startswith("R:"):
            yield folder + line[2:]


def _package(fields: dict[str, str], path: str) -> Package:
    return Package(
        type="apk",
        name=fields["P"],
        version=fields["V"],
        path=path,
        source_name=fields.get("o", "") if fields.get("o") != fields["P"] else "",
        arch=fields.get("A", ""),
        vendor=fields.get("m", ""),
        licence=fields.get("L", ""),
    )


READERS = (SystemReader(read, _PATHS),)
