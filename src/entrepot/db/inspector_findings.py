"""Rows of `inspector_finding`: of an image for its scans and its listing, of a registry for Inspector's."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple, cast

from sqlalchemy import Select, and_, bindparam, delete, func, select, text, update

from entrepot.db.database import Reader, Row, Transaction
from entrepot.db.inspector_records import FindingRecord, ImageKey
from entrepot.db.inspector_schema import inspector_finding as finding
from entrepot.db.scan_schema import image_scan
from entrepot.spec.moments import micros, micros_or_none, moment, moment_or_none
from entrepot.spec.repository import RegistryKey

Said = tuple[str, int, int, str, str, bytes]  # severity, score, EPSS, fix, exploit, body, as columns have them


class Brief(NamedTuple):
    """A finding as its row has it, for who compares: those of an image are many, and few become records."""

    id: str
    vulnerability: str
    status: str
    severity: str
    score: int
    epss: int
    fix_available: str
    exploit_available: str
    body: bytes
    suppressed_by: str
    title: str


SEVERITIES: Final = ("UNTRIAGED", "INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL")  # the least bad first
_FEW: Final = 20  # rows that are looked up one by one
_TENTHS: Final = 10
_MILLIONTHS: Final = 1_000_000
_IMAGE = (finding.c.repository_id == bindparam("of")) & (finding.c.digest == bindparam("image"))
_REGISTRY = (finding.c.account_id == bindparam("account")) & (finding.c.region == bindparam("in_region"))


def _whole() -> Select[Any]:
    """Findings, each with when its image was last scanned."""
    scanned = and_(
        image_scan.c.repository_id == finding.c.repository_id,
        image_scan.c.digest == finding.c.digest,
        image_scan.c.type == "ENHANCED",
    )
    return select(finding, image_scan.c.completed_at.label("observed_at")).join(image_scan, scanned, isouter=True)


_OF_IMAGE = _whole().where(_IMAGE).order_by(finding.c.vulnerability)
_OPEN_OF_REPOSITORY = (
    _whole()
    .where(finding.c.repository_id == bindparam("of"), finding.c.closed_at.is_(None))
    .order_by(finding.c.digest, finding.c.vulnerability)
    .limit(bindparam("limit"))
)
_FIND = _whole().where(_REGISTRY, finding.c.id == bindparam("id"))
_PAGE = _whole().where(_REGISTRY, finding.c.id > bindparam("after")).order_by(finding.c.id).limit(bindparam("limit"))
_SHORT = (
    select(finding.c.id, finding.c.severity, finding.c.vulnerability)
    .where(_IMAGE, finding.c.closed_at.is_(None))
    .order_by(finding.c.vulnerability)
)
_SAID = (
    select(
        finding.c.id,
        finding.c.vulnerability,
        finding.c.status,
        finding.c.severity,
        finding.c.score,
        finding.c.epss,
        finding.c.fix_available,
        finding.c.exploit_available,
        finding.c.body,
        finding.c.suppressed_by,
        finding.c.title,
    )
    .where(_IMAGE)
    .order_by(finding.c.vulnerability)
)
_BY_ID = _whole().where(finding.c.id == bindparam("id"))
_OPEN_BRIEFLY = (
    select(finding.c.vulnerability, finding.c.severity, finding.c.suppressed_by, finding.c.body)
    .where(_IMAGE, finding.c.closed_at.is_(None))
    .order_by(finding.c.vulnerability)
)
_COUNTS = (
    select(finding.c.severity, func.count().label("findings"))
    .where(_IMAGE, finding.c.status == "ACTIVE")
    .group_by(finding.c.severity)
)
_IMAGES = (
    select(finding.c.repository_id, finding.c.digest)
    .where(
        _REGISTRY,
        (finding.c.repository_id > bindparam("after_repository"))
        | ((finding.c.repository_id == bindparam("after_repository")) & (finding.c.digest > bindparam("after_digest"))),
    )
    .distinct()
    .order_by(finding.c.repository_id, finding.c.digest)
    .limit(bindparam("limit"))
)
_PUT = text(
    "INSERT INTO inspector_finding (id, account_id, region, repository_id, repository_name, digest, vulnerability, "
    "status, rank, severity, score, epss, fix_available, exploit_available, first_observed_at, updated_at, closed_at, "
    "suppressed_by, justification, title, vendor_severity, source, pushed_at, body) "
    "VALUES (:id, :account, :in_region, :of, :name, :image, :vulnerability, :status, :rank, :severity, :score, :epss, "
    ":fix_available, :exploit_available, :first_observed_at, :updated_at, :closed_at, :suppressed_by, :justification, "
    ":title, :vendor_severity, :source, :pushed_at, :body) "
    "ON CONFLICT (id) DO UPDATE SET repository_name = excluded.repository_name, status = excluded.status, "
    "rank = excluded.rank, "
    "severity = excluded.severity, score = excluded.score, epss = excluded.epss, "
    "fix_available = excluded.fix_available, exploit_available = excluded.exploit_available, "
    "first_observed_at = excluded.first_observed_at, updated_at = excluded.updated_at, "
    "closed_at = excluded.closed_at, suppressed_by = excluded.suppressed_by, "
    "justification = excluded.justification, title = excluded.title, "
    "vendor_severity = excluded.vendor_severity, source = excluded.source, "
    "pushed_at = excluded.pushed_at, body = excluded.body"
)
_CLOSE = (
    update(finding)
    .where(finding.c.id == bindparam("of"))
    .values(status="CLOSED", closed_at=bindparam("at"), updated_at=bindparam("at"), suppressed_by="", justification="")
)
_CLOSED = (
    select(finding.c.id)
    .where(finding.c.closed_at < bindparam("before"))
    .order_by(finding.c.closed_at)
    .limit(bindparam("limit"))
)
_REMOVE = delete(finding).where(finding.c.id == bindparam("of"), finding.c.closed_at.is_not(None))


def of_image(tx: Transaction, image: ImageKey) -> Sequence[FindingRecord]:
    """Every finding of an image, closed ones too, by vulnerability."""
    return [record_of(row) for row in tx.all(_OF_IMAGE, of=image.repository_id, image=image.digest)]


def said(severity: str, score: float, epss: float, fix_available: str, exploit_available: str, body: bytes) -> Said:
    """What the row of a finding says that was found like this."""
    return severity, round(score * _TENTHS), round(epss * _MILLIONTHS), fix_available, exploit_available, body


def briefly(tx: Reader, image: ImageKey) -> list[Brief]:
    """Every finding of an image, closed ones too, by vulnerability: what its row says, without what makes a record."""
    return cast("list[Brief]", tx.all(_SAID, of=image.repository_id, image=image.digest))


def said_by(brief: Brief) -> Said:
    """What a row says, as `said` has it."""
    return brief[3:9]


def those(tx: Transaction, image: ImageKey, briefs: Sequence[Brief]) -> Sequence[FindingRecord]:
    """The records of some of an image's findings."""
    if len(briefs) > _FEW:
        wanted = {each.id for each in briefs}
        return [each for each in of_image(tx, image) if each.id in wanted]
    rows = [tx.one(_BY_ID, id=each.id) for each in briefs]
    return [record_of(row) for row in rows if row is not None]


