"""Which findings need not count: what exceptions say of a vulnerability in the packages of an image. Pure.

An acceptance counts whatever else is said, until it expires. Of statements about the same the latest counts: one that
says `affected` or `under_investigation` takes back what was said before (OpenVEX, "Inheritance Flow" and updates).
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Literal

import msgspec

from entrepot.core.scanning.analysis import Finding
from entrepot.core.scanning.configuration import matches
from entrepot.db.exception_records import ExceptionStatus, VulnerabilityException
from entrepot.scan.vex.products import is_digest, means_image, means_package, parsed

ACCEPTED: Literal["accepted"] = "accepted"
SUPPRESSED = "SUPPRESSED"
_SAY_SO = frozenset({"not_affected", "fixed"})
_NEVER = datetime.max.replace(tzinfo=UTC)
_LONGEST = 256  # characters of an attribute


class Part(msgspec.Struct, frozen=True):
    """A package that a finding is about: its URL, '' where that is not known, and its names."""

    url: str
    names: frozenset[str]


class Ruling(msgspec.Struct, frozen=True):
    """Why a finding need not count, who says so, and until when."""

    id: str
    status: ExceptionStatus
    justification: str
    statement: str
    owner: str
    origin: str
    expires_at: datetime | None

    @property
    def reason(self) -> str:
        """In one line."""
        return self.justification or self.statement or self.status


class Rulings:
    """The exceptions that may be about the images of one repository."""

    def __init__(self, held: Iterable[VulnerabilityException], repository: str) -> None:
        self._repository = repository
        self._by_name: dict[str, list[VulnerabilityException]] = {}
        for each in held:
            if describes(each.repository, repository):
                for name in {each.vulnerability, *each.aliases}:
                    self._by_name.setdefault(name, []).append(each)

    def __bool__(self) -> bool:
        return bool(self._by_name)

    def of(self, names: Iterable[str], parts: Sequence[Part], digests: frozenset[str], at: datetime) -> Ruling | None:
        """Why a vulnerability of these packages need not count in the image of these digests (its own, and those of its
        indexes); None when it counts, be it for one package only.
        """
        told = {each.id: each for name in names for each in self._by_name.get(name, ())}
        said = [each for each in told.values() if _holds(each, at) and self._is_about(each, digests)]
        if not said:
            return None
        rulings = [_ruling([each for each in said if _means(each.package, part)]) for part in parts]
        decided = [each for each in rulings if each is not None]
        if not decided or len(decided) < len(rulings):
            return None
        expiries = [each.expires_at for each in decided if each.expires_at is not None]
        return _made(decided[0], min(expiries, default=None))

    def of_finding(self, finding: Finding, digests: frozenset[str], at: datetime) -> Ruling | None:
        """The same of a finding of basic scanning; one of an index says itself in which image it is."""
        if not self._by_name:
            return None
        where = frozenset(value for key, value in finding.attributes if key == "image_digest")
        return self.of((finding.name, *finding.aliases), parts_of(finding), digests | where, at)

    def _is_about(self, said: VulnerabilityException, digests: frozenset[str]) -> bool:
        if not said.digest or said.digest in digests:
            return True
        url = None if is_digest(said.digest) else parsed(said.digest)
        return url is not None and means_image(url, self._repository, digests)


def describes(pattern: str, repository: str) -> bool:
    """Whether an exception's pattern is for a repository: one without `*` for that of this name only."""
    return pattern == repository or ("*" in pattern and matches(pattern, repository))


def parts_of(finding: Finding) -> Sequence[Part]:
    """The packages that a finding of basic scanning is about."""
    source = frozenset(value for key, value in finding.attributes if key == "package_name")
    if not finding.packages:
        return (Part("", source),)
    return [Part(url, source | names_in(url)) for url in finding.packages]


def names_in(text: str) -> frozenset[str]:
    """The names by which a package's URL may be meant: its own, and that of what it was built from."""
    url = parsed(text)
    if url is None:
        return frozenset()
    source = dict(url.qualifiers or {}).get("upstream", "").partition("@")[0]
    return frozenset({url.name, f"{url.namespace}/{url.name}", f"{url.namespace}:{url.name}", source} - {""})


def shown(finding: Finding, why: Ruling | None) -> Finding:
    """A finding with why it need not count, where it need not."""
    if why is None:
        return finding
    told = {
        "status": SUPPRESSED,
        "justification": why.reason,
        "owner": why.owner,
        "expires_at": "" if why.expires_at is None else why.expires_at.isoformat(),
    }
    more = tuple((key, value[:_LONGEST]) for key, value in told.items() if value)
    return msgspec.structs.replace(finding, attributes=(*finding.attributes, *more))


def _holds(said: VulnerabilityException, at: datetime) -> bool:
    return said.expires_at is None or said.expires_at > at


def _ruling(said: Sequence[VulnerabilityException]) -> VulnerabilityException | None:
    """What counts of all that is said of one package; None when the vulnerability does."""
    accepted = [each for each in said if each.status == ACCEPTED]
    if accepted:
        return max(accepted, key=lambda each: (each.expires_at or _NEVER, each.id))
    # of what was said at one moment that which takes back
    last = max(
        said, key=lambda each: (each.said_at, each.status not in _SAY_SO, each.created_at, each.id), default=None
    )
    return last if last is not None and last.status in _SAY_SO else None


def _means(package: str, part: Part) -> bool:
    if not package.startswith("pkg:"):
        return not package or package in part.names
    said, there = parsed(package), parsed(part.url) if part.url else None
    return said is not None and there is not None and means_package(said, there)


def _made(said: VulnerabilityException, until: datetime | None) -> Ruling:
    return Ruling(said.id, said.status, said.justification, said.statement, said.owner, said.origin, until)
