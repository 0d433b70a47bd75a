"""Rows of `metric_series`: which metrics there are, and when each last had a point."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, delete, func, select, text, update

from entrepot.db.database import Row, Transaction
from entrepot.db.metric_schema import metric_point, metric_series

_INSERT = text(
    "INSERT INTO metric_series"
    " (id, metric_id, account_id, region, namespace, name, dimensions, unit, hold, last_at)"
    " VALUES (:id, :metric_id, :account, :region, :namespace, :name, :dimensions, :unit, :hold, :last_at)"
    " ON CONFLICT (id) DO NOTHING"
)
_TOUCH = (
    update(metric_series)
    .where(metric_series.c.id == bindparam("of"), metric_series.c.last_at < bindparam("at"))
    .values(last_at=bindparam("at"))
)
_OF_METRIC = select(metric_series).where(metric_series.c.metric_id == bindparam("metric")).order_by(metric_series.c.id)
_IN_PLACE = (metric_series.c.account_id == bindparam("account"), metric_series.c.region == bindparam("region"))
_COLUMNS = (
    metric_series.c.namespace,
    metric_series.c.name,
    metric_series.c.metric_id,
    metric_series.c.dimensions,
    func.max(metric_series.c.last_at).label("last_at"),
)
_GROUPED = (
    metric_series.c.namespace,
    metric_series.c.name,
    metric_series.c.metric_id,
    metric_series.c.dimensions,
)
_AFTER = text(
    "(metric_series.namespace, metric_series.name, metric_series.metric_id) > (:namespace, :name, :metric)"
).bindparams(bindparam("namespace"), bindparam("name"), bindparam("metric"))
_PAGE = (
    select(*_COLUMNS)
    .where(*_IN_PLACE, _AFTER, metric_series.c.last_at >= bindparam("since"))
    .group_by(*_GROUPED)
    .order_by(*_GROUPED[:3])
    .limit(bindparam("limit"))
)
_PAGE_OF_NAMESPACE = _PAGE.where(metric_series.c.namespace == bindparam("in_namespace"))
_PAGE_OF_NAME = _PAGE_OF_NAMESPACE.where(metric_series.c.name == bindparam("of_name"))
_BEYOND = (
    select(metric_series.c.id)
    .where(*_IN_PLACE)
    .order_by(metric_series.c.namespace, metric_series.c.name, metric_series.c.metric_id)
    .offset(bindparam("quota"))
    .limit(1)
)
_LONG_UNUSED = (
    select(metric_series.c.id)
    .where(metric_series.c.id > bindparam("after"), metric_series.c.last_at < bindparam("before"))
    .order_by(metric_series.c.id)
    .limit(bindparam("limit"))
)
_REMOVE = delete(metric_series).where(
    metric_series.c.id == bindparam("of"),
    ~select(metric_point.c.at).where(metric_point.c.series_id == metric_series.c.id).exists(),
)


@dataclass(frozen=True, slots=True)
class Series:
    """A series as it is drawn; `last_at` in microseconds."""

    id: str
    metric_id: str
    account: str
    region: str
    namespace: str
    name: str
    dimensions: str
    unit: str
    hold: int
    last_at: int


def introduce(tx: Transaction, new: Series) -> bool:
    """Make sure that there is this series, and that it is as new as `last_at`; whether it was not there before."""
    made = tx.run(
        _INSERT,
        id=new.id,
        metric_id=new.metric_id,
        account=new.account,
        region=new.region,
        namespace=new.namespace,
        name=new.name,
        dimensions=new.dimensions,
        unit=new.unit,
        hold=new.hold,
        last_at=new.last_at,
    )
    if not made:
        tx.run(_TOUCH, of=new.id, at=new.last_at)
    return made == 1


def of_metric(tx: Transaction, metric_id: str) -> Sequence[Row]:
    """The series of a metric, one for each unit that its points came with."""
    return tx.all(_OF_METRIC, metric=metric_id)


def page(
    tx: Transaction,
    account: str,
    region: str,
    after: tuple[str, str, str],
    limit: int,
    since: int,
    namespace: str | None = None,
    name: str | None = None,
) -> Sequence[Row]:
    """Metrics with points not older than `since`, in order of namespace, name and id, from `after` on.

    `name` narrows only what `namespace` has narrowed.
    """
    start = {"namespace": after[0], "name": after[1], "metric": after[2]}
    place = {"account": account, "region": region, "limit": limit, "since": since}
    if namespace is None:
        return tx.all(_PAGE, **start, **place)
    if name is None:
        return tx.all(_PAGE_OF_NAMESPACE, **start, **place, in_namespace=namespace)
    return tx.all(_PAGE_OF_NAME, **start, **place, in_namespace=namespace, of_name=name)


def exceeds(tx: Transaction, account: str, region: str, quota: int) -> bool:
    """Whether there are more series than so many."""
    return tx.one(_BEYOND, account=account, region=region, quota=quota) is not None


def long_unused(tx: Transaction, after: str, before: int, limit: int) -> Sequence[str]:
    """Ids above `after` of series whose newest point is older than `before`."""
    return [row.id for row in tx.all(_LONG_UNUSED, after=after, before=before, limit=limit)]


def remove(tx: Transaction, series_id: str) -> bool:
    """Forget a series that has no points left."""
    return tx.run(_REMOVE, of=series_id) == 1
