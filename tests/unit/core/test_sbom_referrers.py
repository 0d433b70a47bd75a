"""An SBOM is pushed as anybody's is, once for an image however often it is scanned, and never in the way of a scan."""

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from entrepot.core import deletion, referrers, registries, sbom_referrers
from entrepot.core.deletion import ImageId
from entrepot.core.made_referrers import Keeping
from entrepot.core.referrers import ReferrerFilter
from entrepot.core.sbom_referrers import SbomReferrers
from entrepot.core.scanning import inventories
from entrepot.core.scanning.analysis import Analysis, Content
from entrepot.core.scanning.layer_programs import VERSION
from entrepot.core.units import Units
from entrepot.db import blobs, images
from entrepot.scan import name_marks
from entrepot.scan.packages import Layer, Package
from entrepot.spec.digest import Digest
from entrepot.spec.manifest import Manifest
from entrepot.spec.reference import Tag
from entrepot.store.filesystem import Filesystem
from tests.factories.callers import EPOCH, image_manifest
from tests.factories.core_database import CONFIG, CoreDatabase
from tests.factories.scanning import FOUND, Literal

LAYER = Layer(packages=[Package("npm", "left-pad", "1.3.0", "a/package.json")], read=["a/package.json"])


class House:
    """A registry that wants SBOMs, with an image whose layer was read."""

    def __init__(self, core: CoreDatabase, folder: Path, pool: ThreadPoolExecutor) -> None:
        self.core = core
        self.store = Filesystem(folder)
        self.store.prepare()
        self.key = core.repository()
        core.write(registries.put_setting, self.key.registry, registries.SBOM_REFERRERS, registries.ENABLED)
        self.image = core.image(self.key, "v1")
        self.units = Units(core.database, pool)
        self.keep(self.image)

    def keep(self, image: Manifest) -> None:
        """What the layer holds."""
        repository = self.core.present(self.key)
        link = self.core.row(blobs.find_link, repository.id, image.layers[0].digest)
        body, marks = inventories.packed(LAYER), name_marks.of_layer(LAYER)
        assert self.core.database.submit(lambda tx: inventories.keep(tx, link.blob, VERSION, body, marks)).result()

    def scan(self, reserve: int = 0, hours: int = 0) -> Analysis:
        """Analyse the image."""
        keeping = Keeping(self.store, "main", reserve)
        analyst = SbomReferrers(Literal(), self.units, keeping, lambda: EPOCH + timedelta(hours=hours))
        return asyncio.run(analyst.analyse(Content(self.key, self.image.digest, self.image, ())))

    def sboms(self) -> Any:
        """The referrers of the image."""
        return self.core.read(referrers.list_of, self.key, self.image.digest, ReferrerFilter(), 10, "").items

    def locations(self) -> list[str]:
        """What lies in the store."""
        return [location for location, _ in self.store.locations()]


@pytest.fixture
def house(core: CoreDatabase, tmp_path: Path) -> Iterator[House]:
    with ThreadPoolExecutor(1) as pool:
        yield House(core, tmp_path / "store", pool)


def test_a_scan_pushes_one_sbom_and_another_scan_none(house):
    assert house.scan() == FOUND
    (first,) = house.sboms()
    assert len(house.locations()) == 1, "the empty config was there"
    assert house.scan(hours=48) == FOUND
    assert house.sboms() == (first,)
    assert len(house.locations()) == 1
    assert [row.name for row in house.core.outbox() if "Referrer" in row.name] == ["ECR Referrer Action"]
    (call,) = [
        each
        for each in house.core.calls("PutImage")
        if each.common.caller != "" and each.parameters["imageDigest"] == first.digest
    ]
    assert call.common.door == "worker"


def test_nothing_is_pushed_where_nobody_wants_it_or_not_all_is_known(house):
    registry = house.key.registry
    house.core.write(registries.put_setting, registry, registries.SBOM_REFERRERS, registries.DISABLED)
    house.scan()
    assert house.sboms() == ()
    house.core.write(registries.put_setting, registry, registries.SBOM_REFERRERS, registries.ENABLED)
    house.image = house.core.image(house.key, "v2", layers=[b"unread"])
    house.scan()
    assert house.sboms() == ()
    assert house.locations() == []


def test_an_image_that_is_gone_gets_none_and_no_bytes_are_left(house):
    image, kept = house.core.row(sbom_referrers.wanted, house.key, house.image.digest)
    manifest = sbom_referrers.referrer(image, kept, b"sbom")
    house.core.write(deletion.delete, house.key, house.image.digest)
    held = house.core.database.submit(
        lambda tx: sbom_referrers.put(tx, [], house.key, house.image.digest, manifest, [])
    ).result()
    assert held == ()
    house.scan()
    assert house.locations() == []


def test_a_full_volume_keeps_the_sbom_away_and_not_the_scan(house):
    assert house.scan(reserve=2**62) == FOUND
    assert house.sboms() == ()


def test_two_scans_at_once_push_one(house: House):
    async def both() -> None:
        analyst = SbomReferrers(Literal(), house.units, Keeping(house.store, "main", 0), lambda: EPOCH)
        content = Content(house.key, house.image.digest, house.image, ())
        await asyncio.gather(analyst.analyse(content), analyst.analyse(content))

    asyncio.run(both())
    assert len(house.sboms()) == 1
    assert len(house.locations()) == 1


def known(house: House, digest: Digest) -> bool:
    repository = house.core.present(house.key)
    return bool(house.core.row(images.known, repository.id, digest))


def test_an_sbom_goes_with_its_image_and_what_others_have_pushed_stays(house: House):
    house.scan()
    (sbom,) = house.sboms()
    subject = {"mediaType": house.image.media_type, "digest": str(house.image.digest), "size": 1}
    theirs = image_manifest([b"layer"], CONFIG, artifactType="application/vnd.cyclonedx+json", subject=subject)
    house.core.put(house.key, theirs)
    house.core.write(deletion.delete, house.key, house.image.digest)
    assert not known(house, sbom.digest)
    assert known(house, theirs.digest)
    told = [json.loads(row.body)["detail"] for row in house.core.outbox() if "Referrer" in row.name]
    assert [each["action-type"] for each in told if each["image-digest"] == sbom.digest] == ["PUSH", "DELETE"]


def test_an_sbom_goes_with_the_last_tag_of_its_image(house: House):
    house.scan()
    (sbom,) = house.sboms()
    house.core.write(deletion.delete, house.key, Tag("v1"))
    assert not known(house, sbom.digest)


def test_an_sbom_that_somebody_has_tagged_stays(house: House):
    house.scan()
    (sbom,) = house.sboms()
    stored = house.core.row(images.find, house.core.present(house.key).id, sbom.digest)
    house.core.put(house.key, Manifest.parse(stored.body, stored.media_type), "mine")
    house.core.write(deletion.delete, house.key, house.image.digest)
    assert known(house, sbom.digest)


def test_an_image_and_its_sbom_may_be_deleted_together(house: House):
    house.scan()
    (sbom,) = house.sboms()
    ids = [ImageId(house.image.digest, None), ImageId(sbom.digest, None)]
    removed, refusals = house.core.write(deletion.batch_delete, house.key, ids)
    assert refusals == ()
    assert {each.digest for each in removed} == {house.image.digest, sbom.digest}
