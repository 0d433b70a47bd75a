"""SBOMs are made of what is kept of layers, the same each time, and of nothing less than all of them."""

import json

import pytest

from entrepot.core.scanning import inventories, sboms
from entrepot.core.scanning.layer_programs import VERSION
from entrepot.db import blobs, images
from entrepot.scan.packages import Layer, Package, Release, SystemDatabase
from entrepot.spec.manifest import Manifest
from entrepot.spec.repository import RepositoryKey
from tests.factories.core_database import CoreDatabase

LAYERS = [b"base", b"own"]
BASE = Layer(
    releases={"etc/os-release": Release("debian", "12")},
    databases=[SystemDatabase("dpkg", "var/lib/dpkg/status", [Package("deb", "bash", "5.2", "var/lib/dpkg/status")])],
)
OWN = Layer(packages=[Package("npm", "left-pad", "1.3.0", "a/package.json")], read=["a/package.json"])


def keep(core: CoreDatabase, key: RepositoryKey, manifest: Manifest, number: int, layer: Layer) -> None:
    repository = core.present(key)
    link = core.row(blobs.find_link, repository.id, manifest.layers[number].digest)
    body = inventories.packed(layer)
    assert core.database.submit(lambda tx: inventories.keep(tx, link.blob, VERSION, body, b"")).result()


def kept(core: CoreDatabase, key: RepositoryKey, manifest: Manifest) -> sboms.Kept | None:
    repository = core.present(key)
    stored = core.row(images.find, repository.id, manifest.digest)
    found = core.row(sboms.kept, repository, stored)
    assert found is None or isinstance(found, sboms.Kept)
    return found


@pytest.mark.parametrize(
    ("form", "parts"), [("CYCLONEDX_1_4", "components"), ("CYCLONEDX_1_6", "components"), ("SPDX_2_3", "packages")]
)
def test_an_image_whose_layers_are_known_has_an_sbom_in_each_form(core: CoreDatabase, form, parts):
    key = core.repository()
    manifest = core.image(key, "v1", layers=LAYERS)
    assert kept(core, key, manifest) is None
    keep(core, key, manifest, 0, BASE)
    assert kept(core, key, manifest) is None, "the layer above may have taken all of it away"
    keep(core, key, manifest, 1, OWN)
    found = kept(core, key, manifest)
    assert found is not None
    written = sboms.exported(found, form)
    assert {"debian", "bash", "left-pad"} <= {each["name"] for each in json.loads(written)[parts]}
    assert str(manifest.digest) in written.decode()
    again = kept(core, key, manifest)
    assert again is not None
    assert sboms.exported(again, form) == written
