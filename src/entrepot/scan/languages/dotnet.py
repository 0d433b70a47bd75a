""".NET: the dependencies that a published application and a shared framework say they have, NAME.deps.json.

A library counts when it is a package, or the runtime that an application carries along, and has files of its own in
the target that the file is for: what was needed only to compile is not there.

https://github.com/dotnet/sdk/blob/main/documentation/specs/runtime-configuration-file.md
"""

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from entrepot.scan.files import File, Reader
from entrepot.scan.languages import fields
from entrepot.scan.packages import Package

_COUNTED: Final = frozenset({"package", "runtimepack"})
_RUNTIME_PACK: Final = "runtimepack."  # what the SDK writes before the name of a package that is one
_EMPTY: Final = frozenset({b"{}", b"null"})
_ABSENT: Final = msgspec.Raw(b"null")


class _Library(msgspec.Struct, gc=False):
    type: str = ""


class _Assets(msgspec.Struct, rename="camel", gc=False):
    runtime: msgspec.Raw = _ABSENT
    runtime_targets: msgspec.Raw = _ABSENT
    native: msgspec.Raw = _ABSENT
    resources: msgspec.Raw = _ABSENT


class _Target(msgspec.Struct):
    name: str = ""


class _Dependencies(msgspec.Struct, rename="camel"):
    runtime_target: _Target = msgspec.field(default_factory=_Target)
    targets: dict[str, dict[str, _Assets]] = msgspec.field(default_factory=dict)
    libraries: dict[str, _Library] = msgspec.field(default_factory=dict)


_DECODER: Final = msgspec.json.Decoder(_Dependencies)


def _read(file: File) -> Iterator[Package]:
    dependencies = fields.decoded(file, _DECODER)
    assets = dependencies.targets.get(dependencies.runtime_target.name, {})
    counted = (
        key
        for key, library in dependencies.libraries.items()
        if library.type.lower() in _COUNTED and _has_files(key, assets)
    )
    yield from fields.few((_package(key, file.path) for key in counted), file.path)


def _package(key: str, path: str) -> Package | None:
    name, _, version = key.removeprefix(_RUNTIME_PACK).partition("/")
    return fields.package("nuget", name, version, path)


def _has_files(key: str, assets: Mapping[str, _Assets]) -> bool:
    """Whether the target has files of it; one that the target does not speak of counts."""
    of = assets.get(key)
    kinds = (of.runtime, of.runtime_targets, of.native, of.resources) if of else ()
    return of is None or any(bytes(kind).strip() not in _EMPTY for kind in kinds)


READERS: Final = (Reader(kind="dotnet", read=_read, endings=(".deps.json",)),)
