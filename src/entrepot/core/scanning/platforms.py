"""The operating system of an image as Inspector names it: DEBIAN_12, ALPINE_LINUX_3_20, AMAZON_LINUX_2."""

import re
from typing import Final

from entrepot.scan.packages import Release

_NAMES: Final = {
    "almalinux": ("ALMALINUX", 1),
    "alpine": ("ALPINE_LINUX", 2),
    "amzn": ("AMAZON_LINUX", 1),
    "centos": ("CENTOS", 1),
    "debian": ("DEBIAN", 1),
    "fedora": ("FEDORA", 1),
    "ol": ("ORACLE_LINUX", 1),
    "opensuse-leap": ("OPENSUSE_LEAP", 2),
    "photon": ("PHOTON_OS", 1),
    "rhel": ("RHEL", 1),
    "rocky": ("ROCKY_LINUX", 1),
    "sles": ("SUSE_SERVER", 2),
    "ubuntu": ("UBUNTU", 2),
}
_OTHER: Final = re.compile(r"[^A-Z0-9]+")
_LONGEST: Final = 128


def platform(release: Release | None) -> str:
    """The name of an operating system; empty for an image without one."""
    if release is None:
        return ""
    name, numbers = _NAMES.get(release.id, (release.id, 2))
    version = ".".join(release.version.split(".")[:numbers])
    return _OTHER.sub("_", f"{name}_{version}".upper()).strip("_")[:_LONGEST]
