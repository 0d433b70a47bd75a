"""Names, versions and licences from files of strangers, which are short text; and their JSON, bounded.

https://www.rfc-editor.org/rfc/rfc8259
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final, TypeVar

import msgspec

from entrepot.errors.scanning import FileMalformed
from entrepot.scan.files import METADATA, File
from entrepot.scan.packages import Package

LONGEST_NAME: Final = 512  # characters; a path of a Go module is the longest there is
LONGEST_VERSION: Final = 256
LONGEST_LICENCE: Final = 200  # beyond that it is the licence itself and not its name
MOST_PACKAGES: Final = 20_000  # of one file, with all that lies in it
MOST_OBJECTS: Final = 500_000  # objects and arrays of a JSON file: each costs memory however short it is written
SMALL: Final = 64 * 1024  # bytes of a JSON value whose shape is not known

# controls and line ends (of a database no text at all), halves of characters, and what stands for bytes that were none
_NO_TEXT: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffd]")
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"

Kind = TypeVar("Kind")


def text(value: object, longest: int = LONGEST_NAME) -> str:
    """The value without spaces around it, or nothing: when it is no string, holds what is no text, or is too long."""
    if not isinstance(value, str):
        return ""
    value = value.strip()
    return value if len(value) <= longest and not _NO_TEXT.search(value) else ""


def licences(values: Iterable[object]) -> str:
    """Names of licences in one line; what is longer than a name is left out."""
    return text(", ".join(dict.fromkeys(name for name in map(_licence, values) if name)), LONGEST_NAME)


def _licence(value: object) -> str:
    return text(value, LONGEST_LICENCE)


def package(kind: str, name: object, version: object, path: str, licence: str = "") -> Package | None:
    """The package, if it has both a version and a name that does not end where a part of it should begin."""
    name, version = text(name), text(version, LONGEST_VERSION)
    if not name or not version or name.endswith(("/", ":")):
        return None
    return Package(kind, name, version, path, licence=licence)


def required(kind: str, name: object, version: object, path: str, licence: str = "") -> Package:
    """The package that a file is about: FileMalformed without a name or a version."""
    found = package(kind, name, version, path, licence)
    if found is None:
        raise FileMalformed(path=path, reason="it has no name and version that are short text")
    return found


def few(found: Iterable[Package | None], path: str) -> Iterator[Package]:
    """The packages of a file: FileMalformed at the end for entries that are none, and at once beyond the most."""
    nameless = 0
    for count, each in enumerate(found):
        if count >= MOST_PACKAGES:
            raise FileMalformed(path=path, reason=f"it tells of more than {MOST_PACKAGES} packages")
        if each:
            yield each
        nameless += not each
    if nameless:
        raise FileMalformed(path=path, reason=f"{nameless} of its packages have no name or version")


def decoded(file: File, decoder: msgspec.json.Decoder[Kind], most: int = METADATA) -> Kind:
    """The file's JSON in a structure that names what is wanted of it, the rest is skipped: FileMalformed."""
    data = file.read(most).removeprefix(_BYTE_ORDER_MARK)
    if data.count(b"{") + data.count(b"[") > MOST_OBJECTS:
        raise FileMalformed(path=file.path, reason=f"it has more than {MOST_OBJECTS} objects and arrays")
    try:
        return decoder.decode(data)
    except RecursionError:
        raise FileMalformed(path=file.path, reason="it is nested too deep") from None
    except ValueError as error:  # of msgspec, and bytes that are no UTF-8
        raise FileMalformed(path=file.path, reason=f"it is not the JSON that it should be: {error}") from None


def value(raw: msgspec.Raw) -> object:
    """A value of unknown shape, or None when it is large, nested too deep or no text."""
    if len(memoryview(raw)) > SMALL:
        return None
    try:
        return msgspec.json.decode(raw)
    except (RecursionError, ValueError):
        return None
