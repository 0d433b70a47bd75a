"""The inventory of a layer: what it adds, replaces and removes, as its files say. Paths have no slash in front.

A layer says nothing about those below it: scan/merging.py makes an image's inventory of several.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

SystemKind = Literal["dpkg", "apk", "rpm"]


class Package(msgspec.Struct, frozen=True, omit_defaults=True):
    """A package that a file tells of.

    `type` is that of a package URL: deb, apk, rpm, pypi, npm, golang, maven, gem, cargo, composer, nuget, bitnami,
    generic. `name` and `version` are as the ecosystem writes them: `group:artifact` of Maven, `1:2.3-4` (an epoch) of
    dpkg and rpm. `vendor` is who built it, as an rpm, a deb's maintainer or an apk say.
    """

    type: str
    name: str
    version: str
    path: str  # the file that tells of it
    source_name: str = ""  # what it was built from, where that has a name of its own
    source_version: str = ""  # where it differs from `version`
    arch: str = ""
    modularity: str = ""  # of an rpm, `nodejs:12:8020020200326104117:4cda2c84`
    vendor: str = ""
    licence: str = ""


class Release(msgspec.Struct, frozen=True, omit_defaults=True):
    """What os-release(5) or its elder kin say of the operating system."""

    id: str  # debian, alpine, amzn, rhel, …
    version: str = ""  # VERSION_ID
    id_like: Sequence[str] = ()
    name: str = ""  # PRETTY_NAME
    cpe: str = ""
    variant: str = ""
    codename: str = ""  # VERSION_CODENAME: of what has no number yet


class SystemDatabase(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file of the operating system's package manager; whoever writes it anew replaces all that it said."""

    kind: SystemKind
    path: str
    packages: Sequence[Package]
    owned: Sequence[str] = ()  # files of these packages, as far as the file itself says
    fault: str = ""  # why there are packages in it that are not told of


class Layer(msgspec.Struct, frozen=True, omit_defaults=True):
    """The inventory of one layer."""

    releases: Mapping[str, Release] = {}  # by the file that says so
    databases: Sequence[SystemDatabase] = ()
    owned: Mapping[str, Sequence[str]] = {}  # files of packages, by the file that lists them (dpkg's info/*.list)
    packages: Sequence[Package] = ()  # of languages and of programs that were built by hand
    read: Sequence[str] = ()  # files that were looked into: one without packages replaces a lower one that had some
    removed: Sequence[str] = ()  # whiteouts
    emptied: Sequence[str] = ()  # opaque directories
    replaced: Sequence[str] = ()  # symbolic links and the like: what lies there and below in a lower layer is gone
    folders: Sequence[str] = ()  # directories with names of files that are looked into: such a file below is gone
    unread: Mapping[str, str] = {}  # files that could not be read, and why
    plain: bytes = b""  # marks of all other files (scan/path_marks.py), with which the same goes from lower layers
