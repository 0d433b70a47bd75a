"""What an operator gives to import, recognised by what it holds, never by its name: folders are looked through."""

import dataclasses
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from entrepot.core.vulnerabilities import archives, tarballs
from entrepot.core.vulnerabilities.archives import Archive
from entrepot.core.vulnerabilities.exports import MANIFEST_NAME
from entrepot.errors.scanning import AdvisoryMalformed, VulnerabilityFileUnknown
from entrepot.scan import csaf, debian_tracker, oracle_oval, secdb, updateinfo
from entrepot.scan.advisories import Advisory
from entrepot.scan.osv import advisory
from entrepot.scan.osv_names import kind

Parser = Callable[[bytes], Iterable[Advisory]]
_MOSTLY: Final = 0.9
_MIXED: Final = "OSV"
_BEGIN: Final = 4096
_CSAF: Final = re.compile(rb'"category"\s*:\s*"csaf_')
_OF_RELEASES: Final = "releases/"
_RELEASES: Final = re.compile(rb'\{\s*"releases"')


@dataclass(slots=True)
class Dump:
    """Advisories of a source, `size` documents of them; whose they are, the advisories say.

    `whole` where it may be all that a source tells, and then what it lacks is gone; `document` where it is one file,
    which one fault spoils. `at` is when it was written, for records that have no dates; `part_of` is the source whose
    newest records these are, which they only add to.
    """

    path: Path
    documents: Callable[[], Iterator[bytes]]
    parse: Parser
    size: int
    whole: bool
    at: int = 0
    document: bool = False
    part_of: str = ""
    left_out: Counter[str] = field(default_factory=Counter)
    read: Counter[str] = field(default_factory=Counter)
    newest: int = 0

    def advisories(self, progress: Callable[[int], None]) -> Iterator[Advisory]:
        """Those that findings are made of; the others are counted. VulnerabilityFileUnknown where none can be read."""
        for document in self.documents():
            progress(1)
            try:
                yield from (each for each in self.parse(document) if self._takes(each))
            except AdvisoryMalformed:
                self.left_out["malformed"] += 1
        if self._broken() or (not self.read and set(self.left_out) <= {"malformed"}):
            raise VulnerabilityFileUnknown(path=self.path, reason="no advisory in it can be read")

    def _broken(self) -> bool:
        """Whether a document that is a source of its own broke off: nobody knows what it would have said."""
        return self.document and bool(self.left_out["malformed"])

    def teller(self) -> str:
        """Whose advisories these are; known when they are read."""
        name, count = max(self.read.items(), key=lambda item: item[1], default=(_MIXED, 0))
        return name if count >= _MOSTLY * self.read.total() else _MIXED

    def updated_at(self) -> int:
        """Until when the source goes; known when it is read."""
        return self.newest or self.at

    def _takes(self, found: Advisory) -> bool:
        what = kind(found.id, found.vulnerabilities, placed=bool(found.affected))
        if what != "vulnerability":
            self.left_out[what] += 1
            return False
        self.read[found.source] += 1
        self.newest = max(self.newest, found.modified)
        return True


@dataclass(frozen=True, slots=True)
class Catalogue:
    """CISA's catalogue of exploited vulnerabilities."""

    path: Path


@dataclass(frozen=True, slots=True)
class Scores:
    """EPSS."""

    path: Path


@dataclass(frozen=True, slots=True)
class Releases:
    """Ends of life: a zip archive, or a folder with a file for each product."""

    path: Path
    documents: Callable[[], Iterator[tuple[str, bytes]]]
    at: int


@dataclass(frozen=True, slots=True)
class Export:
    """A generation of another deployment, signed."""

    path: Path


Feed = Dump | Catalogue | Scores | Releases | Export


def feeds(paths: Sequence[Path]) -> Sequence[Feed]:
    """All that is there to import: VulnerabilityFileUnknown for a path with nothing of it."""
    return [feed for path in paths for feed in _feeds(path)]


def part(path: Path, source: str) -> Feed:
    """A folder of records that a source tells since it was read last."""
    files = sorted(path.glob("*.json"))
    return dataclasses.replace(_loose(path, files), part_of=source)


