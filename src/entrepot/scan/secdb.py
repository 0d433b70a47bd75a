"""Alpine's secdb -> advisories: a file for each release and repository says which version of a package mends what.

https://secdb.alpinelinux.org ; the version "0" says that a package was never affected.
"""

from collections.abc import Iterator
from typing import Final

import msgspec

from entrepot.errors.scanning import AdvisoryMalformed
from entrepot.scan.advisories import Advisory, Affected, Event
from entrepot.scan.osv_names import CVE

_SINCE: Final = Event("introduced", "0")
_NEVER: Final = "0"


class _Package(msgspec.Struct):
    name: str
    secfixes: dict[str, list[str] | None] | None = None


class _Entry(msgspec.Struct):
    pkg: _Package


class _File(msgspec.Struct):
    distroversion: str
    packages: list[_Entry] | None = None
    reponame: str = ""


def advisories(document: bytes) -> Iterator[Advisory]:
    """One for each vulnerability and package of the file: AdvisoryMalformed."""
    try:
        read = msgspec.json.decode(document, type=_File)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as fault:
        raise AdvisoryMalformed(reason=fault) from None
    for entry in read.packages or ():
        yield from _of_package(read, entry.pkg)


def _of_package(read: _File, package: _Package) -> Iterator[Advisory]:
    ecosystem = f"Alpine:{read.distroversion}"
    fixes: dict[str, list[str]] = {}
    aliases: dict[str, list[str]] = {}
    for fixed, lines in (package.secfixes or {}).items():
        for line in lines or ():
            # "CVE-2019-1 CVE-2019-2 XSA-123": some lines name several
            names = line.split()
            for name in (each for each in names if CVE.fullmatch(each)):
                fixes.setdefault(name, []).append(fixed)
                aliases.setdefault(name, []).extend(each for each in names if each != name)
    for name, versions in fixes.items():
        ranges = tuple((_SINCE, Event("fixed", each)) for each in versions if each != _NEVER)
        if not ranges:
            continue
        yield Advisory(
            id=f"ALPINE-{name}:{read.distroversion}:{read.reponame}:{package.name}",
            source=f"Alpine secdb {read.distroversion} {read.reponame}".rstrip(),
            modified=0,
            vulnerabilities=(name,),
            related=tuple(dict.fromkeys(aliases[name])),
            affected=(Affected(ecosystem=ecosystem, name=package.name, ranges=ranges, repository=read.reponame),),
        )
