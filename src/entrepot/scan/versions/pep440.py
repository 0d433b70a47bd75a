"""Python's order: PEP 440 (the version specifiers specification), and setuptools' old one for what is none of it.

All legacy versions come before all others, as pkg_resources had it.
"""

import re
from typing import Final

from packaging.version import InvalidVersion, Version

from entrepot.scan.versions.text import Key, checked

NAME: Final = "pep440"

_BEFORE: Final = {"a": 1, "b": 2, "rc": 3}
_NONE_BEFORE: Final = (4, 0)
_ONLY_DEV: Final = (0, 0)

_LEGACY: Final = re.compile(r"([0-9]+|[a-z]+|\.|-)")
_SPELLINGS: Final = {"pre": "c", "preview": "c", "-": "final-", "rc": "c", "dev": "@"}


def key(version: str) -> Key:
    """One tuple: the epoch, the release without the zeros at its end, and what stands behind it."""
    text = checked(version, NAME)
    try:
        return _key(Version(text)) if text.isascii() else _legacy(text)
    except InvalidVersion:
        return _legacy(text)


def _key(version: Version) -> Key:
    release = version.release
    while release and not release[-1]:
        release = release[:-1]
    pre, post, dev = version.pre, version.post, version.dev
    if pre is not None:
        before: tuple[int, int] = (_BEFORE[pre[0]], pre[1])
    else:
        before = _ONLY_DEV if post is None and dev is not None else _NONE_BEFORE
    final = 1 if dev is None else 0
    return (version.epoch, release, *before, -1 if post is None else post, final, dev or 0, *_local(version.local))


def _local(local: str | None) -> tuple[int | str, ...]:
    flat: list[int | str] = []
    for each in local.split(".") if local else ():
        flat += (1, int(each)) if each.isdigit() else (0, each)
    return tuple(flat)


def _legacy(text: str) -> Key:
    parts: list[str] = []
    for part in [*map(_spelled, _LEGACY.split(text.lower())), "*final"]:
        if not part:
            continue
        if part[0] == "*":
            while part < "*final" and parts and parts[-1] == "*final-":
                parts.pop()
            while parts and parts[-1] == "00000000":
                parts.pop()
        parts.append(part)
    return (-1, *parts)


def _spelled(part: str) -> str:
    part = _SPELLINGS.get(part, part)
    if not part or part == ".":
        return ""
    return part.zfill(8) if "0" <= part[0] <= "9" else f"*{part}"
