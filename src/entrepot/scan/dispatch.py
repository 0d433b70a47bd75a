"""Which readers a path of a layer is for. Built once; asked for each of a million files."""

from collections.abc import Iterable, Sequence
from functools import lru_cache

from entrepot.scan.files import Reader, SystemReader

AnyReader = Reader | SystemReader
_PROGRAMS = frozenset({"bin", "sbin", "libexec", "games"})  # folders
_LIBRARIES = frozenset({"lib", "lib32", "lib64", "libx32"})
_PROGRAM, _LIBRARY = 2, 1  # kinds of folders
_MOST_TAILS = 4096


class Dispatch:
    """The readers by the paths that they want."""

    def __init__(self, readers: Iterable[Reader], system: Iterable[SystemReader]) -> None:
        self._readers = tuple(readers)
        self._names: dict[str, list[Reader]] = {}
        self._paths: dict[str, SystemReader] = {}
        self._of_folders = [reader for reader in system if reader.folder]
        for reader in self._readers:
            for name in reader.names:
                self._names.setdefault(name, []).append(reader)
        for each in system:
            self._paths.update(dict.fromkeys(each.paths, each))
        self._endings = tuple({ending for reader in self._readers for ending in reader.endings})
        self._tails = _Tails((*self._names, *self._endings))
        self._folders = tuple({reader.folder for reader in self._of_folders})
        self._programs = tuple(reader for reader in self._readers if reader.starts)
        self.longest_start = max((len(start) for reader in self._programs for start in reader.starts), default=0)

    def of_path(self, path: str, name: str) -> Sequence[AnyReader]:
        """Who wants the file, by its path and its base name alone."""
        if path in self._paths:
            return [self._paths[path], *self._of_names(path, name)]
        if path.startswith(self._folders):
            of_folder = [each for each in self._of_folders if path.startswith(each.folder) and each.wants(path)]
            return [*of_folder, *self._of_names(path, name)]
        return self._of_names(path, name)

    def _of_names(self, path: str, name: str) -> Sequence[AnyReader]:
        by_name = self._names.get(name)
        if not path.endswith(self._endings):
            return [reader for reader in by_name if reader.wants(path)] if by_name else ()
        by_ending = [reader for reader in self._readers if path.endswith(reader.endings)]
        return [reader for reader in dict.fromkeys([*(by_name or ()), *by_ending]) if reader.wants(path)]

    def of_start(self, start: bytes) -> list[AnyReader]:
        """Who wants an executable file that begins so."""
        return [reader for reader in self._programs if start.startswith(reader.starts)]

    def keeps(self, paths: Iterable[str]) -> list[str]:
        """Those of a package's files in which packages may be found, so that it matters who owns them; a path in which
        others lie is no file.
        """
        kinds, tails = _kind if self._programs else _no_kind, self._tails
        kept: list[str] = []
        folders: set[str] = set()
        last, kind = "", 0
        for path in paths:
            folder, _, name = path.rpartition("/")
            if folder != last:
                last, kind = folder, kinds(folder)
                folders.add(folder)
            of_kind = kind and (kind == _PROGRAM or "." not in name or ".so" in name)
            if of_kind or (tails[path[-2:]] and self._of_names(path, name)):
                kept.append(path)
        return [path for path in kept if path not in folders]


class _Tails(dict[str, bool]):
    """Whether a path that ends with these two signs may have one of the endings: asked for each file of a package."""

    def __init__(self, endings: Iterable[str]) -> None:
        self._endings = tuple({ending[-2:] for ending in endings})

    def __missing__(self, tail: str) -> bool:
        found = tail.endswith(self._endings)
        if len(self) < _MOST_TAILS:
            self[tail] = found
        return found


@lru_cache(maxsize=4096)
def _kind(folder: str) -> int:
    """Whether a folder is of programs, else of libraries: asked for each file of a package, which lie side by side."""
    names = folder.split("/")
    if _PROGRAMS.isdisjoint(names):
        return 0 if _LIBRARIES.isdisjoint(names) else _LIBRARY
    return _PROGRAM


def _no_kind(_: str) -> int:
    return 0
