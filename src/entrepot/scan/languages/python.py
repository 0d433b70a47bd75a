"""Python: the metadata of installed distributions, which wheels, eggs and distutils write.

Copies that a distribution brings along count when they have metadata of their own, as setuptools/_vendor/*.dist-info
has; Trivy and Syft count them too. What pip/_vendor/vendor.txt lists is not counted: it is a list for pip's
developers, patched copies stand beside it, and neither of the two reads it. Names are kept as they are written.

https://packaging.python.org/en/latest/specifications/core-metadata/
https://packaging.python.org/en/latest/specifications/recording-installed-packages/
"""

from collections.abc import Iterable, Iterator
from typing import Final

from entrepot.errors.scanning import FileMalformed
from entrepot.scan.files import File, Reader
from entrepot.scan.languages import fields, zips
from entrepot.scan.packages import Package

MOST_HEADERS: Final = 1024 * 1024  # bytes before the description, which may be far longer and is not read
_WANTED: Final = frozenset({"name", "version", "license-expression", "license", "classifier"})
_CLASSIFIER: Final = "License :: "
_ENDINGS: Final = (".dist-info/METADATA", ".egg-info/PKG-INFO", ".egg-info/METADATA", "EGG-INFO/PKG-INFO", ".egg-info")
_EGG_METADATA: Final = "EGG-INFO/PKG-INFO"


def _read(file: File) -> Iterator[Package]:
    yield _package(_headers(_beginning(file.chunks())), file.path)


def _read_egg(file: File) -> Iterator[Package]:
    try:
        with file.opened() as handle:
            archive = zips.Archive(zips.Part(handle, 0, file.size), zips.Budget())
            for entry in archive.entries(lambda name: name == _EGG_METADATA.encode()):
                yield _package(_headers(archive.beginning(entry, MOST_HEADERS)), file.path)
                return
    except zips.ZipRefused as refused:
        raise FileMalformed(path=file.path, reason=str(refused)) from None


def _beginning(chunks: Iterable[bytes]) -> bytes:
    """What stands before the first empty line, or a little more."""
    found = b""
    for chunk in chunks:
        found += chunk
        if len(found) > MOST_HEADERS or b"\n\n" in found or b"\n\r\n" in found:
            break
    return found[:MOST_HEADERS]


def _headers(data: bytes) -> dict[str, list[str]]:
    """The fields that are wanted, by their names in lower case; every line of each."""
    found: dict[str, list[list[str]]] = {}
    current: list[list[str]] | None = None
    for line in data.decode("utf-8-sig", "replace").replace("\r\n", "\n").split("\n"):
        if not line and found:
            break
        if line[:1] in {" ", "\t"}:
            if current:
                current[-1].append(line.strip())
            continue
        name, _, value = line.partition(":")
        current = found.setdefault(name.lower(), []) if name.lower() in _WANTED else None
        if current is not None:
            current.append([value.strip()])
    return {name: ["\n".join(lines) for lines in values] for name, values in found.items()}


def _package(headers: dict[str, list[str]], path: str) -> Package:
    name, version = (headers.get(field, [""])[0] for field in ("name", "version"))
    return fields.required("pypi", name, version, path, _licence(headers))


def _licence(headers: dict[str, list[str]]) -> str:
    """The expression of PEP 639, else the classifiers, else the field; of the last only what is a name."""
    expression = fields.licences(headers.get("license-expression", []))
    classifiers = [value.rpartition(" :: ")[2] for value in headers.get("classifier", []) if _CLASSIFIER in value]
    named = fields.licences(value for value in classifiers if value != "OSI Approved")
    return expression or named or fields.licences(headers.get("license", []))


READERS: Final = (
    Reader(kind="python", read=_read, endings=_ENDINGS),
    Reader(kind="python egg", read=_read_egg, endings=(".egg",)),
)
