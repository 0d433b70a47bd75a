"""What is found in one layer while it is walked: who read what, and what must be read once more under another name."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from msgspec.structs import replace

from entrepot.errors.scanning import FileMalformed, FileTooLarge
from entrepot.scan import held, path_marks
from entrepot.scan.budgets import Meter
from entrepot.scan.dispatch import AnyReader, Dispatch
from entrepot.scan.files import File, Reader
from entrepot.scan.held import Held
from entrepot.scan.packages import Layer, Package, Release, SystemDatabase
from entrepot.scan.tar import Entry

Result = Sequence[Package | str] | SystemDatabase | Release
_PACKAGE = 200  # characters that a package weighs beside its texts


@dataclass(slots=True)
class Told:
    """What the readers of one file said."""

    results: dict[AnyReader, Result] = field(default_factory=dict)
    reason: str = ""  # why some of it could not be read
    by_start: Sequence[AnyReader] = ()  # those that wanted it for what it begins with


@dataclass(frozen=True, slots=True)
class Link:
    """A hard link that some want who did not read its target."""

    path: str
    executable: bool
    readers: Sequence[AnyReader]


class Findings:
    """The inventory of a layer as it grows; what comes later in the archive replaces what came before."""

    def __init__(self, dispatch: Dispatch, meter: Meter) -> None:
        self._dispatch, self._meter = dispatch, meter
        self._told: dict[str, Told] = {}
        self._folders: set[str] = set()  # above what is told of
        self._links: dict[str, str] = {}  # hard links, and the files that they are
        self._waiting: dict[str, dict[str, Link]] = {}  # by their target, by their path
        self._plain: set[bytes] = set()  # marks of files that nobody looked into
        self._marks: dict[str, dict[str, None]] = {"removed": {}, "emptied": {}, "replaced": {}, "folders": {}}

    # ------------------------------------------------------------ what the archive has
    def mark(self, kind: str, path: str) -> None:
        """Something that is removed, emptied, replaced or of the folders."""
        self._meter.keep(len(path))
        self._marks[kind][path] = None

    def forget(self, path: str, *, below: bool) -> None:
        """Another entry takes its place, and that of what lies below if it is no directory."""
        self._told.pop(path, None)
        self._marks["folders"].pop(path, None)
        self._marks["replaced"].pop(path, None)
        target = self._links.pop(path, None)
        if target in self._waiting:
            self._waiting[target].pop(path, None)
        if below and path in self._folders:
            self._folders.discard(path)
            for each in [each for each in self._told if each.startswith(f"{path}/")]:
                del self._told[each]

    def directory(self, path: str, name: str) -> None:
        """A directory: a file that a lower layer has there is gone."""
        if self._dispatch.of_path(path, name):
            self.mark("folders", path)

    def file(self, file: File, name: str) -> None:
        """A file, which is read by all who want it."""
        readers = self._dispatch.of_path(file.path, name)
        looked = self._dispatch.longest_start > 0 and file.executable
        if not (readers or looked):
            self._plain.add(path_marks.mark(file.path))
            return
        told = self._new(file.path)
        try:
            if looked:
                told.by_start = self._dispatch.of_start(file.start(self._dispatch.longest_start))
            self._read(file, list(dict.fromkeys([*readers, *told.by_start])), told)
        except FileMalformed as unreadable:  # a sparse one, of which not even the start can be told
            told.reason = str(unreadable)

    def link(self, entry: Entry, name: str) -> None:
        """A hard link: what its target told counts for it as well, where the same readers want both."""
        path, target = entry.path, self._links.get(entry.target, entry.target)
        self._meter.keep(len(path) + len(target))
        self._links[path] = target
        if target in self._marks["replaced"]:
            self.mark("replaced", path)
            return
        known = self._told.get(target, Told())
        wanted = [*self._dispatch.of_path(path, name), *known.by_start]
        if wanted or target in self._told:
            told = self._new(path)
            told.by_start, told.reason = known.by_start, known.reason
            for reader in wanted:
                if reader in known.results:
                    self._tell(told, reader, _moved(known.results[reader], target, path))
            missing = [reader for reader in wanted if reader not in known.results]
            if missing and target != path:
                self._waiting.setdefault(target, {})[path] = Link(path, entry.executable, missing)
            elif missing:
                told.reason = "it links to itself"
        else:
            self._plain.add(path_marks.mark(path))

    # ------------------------------------------------------------ the second pass
    @property
    def waiting(self) -> bool:
        """Whether there are links to files that went by unread."""
        return any(self._waiting.values())

    def read_linked(self, path: str, file: File) -> None:
        """A file that links may wait for, under the names of these."""
        links = self._waiting.pop(path, {})
        if not links:
            return
        try:
            data = file.opened(held.MOST)
        except (FileMalformed, FileTooLarge) as unreadable:
            self._give_up(links, str(unreadable))
            return
        for link in links.values():
            self._read_all(Held(link.path, file.size, link.executable, data), link.readers, self._told[link.path])

    def give_up(self, reason: str) -> None:
        """What links still wait for will not come."""
        for links in self._waiting.values():
            self._give_up(links, reason)
        self._waiting = {}

    def refuse(self, path: str, reason: str) -> None:
        """An entry that is not looked at."""
        self._new(path).reason = reason

    def _give_up(self, links: Iterable[str], reason: str) -> None:
        for link in links:
            self._told[link].reason = reason

    # ------------------------------------------------------------ reading
    def _new(self, path: str) -> Told:
        self._meter.keep(len(path))
        told = self._told[path] = Told()
        folder = path.rpartition("/")[0]
        while folder and folder not in self._folders:
            self._meter.keep(len(folder))  # a path may have two thousand
            self._folders.add(folder)
            folder = folder.rpartition("/")[0]
        return told

    def _read(self, file: File, readers: Sequence[AnyReader], told: Told) -> None:
        if len(readers) < 2:
            self._read_all(file, readers, told)
            return
        try:
            data: BinaryIO = file.opened(held.MOST)
        except (FileMalformed, FileTooLarge) as unreadable:
            told.reason = str(unreadable)
            return
        self._read_all(Held(file.path, file.size, file.executable, data), readers, told)

    def _read_all(self, file: File, readers: Sequence[AnyReader], told: Told) -> None:
        for reader in readers:
            try:
                if isinstance(reader, Reader):
                    packages: list[Package] = []
                    self._tell(told, reader, packages)
                    for package in reader.read(file):
                        self._weigh(package)
                        packages.append(package)
                else:
                    self._tell(told, reader, reader.read(file, self._dispatch.keeps))
            except (FileMalformed, FileTooLarge) as unreadable:
                told.reason = str(unreadable)

    def _tell(self, told: Told, reader: AnyReader, result: Result) -> None:
        if isinstance(result, SystemDatabase):
            for package in result.packages:
                self._weigh(package)
            self._meter.keep(sum(map(len, result.owned)))
            told.reason = result.fault or told.reason
        elif not isinstance(result, Release):
            for each in result:
                self._weigh(each) if isinstance(each, Package) else self._meter.keep(len(each))
        told.results[reader] = result

    def _weigh(self, package: Package) -> None:
        self._meter.keep(_PACKAGE + len(package.name) + len(package.version) + len(package.path))

    # ------------------------------------------------------------ the whole
    def layer(self) -> Layer:
        """All that was found, in the archive's order."""
        said = [(path, each) for path, told in self._told.items() for each in told.results.values()]
        releases = {path: each for path, each in said if isinstance(each, Release)}
        databases = [each for _, each in said if isinstance(each, SystemDatabase)]
        listed = [(path, each) for path, each in said if not isinstance(each, Release | SystemDatabase)]
        packages = [package for _, each in listed for package in each if isinstance(package, Package)]
        owned = {path: paths for path, each in listed if (paths := [file for file in each if isinstance(file, str)])}
        unread = {path: told.reason for path, told in self._told.items() if told.reason}
        known = (
            {each.path for each in packages}
            | {each.path for each in databases}
            | owned.keys()
            | releases.keys()
            | unread.keys()
        )
        return Layer(
            releases=releases,
            databases=databases,
            owned=owned,
            packages=packages,
            read=[path for path in self._told if path not in known],
            removed=list(self._marks["removed"]),
            emptied=list(self._marks["emptied"]),
            replaced=list(self._marks["replaced"]),
            folders=list(self._marks["folders"]),
            unread=unread,
            plain=path_marks.packed(self._plain),
        )


def _moved(result: Result, old: str, new: str) -> Result:
    """The same, told of a file with another name."""
    if isinstance(result, Release):
        return result
    if isinstance(result, SystemDatabase):
        return replace(result, path=new, packages=[_renamed(each, old, new) for each in result.packages])
    return [_renamed(each, old, new) if isinstance(each, Package) else each for each in result]


def _renamed(package: Package, old: str, new: str) -> Package:
    path = new + package.path[len(old) :] if package.path.startswith(old) else package.path
    return replace(package, path=path)
