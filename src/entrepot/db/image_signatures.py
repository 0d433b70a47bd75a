"""Rows of `image_signature`: whether an image is signed by a key of its repository, in repositories that want that.

Read at each pull of such a repository; made by the job `except`, whenever a signature or a key came or went.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, delete, select, text, update

from entrepot.db.database import Reader, Transaction
from entrepot.db.exception_records import SignatureWait
from entrepot.db.exception_schema import image_signature as table
from entrepot.spec.moments import micros, moment_or_none

_IS_IT = (table.c.repository_id == bindparam("of")) & (table.c.digest == bindparam("image"))
FIND = select(table.c.signed).where(_IS_IT)
_AWAIT = text(
    "INSERT INTO image_signature (repository_id, digest, signed, tries, due_at) "
    "SELECT repository_id, digest, '', 0, :at FROM manifest WHERE repository_id = :of AND digest = :image "
    "ON CONFLICT (repository_id, digest) DO UPDATE SET tries = 0, due_at = excluded.due_at"
)
_AWAIT_ALL = text(
    "INSERT INTO image_signature (repository_id, digest, signed, tries, due_at) "
    "SELECT repository_id, digest, '', 0, :at FROM manifest WHERE repository_id = :of "
    "ON CONFLICT (repository_id, digest) DO UPDATE SET signed = '', tries = 0, due_at = excluded.due_at"
)
_LAPSE = text(
    "UPDATE image_signature SET signed = '', tries = 0, due_at = :at "
    "WHERE repository_id = :of AND signed != '' AND signed = :image"
)
_SUBJECT = text("SELECT subject FROM manifest WHERE repository_id = :of AND digest = :image AND subject IS NOT NULL")
_AWAIT_CHILDREN = text(
    "UPDATE image_signature SET tries = 0, due_at = :at WHERE repository_id = :of AND digest IN "
    "(SELECT digest FROM manifest_reference WHERE repository_id = :of AND manifest_digest = :image AND kind = 'child')"
)
_DUE = (
    select(table.c.repository_id, table.c.digest, table.c.signed, table.c.tries, table.c.due_at)
    .where(table.c.due_at <= bindparam("now"))
    .order_by(table.c.due_at, table.c.repository_id, table.c.digest)
    .limit(bindparam("limit"))
)
_NEXT_DUE = select(table.c.due_at).where(table.c.due_at.is_not(None)).order_by(table.c.due_at).limit(1)
_SETTLE = (
    update(table)
    .where(_IS_IT, table.c.due_at == bindparam("seen"))
    .values(signed=bindparam("by"), tries=0, due_at=None)
)
_AGAIN = (
    update(table)
    .where(_IS_IT, table.c.due_at == bindparam("seen"))
    .values(tries=table.c.tries + 1, due_at=bindparam("later"))
)
_REMOVE = delete(table).where(_IS_IT)
_REMOVE_ALL = delete(table).where(table.c.repository_id == bindparam("of"))


def signed(reader: Reader, repository_id: str, digest: str) -> str:
    """The digest for which an image counts as signed: its own or that of an index that names it; '' for none."""
    row = reader.one(FIND, of=repository_id, image=digest)
    return "" if row is None else str(row.signed)


def await_(tx: Transaction, repository_id: str, digest: str, at: datetime) -> None:
    """Have an image that is there looked at; it stands as it did until then."""
    tx.run(_AWAIT, of=repository_id, image=digest, at=micros(at))


def await_all(tx: Transaction, repository_id: str, at: datetime) -> None:
    """Have every image looked at; none is signed until then."""
    tx.run(_AWAIT_ALL, of=repository_id, at=micros(at))


def await_children(tx: Transaction, repository_id: str, digest: str, at: datetime) -> None:
    """Have what an index names looked at."""
    tx.run(_AWAIT_CHILDREN, of=repository_id, image=digest, at=micros(at))


def lapse(tx: Transaction, repository_id: str, digest: str, at: datetime) -> None:
    """What counts as signed for this digest does no more, until it has been looked at."""
    tx.run(_LAPSE, of=repository_id, image=digest, at=micros(at))


def due(tx: Transaction, now: datetime, limit: int) -> Sequence[SignatureWait]:
    """Images that are to be looked at."""
    return [SignatureWait(*row) for row in tx.all(_DUE, now=micros(now), limit=limit)]


def next_due(tx: Reader) -> datetime | None:
    """When the next one is; None when none is."""
    row = tx.one(_NEXT_DUE)
    return None if row is None else moment_or_none(row.due_at)


def settle(tx: Transaction, of: SignatureWait, by: str) -> bool:
    """What was found, unless something came or went meanwhile: then it is looked at once more."""
    return tx.run(_SETTLE, of=of.repository_id, image=of.digest, seen=of.due_at, by=by) == 1


def again(tx: Transaction, of: SignatureWait, later: datetime) -> None:
    """Look at it once more, later."""
    tx.run(_AGAIN, of=of.repository_id, image=of.digest, seen=of.due_at, later=micros(later))


def remove(tx: Transaction, repository_id: str, digest: str, at: datetime) -> None:
    """Forget an image, which goes, and have looked at what was signed by it or for it."""
    subject = tx.one(_SUBJECT, of=repository_id, image=digest)
    for each in (digest, *(() if subject is None else (subject[0],))):
        lapse(tx, repository_id, each, at)
    tx.run(_REMOVE, of=repository_id, image=digest)


def remove_all(tx: Transaction, repository_id: str) -> None:
    """Forget all of a repository, which asks for signatures no more."""
    tx.run(_REMOVE_ALL, of=repository_id)
