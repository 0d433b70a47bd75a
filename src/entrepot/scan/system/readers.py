"""All that reads files of operating systems."""

from entrepot.scan.files import SystemReader
from entrepot.scan.system import apk, chisel, dpkg, os_release

READERS: tuple[SystemReader, ...] = (*dpkg.READERS, *chisel.READERS, *apk.READERS, *os_release.READERS)
