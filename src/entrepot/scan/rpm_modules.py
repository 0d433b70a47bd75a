"""Streams of rpm modules: which packages an advisory means that was written for a module.

A package of a module says its stream in its label (`nodejs:12:8020…`), and no other stream's advisory is about it.
Notices of AlmaLinux, Rocky Linux and Red Hat leave the stream out where the module has one that goes on (`rhel8`), or
one alone: such an advisory is about packages of that, and not about those of older streams beside it.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from entrepot.scan.advisories import Event

UNNAMED: Final = "*"  # as an advisory's stream: it is about packages of modules, and does not say of which stream
_OF_MODULE: Final = re.compile(r"[.+]module[_+]")
_NUMBERS: Final = re.compile(r"\d+(?:\.\d+)*")


def is_of_module(version: str) -> bool:
    """Whether a version is that of a module's package."""
    return _OF_MODULE.search(version) is not None


def concerns(label: str, version: str, stream: str, ranges: Sequence[Sequence[Event]]) -> bool:
    """Whether a package with this label, or none, in this version is of the stream that an advisory is about."""
    if label == stream:
        return True
    if stream != UNNAMED:
        return bool(stream) and label.startswith(f"{stream}:")
    if not label:
        return is_of_module(version)
    return any(_goes_on(_stream(label), version, fixed) for fixed in _fixed(ranges))


def _goes_on(stream: str, version: str, fixed: str) -> bool:
    """Whether a version that mends is one of this stream's: it has no number, or the version goes on from it."""
    if not _NUMBERS.match(stream):
        return True
    here, there = _upstream(version), _upstream(fixed)
    if _begins(here, stream):
        return _begins(there, stream)
    return here.partition(".")[0] == there.partition(".")[0]  # its versions are not named as the stream is


def _stream(label: str) -> str:
    return label.split(":")[1] if ":" in label else ""


def _upstream(version: str) -> str:
    """Without epoch and release."""
    return version.rpartition(":")[2].partition("-")[0]


def _begins(version: str, stream: str) -> bool:
    return version == stream or version.startswith(f"{stream}.")


def _fixed(ranges: Sequence[Sequence[Event]]) -> Iterable[str]:
    return (event.version for events in ranges for event in events if event.kind == "fixed")
