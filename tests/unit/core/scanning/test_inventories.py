"""What a layer holds is kept with its blob, and goes with it."""

from dataclasses import replace
from datetime import timedelta

from entrepot.core.scanning import inventories
from entrepot.db import blobs, collection
from entrepot.db.records import Blob
from entrepot.db.scan_schema import layer_inventory
from entrepot.db.schema import repository_blob
from entrepot.scan.packages import Layer, Package
from entrepot.spec.moments import micros
from tests.factories.callers import EPOCH
from tests.factories.core_database import CoreDatabase

LAYER = Layer(packages=[Package("npm", "left-pad", "1.3.0", "app/node_modules/left-pad/package.json")], read=["a"])
BODY = inventories.packed(LAYER)


def kept(core: CoreDatabase, blob: Blob, version: str = "1") -> bool:
    return blob.id in core.row(inventories.find, [blob], version)


def keep(core: CoreDatabase, blob: Blob, version: str = "1") -> bool:
    return core.database.submit(lambda tx: inventories.keep(tx, blob, version, BODY, b"")).result()


def a_layer(core: CoreDatabase) -> Blob:
    return core.blob(core.repository(), b"layer")


def test_an_inventory_is_found_as_it_was_kept(core: CoreDatabase):
    blob = a_layer(core)
    assert keep(core, blob)
    assert inventories.unpacked(core.row(inventories.find, [blob], "1")[blob.id]) == LAYER


def test_an_inventory_of_another_version_is_none_and_goes_when_there_is_a_new_one(core: CoreDatabase):
    blob = a_layer(core)
    keep(core, blob)
    assert not kept(core, blob, "2")
    keep(core, blob, "2")
    assert not kept(core, blob, "1")
    assert kept(core, blob, "2")


def test_collecting_a_layer_removes_its_inventory_in_the_same_transaction(core: CoreDatabase):
    blob = a_layer(core)
    keep(core, blob)
    assert not core.database.submit(lambda tx: collection.forget(tx, blob.id)).result(), "it is live"
    assert kept(core, blob)
    at = micros(EPOCH + timedelta(days=1))
    core.database.submit(lambda tx: collection.mark_deleting(tx, blob.id, at)).result()
    core.database.submit(lambda tx: tx.run(repository_blob.delete())).result()
    assert core.database.submit(lambda tx: collection.forget(tx, blob.id)).result()
    assert core.row(lambda tx: tx.all(layer_inventory.select())) == []


def test_what_damaged_bytes_seemed_to_hold_is_forgotten(core: CoreDatabase):
    blob = a_layer(core)
    keep(core, blob)
    core.database.submit(lambda tx: blobs.damage(tx, blob.id, "elsewhere")).result()
    assert kept(core, blob)
    core.database.submit(lambda tx: blobs.damage(tx, blob.id, blob.location)).result()
    assert not kept(core, blob)
    assert not keep(core, blob), "a damaged blob says nothing of its layer"


def test_what_was_read_at_another_place_than_the_blob_is_now_is_not_kept(core: CoreDatabase):
    blob = a_layer(core)
    keep(core, blob)
    core.database.submit(lambda tx: blobs.heal(tx, blob.id, replace(blob, location="blobs/fresh"), EPOCH)).result()
    assert not kept(core, blob)
    assert not keep(core, blob)