def open_briefly(tx: Transaction, image: ImageKey) -> Sequence[tuple[str, str, str, bytes]]:
    """(vulnerability, severity, suppressed_by, body) of the open findings of an image, by vulnerability."""
    return [tuple(row) for row in tx.all(_OPEN_BRIEFLY, of=image.repository_id, image=image.digest)]


def open_of_repository(tx: Transaction, repository_id: str, limit: int) -> Sequence[FindingRecord]:
    """Open findings of the images of a repository, whether these are there or not."""
    return [record_of(row) for row in tx.all(_OPEN_OF_REPOSITORY, of=repository_id, limit=limit)]


def open_of_image(tx: Transaction, image: ImageKey) -> Sequence[tuple[str, str, str]]:
    """(id, severity, vulnerability) of the open findings of an image, by vulnerability: for sorting and paging."""
    rows = tx.all(_SHORT, of=image.repository_id, image=image.digest)
    return [(row.id, row.severity, row.vulnerability) for row in rows]


def counts(tx: Transaction, image: ImageKey) -> Mapping[str, int]:
    """How many active findings of each severity an image has, as Inspector names severities."""
    rows = tx.all(_COUNTS, of=image.repository_id, image=image.digest)
    return {row.severity: int(row.findings) for row in rows}


def find(tx: Transaction, registry: RegistryKey, finding_id: str) -> FindingRecord | None:
    """A finding of a registry, closed or not."""
    row = tx.one(_FIND, account=registry.account, in_region=registry.region, id=finding_id)
    return None if row is None else record_of(row)


