"""Rows of `upstream_fetch`: who brings what from an upstream right now. Each change is a compare-and-set."""

from sqlalchemy import bindparam, delete, select, text, update

from entrepot.db.database import Reader, Row, Transaction
from entrepot.db.pull_through_schema import upstream_fetch

FIND = select(upstream_fetch).where(upstream_fetch.c.name == bindparam("of"))
_CLAIM = text(
    "INSERT INTO upstream_fetch (name, holder, expires_at) VALUES (:of, :by, :until) "
    "ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at "
    "WHERE upstream_fetch.expires_at <= :now"
)
_RENEW = (
    update(upstream_fetch)
    .where(upstream_fetch.c.name == bindparam("of"), upstream_fetch.c.holder == bindparam("by"))
    .values(expires_at=bindparam("until"))
)
_RELEASE = delete(upstream_fetch).where(
    upstream_fetch.c.name == bindparam("of"), upstream_fetch.c.holder == bindparam("by")
)
_HAS_EXPIRED = select(upstream_fetch.c.name).where(upstream_fetch.c.expires_at <= bindparam("now")).limit(1)
_EXPIRED = delete(upstream_fetch).where(upstream_fetch.c.expires_at <= bindparam("now"))


def find(tx: Reader, name: str) -> Row | None:
    """Who brings this."""
    return tx.one(FIND, of=name)


def claim(tx: Transaction, name: str, holder: str, now: int, until: int) -> bool:
    """Be the one who brings it; False where somebody is who has not fallen silent."""
    return tx.run(_CLAIM, of=name, by=holder, now=now, until=until) == 1


def renew(tx: Transaction, name: str, holder: str, until: int) -> bool:
    """Go on for another while; False where it was taken away."""
    return tx.run(_RENEW, of=name, by=holder, until=until) == 1


def release(tx: Transaction, name: str, holder: str) -> bool:
    """Be done with it."""
    return tx.run(_RELEASE, of=name, by=holder) == 1


def has_expired(tx: Reader, now: int) -> bool:
    """Whether there is something that somebody brought who has fallen silent."""
    return tx.one(_HAS_EXPIRED, now=now) is not None


def forget_expired(tx: Transaction, now: int) -> int:
    """Take away what somebody brought who has fallen silent; how many there were."""
    return tx.run(_EXPIRED, now=now)
