"""Rows of `replication_status`: how the copies of images stand at their destinations."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, delete, func, select, text

from entrepot.db.database import Reader, Row, Transaction
from entrepot.db.replication_records import Destination, ImageStatus, Status
from entrepot.db.replication_schema import replication_status
from entrepot.db.schema import repository
from entrepot.spec.moments import micros

_C = replication_status.c
_OF_IMAGE = (
    select(replication_status)
    .where(_C.repository_id == bindparam("of"), _C.digest == bindparam("image"))
    .order_by(_C.to_account, _C.to_region, _C.tag)
)
_FAILED = (
    select(replication_status, repository.c.account_id, repository.c.region, repository.c.name)
    .join(repository, repository.c.id == _C.repository_id)
    .where(_C.status == "FAILED")
    .order_by(_C.changed_at.desc())
    .limit(bindparam("limit"))
)
_COUNT_FAILED = (
    select(repository.c.account_id, repository.c.region, _C.to_account, _C.to_region, func.count().label("images"))
    .join(repository, repository.c.id == _C.repository_id)
    .where(_C.status == "FAILED")
    .group_by(repository.c.account_id, repository.c.region, _C.to_account, _C.to_region)
)
_PUT = text(
    "INSERT INTO replication_status (repository_id, digest, tag, to_account, to_region, status, failure_code, reason, "
    "changed_at) VALUES (:of, :digest, :tag, :account, :region, :status, :code, :reason, :at) "
    "ON CONFLICT (repository_id, digest, tag, to_account, to_region) DO UPDATE SET status = excluded.status, "
    "failure_code = excluded.failure_code, reason = excluded.reason, changed_at = excluded.changed_at"
)
_DROP = delete(replication_status).where(
    _C.repository_id == bindparam("of"),
    _C.digest == bindparam("image"),
    _C.tag == bindparam("of_tag"),
    _C.to_account == bindparam("account"),
    _C.to_region == bindparam("in_region"),
)
_FORGET = delete(replication_status).where(_C.repository_id == bindparam("of"), _C.digest == bindparam("image"))
_FORGET_ALL = delete(replication_status).where(_C.repository_id == bindparam("of"))


def put(
    tx: Transaction,
    repository_id: str,
    digest: str,
    tag: str,
    destination: Destination,
    status: Status,
    at: datetime,
    code: str = "",
    reason: str = "",
) -> None:
    """How the copy of an image stands from now on."""
    tx.run(
        _PUT,
        of=repository_id,
        digest=digest,
        tag=tag,
        account=destination.account,
        region=destination.region,
        status=status,
        code=code,
        reason=reason,
        at=micros(at),
    )


def of_image(tx: Reader, repository_id: str, digest: str) -> Sequence[ImageStatus]:
    """Each destination and tag of an image, in order."""
    return [
        ImageStatus(Destination(row.to_region, row.to_account), row.tag, row.status, row.failure_code, row.reason)
        for row in tx.all(_OF_IMAGE, of=repository_id, image=digest)
    ]


def failed(tx: Reader, limit: int) -> Sequence[Row]:
    """Those that failed last, with account_id, region and name of the repository."""
    return tx.all(_FAILED, limit=limit)


def count_failed(tx: Reader) -> Sequence[Row]:
    """How many failed between each two registries: account_id, region, to_account, to_region, images."""
    return tx.all(_COUNT_FAILED)


def drop(tx: Transaction, repository_id: str, digest: str, tag: str, destination: Destination) -> None:
    """There is nothing at one destination of which anything could stand."""
    at = {"account": destination.account, "in_region": destination.region}
    tx.run(_DROP, of=repository_id, image=digest, of_tag=tag, **at)


def forget(tx: Transaction, repository_id: str, digest: str) -> None:
    """An image is gone."""
    tx.run(_FORGET, of=repository_id, image=digest)


def forget_all(tx: Transaction, repository_id: str) -> None:
    """A repository is gone."""
    tx.run(_FORGET_ALL, of=repository_id)