def page(tx: Transaction, registry: RegistryKey, after: str, limit: int) -> Sequence[FindingRecord]:
    """Findings of a registry with ids above `after`, in their order, closed ones too."""
    rows = tx.all(_PAGE, account=registry.account, in_region=registry.region, after=after, limit=limit)
    return [record_of(row) for row in rows]


def images(tx: Transaction, registry: RegistryKey, after: ImageKey, limit: int) -> Sequence[ImageKey]:
    """Images of a registry that have findings, above `after` in key order."""
    rows = tx.all(
        _IMAGES,
        account=registry.account,
        in_region=registry.region,
        after_repository=after.repository_id,
        after_digest=after.digest,
        limit=limit,
    )
    return [ImageKey(*row) for row in rows]


def put(tx: Transaction, records: Sequence[FindingRecord]) -> None:
    """Write findings, each in the place of the one with its id."""
    tx.run_many(_PUT, [_row(each) for each in records])


def close(tx: Transaction, ids: Sequence[str], at: datetime) -> None:
    """Close findings, which nothing suppresses any more."""
    tx.run_many(_CLOSE, [{"of": each, "at": micros(at)} for each in ids])


def any_closed(tx: Transaction, before: datetime) -> bool:
    """Whether there are findings that were closed before."""
    return bool(tx.all(_CLOSED, before=micros(before), limit=1))


def remove_closed(tx: Transaction, before: datetime, limit: int) -> int:
    """Remove findings that were closed before; how many, `limit` at most."""
    found = tx.all(_CLOSED, before=micros(before), limit=limit)
    tx.run_many(_REMOVE, [{"of": row.id} for row in found])
    return len(found)


def _row(of: FindingRecord) -> dict[str, object]:
    return {
        "id": of.id,
        "account": of.registry.account,
        "in_region": of.registry.region,
        "of": of.image.repository_id,
        "name": of.repository_name,
        "image": of.image.digest,
        "vulnerability": of.vulnerability,
        "status": of.status,
        "rank": SEVERITIES.index(of.severity) if of.severity in SEVERITIES else 0,
        "severity": of.severity,
        "score": round(of.score * _TENTHS),
        "epss": round(of.epss * _MILLIONTHS),
        "fix_available": of.fix_available,
        "exploit_available": of.exploit_available,
        "first_observed_at": micros(of.first_observed_at),
        "updated_at": micros(of.updated_at),
        "closed_at": micros_or_none(of.closed_at),
        "suppressed_by": of.suppressed_by,
        "justification": of.justification,
        "title": of.title,
        "vendor_severity": of.vendor_severity,
        "source": of.source,
        "pushed_at": of.pushed_at,
        "body": of.body,
    }


def record_of(row: Row) -> FindingRecord:
    """The finding of a row of this table, with when its image was last scanned."""
    return FindingRecord(
        id=row.id,
        registry=RegistryKey("private", row.account_id, row.region),
        image=ImageKey(row.repository_id, row.digest),
        repository_name=row.repository_name,
        vulnerability=row.vulnerability,
        status=row.status,
        severity=row.severity,
        score=row.score / _TENTHS,
        epss=row.epss / _MILLIONTHS,
        fix_available=row.fix_available,
        exploit_available=row.exploit_available,
        first_observed_at=moment(row.first_observed_at),
        updated_at=moment(row.updated_at),
        closed_at=moment_or_none(row.closed_at),
        suppressed_by=row.suppressed_by,
        justification=row.justification,
        body=bytes(row.body),
        title=row.title,
        vendor_severity=row.vendor_severity,
        source=row.source,
        pushed_at=row.pushed_at,
        observed_at=moment_or_none(row.observed_at),
    )
