"""Which operating system it is: os-release(5), and the files that stood for it before.

Those that are closest to the distribution itself come first: derived ones carry the files of what they come from.
"""

import re
import shlex

from entrepot.errors.scanning import FileMalformed
from entrepot.scan.files import File, Keeps, SystemReader
from entrepot.scan.packages import Release

_MOST = 64 * 1024  # bytes
_PAIRS = frozenset({"etc/os-release", "usr/lib/os-release"})
_LSB = "etc/lsb-release"
_NUMBERS = {"etc/alpine-release": "alpine", "etc/debian_version": "debian"}  # of which the file has the version alone
_SENTENCES = (
    "etc/oracle-release",
    "etc/centos-release",
    "etc/rocky-release",
    "etc/almalinux-release",
    "etc/fedora-release",
    "etc/system-release",
    "etc/redhat-release",
)
# what is true first
PRIORITY = ("etc/os-release", "usr/lib/os-release", *_SENTENCES, _LSB, "etc/alpine-release", "etc/debian_version")
_SENTENCE = re.compile(r"^(.+?)(?: release)? v?(\d+(?:\.\d+)*)(?: \(([^)]*)\))?")
_IDS = {
    "red hat": "rhel",
    "centos": "centos",
    "amazon linux": "amzn",
    "oracle": "ol",
    "fedora": "fedora",
    "rocky": "rocky",
    "almalinux": "almalinux",
    "scientific": "scientific",
}


def read_pairs(file: File, _keeps: Keeps) -> Release:
    """os-release: `NAME=value` with the shell's quotes."""
    pairs = _pairs(file)
    if not pairs:
        raise FileMalformed(path=file.path, reason="it says nothing of the operating system")
    return Release(
        id=pairs.get("ID", "linux").lower(),
        version=pairs.get("VERSION_ID", ""),
        id_like=pairs.get("ID_LIKE", "").lower().split(),
        name=pairs.get("PRETTY_NAME", ""),
        cpe=pairs.get("CPE_NAME", ""),
        variant=pairs.get("VARIANT_ID", ""),
        codename=pairs.get("VERSION_CODENAME", ""),
    )


def read_lsb(file: File, _keeps: Keeps) -> Release:
    """lsb-release, of Ubuntu before 12.04 and its kin. FileMalformed where it names no distribution."""
    pairs = _pairs(file)
    if not pairs.get("DISTRIB_ID"):
        raise FileMalformed(path=file.path, reason="it names no distribution")
    return Release(
        id=pairs["DISTRIB_ID"].lower(),
        version=pairs.get("DISTRIB_RELEASE", ""),
        name=pairs.get("DISTRIB_DESCRIPTION", ""),
        codename=pairs.get("DISTRIB_CODENAME", ""),
    )


def read_number(file: File, _keeps: Keeps) -> Release:
    """The version alone, or `bookworm/sid` of what is not released."""
    said = _text(file).strip()
    if not said or "\n" in said:
        raise FileMalformed(path=file.path, reason="it says no version")
    if said[0].isdigit():
        return Release(id=_NUMBERS[file.path], version=said)
    return Release(id=_NUMBERS[file.path], codename=said.partition("/")[0])


def read_sentence(file: File, _keeps: Keeps) -> Release:
    """`CentOS Linux release 7.9.2009 (Core)`. FileMalformed where it is of no distribution that is known."""
    said = _text(file).strip().partition("\n")[0]
    found = _SENTENCE.match(said[:500])
    if found:
        for beginning, identity in _IDS.items():
            if found[1].lower().startswith(beginning):
                return Release(id=identity, version=found[2], name=said, codename=found[3] or "")
    raise FileMalformed(path=file.path, reason="it names no distribution that is known")


def _text(file: File) -> str:
    return file.read(_MOST).decode("utf-8", "backslashreplace")


def _pairs(file: File) -> dict[str, str]:
    pairs = {}
    for line in _text(file).splitlines():
        name, equals, value = line.strip().partition("=")
        if equals and name.isidentifier():
            pairs[name] = _unquoted(value)
    return pairs


def _unquoted(value: str) -> str:
    try:
        return " ".join(shlex.split(value))
    except ValueError:  # a quote that is not closed
        return value.strip("\"' ")


READERS = (
    SystemReader(read_pairs, _PAIRS),
    SystemReader(read_lsb, frozenset({_LSB})),
    SystemReader(read_number, frozenset(_NUMBERS)),
    SystemReader(read_sentence, frozenset(_SENTENCES)),
)