def _feeds(path: Path) -> Sequence[Feed]:
    if not path.is_dir():
        return [_file(path)]
    files = sorted(each for each in path.rglob("*") if each.is_file() and not each.name.startswith("."))
    records: list[Path] = []
    others: list[Path] = []
    for each in files:
        (records if each.suffix == ".json" and _is_record(each) else others).append(each)
    found = [_file(each) for each in others if _may_be_one(each)]
    if records:
        found.append(_loose(path, records))
    if not found:
        raise VulnerabilityFileUnknown(path=path, reason="the folder holds no advisories")
    return found


def _may_be_one(path: Path) -> bool:
    """Whether a file of a folder is to be imported: readme files and the like are passed over."""
    return path.suffix in {".zip", ".json", ".xml", ".csv", ".gz", ".bz2", ".xz", ".zst", ".tar"}


def _is_record(path: Path) -> bool:
    return not any(mark.search(archives.start(path)) for mark, _ in _DOCUMENTS)


def _file(path: Path) -> Feed:
    try:
        if archives.is_zip(path):
            return _zip(path)
        begin = archives.start(path)
    except (FileNotFoundError, IsADirectoryError, PermissionError) as fault:
        raise VulnerabilityFileUnknown(path=path, reason=fault.strerror) from None
    if begin.startswith(archives.ZSTD) and tarballs.first(path) in {None, MANIFEST_NAME}:
        return Export(path)
    if begin.startswith(archives.ZSTD) or tarballs.begins(begin):
        return _tarball(path)
    for mark, made in _DOCUMENTS:
        if mark.search(begin):
            return made(path)
    if begin.lstrip()[:1] != b"{":
        raise VulnerabilityFileUnknown(path=path, reason="it is none of the formats that are known")
    return _loose(path, [path])


def _zip(path: Path) -> Feed:
    archive = Archive(path)
    try:
        begin, size, at = archive.first(_OF_RELEASES)[:4096], len(archive), archive.at
    finally:
        archive.close()
    if _RELEASES.match(begin.lstrip()):
        return Releases(path, lambda: _releases(path), at)
    return Dump(path, lambda: (data for _, data in _members(path)), _record, size, whole=True, at=at)


def _tarball(path: Path) -> Feed:
    newest = int(path.stat().st_mtime) * 1_000_000
    return Dump(path, lambda: tarballs.documents(path), _record, 0, whole=True, at=newest)


def _members(path: Path) -> Iterator[tuple[str, bytes]]:
    archive = Archive(path)
    try:
        yield from archive.members()
    finally:
        archive.close()


def _releases(path: Path) -> Iterator[tuple[str, bytes]]:
    """The members below a folder `releases`, of an archive of the whole project; all of them where there is none."""
    archive = Archive(path)
    try:
        yield from archive.members(_OF_RELEASES)
    finally:
        archive.close()


def _loose(path: Path, files: Sequence[Path]) -> Dump:
    newest = max(int(each.stat().st_mtime) * 1_000_000 for each in files)
    return Dump(path, lambda: (archives.whole(each) for each in files), _record, len(files), whole=False, at=newest)


def _record(document: bytes) -> Iterable[Advisory]:
    return csaf.advisories(document) if _CSAF.search(document, 0, _BEGIN) else (advisory(document),)


def _document(parse: Parser) -> Callable[[Path], Dump]:
    """A file that is a whole source, or a release's part of it."""

    def made(path: Path) -> Dump:
        at = int(path.stat().st_mtime) * 1_000_000
        return Dump(path, lambda: iter((archives.whole(path),)), parse, 1, whole=True, at=at, document=True)

    return made


# what the first bytes of a document show, and what it then is
_DOCUMENTS: Final[Sequence[tuple[re.Pattern[bytes], Callable[[Path], Feed]]]] = (
    (re.compile(rb'"catalogVersion"'), Catalogue),
    (re.compile(rb"\A#model_version|\Acve,epss,"), Scores),
    (re.compile(rb"<updates[\s>]|<update\s"), _document(updateinfo.advisories)),
    (re.compile(rb"<(?:[a-z-]+:)?oval_definitions[\s>]"), _document(oracle_oval.advisories)),
    (re.compile(rb'"distroversion"\s*:'), _document(secdb.advisories)),
    (re.compile(rb'\A\s*\{\s*"[^"]{1,200}"\s*:\s*\{\s*"(?:CVE|TEMP)-'), _document(debian_tracker.advisories)),
)
