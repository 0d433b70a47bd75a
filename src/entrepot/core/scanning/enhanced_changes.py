"""What a scan changes of the findings of an image: which open, change and close. The same result changes nothing."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from entrepot.core.scanning.enhanced_findings import Found, finding_id, unpacked
from entrepot.core.scanning.suppressions import Decide, nothing
from entrepot.db import inspector_findings
from entrepot.db.database import Transaction
from entrepot.db.inspector_findings import Brief, Said, said, said_by
from entrepot.db.inspector_records import FindingRecord, ImageKey
from entrepot.spec.repository import RepositoryKey

ACTIVE, SUPPRESSED, CLOSED = "ACTIVE", "SUPPRESSED", "CLOSED"
_STANDS = (ACTIVE, "", "")  # status, by what it is suppressed and why: of one that counts
Stands = tuple[str, str, str, bytes]  # severity, status, by what it is suppressed, body: of a finding as it stands


class Of(NamedTuple):
    """The image that findings are of, and the moment at which it was seen so."""

    repository: RepositoryKey
    image: ImageKey
    at: datetime


@dataclass(frozen=True, slots=True)
class Changes:
    """`told` are written and told of, `quiet` written only: how probable an exploit is changes every day."""

    told: Sequence[FindingRecord]
    quiet: Sequence[FindingRecord] = ()

    @property
    def any(self) -> bool:
        """Whether there are some."""
        return bool(self.told or self.quiet)


def result_of(found: Sequence[Found]) -> str:
    """A hash of what was found, which two scans of the same content have alike."""
    facts = b"".join(dict.fromkeys(each.facts for each in found))
    return hashlib.blake2b(facts + b"".join([each.stamp for each in found]), digest_size=16).hexdigest()


def compared(
    tx: Transaction,
    of: Of,
    found: Sequence[Found],
    decide: Decide,
    concerned: Collection[str] | None = None,
    known: Sequence[Brief] | None = None,
) -> tuple[Changes, Mapping[str, Stands]]:
    """What to write of those of an image's findings that are concerned (None: of all of them), and how every finding
    stands then, by vulnerability. Most say what they said: where nobody suppresses any, no record is made of them.
    `known` are the rows of all findings, where they have been read and nobody has written any since.
    """
    rows = inspector_findings.briefly(tx, of.image) if known is None else known
    before, new = unlike(rows, found, concerned, asked=decide is not nothing)
    changed = changes(of, inspector_findings.those(tx, of.image, before), new, decide)
    stands = {row.vulnerability: (row.severity, row.status, row.suppressed_by, row.body) for row in rows}
    for each in (*changed.told, *changed.quiet):
        stands[each.vulnerability] = (each.severity, each.status, each.suppressed_by, each.body)
    return changed, stands


def unlike(
    rows: Sequence[Brief], found: Sequence[Found], concerned: Collection[str] | None, *, asked: bool = False
) -> tuple[list[Brief], list[Found]]:
    """Rows that do not say what was found, of those that are concerned, and what was found that no row says so;
    `asked`: of each finding somebody has to be asked.
    """
    wanted = {each.vulnerability: each for each in found}
    before: list[Brief] = []
    for row in rows:
        if concerned is not None and row.vulnerability not in concerned:
            continue
        new = wanted.get(row.vulnerability)
        if not asked and new is not None and row.status == ACTIVE and said_by(row) == _said(new):
            del wanted[row.vulnerability]
        elif new is not None or row.status != CLOSED:
            before.append(row)
    return before, list(wanted.values())


def _said(found: Found) -> Said:
    return said(found.severity, found.score, found.epss, found.fix_available, found.exploit_available, found.body)


def changes(of: Of, before: Sequence[FindingRecord], found: Sequence[Found], decide: Decide) -> Changes:
    """What to write, of findings that there are (closed ones too) and those that were found now."""
    known = {each.vulnerability: each for each in before}
    told, quiet = [], []
    for each in found:
        old = known.pop(each.vulnerability, None)
        new = decided(_record(of, each, old), decide)
        if old is None or old.closed_at is not None or _differs(old, new):
            told.append(new if new.updated_at == of.at else replace(new, updated_at=of.at))
        elif old.epss != new.epss:
            quiet.append(new)
    told += [closed(each, of.at) for each in known.values() if each.closed_at is None]
    return Changes(told, quiet)


def decided(record: FindingRecord, decide: Decide) -> FindingRecord:
    """An open finding with the status that it has by who suppresses findings."""
    if decide is nothing and _standing(record) == _STANDS:
        return record
    by = None if decide is nothing else decide(record, unpacked(record.body))
    if by is None:
        return replace(record, status=ACTIVE, suppressed_by="", justification="")
    return replace(record, status=SUPPRESSED, suppressed_by=by.by, justification=by.justification)


def redecided(before: Sequence[FindingRecord], decide: Decide, at: datetime) -> Sequence[FindingRecord]:
    """The open findings whose suppression is another now."""
    new = [(old, decided(old, decide)) for old in before if old.closed_at is None]
    return [replace(now, updated_at=at) for old, now in new if _standing(old) != _standing(now)]


def closed(record: FindingRecord, at: datetime) -> FindingRecord:
    """A finding that was seen no more."""
    return replace(record, status=CLOSED, closed_at=at, updated_at=at, suppressed_by="", justification="")


def _record(of: Of, found: Found, old: FindingRecord | None) -> FindingRecord:
    return FindingRecord(
        id=finding_id(of.image, found.vulnerability, of.at) if old is None else old.id,
        registry=of.repository.registry,
        image=of.image,
        repository_name=of.repository.name,
        vulnerability=found.vulnerability,
        status=ACTIVE,
        severity=found.severity,
        score=found.score,
        epss=found.epss,
        fix_available=found.fix_available,
        exploit_available=found.exploit_available,
        first_observed_at=of.at if old is None else old.first_observed_at,
        updated_at=of.at if old is None else old.updated_at,
        closed_at=None,
        suppressed_by="",
        justification="",
        body=found.body,
        title=found.title,
        vendor_severity=found.vendor_severity,
        source=found.source,
        pushed_at=found.pushed_at,
    )


def _differs(old: FindingRecord, new: FindingRecord) -> bool:
    return _content(old) != _content(new) or _standing(old) != _standing(new)


def _content(of: FindingRecord) -> tuple[object, ...]:
    return of.severity, of.score, of.fix_available, of.exploit_available, of.body


def _standing(of: FindingRecord) -> tuple[str, str, str]:
    return of.status, of.suppressed_by, of.justification
