"""Where is told of a vulnerability: the distribution's own page of a CVE, else the National Vulnerability Database."""

from typing import Final

_NIST: Final = "https://nvd.nist.gov/vuln/detail/{}"
_GITHUB: Final = "https://github.com/advisories/{}"
_OSV: Final = "https://osv.dev/vulnerability/{}"
_DISTRIBUTIONS: Final = {
    "Debian": "https://security-tracker.debian.org/tracker/{}",
    "Ubuntu": "https://ubuntu.com/security/{}",
    "Alpine": "https://security.alpinelinux.org/vuln/{}",
    "Red Hat": "https://access.redhat.com/security/cve/{}",
    "Amazon Linux": "https://explore.alas.aws.amazon.com/{}.html",
    "Oracle Linux": "https://linux.oracle.com/cve/{}.html",
    "SUSE": "https://www.suse.com/security/cve/{}.html",
    "openSUSE": "https://www.suse.com/security/cve/{}.html",
}


def of_cve(name: str, ecosystem: str) -> str:
    """The page about a CVE of a package of an ecosystem."""
    return _DISTRIBUTIONS.get(ecosystem.partition(":")[0], _NIST).format(name)


def tracker(name: str, ecosystem: str) -> str:
    """The page about a vulnerability, whatever it is called."""
    if name.startswith("CVE-"):
        return of_cve(name, ecosystem)
    return (_GITHUB if name.startswith("GHSA-") else _OSV).format(name)
