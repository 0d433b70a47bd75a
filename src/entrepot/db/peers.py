"""Rows of `peer` and its neighbours, and of `deployment_key`."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, delete, exists, insert, select, text

from entrepot.db.database import Reader, Row, Transaction
from entrepot.db.peer_records import Arrival, DeploymentKey, Peer, Served
from entrepot.db.peer_schema import (
    deployment_key,
    peer,
    peer_arrival,
    peer_blob,
    peer_destination,
    peer_grant,
    peer_nonce,
)
from entrepot.db.replication_records import Destination
from entrepot.db.schema import blob
from entrepot.spec.moments import micros, moment

_USE = "peers"
_KEY = select(deployment_key).where(deployment_key.c.use == _USE)
_ADD_KEY = text(
    "INSERT INTO deployment_key (use, public_key, private_key, created_at) VALUES (:use, :public, :private, :at) "
    "ON CONFLICT DO NOTHING"
)
_FIND = select(peer).where(peer.c.name == bindparam("of"))
_BY_KEY = select(peer).where(peer.c.public_key == bindparam("key"), peer.c.public_key != "")
_LIST = select(peer).order_by(peer.c.name)
_GRANTS = select(peer_grant.c.account_id).where(peer_grant.c.peer == bindparam("of")).order_by(peer_grant.c.account_id)
_SERVES = (
    select(peer_destination.c.account_id, peer_destination.c.region)
    .where(peer_destination.c.peer == bindparam("of"))
    .order_by(peer_destination.c.account_id, peer_destination.c.region)
)
_IS_GRANTED = select(peer_grant.c.peer).where(peer_grant.c.account_id == bindparam("account")).limit(1)
# what names both before what names one
_AT = (
    select(peer_destination.c.peer)
    .where(
        peer_destination.c.account_id.in_((bindparam("account"), "")),
        peer_destination.c.region.in_((bindparam("in_region"), "")),
    )
    .order_by(peer_destination.c.account_id.desc(), peer_destination.c.region.desc())
    .limit(1)
)
_INSERT = insert(peer)
_GRANT = text("INSERT INTO peer_grant (peer, account_id) VALUES (:of, :account) ON CONFLICT DO NOTHING")
_REVOKE = delete(peer_grant).where(
    peer_grant.c.peer == bindparam("of"), peer_grant.c.account_id == bindparam("account")
)
_SERVE = insert(peer_destination)
_REMOVE = [
    *(delete(table).where(table.c.peer == bindparam("of")) for table in
      (peer_grant, peer_destination, peer_nonce, peer_arrival, peer_blob)),
    delete(peer).where(peer.c.name == bindparam("of")),
]  # fmt: skip
_USE_NONCE = text(
    "INSERT INTO peer_nonce (peer, nonce, expires_at) VALUES (:of, :nonce, :expires) ON CONFLICT DO NOTHING"
)
_EXPIRED = select(peer_nonce.c.nonce).where(peer_nonce.c.expires_at < bindparam("before")).limit(1)
_EXPIRE = delete(peer_nonce).where(peer_nonce.c.expires_at < bindparam("before"))
_ARRIVAL = select(peer_arrival).where(
    peer_arrival.c.peer == bindparam("of"), peer_arrival.c.repository_id == bindparam("repository")
)
_ARRIVE = text(
    "INSERT INTO peer_arrival (peer, repository_id, looked_at, request_id, result) "
    "VALUES (:of, :repository, :looked_at, :request_id, :result) ON CONFLICT (peer, repository_id) "
    "DO UPDATE SET looked_at = :looked_at, request_id = :request_id, result = :result"
)
_HAS_BROUGHT = select(peer_blob.c.digest).where(
    peer_blob.c.peer == bindparam("of"),
    peer_blob.c.account_id == bindparam("account"),
    peer_blob.c.digest == bindparam("blob"),
)
_BROUGHT = text("INSERT INTO peer_blob (peer, account_id, digest) VALUES (:of, :account, :blob) ON CONFLICT DO NOTHING")
_FORGET = delete(peer_blob).where(
    ~exists(select(blob.c.id).where(blob.c.store == bindparam("store"), blob.c.digest == peer_blob.c.digest))
)


def find_key(tx: Reader) -> DeploymentKey | None:
    """The key that calls to peers are signed with, once there is one."""
    row = tx.one(_KEY)
    return None if row is None else DeploymentKey(row.public_key, bytes(row.private_key))


def add_key(tx: Transaction, key: DeploymentKey, at: datetime) -> None:
    """The first key counts."""
    tx.run(_ADD_KEY, use=_USE, public=key.public, private=key.private, at=micros(at))


def find(tx: Reader, name: str) -> Peer | None:
    """A peer by its name."""
    row = tx.one(_FIND, of=name)
    return None if row is None else _peer(tx, row)


def by_key(tx: Reader, public_key: str) -> Peer | None:
    """The deployment that has this key."""
    row = tx.one(_BY_KEY, key=public_key)
    return None if row is None else _peer(tx, row)


def list_of(tx: Reader) -> Sequence[Peer]:
    """All, by name."""
    return [_peer(tx, row) for row in tx.all(_LIST)]


def at(tx: Reader, destination: Destination) -> str | None:
    """The name of the peer where a destination is reached; None for one of this deployment."""
    row = tx.one(_AT, account=destination.account, in_region=destination.region)
    return None if row is None else str(row.peer)


def is_granted(tx: Reader, account: str) -> bool:
    """Whether some peer acts for an account."""
    return tx.one(_IS_GRANTED, account=account) is not None


def add(tx: Transaction, new: Peer) -> None:
    """A new peer with its grants and destinations: Conflict where a destination is taken."""
    tx.run(
        _INSERT,
        name=new.name,
        kind=new.kind,
        url=new.url,
        public_key=new.public_key,
        prefix=new.prefix,
        username=new.username,
        secret=new.secret,
        created_at=micros(new.created_at),
    )
    for account in new.accounts:
        grant(tx, new.name, account)
    for each in new.serves:
        tx.run(_SERVE, account_id=each.account, region=each.region, peer=new.name)


def grant(tx: Transaction, name: str, account: str) -> None:
    """Let a peer act for an account."""
    tx.run(_GRANT, of=name, account=account)


def revoke(tx: Transaction, name: str, account: str) -> bool:
    """Let it do so no more; whether it could."""
    return tx.run(_REVOKE, of=name, account=account) == 1


def remove(tx: Transaction, name: str) -> None:
    """A peer, and all that is kept of it."""
    for statement in _REMOVE:
        tx.run(statement, of=name)


def use_nonce(tx: Transaction, name: str, nonce: str, expires_at: datetime) -> bool:
    """Note a call of a peer; False for one that was made before."""
    return tx.run(_USE_NONCE, of=name, nonce=nonce, expires=micros(expires_at)) == 1


def has_expired(tx: Reader, now: datetime) -> bool:
    """Whether there are nonces that nobody needs."""
    return tx.one(_EXPIRED, before=micros(now)) is not None


def expire(tx: Transaction, store: str, now: datetime) -> int:
    """Forget nonces whose calls are too old to be made again, and blobs that the store has no more; how many nonces."""
    tx.run(_FORGET, store=store)
    return tx.run(_EXPIRE, before=micros(now))


def arrival(tx: Reader, name: str, repository_id: str) -> Arrival | None:
    """What a peer did last to a repository."""
    row = tx.one(_ARRIVAL, of=name, repository=repository_id)
    return None if row is None else Arrival(row.looked_at, row.request_id, row.result)


def put_arrival(tx: Transaction, name: str, repository_id: str, new: Arrival) -> None:
    """What it has done now."""
    named = {"of": name, "repository": repository_id}
    tx.run(_ARRIVE, **named, looked_at=new.looked_at, request_id=new.request_id, result=new.result)


def has_brought(tx: Reader, name: str, account: str, digest: str) -> bool:
    """Whether a peer has shown, for this account, that it has the bytes of a digest."""
    return tx.one(_HAS_BROUGHT, of=name, account=account, blob=digest) is not None


def brought(tx: Transaction, name: str, account: str, digest: str) -> None:
    """It has."""
    tx.run(_BROUGHT, of=name, account=account, blob=digest)


def _peer(tx: Reader, row: Row) -> Peer:
    return Peer(
        row.name,
        row.kind,
        row.url,
        row.public_key,
        row.prefix,
        row.username,
        bytes(row.secret),
        tuple(each.account_id for each in tx.all(_GRANTS, of=row.name)),
        tuple(Served(each.account_id, each.region) for each in tx.all(_SERVES, of=row.name)),
        moment(row.created_at),
    )
