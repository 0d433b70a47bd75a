"""Programs whose version a small text file beside them tells: Java (the `release` of a JDK), WordPress, Drupal, Erlang,
RabbitMQ.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from entrepot.scan.files import File, Reader
from entrepot.scan.packages import Package

_MOST = 1024 * 1024
_LOOKED_AT = 64 * 1024


@dataclass(frozen=True, slots=True)
class _Text:
    name: str
    ending: str  # of the path
    version: re.Pattern[bytes]


_TEXTS = (
    _Text("java", "/release", re.compile(rb'^JAVA_VERSION="(?P<version>[0-9][0-9A-Za-z._+-]{0,63})"', re.MULTILINE)),
    _Text(
        "wordpress",
        "wp-includes/version.php",
        re.compile(rb"^\$wp_version\s{0,8}=\s{0,8}'(?P<version>[0-9][0-9A-Za-z.-]{0,63})'", re.MULTILINE),
    ),
    _Text(
        "drupal",
        "core/lib/Drupal.php",
        re.compile(rb"^\s{1,16}const VERSION = '(?P<version>[0-9][0-9A-Za-z.-]{0,63})'", re.MULTILINE),
    ),
    _Text("erlang", "/OTP_VERSION", re.compile(rb"\A(?P<version>[0-9][0-9.]{0,31})(?:-rc\d)?\s{0,8}\Z")),
    _Text("rabbitmq", "/ebin/rabbit.app", re.compile(rb'\{vsn,\s{0,64}"(?P<version>[0-9][0-9A-Za-z.+-]{0,63})"\}')),
)


def _wanted(path: str) -> bool:
    return any(text.ending in f"/{path}" and f"/{path}".endswith(text.ending) for text in _TEXTS)


def _read(file: File) -> Iterable[Package]:
    """The program of the file; nothing where the file is of something else, as many are called `release`."""
    if file.size > _MOST:
        return
    data = file.read(_MOST)[:_LOOKED_AT]
    for text in _TEXTS:
        found = text.version.search(data) if f"/{file.path}".endswith(text.ending) else None
        if found:
            yield Package(type="generic", name=text.name, version=found["version"].decode(), path=file.path)


READER = Reader(
    kind="program-text",
    read=_read,
    names=frozenset({"release", "version.php", "Drupal.php", "OTP_VERSION", "rabbit.app"}),
    wants=_wanted,
)
