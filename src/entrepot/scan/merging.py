"""The inventory of an image from those of its layers, as if each had been laid over those below it.

What a file says is replaced as a whole by a later layer that has the file anew, and gone with the file or with a folder
above it (OCI image specification, layer.md, "Whiteouts"). Pure arithmetic over paths: no layer is read again.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain

import msgspec

from entrepot.scan import path_marks
from entrepot.scan.packages import Layer, Package, Release, SystemDatabase, SystemKind
from entrepot.scan.system.os_release import PRIORITY

_Key = tuple[str, str, str, str]  # type, name, version, architecture
_REMEMBERED = 32_768
_NESTED = "!/"  # between an archive and a file in it
_MERGED = frozenset({"bin", "sbin", "lib", "lib32", "lib64", "libx32"})  # folders that may be links to those in usr/


class Located(msgspec.Struct, frozen=True):
    """A package of an image."""

    package: Package
    layer: str  # the digest of the lowest layer since which the file has told of the package


class Unread(msgspec.Struct, frozen=True):
    """A file of an image that could not be read, or not all of it."""

    path: str
    reason: str
    layer: str


class Database(msgspec.Struct, frozen=True):
    """A package manager that left its database in the image."""

    kind: SystemKind
    path: str
    layer: str  # that wrote it last


class Image(msgspec.Struct, frozen=True):
    """What an image holds, as its topmost layer leaves it."""

    release: Release | None
    databases: Sequence[Database]
    packages: Sequence[Located]  # of databases first; none of languages and programs that one of these owns
    unread: Sequence[Unread]


@dataclass(slots=True)
class _File:
    """What the layers say of one file, as it is now."""

    layer: str = ""
    packages: list[Package] = field(default_factory=list)
    database: SystemDatabase | None = None
    release: Release | None = None
    owned: Sequence[str] = ()
    reason: str = ""
    since: dict[_Key, str] = field(default_factory=dict)

    def told(self) -> Sequence[Package]:
        return self.database.packages if self.database else self.packages


def merge(layers: Iterable[tuple[str, Layer]]) -> Image:
    """The image of these layers, each behind its digest, the lowest first."""
    files: dict[str, _File] = {}
    below: set[int] = set()  # marks of all that lower layers tell of, and of the folders above that
    folders: set[str] = set()  # above what lower layers tell of
    for digest, layer in layers:
        above = _files(digest, layer)
        for path, file in above.items():
            known = files[path].since if path in files else {}
            file.since = {key: known.get(key, digest) for key in map(_key, file.told())}
        gone = _Gone(layer, above, below.intersection(path_marks.unpacked(layer.plain)) if below else ())
        for path in gone.of(files, folders):
            del files[path]
        files.update(above)
        below.update(chain.from_iterable(map(_marks, above)))
        folders.update(chain.from_iterable(map(_folders, above)))
    return _image(files)


def _files(digest: str, layer: Layer) -> dict[str, _File]:
    """What the layer says, by the file that says so."""
    files: dict[str, _File] = {}

    def at(path: str) -> _File:
        return files.get(path) or files.setdefault(path, _File(digest))

    for path in layer.read:
        at(path)
    for package in layer.packages:
        at(package.path.partition(_NESTED)[0]).packages.append(package)
    for database in layer.databases:
        at(database.path).database = database
    for path, release in layer.releases.items():
        at(path).release = release
    for path, owned in layer.owned.items():
        at(path).owned = owned
    for path, reason in layer.unread.items():
        at(path).reason = reason
    return files


class _Gone:
    """What of the layers below is gone under this one."""

    def __init__(self, layer: Layer, above: Mapping[str, _File], plain: Iterable[int]) -> None:
        self._whole = {*layer.removed, *layer.replaced, *above}  # these paths, and all below them
        self._roots = self._whole.union(layer.emptied)  # all below these
        self._folders = {*layer.emptied, *layer.folders}  # a file that is said to be a folder now, or has things in it
        self._folders.update(*map(_folders, (*self._whole, *self._folders)))
        self._plain = frozenset(plain)  # as `_whole`, by their marks

    def of(self, files: Mapping[str, _File], folders: AbstractSet[str]) -> Collection[str]:
        """Which of these files, that lie in no other folders; each is looked at only where one of those is gone."""
        if self._plain or not self._roots.isdisjoint(folders):
            return [path for path in files if self._holds(path)]
        return (files.keys() & self._whole) | (files.keys() & self._folders)

    def _holds(self, path: str) -> bool:
        if path in self._whole or path in self._folders or not self._roots.isdisjoint(_folders(path)):
            return True
        return bool(self._plain) and not self._plain.isdisjoint(_marks(path))


@lru_cache(maxsize=_REMEMBERED)
def _folders(path: str) -> tuple[str, ...]:
    """Those in which the path lies, up to the root, which is empty; images repeat them."""
    found = []
    while path:
        path = path.rpartition("/")[0]
        found.append(path)
    return tuple(found)


@lru_cache(maxsize=_REMEMBERED)
def _marks(path: str) -> tuple[int, ...]:
    """Those of the path, and of the folders in which it lies."""
    return tuple(map(path_marks.number, (path, *_folders(path))))


def _key(package: Package) -> _Key:
    return package.type, package.name, package.version, package.arch


# ---------------------------------------------------------------- the topmost layer's view
def _image(files: Mapping[str, _File]) -> Image:
    databases = {path: file.database for path, file in files.items() if file.database}
    of_system = [each for path in databases for each in _located(files[path])]
    others = {path: file for path, file in files.items() if not file.database and file.packages}
    lists = [*(database.owned for database in databases.values()), *(file.owned for file in files.values())]
    owned = set(_names(others)).intersection(chain.from_iterable(lists))
    own = [each for path, file in others.items() if owned.isdisjoint(_names([path])) for each in _located(file)]
    return Image(
        release=next((release for path in PRIORITY if path in files and (release := files[path].release)), None),
        databases=[Database(each.kind, path, files[path].layer) for path, each in databases.items()],
        packages=of_system + own,
        unread=[Unread(path, file.reason, file.layer) for path, file in files.items() if file.reason],
    )


def _located(file: _File) -> list[Located]:
    return [Located(package, file.since[_key(package)]) for package in file.told()]


def _names(paths: Iterable[str]) -> Iterator[str]:
    """The paths, and what they are named where a folder is a link to the one in `usr/`."""
    for path in paths:
        yield path
        first, _, rest = path.partition("/")
        if first in _MERGED:
            yield f"usr/{path}"
        elif first == "usr" and rest.partition("/")[0] in _MERGED:
            yield rest
