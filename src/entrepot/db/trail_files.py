"""Rows of what trails have delivered: `trail_region`, `trail_log_file`, `trail_chain`, `trail_key`."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, delete, insert, select, text, update

from entrepot.db.database import Row, Transaction
from entrepot.db.trail_records import Chain, Delivery, DigestHead, LogFile, SigningKey
from entrepot.db.trail_schema import trail_chain, trail_key, trail_log_file, trail_region
from entrepot.spec.moments import micros, moment, moment_or_none

_REGION = select(trail_region).where(
    trail_region.c.trail_id == bindparam("of"), trail_region.c.region == bindparam("place")
)
_DELIVERED = text(
    "INSERT INTO trail_region (trail_id, region, delivered_at, delivery_error, digest_error) "
    "VALUES (:of, :place, :at, '', '') ON CONFLICT (trail_id, region) "
    "DO UPDATE SET delivered_at = excluded.delivered_at, delivery_error = ''"
)
_NOT_DELIVERED = text(
    "INSERT INTO trail_region (trail_id, region, delivery_error, digest_error) VALUES (:of, :place, :error, '') "
    "ON CONFLICT (trail_id, region) DO UPDATE SET delivery_error = excluded.delivery_error"
)
_DIGESTED = text(
    "INSERT INTO trail_region (trail_id, region, digested_at, delivery_error, digest_error) "
    "VALUES (:of, :place, :at, '', '') ON CONFLICT (trail_id, region) "
    "DO UPDATE SET digested_at = excluded.digested_at, digest_error = ''"
)
_NOT_DIGESTED = text(
    "INSERT INTO trail_region (trail_id, region, delivery_error, digest_error) VALUES (:of, :place, '', :error) "
    "ON CONFLICT (trail_id, region) DO UPDATE SET digest_error = excluded.digest_error"
)
_ADD_FILE = insert(trail_log_file)
_FILES = (
    select(trail_log_file)
    .where(trail_log_file.c.trail_id == bindparam("of"), trail_log_file.c.delivered_at >= bindparam("since"))
    .order_by(trail_log_file.c.region, trail_log_file.c.delivered_at, trail_log_file.c.object)
)
_EVERY_FILE = select(trail_log_file)
_REMOVE_FILES = delete(trail_log_file).where(
    trail_log_file.c.trail_id == bindparam("of"),
    trail_log_file.c.region == bindparam("place"),
    trail_log_file.c.delivered_at >= bindparam("since"),
    trail_log_file.c.delivered_at < bindparam("before"),
)
_OPEN_CHAINS = (
    select(trail_chain)
    .where(trail_chain.c.trail_id == bindparam("of"), trail_chain.c.ended_at.is_(None))
    .order_by(trail_chain.c.region)
)
_CHAINS = select(trail_chain).order_by(
    trail_chain.c.account_id, trail_chain.c.name, trail_chain.c.region, trail_chain.c.started_at
)
_ADD_CHAIN = insert(trail_chain)
_PLAN_DIGEST = (
    update(trail_chain)
    .where(trail_chain.c.id == bindparam("of"))
    .values(planned_at=bindparam("until_at"), planned_key=bindparam("place"))
)
_EXTEND = (
    update(trail_chain)
    .where(trail_chain.c.id == bindparam("of"), trail_chain.c.planned_at == bindparam("from_at"))
    .values(
        next_at=bindparam("from_at"),
        planned_at=None,
        planned_key="",
        head_bucket=bindparam("bucket"),
        head_object=bindparam("key"),
        head_hash=bindparam("digest_hash"),
        head_signature=bindparam("signature"),
    )
)
_END = update(trail_chain).where(trail_chain.c.id == bindparam("of")).values(ended_at=bindparam("at"))
_KEYS = select(trail_key).where(trail_key.c.region == bindparam("place")).order_by(trail_key.c.valid_from)
_EVERY_KEY = select(trail_key)
_ADD_KEY = insert(trail_key)


def delivery(tx: Transaction, trail_id: str, region: str) -> Delivery:
    """How delivery goes in a region."""
    row = tx.one(_REGION, of=trail_id, place=region)
    if row is None:
        return Delivery()
    return Delivery(
        moment_or_none(row.delivered_at), row.delivery_error, moment_or_none(row.digested_at), row.digest_error
    )


def delivered(tx: Transaction, trail_id: str, region: str, at: datetime) -> None:
    """Log files of a region are stored."""
    tx.run(_DELIVERED, of=trail_id, place=region, at=micros(at))


def not_delivered(tx: Transaction, trail_id: str, region: str, error: str) -> None:
    """A log file of a region could not be stored."""
    tx.run(_NOT_DELIVERED, of=trail_id, place=region, error=error)


def digested(tx: Transaction, trail_id: str, region: str, at: datetime) -> None:
    """A digest file of a region is stored."""
    tx.run(_DIGESTED, of=trail_id, place=region, at=micros(at))


def not_digested(tx: Transaction, trail_id: str, region: str, error: str) -> None:
    """A digest file of a region could not be stored."""
    tx.run(_NOT_DIGESTED, of=trail_id, place=region, error=error)


def add_file(tx: Transaction, new: LogFile) -> None:
    """A log file for the next digest file of its region."""
    tx.run(
        _ADD_FILE,
        trail_id=new.trail_id,
        region=new.region,
        object=new.key,
        bucket=new.bucket,
        hash=new.hash,
        oldest_at=micros(new.oldest_at),
        newest_at=micros(new.newest_at),
        delivered_at=micros(new.delivered_at),
    )


def files(tx: Transaction, trail_id: str, since: datetime) -> Sequence[LogFile]:
    """A trail's log files that are in no digest file and were delivered since then, by region and time."""
    return [_file(row) for row in tx.all(_FILES, of=trail_id, since=micros(since))]


