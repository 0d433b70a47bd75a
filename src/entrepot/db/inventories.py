"""Rows of `layer_inventory` and `layer_marks`: what a layer holds, by the blob that it is; they go with it."""

from collections.abc import Mapping, Sequence

from sqlalchemy import bindparam, delete, select, text

from entrepot.db import image_inventories
from entrepot.db.database import Transaction
from entrepot.db.scan_schema import layer_inventory, layer_marks
from entrepot.db.schema import blob

_FIND = select(layer_inventory.c.body).where(
    layer_inventory.c.blob_id == bindparam("of"), layer_inventory.c.version == bindparam("version")
)
_SHARE_BLOB = (
    select(blob.c.state)
    .where(blob.c.id == bindparam("of"), blob.c.location == bindparam("location"))
    .with_for_update(read=True)  # who marks it damaged waits, and removes what is put
)
_PUT = text(
    "INSERT INTO layer_inventory (blob_id, version, body) VALUES (:of, :version, :body) "
    "ON CONFLICT (blob_id, version) DO UPDATE SET body = excluded.body"
)
_REMOVE_OTHERS = delete(layer_inventory).where(
    layer_inventory.c.blob_id == bindparam("of"), layer_inventory.c.version != bindparam("version")
)
_PUT_MARKS = text(
    "INSERT INTO layer_marks (blob_id, marks) VALUES (:of, :marks) "
    "ON CONFLICT (blob_id) DO UPDATE SET marks = excluded.marks"
)
_REMOVE = delete(layer_inventory).where(layer_inventory.c.blob_id == bindparam("of"))
_REMOVE_MARKS = delete(layer_marks).where(layer_marks.c.blob_id == bindparam("of"))
_MARKS = (
    select(layer_marks.c.blob_id, blob.c.digest, layer_marks.c.marks)
    .join(blob, blob.c.id == layer_marks.c.blob_id)
    .where(layer_marks.c.blob_id > bindparam("after"))
    .order_by(layer_marks.c.blob_id)
    .limit(bindparam("limit"))
)


def find(tx: Transaction, blob_ids: Sequence[str], version: str) -> Mapping[str, bytes]:
    """The inventories that there are of these blobs, made by this version, by blob."""
    found = {each: tx.one(_FIND, of=each, version=version) for each in blob_ids}
    return {each: bytes(row.body) for each, row in found.items() if row is not None}


def is_live(tx: Transaction, blob_id: str, location: str) -> bool:
    """Whether a blob lies at this location still, undamaged: until the end of this unit then."""
    row = tx.one(_SHARE_BLOB, of=blob_id, location=location)
    return row is not None and row.state == "live"


def put(tx: Transaction, blob_id: str, location: str, version: str, body: bytes, marks: bytes | None = None) -> bool:
    """Keep the inventory of a blob that was read at this location, and the marks of its names, in the place of those by
    other versions; False when it is not live, or lies elsewhere by now. What is no layer has no marks.
    """
    if not is_live(tx, blob_id, location):
        return False
    tx.run(_REMOVE_OTHERS, of=blob_id, version=version)
    tx.run(_PUT, of=blob_id, version=version, body=body)
    if marks is not None:
        tx.run(_PUT_MARKS, of=blob_id, marks=marks)
    return True


def marks(tx: Transaction, after: str, limit: int) -> Sequence[tuple[str, str, bytes]]:
    """Blobs above `after`, in order: id, digest, and the marks of the names in it."""
    return [(row.blob_id, row.digest, bytes(row.marks)) for row in tx.all(_MARKS, after=after, limit=limit)]


def remove(tx: Transaction, blob_id: str) -> None:
    """Forget what a blob holds: it goes, or its bytes were not what they should be; and what images of it hold."""
    image_inventories.remove_of_blob(tx, blob_id)
    tx.run(_REMOVE, of=blob_id)
    tx.run(_REMOVE_MARKS, of=blob_id)
