"""The updateinfo.xml of Amazon Linux's repositories -> advisories: which version of which package mends what.

https://alas.aws.amazon.com ; the format is that of yum's and dnf's `updateinfo`.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from entrepot.scan.advisories import Advisory, Affected, Event, Severity
from entrepot.scan.osv import moment
from entrepot.scan.osv_names import CVE
from entrepot.scan.xml_elements import Element, elements

_NAME: Final = "Amazon Linux"
_UPDATE: Final = frozenset({"update"})
_BUILT_FOR: Final = re.compile(r"\.amzn(\d+)")
_ID: Final = re.compile(r"ALAS(\d*)")
_SINCE: Final = Event("introduced", "0")


def advisories(document: bytes) -> Iterator[Advisory]:
    """The security updates of a repository: AdvisoryMalformed, also while they are read."""
    for update in elements(document, _UPDATE):
        if update.attributes.get("type", "security") == "security" and update.text_of("id"):
            yield _advisory(update)


def _advisory(update: Element) -> Advisory:
    name = update.text_of("id")
    references = [each.attributes for each in update.every("reference")]
    cves = [found[0] for each in references if (found := CVE.search(each.get("id", "")))]
    affected = _affected(update, name)
    severity = update.text_of("severity")
    return Advisory(
        id=name,
        source=affected[0].ecosystem if affected else _NAME,
        modified=_at(update, "updated") or _at(update, "issued"),
        published=_at(update, "issued"),
        vulnerabilities=tuple(dict.fromkeys(cves)) or (name,),
        related=tuple(dict.fromkeys(cves)),
        summary=update.text_of("title"),
        details=update.text_of("description"),
        severities=(Severity(_NAME, severity[:64]),) if severity else (),
        references=tuple(href for each in references if (href := each.get("href", ""))),
        affected=affected,
    )


def _at(update: Element, name: str) -> int:
    found = update.first(name)
    return 0 if found is None else moment(found.attributes.get("date"))


def _affected(update: Element, name: str) -> Sequence[Affected]:
    """A row for each version that mends a package, with the architectures that have it."""
    arches: dict[tuple[str, str, str], list[str]] = {}
    for package in update.every("package"):
        told = package.attributes
        version, release = told.get("version", ""), told.get("release", "")
        if told.get("name") and version and release:
            epoch = told.get("epoch", "0")
            fixed = f"{version}-{release}" if epoch in {"", "0"} else f"{epoch}:{version}-{release}"
            arches.setdefault((_ecosystem(release, name), told["name"], fixed), []).append(told.get("arch", ""))
    return tuple(
        Affected(
            ecosystem=ecosystem,
            name=package,
            ranges=((_SINCE, Event("fixed", fixed)),),
            arches=tuple(sorted({each for each in some if each})),
        )
        for (ecosystem, package, fixed), some in arches.items()
    )


def _ecosystem(release: str, name: str) -> str:
    """By what the package was built for, else by the name: ALAS2023-2024-001, ALAS2-2018-939, ALAS-2011-1."""
    built, named = _BUILT_FOR.search(release), _ID.match(name)
    number = built[1] if built else named[1] if named else ""
    return f"{_NAME}:{number or '1'}"
