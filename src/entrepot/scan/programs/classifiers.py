"""Programs and libraries that official images build by hand, known by their names and by a text with their version.

Each text is looked for by something literal that is in it, and only around that by its pattern: bounded, whatever the
file holds. `<series>` is what the name of the file says of the version (`3.11` of python3.11).
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from entrepot.scan.packages import Package
from entrepot.scan.programs.windows import Window, places

_BEFORE, _BEHIND = 128, 256  # bytes around the literal
_MOST_TRIES = 10_000


Way = tuple[bytes, bytes]  # what is literally there, and the pattern around it with its group `version`


@dataclass(frozen=True, slots=True)
class Classifier:
    """How to know one program: the first text counts."""

    name: str
    files: re.Pattern[str]  # of base names
    ways: Sequence[tuple[bytes, re.Pattern[bytes]]]


def _classifier(name: str, files: str, *ways: Way) -> Classifier:
    return Classifier(name, re.compile(files), [(literal, re.compile(text)) for literal, text in ways])


_NUMBER = rb"(?P<version>\d{1,3}\.\d{1,3}\.\d{1,3})"
# version, host and second of the build, then how many files differ from the commit, and the commit: zeros of an archive
_REDIS_BUILD = (
    rb"(?<![\d.])(?P<version>\d{1,2}\.\d{1,2}\.\d{1,3}?)(?:[0-9a-f]{12}|[A-Za-z][\w.-]{0,63}?)"
    rb"-1\d{9}\d{1,6}[0-9a-f]{8}\0"
)
_REDIS_HOSTLESS_BUILD = rb"(?<![\d.])(?P<version>\d{1,2}\.\d{1,2}\.\d{1,3}?)1\d{9}0{9}\0"
_OPENSSL = (
    rb"OpenSSL (?P<version>\d\.\d\.\d{1,3}[a-z]{0,2}(?:-(?:alpha|beta|pre)\d{1,2})?)"
    rb"(?:-[a-z]{1,12})? {1,2}\d{1,2} [A-Z]"  # the day of the release
)
_PYTHON_FILES = r"(?:lib)?python(?P<series>[23]\.\d{1,2})[a-z]{0,2}(?:\.so(?:\.\d+){0,3})?"

CLASSIFIERS = (
    # the text may be the end of a longer one, `/opt/python/3.11.7`: linkers merge them
    _classifier(
        "python",
        _PYTHON_FILES,
        (b"<series>.", rb"(?<![\d.])(?P<version>\d\.\d{1,2}\.\d{1,3}(?:(?:a|b|rc)\d{1,2})?)\+?\0"),
    ),
    _classifier(
        "node",
        r"node(?:js)?|libnode\.so(?:\.\d+)?",
        (b"node.js/v", rb"node\.js/v" + _NUMBER),
        (b"node v", rb"\0node v(?P<version>[0-6]\.\d{1,3}\.\d{1,3})\0"),
    ),
    _classifier("nginx", r"nginx(?:-debug)?", (b"nginx version: nginx/", rb"nginx version: nginx/" + _NUMBER)),
    _classifier(
        "openresty",
        r"nginx|openresty",
        (b"nginx version: openresty/", rb"openresty/(?P<version>\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})"),
    ),
    _classifier("apache", r"httpd|apache2", (b"Apache/", rb"Apache/" + _NUMBER)),
    _classifier(
        "redis",
        r"redis-server|redis-check-(?:rdb|aof)",
        (b"-builtin\0", rb"\0" + _NUMBER + rb"\0{1,8}(?:c11|atomic|sync)-builtin\0"),
        (b"-1", _REDIS_BUILD),
        (b"0" * 9, _REDIS_HOSTLESS_BUILD),
        (b"Redis version ", rb"Redis version " + _NUMBER),
    ),
    _classifier(
        "valkey",
        r"valkey-server|valkey-check-(?:rdb|aof)",
        (b"-1", _REDIS_BUILD),
        (b"0" * 9, _REDIS_HOSTLESS_BUILD),
    ),
    _classifier(
        "postgresql",
        r"postgres",
        (b"(PostgreSQL) ", rb"\(PostgreSQL\) (?P<version>\d{1,2}(?:\.\d{1,2}){1,2}|\d{1,2}(?:alpha|beta|rc)\d)"),
    ),
    _classifier(
        "mysql",
        r"mysqld?|mysqld-debug",
        (b"/mysql-", rb"/mysql-" + _NUMBER + rb"(?:-[a-z0-9]{1,12})?/"),
        (b"/percona-server-", rb"/percona-server-" + _NUMBER),
    ),
    _classifier(
        "mariadb",
        r"mariadbd?|mysqld?",
        (b"-MariaDB", rb"(?<![\d.])(?P<version>(?:5|1\d)\.\d{1,2}\.\d{1,3})-MariaDB"),
    ),
    _classifier(
        "openssl",
        r"openssl|libcrypto\.so(?:\.\d+){0,3}",
        (b"OpenSSL ", _OPENSSL),
    ),
    _classifier(
        "php",
        r"(?:lib)?php(?:-fpm|-cgi|dbg)?\d?(?:\.\d{1,2})?(?:\.so)?",
        (b"X-Powered-By: PHP/", rb"PHP/(?P<version>\d\.\d{1,2}\.\d{1,3}(?:(?:alpha|beta|RC)\d)?)"),
    ),
    _classifier(
        "haproxy",
        r"haproxy",
        (
            b", released 20",
            rb"version (?P<version>\d\.\d{1,2}(?:\.|-dev|-rc)\d{1,3})[\w.+~-]{0,64}, released 20\d\d/",
        ),
    ),
    _classifier("busybox", r"busybox(?:\.\w+)?", (b"BusyBox v", rb"BusyBox v" + _NUMBER)),
    _classifier("memcached", r"memcached", (b"memcached ", rb"memcached " + _NUMBER)),
    _classifier(
        "ruby",
        r"ruby(?:\d\.\d)?|libruby(?:-\d\.\d)?\.so(?:\.\d+){1,3}",
        (b"ruby ", rb"ruby " + _NUMBER + rb"(?:p\d{1,5}|preview\d|rc\d|dev)? \(20\d\d-"),
    ),
    _classifier(
        "perl",
        r"perl(?:5\.\d+\.\d+)?|libperl\.so(?:\.\d+){0,3}",
        (b"\0v5.", rb"\0v(?P<version>5\.\d{1,2}\.\d{1,2})\0"),
    ),
    _classifier("bash", r"bash", (b"Bash version ", rb"@\(#\)Bash version " + _NUMBER)),
    _classifier("curl", r"curl|libcurl\.so(?:\.\d+){0,3}", (b"curl/", rb"\0(?:lib)?curl/" + _NUMBER)),
    _classifier("lighttpd", r"lighttpd", (b"lighttpd/", rb"lighttpd/" + _NUMBER)),
    _classifier("pgbouncer", r"pgbouncer", (b"PgBouncer ", rb"PgBouncer " + _NUMBER)),
)


class Classified:
    """The search for the version of a file whose name is that of a classifier: the first text that has one."""

    def __init__(self, classifier: Classifier, series: str) -> None:
        self.done = False
        self._name = classifier.name
        self._series = f"{series}." if series else ""
        self._ways = [(literal.replace(b"<series>", series.encode()), text) for literal, text in classifier.ways]
        self._version = ""
        self._tries = 0

    def see(self, window: Window) -> None:
        """Look around each place of a literal."""
        for literal, text in self._ways:
            for at in places(window, literal):
                self._tries += 1
                if self._tries > _MOST_TRIES:
                    return
                found = text.search(window.data, max(0, at - _BEFORE), at + _BEHIND)
                version = found["version"].decode() if found else ""
                if version and version.startswith(self._series):
                    self._version, self.done = version, True
                    return

    def packages(self, path: str) -> Iterable[Package]:
        """The program, if its version is known."""
        return [Package(type="generic", name=self._name, version=self._version, path=path)] * self.done


def searches(base: str) -> Iterator[Classified]:
    """Those that a file of that base name is worth."""
    for classifier in CLASSIFIERS:
        name = classifier.files.fullmatch(base)
        if name:
            yield Classified(classifier, name.groupdict().get("series") or "")


def is_library(path: str) -> bool:
    """Whether it is a library that is looked into, which need not be executable."""
    base = path.rpartition("/")[2]
    return ".so" in base and any(classifier.files.fullmatch(base) for classifier in CLASSIFIERS)
