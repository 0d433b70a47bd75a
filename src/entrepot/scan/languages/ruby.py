"""Ruby: the specifications that RubyGems writes of installed gems, and those of gems that Ruby itself brings.

A specification is a program; it is read as text and never run. RubyGems writes a comment for its own quick reading,
`# stub: NAME VERSION PLATFORM PATHS`, and assigns literals; what anybody wrote otherwise is not understood.

https://guides.rubygems.org/specification-reference/
"""

import re
from collections.abc import Iterator
from typing import Final

from entrepot.errors.scanning import FileMalformed
from entrepot.scan.files import File, Reader
from entrepot.scan.languages import fields
from entrepot.scan.packages import Package

LARGEST: Final = 1024 * 1024  # bytes; a list of many thousand files is still smaller
_STUB: Final = re.compile(r"^# stub: (\S{1,512}) (\S{1,256}) \S", re.MULTILINE)
_ASSIGNED: Final = re.compile(r"^[ \t]*\w{1,64}\.(name|version|licenses?)[ \t]*=[ \t]*(\S.*)$", re.MULTILINE)
# "…", '…', %q{…}, %q[…], %q(…) with nothing computed in it; also as the only argument of Gem::Version.new
_LITERAL: Final = re.compile(
    r"""(?:Gem::Version\.new[ ]?\(?[ ]?)?(?:"([^"\\#\n]*)"|'([^'\\\n]*)'|%[qQ]?[{\[(]([^{}\[\]()\\#\n]*)[}\])])"""
)


def _read(file: File) -> Iterator[Package]:
    text = file.read(LARGEST).decode("utf-8", "replace")
    assigned: dict[str, str] = {}
    for field, value in _ASSIGNED.findall(text):
        assigned.setdefault(field, value)
    stub = _STUB.search(text)
    name = _only(assigned.get("name", "")) or (stub[1] if stub else "")
    version = _only(assigned.get("version", "")) or (stub[2] if stub else "")
    if not name or not version:
        raise FileMalformed(path=file.path, reason="its name or version is no literal")
    licence = assigned.get("licenses") or assigned.get("license") or ""
    yield fields.required("gem", name, version, file.path, fields.licences(_literals(licence)))


def _only(value: str) -> str:
    found = _LITERAL.match(value)
    return _text(found) if found else ""


def _literals(value: str) -> Iterator[str]:
    return map(_text, _LITERAL.finditer(value))


def _text(found: re.Match[str]) -> str:
    return next((group for group in found.groups() if group), "")


def _installed(path: str) -> bool:
    """Whether RubyGems wrote it; a gem's own sources have a specification too, of what it would be."""
    return "/specifications/" in f"/{path}"


READERS: Final = (Reader(kind="gem", read=_read, endings=(".gemspec",), wants=_installed),)
