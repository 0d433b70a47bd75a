"""Rows of `layer_inventory`: what a layer holds, by the blob that it is; they go with it."""

from collections.abc import Mapping, Sequence

from sqlalchemy import bindparam, delete, select, text

from entrepot.db.database import Transaction
from entrepot.db.scan_schema import layer_inventory
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
_REMOVE = delete(layer_inventory).where(layer_inventory.c.blob_id == bindparam("of"))


def find(tx: Transaction, blob_ids: Sequence[str], version: str) -> Mapping[str, bytes]:
    """The inventories that there are of these blobs, made by this version, by blob."""
    found = {each: tx.one(_FIND, of=each, version=version) for each in blob_ids}
    return {each: bytes(row.body) for each, row in found.items() if row is not None}


def put(tx: Transaction, blob_id: str, location: str, version: str, body: bytes) -> bool:
    """Keep the inventory of a blob that was read at this location, in the place of those by other versions; False when
    it is not live, or lies elsewhere by now.
    """
    row = tx.one(_SHARE_BLOB, of=blob_id, location=location)
    if row is None or row.state != "live":
        return False
    tx.run(_REMOVE_OTHERS, of=blob_id, version=version)
    tx.run(_PUT, of=blob_id, version=version, body=body)
    return True


def remove(tx: Transaction, blob_id: str) -> None:
    """Forget what a blob holds: it goes, or its bytes were not what they should be."""
    tx.run(_REMOVE, of=blob_id)
