"""Findings of a registry in the orders that Inspector lists them in, a page after another by key.

What filters say of a column is asked of the database; the rest is for who reads the rows.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, bindparam, case, select, tuple_

from entrepot.db.database import Reader
from entrepot.db.inspector_findings import record_of
from entrepot.db.inspector_records import FindingRecord
from entrepot.db.inspector_schema import inspector_finding as finding
from entrepot.db.scan_schema import image_scan
from entrepot.spec.repository import RegistryKey

_OBSERVED: Final = case(
    (finding.c.closed_at.is_not(None), finding.c.closed_at),
    (image_scan.c.completed_at > finding.c.updated_at, image_scan.c.completed_at),
    else_=finding.c.updated_at,
)
# Inspector's SortField, and what it is here; those of which every finding says the same are sorted by id alone
ORDERS: Final[Mapping[str, ColumnElement[Any]]] = {
    "ECR_IMAGE_PUSHED_AT": finding.c.pushed_at,
    "ECR_IMAGE_REPOSITORY_NAME": finding.c.repository_name,
    "EPSS_SCORE": finding.c.epss,
    "FINDING_STATUS": finding.c.status,
    "FIRST_OBSERVED_AT": finding.c.first_observed_at,
    "INSPECTOR_SCORE": finding.c.score,
    "LAST_OBSERVED_AT": _OBSERVED,
    "SEVERITY": finding.c.rank,
    "VENDOR_SEVERITY": finding.c.vendor_severity,
    "VULNERABILITY_ID": finding.c.vulnerability,
    "VULNERABILITY_SOURCE": finding.c.source,
}
_SCANNED: Final = and_(
    image_scan.c.repository_id == finding.c.repository_id,
    image_scan.c.digest == finding.c.digest,
    image_scan.c.type == "ENHANCED",
)
# what the columns of this order are beside findings
_JOINED: Final = {"LAST_OBSERVED_AT": finding.outerjoin(image_scan, _SCANNED)}
_TEXTS: Final = frozenset(
    {"ECR_IMAGE_REPOSITORY_NAME", "FINDING_STATUS", "VENDOR_SEVERITY", "VULNERABILITY_ID", "VULNERABILITY_SOURCE"}
)
NARROWED: Final = {
    "ecrImageHash": finding.c.digest,
    "ecrImageRepositoryName": finding.c.repository_name,
    "findingStatus": finding.c.status,
    "severity": finding.c.severity,
    "title": finding.c.title,
    "vendorSeverity": finding.c.vendor_severity,
    "vulnerabilityId": finding.c.vulnerability,
    "vulnerabilitySource": finding.c.source,
}


class After(NamedTuple):
    """The finding that stands before a page: what it is sorted by, and its id. Empty before the first page."""

    value: str = ""
    id: str = ""


class Placed(NamedTuple):
    """A finding and its place in the order."""

    record: FindingRecord
    place: After


def page(
    tx: Reader, registry: RegistryKey, order: str, after: After, narrowed: Mapping[str, str], limit: int
) -> Sequence[Placed]:
    """The findings after one, closed ones too, that have the values of `narrowed`. `order` is a key of ORDERS with `-`
    before it where the greatest are first, or empty: by id.
    """
    given: dict[str, object] = {f"n_{name}": value for name, value in narrowed.items()}
    field = order.removeprefix("-")
    if after.id:
        given["after"] = after.id
        if field:
            given["value"] = after.value if field in _TEXTS else int(after.value)
    statement = _statement(order, tuple(sorted(narrowed)), later=bool(after.id))
    rows = tx.all(statement, account=registry.account, in_region=registry.region, limit=limit, **given)
    return [Placed(record_of(row), After(str(row.place), row.id)) for row in rows]


@cache  # there are so many orders, and so many columns
def _statement(order: str, narrowed: tuple[str, ...], *, later: bool) -> Select[Any]:
    """Ids are sorted before rows are read: what sorts should not carry the bodies. Most orders are those of an index,
    which is read from where the page begins; ties go as the rest does, or it could not be.
    """
    field, descending = order.removeprefix("-"), order.startswith("-")
    by: ColumnElement[Any] = ORDERS[field] if field else finding.c.id
    ids = (
        select(finding.c.id.label("of"), by.label("place"))
        .select_from(_JOINED.get(field, finding))
        .where(
            finding.c.account_id == bindparam("account"),
            finding.c.region == bindparam("in_region"),
            *(NARROWED[name] == bindparam(f"n_{name}") for name in narrowed),
        )
        .order_by(*_sorted(by, finding.c.id, descending))
        .limit(bindparam("limit"))
    )
    if later:
        here: Any = tuple_(by, finding.c.id) if field else finding.c.id
        before: Any = tuple_(bindparam("value"), bindparam("after")) if field else bindparam("after")
        ids = ids.where(here < before if descending else here > before)
    some = ids.subquery()
    return (
        select(finding, image_scan.c.completed_at.label("observed_at"), some.c.place)
        .select_from(some.join(finding, finding.c.id == some.c.of).outerjoin(image_scan, _SCANNED))
        .order_by(*_sorted(some.c.place, finding.c.id, descending))
    )


def _sorted(by: ColumnElement[Any], then: ColumnElement[Any], descending: bool) -> Sequence[ColumnElement[Any]]:  # noqa: FBT001 - one of two directions
    return (by.desc(), then.desc()) if descending else (by, then)
