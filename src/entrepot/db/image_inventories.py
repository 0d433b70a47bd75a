"""Rows of `image_inventory`: what an image holds, as its topmost layer leaves it; gone with the image, and with any of
its blobs whose bytes were not what they should be.
"""

from sqlalchemy import bindparam, delete, select, text

from entrepot.db.database import Reader, Transaction
from entrepot.db.scan_schema import image_inventory as table

_FIND = select(table.c.body).where(
    table.c.repository_id == bindparam("of"),
    table.c.digest == bindparam("image"),
    table.c.version == bindparam("version"),
)
_PUT = text(
    "INSERT INTO image_inventory (repository_id, digest, version, body) VALUES (:of, :image, :version, :body) "
    "ON CONFLICT (repository_id, digest) DO UPDATE SET version = excluded.version, body = excluded.body"
)
_REMOVE = delete(table).where(table.c.repository_id == bindparam("of"), table.c.digest == bindparam("image"))
_REMOVE_OF_BLOB = text(
    "DELETE FROM image_inventory WHERE (repository_id, digest) IN "
    "(SELECT named.repository_id, named.manifest_digest FROM repository_blob AS held "
    "JOIN manifest_reference AS named ON named.repository_id = held.repository_id AND named.digest = held.digest "
    "WHERE held.blob_id = :of)"
)


def find(tx: Reader, repository_id: str, digest: str, version: str) -> bytes | None:
    """What an image holds, as this version of what reads layers has it."""
    row = tx.one(_FIND, of=repository_id, image=digest, version=version)
    return None if row is None else bytes(row.body)


def put(tx: Transaction, repository_id: str, digest: str, version: str, body: bytes) -> None:
    """Keep what an image holds, in the place of what was said before."""
    tx.run(_PUT, of=repository_id, image=digest, version=version, body=body)


def remove(tx: Transaction, repository_id: str, digest: str) -> None:
    """The image goes."""
    tx.run(_REMOVE, of=repository_id, image=digest)


def remove_of_blob(tx: Transaction, blob_id: str) -> None:
    """Forget what images hold of which this blob is a layer or the config."""
    tx.run(_REMOVE_OF_BLOB, of=blob_id)
