"""What a record of the OSV schema is about: names of vulnerabilities, streams of modules, and who is a distribution.

https://ossf.github.io/osv-schema/ (aliases, related, upstream), and how the kin of Red Hat write theirs.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final, Literal

Kind = Literal["vulnerability", "malicious", "update", "unplaced"]

CVE: Final = re.compile(r"CVE-\d{4}-\d{4,}")
_DISTRIBUTIONS: Final = frozenset(
    {"AlmaLinux", "Alpaquita", "Alpine", "Amazon Linux", "Azure Linux", "BellSoft Hardened Containers", "Chainguard"}
    | {"CleanStart", "Debian", "Docker Hardened Images", "Echo", "Mageia", "MinimOS", "openEuler", "openSUSE"}
    | {"Oracle Linux", "Photon OS", "Red Hat", "Rocky Linux", "SUSE", "Ubuntu", "Wolfi"}
)
# notices of distributions that mend or add, and are about a vulnerability only if they name one
_UPDATES: Final = re.compile(r"(?:AL|RL|RH|EL|RX)(?:BA|EA)-|SUSE-(?:RU|OU|FU)-|openSUSE-(?:RU|OU|FU)-|MGAA-")
_STREAM: Final = re.compile(r"(?<![\w.+-])([A-Za-z0-9_.+-]+):([A-Za-z0-9_.+-]+)")


def root(ecosystem: str) -> str:
    """An ecosystem without its release."""
    return ecosystem.partition(":")[0]


def is_distribution(ecosystem: str) -> bool:
    """Whether an ecosystem is an operating system's."""
    return root(ecosystem) in _DISTRIBUTIONS


def subjects(
    name: str, ecosystems: Sequence[str], upstream: Sequence[str], related: Sequence[str], aliases: Sequence[str]
) -> Sequence[str]:
    """The vulnerabilities that a record is about: CVEs where there are some, else the name most know, else its own.

    A distribution's notice is about several at once, which it names as upstream, related or aliases; of other records
    only the aliases are names of the same.
    """
    own = CVE.search(name)
    if own is not None:
        return (own[0],)
    notice = any(map(is_distribution, ecosystems))
    for names in (upstream, related, aliases) if notice else (aliases, upstream):
        if found := _cves(names):
            return found
    advisories = tuple(each for each in aliases if each.startswith("GHSA-"))
    return advisories if advisories and not notice else (name,)


def kind(name: str, about: Sequence[str], *, placed: bool) -> Kind:
    """What a record is: a vulnerability, or what no finding is made of: a package that was malicious from its first
    day, an update that mends nothing of security, or what names no package (`placed` is whether it does).
    """
    if name.startswith("MAL-"):
        return "malicious"
    if not placed:
        return "unplaced"
    if _UPDATES.match(name) and not any(CVE.match(each) for each in about):
        return "update"
    return "vulnerability"


def streams(summary: str) -> Sequence[str]:
    """The streams of modules (`nodejs:12`) that a summary names, behind the word for how bad it is."""
    first, colon, text = summary.partition(": ")
    named = _STREAM.findall(text if colon and " " not in first else summary)
    return tuple(dict.fromkeys(":".join(each) for each in named))


def _cves(names: Iterable[str]) -> Sequence[str]:
    return tuple(dict.fromkeys(found[0] for name in names if (found := CVE.search(name))))
