"""Java: archives, and archives within archives, down to eight of them.

Each pom.properties is a package: of a library with copies of others in it there are several. When none is that of the
archive itself, its manifest and its name are asked. The path of an inner archive is written as Java's own URLs are,
`app.jar!/BOOT-INF/lib/b.jar`, so that it begins with the file that is in the layer.

https://docs.oracle.com/en/java/javase/21/docs/specs/jar/jar.html
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from entrepot.errors.scanning import FileMalformed
from entrepot.scan.files import File, Reader
from entrepot.scan.languages import fields, jar_names
from entrepot.scan.languages.jar_names import Coordinates
from entrepot.scan.languages.zips import Archive, Budget, BudgetSpent, Entry, Part, ZipRefused
from entrepot.scan.packages import Package

DEEPEST: Final = 8
LARGEST_PROPERTIES: Final = 64 * 1024
LARGEST_MANIFEST: Final = 1024 * 1024  # of its beginning; behind it stand checksums of each class
_ENDINGS: Final = (".jar", ".war", ".ear", ".par", ".jpi", ".hpi")
_INNER: Final = tuple(ending.encode() for ending in _ENDINGS)
_MANIFEST: Final = "META-INF/MANIFEST.MF"
_PROPERTIES: Final = "pom.properties"
_LICENCES: Final = ("plugin-license-name", "bundle-license")


@dataclass
class _Search:
    """One file's archives: what they may still cost, how many packages they told of, and what was wrong first."""

    budget: Budget
    packages: int = 0
    fault: str = ""

    def count(self) -> None:
        self.packages += 1
        if self.packages > fields.MOST_PACKAGES:
            raise BudgetSpent(f"archives in it tell of more than {fields.MOST_PACKAGES} packages")


def read(file: File, budget: Budget | None = None) -> Iterator[Package]:
    """The packages of an archive and of those in it, within a budget for all of them: FileMalformed at the end."""
    search = _Search(budget or Budget())
    with file.opened() as handle:
        try:
            yield from _archive(search, Part(handle, 0, file.size), file.path, 0)
        except ZipRefused as refused:
            search.fault = search.fault or str(refused)
    if search.fault:
        raise FileMalformed(path=file.path, reason=search.fault)


def _archive(search: _Search, part: Part, path: str, depth: int) -> Iterator[Package]:
    archive = Archive(part, search.budget)
    entries = list(archive.entries(_is_wanted))
    for found, licence in _of_itself(archive, entries, path.rpartition("/")[2]):
        package = fields.package("maven", f"{found.group}:{found.artifact}", found.version, path, licence)
        if package:
            search.count()
            yield package
    for entry in entries:
        if entry.name.lower().endswith(_ENDINGS):
            yield from _nested(search, archive, entry, f"{path}!/{entry.name}", depth + 1)


def _nested(search: _Search, archive: Archive, entry: Entry, path: str, depth: int) -> Iterator[Package]:
    """An inner archive; what is wrong with it does not hide the others."""
    try:
        if depth > DEEPEST:
            raise ZipRefused(f"archives nest more than {DEEPEST} deep")
        with archive.nested(entry) as part:
            yield from _archive(search, part, path, depth)
    except BudgetSpent:
        raise
    except ZipRefused as refused:
        search.fault = search.fault or f"{entry.name}: {refused}"


def _of_itself(archive: Archive, entries: list[Entry], name: str) -> Iterator[tuple[Coordinates, str]]:
    """The archive's own library first, then those that were copied into it; each once, with its licence."""
    said = jar_names.file_name(name)
    properties = [entry for entry in entries if entry.name.rpartition("/")[2] == _PROPERTIES]
    some = properties[: fields.MOST_PACKAGES + 1]  # with one too many the search ends
    poms = list(dict.fromkeys(filter(None, (_pom(archive, entry) for entry in some))))
    attributes = _attributes(archive, entries)
    mine = [pom for pom in poms if jar_names.is_own(pom, said, alone=len(poms) == 1)]
    if not mine and (guessed := jar_names.own(said, attributes)):
        mine = [guessed]
    licence = fields.licences(attributes.get(name, "") for name in _LICENCES)
    yield from ((pom, licence) for pom in mine)
    yield from ((pom, "") for pom in poms if pom not in mine)


def _pom(archive: Archive, entry: Entry) -> Coordinates | None:
    return jar_names.pom_properties(archive.read(entry, LARGEST_PROPERTIES))


def _attributes(archive: Archive, entries: list[Entry]) -> dict[str, str]:
    for entry in entries:
        if entry.name.upper() == _MANIFEST:
            return jar_names.manifest(archive.beginning(entry, LARGEST_MANIFEST))
    return {}


def _is_wanted(name: bytes) -> bool:
    return name.endswith(b"pom.properties") or name[-4:].lower() in _INNER or name.upper() == b"META-INF/MANIFEST.MF"


READERS: Final = (
    Reader(kind="java", read=read, endings=tuple(each for ending in _ENDINGS for each in (ending, ending.upper()))),
)
