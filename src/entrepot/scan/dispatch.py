"""Which readers a path of a layer is for. Built once; asked for each of a million files."""

from collections.abc import Iterable, Sequence
from functools import lru_cache

from entrepot.scan.files import Reader, SystemReader

AnyReader = Reader | SystemReader
_PROGRAMS = frozenset({"bin", "sbin", "libexec", "games"})  # folders
_LIBRARIES = frozenset({"lib", "lib32", "lib64", "libx32"})


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

    def keeps(self, path: str) -> bool:
        """Whether packages may be found in a file there, so that it matters who owns it."""
        folder, _, name = path.rpartition("/")
        if self._programs:
            kind = _kind(folder)
            if kind is _PROGRAMS or (kind is _LIBRARIES and ("." not in name or ".so" in name)):
                return True
        if name not in self._names and not path.endswith(self._endings):
            return False
        return bool(self._of_names(path, name))


@lru_cache(maxsize=4096)
def _kind(folder: str) -> frozenset[str] | None:
    """Whether a folder is of programs, else of libraries: asked for each file of a package, which lie side by side."""
    names = folder.split("/")
    return next((kind for kind in (_PROGRAMS, _LIBRARIES) if not kind.isdisjoint(names)), None)
