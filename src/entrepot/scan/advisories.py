"""What is known of vulnerable packages, whatever told of it: the OSV schema, with what its sources leave open.

https://ossf.github.io/osv-schema/ ; ecosystems that it lacks (`Amazon Linux:2023`, `Oracle Linux:9`) are named alike.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec

EventKind = Literal["introduced", "fixed", "last_affected", "limit"]
State = Literal["", "affected", "will_not_fix", "deferred", "end_of_life", "under_investigation", "not_affected"]


class Event(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Where a range begins or ends; "0" is before every version."""

    kind: EventKind
    version: str


class Severity(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True, gc=False):
    """How bad it is, as somebody says: `kind` CVSS_V2, CVSS_V3, CVSS_V4 (`value` is a vector) or a word's source
    (`Ubuntu`, `Debian`, …; `value` is the word). `score` of 0.0 to 10.0 where only that is told.
    """

    kind: str
    value: str = ""
    source: str = ""
    score: float = 0.0


class Affected(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True, gc=False):
    """A package of an ecosystem, and which of its versions an advisory is about.

    Each range is its events; a version that stands in `versions` is affected too. `state` says why there is no fix;
    `modularity` is the stream of an rpm module (`nodejs:12`; of one that is not named `*`, scan/rpm_modules.py),
    `arches` those that are affected, all when empty; `repository` of a distribution where it matters (`main`,
    `community`).
    """

    ecosystem: str
    name: str
    ranges: Sequence[Sequence[Event]] = ()
    versions: Sequence[str] = ()
    severities: Sequence[Severity] = ()
    state: State = ""
    modularity: str = ""
    arches: Sequence[str] = ()
    repository: str = ""


class Advisory(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True, gc=False):
    """What one source says of one vulnerability, or of several at once. Moments in microseconds, 0 where not told.

    `vulnerabilities` are the names of what it is about (CVEs where there are some), else it is its own name: two
    advisories are about the same only if these are the same, never because their aliases meet.
    """

    id: str
    source: str  # the feed: `Debian`, `Go`, `Amazon Linux`
    modified: int
    published: int = 0
    withdrawn: int = 0
    vulnerabilities: Sequence[str] = ()
    aliases: Sequence[str] = ()
    related: Sequence[str] = ()
    summary: str = ""
    details: str = ""
    severities: Sequence[Severity] = ()
    references: Sequence[str] = ()
    affected: Sequence[Affected] = ()
    cwes: Sequence[str] = ()  # what kind of weakness it is, `CWE-79`
