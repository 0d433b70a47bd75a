"""The security tracker of Debian -> advisories: what is open, what is mended, what will not be, and how urgent it is.

https://security-tracker.debian.org/tracker/data/json ; releases by code name, of which the numbers stand here.
"""

from collections.abc import Iterator
from typing import Final

import msgspec

from entrepot.errors.scanning import AdvisoryMalformed
from entrepot.scan.advisories import Advisory, Affected, Event, Severity, State
from entrepot.scan.osv_names import CVE

_SOURCE: Final = "Debian tracker"
_NUMBERS: Final = {
    "wheezy": "7",
    "jessie": "8",
    "stretch": "9",
    "buster": "10",
    "bullseye": "11",
    "bookworm": "12",
    "trixie": "13",
    "forky": "14",
    "duke": "15",
}
_REASONS: Final[dict[str, State]] = {"ignored": "will_not_fix", "postponed": "deferred"}
_SINCE: Final = Event("introduced", "0")


class _Release(msgspec.Struct):
    status: str = ""
    fixed_version: str | None = None
    urgency: str | None = None
    nodsa: str | None = None
    nodsa_reason: str | None = None


class _Issue(msgspec.Struct):
    releases: dict[str, _Release] | None = None
    description: str | None = None


_PACKAGES: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ISSUES: Final = msgspec.json.Decoder(dict[str, _Issue])


def advisories(document: bytes) -> Iterator[Advisory]:
    """One for each vulnerability and source package: AdvisoryMalformed, also while they are read."""
    try:
        for package, told in _PACKAGES.decode(document).items():
            for name, issue in _ISSUES.decode(told).items():
                affected = tuple(_rows(package, issue))
                if affected:
                    yield _advisory(package, name, issue, affected)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as fault:
        raise AdvisoryMalformed(reason=fault) from None


def _advisory(package: str, name: str, issue: _Issue, affected: tuple[Affected, ...]) -> Advisory:
    return Advisory(
        id=f"DEBIAN-{name}:{package}",
        source=_SOURCE,
        modified=0,
        vulnerabilities=(name,),
        details=issue.description or "",
        references=(f"https://security-tracker.debian.org/tracker/{name}",) if CVE.fullmatch(name) else (),
        affected=affected,
    )


def _rows(package: str, issue: _Issue) -> Iterator[Affected]:
    for codename, release in (issue.releases or {}).items():
        number = _NUMBERS.get(codename)
        if number is None or release.status not in {"open", "resolved"} or release.fixed_version == "0":
            continue  # "0": it never was affected; undetermined ones are told of when somebody has looked
        fixed = release.fixed_version if release.status == "resolved" else None
        if release.status == "resolved" and not fixed:
            continue
        urgency = (release.urgency or "").rstrip("*")
        yield Affected(
            ecosystem=f"Debian:{number}",
            name=package,
            ranges=((_SINCE, *([Event("fixed", fixed)] if fixed else [])),),
            severities=(Severity("Debian", urgency[:64]),)
            if urgency not in {"", "not yet assigned", "end-of-life"}
            else (),
            state="" if fixed else _state(release),
        )


def _state(release: _Release) -> State:
    if release.urgency == "end-of-life":
        return "end_of_life"
    return _REASONS.get(release.nodsa_reason or "", "deferred" if release.nodsa is not None else "affected")
