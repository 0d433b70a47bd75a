"""What dpkg says is installed: var/lib/dpkg/status, and status.d of images without dpkg itself (distroless).

deb-control(5), dpkg(1) "package states". Which files a package owns stands in lists of their own.
"""

import re

from entrepot.errors.scanning import FileMalformed
from entrepot.scan.files import File, Keeps, SystemReader
from entrepot.scan.packages import Package, SystemDatabase

_STATUS = frozenset({"var/lib/dpkg/status"})
_STATUS_D = "var/lib/dpkg/status.d/"
_INFO = "var/lib/dpkg/info/"
_NAMES = frozenset({"package", "status", "version", "architecture", "source", "maintainer"})
_CONFFILES = re.compile(r"^conffiles:[^\n]*\n((?:[ \t][^\n]*(?:\n|\Z))*)", re.MULTILINE | re.IGNORECASE)
_STANZAS = re.compile(r"\n[ \t\r]*\n")
_SOURCE = re.compile(r"^([^ (]+)[ \t]*(?:\(([^)]*)\))?")
_PRESENT = {"installed", "unpacked", "half-configured", "triggers-awaited", "triggers-pending"}  # its files are there


def read_status(file: File, keeps: Keeps) -> SystemDatabase:
    """The packages whose files are there; a stanza without Status, as in status.d, is of one that is installed."""
    packages: list[Package] = []
    owned: list[str] = []
    nameless = known = 0
    text = file.read().decode("utf-8", "backslashreplace")
    for stanza in _STANZAS.split(text):
        fields = _fields(stanza)
        known += len(fields)
        if not fields or not _present(fields.get("status")):
            continue
        if not (fields.get("package") and fields.get("version")):
            nameless += 1
            continue
        packages.append(_package(fields, file.path))
        owned += _conffiles(stanza, keeps)
    if text.strip() and not known:
        raise FileMalformed(path=file.path, reason="it is no status of dpkg")
    fault = f"{nameless} packages in it have no name or no version" if nameless else ""
    return SystemDatabase(kind="dpkg", path=file.path, packages=packages, owned=owned, fault=fault)


def read_list(file: File, keeps: Keeps) -> list[str]:
    """The files that a package owns, from info/*.list: a path a line."""
    text = "\n" + file.read().decode("utf-8", "backslashreplace")
    if "\n//" in text:
        return keeps([line.lstrip("/") for line in text.split("\n")])
    return keeps(text.replace("\n/", "\n").split("\n"))


def read_sums(file: File, keeps: Keeps) -> list[str]:
    """The same of status.d/*.md5sums: a sum and a path a line."""
    lines = file.read().decode("utf-8", "backslashreplace").split("\n")
    return keeps(line.partition("  ")[2].removeprefix("./").lstrip("/") for line in lines)


def _fields(stanza: str) -> dict[str, str]:
    """Those that are wanted, by their names in lower case; of several the first counts."""
    found: dict[str, str] = {}
    for line in stanza.split("\n"):
        name, colon, value = line.partition(":")
        if colon and (name := name.lower()) in _NAMES:
            found.setdefault(name, value.strip())
    return found


def _present(status: str | None) -> bool:
    """`want flag state`: what is wanted says nothing of what is there."""
    return status is None or status.rpartition(" ")[2] in _PRESENT


def _package(fields: dict[str, str], path: str) -> Package:
    name = fields["package"]
    source = _SOURCE.match(fields.get("source", ""))
    built_from, version = source.groups("") if source else ("", "")
    return Package(
        type="deb",
        name=name,
        version=fields["version"],
        path=path,
        source_name=built_from if built_from != name else "",
        source_version=version if version != fields["version"] else "",
        arch=fields.get("architecture", ""),
        vendor=fields.get("maintainer", ""),
    )


def _conffiles(stanza: str, keeps: Keeps) -> list[str]:
    found = _CONFFILES.search(stanza) if "conffiles:" in stanza.lower() else None
    words = (line.split() for line in found[1].split("\n")) if found else ()
    return keeps(each[0].lstrip("/") for each in words if each)


READERS = (
    SystemReader(read_status, _STATUS),
    SystemReader(read_list, folder=_INFO, wants=lambda path: path.endswith(".list")),
    SystemReader(read_sums, folder=_STATUS_D, wants=lambda path: path.endswith(".md5sums")),
    SystemReader(
        read_status, folder=_STATUS_D, wants=lambda path: not path.endswith((".md5sums", ".preinst", ".list"))
    ),
)
