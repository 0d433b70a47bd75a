"""Oracle Linux's OVAL -> advisories: a definition of class `patch` says which versions of which packages mend it.

https://linux.oracle.com/security/ ; what it asks of a system stands in the comments of its criteria. Packages of
Ksplice and of the FIPS variants, which stand beside the ordinary ones, are left out.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from entrepot.scan.advisories import Advisory, Affected, Event, Severity
from entrepot.scan.osv import moment
from entrepot.scan.osv_names import CVE
from entrepot.scan.xml_elements import Element, elements

_NAME: Final = "Oracle Linux"
_DEFINITION: Final = frozenset({"definition"})
_RELEASE: Final = re.compile(r"Oracle Linux (\d+) is installed")
_ARCH: Final = re.compile(r"Oracle Linux arch is (\S+)")
_MODULE: Final = re.compile(r"Module (\S+) is enabled")
_EARLIER: Final = re.compile(r"(\S+) is earlier than (\S+)")
_KSPLICE: Final = re.compile(r"is ksplice-based")
_APART: Final = re.compile(r"ksplice|_fips$")
_ERRATUM: Final = re.compile(r"EL[A-Z]A-\d{4}-\d+")
_SINCE: Final = Event("introduced", "0")


@dataclass(frozen=True, slots=True)
class _Under:
    """Under which conditions a criterion stands."""

    release: str = ""
    arch: str = ""
    module: str = ""

    def and_all(self, comments: Sequence[str]) -> "_Under":
        """With the conditions that stand beside it."""
        return _Under(
            _captured(_RELEASE, comments) or self.release,
            _captured(_ARCH, comments) or self.arch,
            _captured(_MODULE, comments) or self.module,
        )


@dataclass(slots=True)
class _Found:
    """Architectures by (release, package, version, module)."""

    arches: dict[tuple[str, str, str, str], set[str]] = field(default_factory=dict)

    def take(self, criteria: Element, under: _Under) -> None:
        """What the criteria ask, each alternative under the conditions of those above it."""
        comments = [each.attributes.get("comment", "") for each in criteria.children if each.name == "criterion"]
        if any(_KSPLICE.search(comment) for comment in comments):
            return
        under = under.and_all(comments)
        for found in filter(None, map(_EARLIER.fullmatch, comments)):
            if not _APART.search(found[2]):
                version = found[2].removeprefix("0:")
                self.arches.setdefault((under.release, found[1], version, under.module), set()).add(under.arch)
        for each in criteria.children:
            if each.name == "criteria":
                self.take(each, under)


def _captured(pattern: re.Pattern[str], comments: Sequence[str]) -> str:
    return next((found[1] for comment in comments if (found := pattern.fullmatch(comment))), "")


def advisories(document: bytes) -> Iterator[Advisory]:
    """The errata of a file: AdvisoryMalformed, also while they are read."""
    for definition in elements(document, _DEFINITION):
        metadata, criteria = definition.first("metadata"), definition.first("criteria")
        if definition.attributes.get("class") == "patch" and metadata is not None and criteria is not None:
            yield from _advisory(metadata, criteria)


def _advisory(metadata: Element, criteria: Element) -> Iterator[Advisory]:
    title = " ".join(metadata.text_of("title").split())
    references = [each.attributes for each in metadata.children if each.name == "reference"]
    names = (each.get("ref_id", "") for each in references)
    name = next((each for each in names if _ERRATUM.fullmatch(each)), "")
    if not name:
        return
    cves = [each for each in metadata.every("cve") if CVE.fullmatch(each.text.strip())]
    issued = next((moment(each.attributes.get("date")) for each in metadata.every("issued")), 0)
    found = _Found()
    found.take(criteria, _Under())
    about = tuple(dict.fromkeys(each.text.strip() for each in cves))
    yield Advisory(
        id=name,
        source=_NAME,
        modified=issued,
        published=issued,
        vulnerabilities=about or (name,),
        related=about,
        summary=title.removeprefix(f"{name}:").strip(),
        details=metadata.text_of("description"),
        severities=tuple(_severities(metadata, cves)),
        references=tuple(url for each in references if (url := each.get("ref_url", ""))),
        affected=_affected(found),
    )


def _severities(metadata: Element, cves: Sequence[Element]) -> Iterator[Severity]:
    """The word of the erratum, and the vector of its vulnerability where that is the only one."""
    word = next((each.text.strip() for each in metadata.every("severity")), "")
    if word:
        yield Severity(_NAME, word[:64])
    if len(cves) == 1:
        _, slash, vector = cves[0].attributes.get("cvss3", "").partition("/")
        if slash:
            yield Severity("CVSS_V3", vector[:1024])


def _affected(found: _Found) -> Sequence[Affected]:
    return tuple(
        Affected(
            ecosystem=f"{_NAME}:{release}",
            name=name,
            ranges=((_SINCE, Event("fixed", version)),),
            modularity=module,
            arches=tuple(sorted(each for each in arches if each)),
        )
        for (release, name, version, module), arches in found.arches.items()
        if release
    )
