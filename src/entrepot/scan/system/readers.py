"""All that reads files of operating systems."""

from entrepot.scan.files import SystemReader
from entrepot.scan.system import apk, chisel, dpkg, os_release, rpm

READERS: tuple[SystemReader, ...] = (
    *dpkg.READERS,
    *chisel.READERS,
    *apk.READERS,
    SystemReader(rpm.read, rpm.PATHS),
    *os_release.READERS,
)