def every_file(tx: Transaction) -> Sequence[LogFile]:
    """All log files of the deployment that are in no digest file."""
    return [_file(row) for row in tx.all(_EVERY_FILE)]


def remove_files(tx: Transaction, trail_id: str, region: str, since: datetime, before: datetime) -> None:
    """Forget the log files of [since, before), of which a digest file now tells."""
    tx.run(_REMOVE_FILES, of=trail_id, place=region, since=micros(since), before=micros(before))


def open_chains(tx: Transaction, trail_id: str) -> Sequence[Chain]:
    """A trail's chains that go on, by region."""
    return [_chain(row) for row in tx.all(_OPEN_CHAINS, of=trail_id)]


def chains(tx: Transaction) -> Sequence[Chain]:
    """Every chain of the deployment."""
    return [_chain(row) for row in tx.all(_CHAINS)]


def add_chain(tx: Transaction, new: Chain) -> None:
    """A chain without any digest file yet."""
    tx.run(
        _ADD_CHAIN,
        id=new.id,
        trail_id=new.trail_id,
        account_id=new.account,
        home_region=new.home_region,
        region=new.region,
        name=new.name,
        prefix=new.prefix,
        started_at=micros(new.started_at),
        next_at=micros(new.next_at),
        planned_at=None,
        planned_key="",
        head_bucket="",
        head_object="",
        head_hash="",
        head_signature="",
        ended_at=None,
    )


def plan_digest(tx: Transaction, chain_id: str, until: datetime, place: str) -> None:
    """Fix where the next digest file ends, and where it is stored."""
    tx.run(_PLAN_DIGEST, of=chain_id, until_at=micros(until), place=place)


def extend(tx: Transaction, chain_id: str, head: DigestHead, next_at: datetime) -> bool:
    """The digest file that was planned is stored; False where somebody has noted that already."""
    done = tx.run(
        _EXTEND,
        of=chain_id,
        from_at=micros(next_at),
        bucket=head.bucket,
        key=head.key,
        digest_hash=head.hash,
        signature=head.signature,
    )
    return done > 0


def end(tx: Transaction, chain_id: str, at: datetime) -> None:
    """No digest file follows in this chain."""
    tx.run(_END, of=chain_id, at=micros(at))


def keys(tx: Transaction, region: str) -> Sequence[SigningKey]:
    """A region's keys, oldest first."""
    return [_key(row) for row in tx.all(_KEYS, place=region)]


def every_key(tx: Transaction) -> Sequence[SigningKey]:
    """The keys of all regions."""
    return [_key(row) for row in tx.all(_EVERY_KEY)]


def add_key(tx: Transaction, new: SigningKey) -> None:
    """A new key."""
    tx.run(
        _ADD_KEY,
        fingerprint=new.fingerprint,
        region=new.region,
        public=new.public,
        private=new.private,
        valid_from=micros(new.valid_from),
        valid_until=micros(new.valid_until),
    )


def _file(row: Row) -> LogFile:
    return LogFile(
        row.trail_id,
        row.region,
        row.bucket,
        row.object,
        row.hash,
        moment(row.oldest_at),
        moment(row.newest_at),
        moment(row.delivered_at),
    )


def _chain(row: Row) -> Chain:
    head = DigestHead(row.head_bucket, row.head_object, row.head_hash, row.head_signature) if row.head_object else None
    return Chain(
        row.id,
        row.trail_id,
        row.account_id,
        row.home_region,
        row.region,
        row.name,
        row.prefix,
        moment(row.started_at),
        moment(row.next_at),
        moment_or_none(row.planned_at),
        row.planned_key,
        head,
        moment_or_none(row.ended_at),
    )


def _key(row: Row) -> SigningKey:
    return SigningKey(
        row.fingerprint,
        row.region,
        bytes(row.public),
        bytes(row.private),
        moment(row.valid_from),
        moment(row.valid_until),
    )
