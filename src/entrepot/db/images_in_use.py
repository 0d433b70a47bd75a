"""Rows of `image_in_use`: where images run, as reporters say; they go with the image.

A row stays when the image runs there no more, with a count of 0: when it last did is what re-scans may go by.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, case, delete, func, select, text, update

from entrepot.db.database import Transaction, number_of
from entrepot.db.inspector_schema import image_in_use
from entrepot.db.schema import repository
from entrepot.spec.moments import micros, moment
from entrepot.spec.repository import RegistryKey

_IS_OF_IMAGE = (image_in_use.c.repository_id == bindparam("of")) & (image_in_use.c.digest == bindparam("image"))
_IS_IN_REGISTRY = image_in_use.c.repository_id.in_(
    select(repository.c.id).where(
        repository.c.account_id == bindparam("account"),
        repository.c.kind == bindparam("kind"),
        repository.c.region == bindparam("region"),
        repository.c.deleted_at.is_(None),
    )
)
_PUT = text(
    "INSERT INTO image_in_use (repository_id, digest, cluster, count, last_in_use_at) "
    "VALUES (:of, :image, :cluster, :count, :at) ON CONFLICT (repository_id, digest, cluster) "
    "DO UPDATE SET count = excluded.count, last_in_use_at = excluded.last_in_use_at"
)
_CLUSTERS = select(func.count()).where(_IS_OF_IMAGE, image_in_use.c.cluster != bindparam("cluster"))
_FIND = select(
    func.sum(case((image_in_use.c.last_in_use_at > bindparam("since"), image_in_use.c.count), else_=0)).label(
        "running"
    ),
    func.max(image_in_use.c.last_in_use_at).label("last"),
).where(_IS_OF_IMAGE)
_SETTLE = (
    update(image_in_use)
    .where(
        image_in_use.c.cluster == bindparam("where"),
        image_in_use.c.last_in_use_at < bindparam("before"),
        image_in_use.c.count > 0,
        _IS_IN_REGISTRY,
    )
    .values(count=0)
)
_IS_STALE = (image_in_use.c.last_in_use_at < bindparam("before")) & (image_in_use.c.count > 0)
_STALE = select(image_in_use.c.cluster).where(_IS_STALE).limit(1)
_SETTLE_STALE = update(image_in_use).where(_IS_STALE).values(count=0)
_FORGET = delete(image_in_use).where(image_in_use.c.last_in_use_at < bindparam("before"), _IS_IN_REGISTRY)
_REMOVE = delete(image_in_use).where(_IS_OF_IMAGE)


@dataclass(frozen=True, slots=True)
class InUse:
    """How many pods, tasks or containers run an image now, and when one was last seen to."""

    count: int
    last_in_use_at: datetime


def put(tx: Transaction, repository_id: str, digest: str, cluster: str, count: int, at: datetime) -> None:
    """So many run an image of the repository, which must be there, in a cluster."""
    tx.run(_PUT, of=repository_id, image=digest, cluster=cluster, count=count, at=micros(at))


def clusters(tx: Transaction, repository_id: str, digest: str, cluster: str) -> int:
    """In how many clusters but this one the image runs or ran."""
    return number_of(tx, _CLUSTERS, of=repository_id, image=digest, cluster=cluster)


def find(tx: Transaction, repository_id: str, digest: str, since: datetime) -> InUse | None:
    """Where the image runs by what was reported after `since`, and when it last ran; None of one that never did."""
    row = tx.one(_FIND, of=repository_id, image=digest, since=micros(since))
    return None if row is None or row.last is None else InUse(int(row.running), moment(row.last))


def settle(tx: Transaction, registry: RegistryKey, cluster: str, before: datetime) -> int:
    """Nothing runs in a cluster any more of what was not reported to since `before`; how many images that are."""
    return tx.run(_SETTLE, where=cluster, before=micros(before), **_named(registry))


def is_any_stale(tx: Transaction, before: datetime) -> bool:
    """Whether something counts as running that was not reported since."""
    return tx.one(_STALE, before=micros(before)) is not None


def settle_stale(tx: Transaction, before: datetime) -> int:
    """Nothing runs any more that was not reported since, in whichever registry; how many images that are."""
    return tx.run(_SETTLE_STALE, before=micros(before))


def forget(tx: Transaction, registry: RegistryKey, before: datetime) -> int:
    """Forget what last ran before a moment."""
    return tx.run(_FORGET, before=micros(before), **_named(registry))


def remove(tx: Transaction, repository_id: str, digest: str) -> None:
    """Forget where an image runs, which goes."""
    tx.run(_REMOVE, of=repository_id, image=digest)


def _named(registry: RegistryKey) -> dict[str, object]:
    return {"account": registry.account, "kind": registry.kind, "region": registry.region}
