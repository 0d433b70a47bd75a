"""SemVer 2.0.0, as npm, Go, crates.io, Hex, Swift and others read it, and its kin: NuGet's, Dart's, Bitnami's.

A `v` in front and numbers that are missing or too many are taken: 1 is 1.0.0, and 1.2.3.4 comes behind 1.2.3.
"""

import re
from typing import Final

from entrepot.scan.versions.text import Key, checked, identifiers, numbers, refuse

NAME: Final = "semver"

_FORM: Final = re.compile(r"[vV=]*+([0-9]++(?:\.[0-9]++)*+)([^\s+]*+)(?:\+(\S*+))?")
_GO_TOOLCHAIN: Final = re.compile(r"(?:go)?([0-9]++(?:\.[0-9]++)*+)(?:(alpha|beta|rc)([0-9]++))?(?: .*)?")
_RELEASE: Final = (1,)


def key(version: str) -> Key:
    """(numbers, what comes before the release): build metadata does not count (10)."""
    release, before, _ = _parts(version, NAME)
    return release, before


def go(version: str) -> Key:
    """A module's version, pseudo-versions too, or that of a toolchain: go1.21rc2 is 1.21.0-rc.2."""
    toolchain = _GO_TOOLCHAIN.fullmatch(checked(version, "go"))
    if toolchain is None:
        return key(version)
    release, stage, count = toolchain.groups()
    return numbers(release), _before(f"-{stage}.{count}" if stage else "")


def nuget(version: str) -> Key:
    """Up to four numbers; the case of letters does not count (System.Version, and SemVer 2.0.0 behind it)."""
    release, before, _ = _parts(version, "nuget")
    return release, tuple(each.upper() if isinstance(each, str) else each for each in before)


def pub(version: str) -> Key:
    """As pub_semver: build metadata counts, and none comes before any."""
    release, before, build = _parts(version, "pub")
    return release, before, identifiers(build) if build else ()


def bitnami(version: str) -> Key:
    """What stands behind the numbers is a revision, which comes behind none (bitnami/go-version); none is 0.

    Advisories begin at such as 1.26.0-0, and a package without a revision is meant as well.
    """
    release, _, rest = checked(version, "bitnami").partition("-")
    revision = rest.partition("+")[0]
    return _parts(release, "bitnami")[0], () if revision in {"", "0"} else identifiers(revision)


def _parts(version: str, scheme: str) -> tuple[tuple[int, ...], tuple[int | str, ...], str]:
    found = _FORM.fullmatch(checked(version, scheme))
    if found is None:
        refuse(version, scheme)
    release, before, build = found.groups()
    return numbers(release), _before(before), build or ""


def _before(text: str) -> tuple[int | str, ...]:
    text = text.removeprefix("-")
    return (0, *identifiers(text)) if text else _RELEASE
