"""How images stand: what is left of the findings of their last scan when exceptions are taken off.

Written when a scan ends, and anew whenever that is out of date: an exception came, went or expired. Nobody needs to
wait for that: who reads an outdated standing (a pull that must be decided) works it out for itself.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from heapq import nsmallest
from typing import NamedTuple

from entrepot.core.access import Caller
from entrepot.core.changes import Change
from entrepot.core.scanning import findings
from entrepot.core.scanning.analysis import IN_PROGRESS, SEVERITIES, Finding
from entrepot.core.scanning.configuration import ENHANCED
from entrepot.core.scanning.enhanced_rulings import (
    Found,
    Open,
    counting,
    ecr_counts,
    first_package,
    is_filter,
    open_ones,
    to_ecr,
)
from entrepot.core.scanning.places import registry_itself
from entrepot.core.scanning.rulings import Rulings
from entrepot.db import accounts, image_standings, images, repositories, scans, tags, vulnerability_exceptions
from entrepot.db.database import Transaction
from entrepot.db.exception_records import Standing, Worst
from entrepot.db.inspector_records import ImageKey
from entrepot.db.records import Repository
from entrepot.db.scan_records import Scan, ScanKey
from entrepot.spec.digest import Digest

MOST_WORST = 5
_RANKS = {severity: rank for rank, severity in enumerate(SEVERITIES)}
_MOST_PARENTS = 100
_MOST_TAGS = 1000
EVENT = "ECR Image Findings Change"


class Totals(NamedTuple):
    """What counts of findings: how many of each severity, the worst, and until when an exception says so."""

    effective: Mapping[str, int]
    worst: Sequence[Worst]
    until: datetime | None


def rulings(tx: Transaction, repository: Repository, digest: str, at: datetime) -> Rulings:
    """The exceptions that may be about an image."""
    return Rulings(vulnerability_exceptions.about(tx, repository, digest, at), repository.key.name)


def digests_of(tx: Transaction, repository: Repository, digest: str) -> frozenset[str]:
    """Under which digests an exception may name an image: its own, and those of the indexes that name it."""
    return frozenset({digest, *images.parents(tx, repository.id, digest, _MOST_PARENTS)})


def lock(tx: Transaction, repository_id: str) -> Repository | None:
    """A live repository, locked to keep how an image stands: what changes exceptions has committed, or waits until this
    unit has, and then outdates what it wrote. The account comes first, as whoever changes them locks it.
    """
    known = repositories.find_live(tx, repository_id)
    if known is None:
        return None
    accounts.share(tx, known.key.registry.account)
    return repositories.lock_live(tx, repository_id)


def assess(tx: Transaction, repository: Repository, scan: Scan, at: datetime, found: Found = None) -> Standing:
    """How an image stands after a scan that has ended; `found` are its findings, where they are known."""
    excepted = rulings(tx, repository, scan.key.digest, at)
    digests = digests_of(tx, repository, scan.key.digest) if excepted else frozenset[str]()
    if scan.key.type == ENHANCED:
        raw, totals = _totals_of_rows(tx, scan.key, excepted, digests, at, found)
    else:
        raw = dict(scan.severities or {})
        totals = _totals(tx, scan.key, raw, excepted, digests, at)
    return Standing(scan.key, scan.status, scan.description, raw, totals.effective, totals.worst, totals.until)


def present(tx: Transaction, repository: Repository, standing: Standing, at: datetime) -> Standing:
    """The same as it is now, whatever the row says: nothing is written.

    While the image is scanned again there is nothing to take exceptions off from: then everything counts.
    """
    if standing.due_at is None or standing.due_at > at:
        return standing
    scan = scans.find(tx, standing.key)
    if scan is None or scan.status == IN_PROGRESS:
        return replace(standing, effective=standing.raw)
    return assess(tx, repository, scan, at)


def keep(tx: Transaction, repository: Repository, scan: Scan, at: datetime, found: Found = None) -> Standing:
    """Write how an image stands after a scan that has ended."""
    new = assess(tx, repository, scan, at, found)
    image_standings.put(tx, new)
    return new


def renew(tx: Transaction, key: ScanKey, request_id: str, at: datetime) -> bool:
    """Write anew how an image stands that was out of date; True where its findings count otherwise now, which is told.
    `request_id` is a UUID for what is told.
    """
    repository = lock(tx, key.repository_id)
    old = image_standings.find(tx, key)
    if repository is None or old is None or old.due_at is None or old.due_at > at:
        return False
    new = present(tx, repository, old, at)
    if new.due_at == old.due_at:  # its scan will say
        return False
    image_standings.put(tx, new)
    if new.effective == old.effective:
        return False
    _tell(tx, registry_itself(repository.key.registry, request_id, at), repository, new)
    return True


def _totals(
    tx: Transaction,
    key: ScanKey,
    raw: Mapping[str, int],
    excepted: Rulings,
    digests: frozenset[str],
    at: datetime,
) -> Totals:
    if not excepted:
        return Totals(raw, [_worst(each) for each in findings.page(tx, key, 0, MOST_WORST)], None)
    counts: Counter[str] = Counter()
    worst: list[Worst] = []
    until: datetime | None = None
    for each in findings.all_of(tx, key):
        why = excepted.of_finding(each, digests, at)
        if why is None:
            counts[each.severity] += 1
            if len(worst) < MOST_WORST:
                worst.append(_worst(each))
        elif why.expires_at is not None:
            until = min(until or why.expires_at, why.expires_at)
    return Totals(findings.ordered(counts), worst, until)


def _totals_of_rows(
    tx: Transaction, key: ScanKey, excepted: Rulings, digests: frozenset[str], at: datetime, known: Found
) -> tuple[Mapping[str, int], Totals]:
    """The same of enhanced scanning, with how many there are in all."""
    image = ImageKey(key.repository_id, key.digest)
    if not excepted:
        return _totals_of_open(open_ones(tx, image, known))
    found = list(counting(tx, image, excepted, digests, at))
    left = [each for each in found if each.counts]
    first = nsmallest(MOST_WORST, left, key=lambda each: (_RANKS[each.severity], each.name))
    worst = [Worst(each.name, each.severity, first_package(each.body)) for each in first]
    until = min((each.until for each in found if each.until is not None), default=None)
    effective = findings.ordered(Counter(each.severity for each in left))
    return findings.ordered(Counter(each.severity for each in found)), Totals(effective, worst, until)


def _totals_of_open(found: Sequence[Open]) -> tuple[Mapping[str, int], Totals]:
    """The same where there are no exceptions: filters alone keep findings from counting."""
    left = [each for each in found if not is_filter(each[2])]
    first = nsmallest(MOST_WORST, left, key=lambda each: (_RANKS[to_ecr(each[1])], each[0]))
    worst = [Worst(name, to_ecr(severity), first_package(body)) for name, severity, _, body in first]
    raw, effective = (ecr_counts(Counter([each[1] for each in some])) for some in (found, left))
    return raw, Totals(effective, worst, None)


def _worst(finding: Finding) -> Worst:
    package = next((value for key, value in finding.attributes if key == "package_name"), "")
    return Worst(finding.name, finding.severity, package)


def _tell(tx: Transaction, caller: Caller, repository: Repository, standing: Standing) -> None:
    digest = standing.key.digest
    change = Change(tx, caller, repository)
    change.event(
        EVENT,
        {
            "repository-name": repository.key.name,
            "image-digest": digest,
            "image-tags": list(tags.of_image(tx, repository.id, Digest(digest), _MOST_TAGS)),
            "finding-severity-counts": standing.raw,
            "effective-finding-severity-counts": standing.effective,
        },
        [repository.key.arn],
    )
    told = {
        "repositoryName": repository.key.name,
        "imageDigest": digest,
        "findingSeverityCounts": standing.raw,
        "effectiveFindingSeverityCounts": standing.effective,
    }
    change.finish("ImageFindingsChangeEvent", told, bump=False)
