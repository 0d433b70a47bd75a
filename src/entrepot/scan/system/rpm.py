"""What rpm says is installed: its database in each of the three forms, and the list of images without one.

Versions are written `epoch:version-release`, and without the epoch where there is none or it is 0.
"""

from collections.abc import Iterator
from itertools import islice

from entrepot.errors.scanning import FileMalformed
from entrepot.scan.files import ARCHIVE, File, Keeps
from entrepot.scan.packages import Package, SystemDatabase
from entrepot.scan.system import rpm_berkeley, rpm_ndb, rpm_sqlite
from entrepot.scan.system.rpm_headers import Header, package

_FOLDERS = ("var/lib/rpm", "usr/lib/sysimage/rpm", "usr/share/rpm")  # of most, of Fedora and SUSE, of OSTree's images
_NAMES = ("rpmdb.sqlite", "Packages.db", "Packages")
MANIFESTS = frozenset({"var/lib/rpmmanifest/container-manifest-2"})  # of Azure Linux without a package manager
DATABASES = frozenset(f"{folder}/{name}" for folder in _FOLDERS for name in _NAMES)
PATHS = DATABASES | MANIFESTS

_MOST_FILES = 4_000_000
_TOGETHER = 1000  # paths that are looked at before the next are made
_MOST_OWNED = 64 * 1024 * 1024  # characters of the paths that are kept


def read(file: File, keeps: Keeps) -> SystemDatabase:
    """The packages of a database or a manifest, and those of their files that `keeps` wants: FileMalformed.

    What of the three forms a database has its bytes say, not its name. One header that cannot be read makes all of it
    unreadable: an inventory that lacks a package without saying so would show it as sound.
    """
    if file.path in MANIFESTS:
        return SystemDatabase(kind="rpm", path=file.path, packages=list(_listed(file)))
    packages: list[Package] = []
    owned: list[str] = []
    room = file.size
    files = _Files(file.path, keeps)
    for blob in _headers(file):
        room -= len(blob)
        if room < 0:
            raise FileMalformed(path=file.path, reason="its packages are longer than itself")
        header = Header(blob, file.path)
        found = header.package()
        if found is not None:
            packages.append(found)
            owned.extend(files.of(header))
    return SystemDatabase(kind="rpm", path=file.path, packages=packages, owned=owned)


def _headers(file: File) -> Iterator[bytes]:
    start = file.start(512)
    if start.startswith(rpm_sqlite.MAGIC):
        yield from rpm_sqlite.headers(bytearray(file.read(ARCHIVE)), file.path)
        return
    if start.startswith(rpm_ndb.MAGIC):
        form = rpm_ndb.headers
    elif rpm_berkeley.known(start):
        form = rpm_berkeley.headers
    else:
        raise FileMalformed(path=file.path, reason="it is no database of rpm")
    with file.opened(ARCHIVE) as database:
        yield from form(database, file.size, file.path)


class _Files:
    """The paths that are kept, within what all packages together may have."""

    def __init__(self, path: str, keeps: Keeps) -> None:
        self.path, self.keeps = path, keeps
        self.seen = self.kept = 0

    def of(self, header: Header) -> Iterator[str]:
        left = header.files()
        while names := list(islice(left, _TOGETHER)):
            self.seen += len(names)
            kept = self.keeps(names)
            self.kept += sum(map(len, kept))
            yield from kept
            if self.seen > _MOST_FILES or self.kept > _MOST_OWNED:
                raise FileMalformed(path=self.path, reason="its packages have more files than a file system")


def _listed(file: File) -> Iterator[Package]:
    """Lines of ten fields: name, version-release, two times, vendor, (none), size, architecture, epoch, source."""
    for line in file.read().decode(errors="replace").splitlines():
        fields = line.split("\t")
        if len(fields) != 10 or "-" not in fields[1]:
            raise FileMalformed(path=file.path, reason="a line has not the ten fields of a manifest")
        name, version, vendor, arch, epoch, source = (fields[place] for place in (0, 1, 4, 7, 8, 9))
        number = int(epoch) if epoch.isascii() and epoch.isdigit() and len(epoch) < 11 else 0
        yield package(file.path, name=name, epoch=number, version=version, source=source, arch=arch, vendor=vendor)
