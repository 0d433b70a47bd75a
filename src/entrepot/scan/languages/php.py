"""PHP: what Composer installed, vendor/composer/installed.json of its versions 1 (a list) and 2 (an object).

The folder `vendor` may have another name, so only `composer/installed.json` counts. composer.lock is a lock file.

https://getcomposer.org/doc/04-schema.md
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from entrepot.scan.files import File, Reader
from entrepot.scan.languages import fields
from entrepot.scan.packages import Package

_ABSENT: Final = msgspec.Raw(b"null")
_LEADING_V: Final = re.compile(r"[vV](?=[0-9])")  # as VersionParser.normalize() of Composer drops it


class _Installed(msgspec.Struct, gc=False):
    name: msgspec.Raw = _ABSENT
    version: msgspec.Raw = _ABSENT
    license: msgspec.Raw = _ABSENT


class _Second(msgspec.Struct):
    packages: list[_Installed] = msgspec.field(default_factory=list)


_DECODER: Final[msgspec.json.Decoder[list[_Installed] | _Second]] = msgspec.json.Decoder(list[_Installed] | _Second)


def _read(file: File) -> Iterator[Package]:
    installed = _entries(fields.decoded(file, _DECODER))
    yield from fields.few((_package(each, file.path) for each in installed), file.path)


def _package(each: _Installed, path: str) -> Package | None:
    version = _LEADING_V.sub("", fields.text(fields.value(each.version)), count=1)
    return fields.package("composer", fields.value(each.name), version, path, _licence(each))


def _entries(installed: list[_Installed] | _Second) -> Sequence[_Installed]:
    return installed.packages if isinstance(installed, _Second) else installed


def _licence(each: _Installed) -> str:
    value = fields.value(each.license)
    return fields.licences(value if isinstance(value, list) else [value])


READERS: Final = (Reader(kind="composer", read=_read, endings=("composer/installed.json",)),)
