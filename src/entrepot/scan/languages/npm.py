"""npm: package.json wherever it lies, if it has a name and a version.

That is below node_modules at any depth, in pnpm's store (node_modules/.pnpm/NAME@VERSION/node_modules/NAME), in npm's
own tree (usr/lib/node_modules/npm/node_modules), and an application's own, which Trivy and Syft count as well. A
package.json without a name or a version is no package: it tells a loader how to read the files beside it.

https://docs.npmjs.com/cli/v11/configuring-npm/package-json
"""

import re
from collections.abc import Iterator
from typing import Final

import msgspec

from entrepot.scan.files import File, Reader
from entrepot.scan.languages import fields
from entrepot.scan.packages import Package

# older names may have capitals and signs that new ones may not; a slash only behind a scope
_NAME: Final = re.compile(r"(?:@[^\s/@]+/)?[^\s/@]+")
_ABSENT: Final = msgspec.Raw(b"null")


class _Manifest(msgspec.Struct, gc=False):
    """What is wanted of a package.json; strangers write it by hand, so each may be of any type."""

    name: msgspec.Raw = _ABSENT
    version: msgspec.Raw = _ABSENT
    license: msgspec.Raw = _ABSENT
    licenses: msgspec.Raw = _ABSENT  # before 2013


_DECODER: Final = msgspec.json.Decoder(_Manifest)


def _read(file: File) -> Iterator[Package]:
    manifest = fields.decoded(file, _DECODER)
    name, version = fields.value(manifest.name), fields.value(manifest.version)
    found = fields.package("npm", name, version, file.path, _licence(manifest))
    if found and _NAME.fullmatch(found.name):
        yield found


def _licence(manifest: _Manifest) -> str:
    return fields.licences(_names(fields.value(manifest.license))) or fields.licences(
        _names(fields.value(manifest.licenses))
    )


def _names(value: object) -> Iterator[object]:
    """An expression, `{"type": …, "url": …}`, or a list of either."""
    for each in value if isinstance(value, list) else [value]:
        yield each.get("type") if isinstance(each, dict) else each


READERS: Final = (Reader(kind="npm", read=_read, names=frozenset({"package.json"})),)
