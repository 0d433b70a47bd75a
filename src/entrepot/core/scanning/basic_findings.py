"""Matches as ECR's basic scanning shows them: a finding for each vulnerability of a source package."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from entrepot.core.scanning.analysis import SEVERITIES, SUCCESS, Finding
from entrepot.core.scanning.outlines import Outline
from entrepot.core.scanning.trackers import of_cve
from entrepot.core.vulnerabilities.known import Known
from entrepot.scan.advisories import Advisory
from entrepot.scan.end_of_life import Supported
from entrepot.scan.matching import Match, Told
from entrepot.scan.merging import Image
from entrepot.scan.packages import Package, Release
from entrepot.scan.purl import purl
from entrepot.scan.severities import Assessment, assess
from entrepot.spec.moments import micros, moment

_SYSTEM = frozenset({"deb", "apk", "rpm"})
_LONGEST = 4000  # characters of a description
_STALE = timedelta(hours=72)
_UNASKED = "its advisories do not tell of them, and they were not looked at"
# the products of endoflife.date, and how many numbers of a version its releases have
_PRODUCTS = {
    "almalinux": ("almalinux", 1),
    "alpine": ("alpine-linux", 2),
    "amzn": ("amazon-linux", 1),
    "debian": ("debian", 1),
    "ol": ("oracle-linux", 1),
    "photon": ("photon", 2),
    "rhel": ("rhel", 1),
    "rocky": ("rocky-linux", 1),
    "sles": ("sles", 2),
    "ubuntu": ("ubuntu", 2),
}


def of_system(image: Image) -> Image:
    """The packages of the operating system alone: all that basic scanning looks at."""
    return msgspec.structs.replace(image, packages=[each for each in image.packages if each.package.type in _SYSTEM])


def unknown(of: Outline, known: Known) -> str:
    """The ecosystem of the system's packages, if nothing is known of any of them; else empty."""
    return "" if any(map(known.tells_of, of.ecosystems)) else ", ".join(of.ecosystems[:1])


def findings(found: Iterable[Match], known: Known, release: Release | None) -> list[Finding]:
    """One for each vulnerability of a source package in a version, the worst first."""
    together: dict[tuple[str, str, str], list[Match]] = {}
    for match in found:
        package = match.located.package
        name, version = package.source_name or package.name, package.source_version or package.version
        together.setdefault((match.vulnerability, name, version), []).append(match)
    wholes: dict[int, Advisory | None] = {}
    urls: dict[Package, str] = {}
    made = []
    for key, matches in together.items():
        packages = {match.located.package for match in matches}
        named = sorted({urls.get(each) or urls.setdefault(each, purl(each, release)) for each in packages})
        found_here = _finding(*key, matches, known, wholes)
        made.append(msgspec.structs.replace(found_here, packages=tuple(named), aliases=_aliases(key[0], matches)))
    return sorted(made, key=lambda each: (SEVERITIES.index(each.severity), each.name, each.attributes))


def _finding(
    name: str, package: str, version: str, found: Sequence[Match], known: Known, wholes: dict[int, Advisory | None]
) -> Finding:
    told, assessed = min(
        ((each, assess(each.advisory, each.affected)) for match in found for each in match.told),
        key=lambda each: SEVERITIES.index(each[1].level),
    )
    if told.number not in wholes:
        wholes[told.number] = known.told(told.number)
    whole = wholes[told.number] or told.advisory
    fixed = next((match.fixed for match in found if match.fixed), "")
    attributes = {"package_name": package, "package_version": version, **_scores(assessed), "fixed_in_version": fixed}
    return Finding(
        name,
        assessed.level,
        (whole.details or whole.summary)[:_LONGEST],
        _uri(name, told, whole.references),
        tuple((key, value) for key, value in attributes.items() if value),
    )


def _aliases(name: str, found: Sequence[Match]) -> tuple[str, ...]:
    """What those call it who tell of it alone."""
    alone = [
        each.advisory for match in found for each in match.told if tuple(each.advisory.vulnerabilities) in ((), (name,))
    ]
    return tuple(sorted({alias for each in alone for alias in (each.id, *each.aliases)} - {name}))


def _scores(assessed: Assessment) -> Mapping[str, str]:
    if not assessed.score:
        return {}
    kind = f"CVSS{assessed.version[:1] or '3'}"
    return {f"{kind}_SCORE": f"{assessed.score:.1f}", f"{kind}_VECTOR": assessed.vector}


def _uri(name: str, told: Told, references: Sequence[str]) -> str:
    """Where the distribution tells of a CVE, else NIST; of what is no CVE, what the advisory itself refers to first."""
    if not name.startswith("CVE-"):
        return next(iter(references), "")
    return of_cve(name, told.affected.ecosystem)


# ---------------------------------------------------------------- what is said of the scan as a whole
def notes(of: Outline, known: Known, now: datetime) -> str:
    """The description of a scan that is complete: that it is, and what its reader should know."""
    said = [SUCCESS]
    until = told_until(of, known)
    if until is not None and now - until > _STALE:
        said.append(f"Its advisories are of {until:%Y-%m-%d}.")
    ended = _ended(of.release, known, now)
    if ended:
        said.append(ended)
    if of.foreign:
        said.append(f"{of.foreign} packages are not the system's own, among them {of.first_foreign}: {_UNASKED}.")
    if of.first_unread is not None:
        said.append(f"{of.unread} files could not be read, among them {of.first_unread.path}.")
    return " ".join(said)


def told_until(of: Outline, known: Known) -> datetime | None:
    """Until when the system's advisories go, by what they say of themselves; None where there are none."""
    names = {each.partition(":")[0] for each in of.ecosystems}
    moments = [each.updated_at or each.imported_at for each in known.sources() if each.name.partition(" (")[0] in names]
    return moment(max(moments)) if moments else None


def _ended(release: Release | None, known: Known, now: datetime) -> str:
    """That nobody mends the release any more, where that is known."""
    product, numbers = _PRODUCTS.get(release.id if release else "", ("", 0))
    if release is None or not product:
        return ""
    name = ".".join(release.version.split(".")[:numbers])
    supported = known.releases(product).get(name)
    if supported is None or not _is_over(supported, now):
        return ""
    day = f" on {moment(supported.until).astimezone(UTC):%Y-%m-%d}" if supported.until else ""
    return (
        f"The support of {release.name or release.id} ended{day}: vulnerabilities that were found since may be missing."
    )


def _is_over(supported: Supported, now: datetime) -> bool:
    return supported.ended or bool(supported.until and supported.until < micros(now))
