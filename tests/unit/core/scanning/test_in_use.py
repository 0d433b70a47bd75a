"""Where images run: parts of reports, images of an index, what runs no more."""

from datetime import timedelta

import pytest

from entrepot.core.scanning import in_use
from entrepot.core.scanning.in_use import KEPT, Absent, Part, Running, Taken
from entrepot.db import repositories
from entrepot.db.images_in_use import InUse
from entrepot.errors import ParameterInvalid, QuotaExceeded
from entrepot.spec.digest import Digest
from entrepot.spec.manifest import Manifest
from entrepot.spec.media_type import OCI_INDEX, OCI_MANIFEST
from entrepot.spec.repository import RepositoryKey
from tests.factories.callers import EPOCH, caller, index_manifest, registry, repository
from tests.factories.core_database import CoreDatabase

HOUR = timedelta(hours=1)
ONE = repository("one")


def told(core: CoreDatabase, *images: Running, at=EPOCH, **said) -> Taken:
    part = Part(said.pop("cluster", "prod"), images, said.pop("started_at", None), complete=said.pop("complete", True))
    taken = core.write(in_use.report, registry(), part, who=caller(at=at), **said)
    assert isinstance(taken, Taken)
    return taken


def shown(core: CoreDatabase, digest: str, at=EPOCH, key: RepositoryKey = ONE) -> InUse | None:
    found = core.database.read(lambda tx: repositories.find(tx, key))
    assert found is not None
    return core.database.read(lambda tx: in_use.of_image(tx, found.id, digest, at))


def test_what_runs_is_known_until_a_day_has_passed(core: CoreDatabase):
    core.repository("one")
    image = core.image(ONE, "v1")
    assert shown(core, image.digest) is None
    assert told(core, Running("one", image.digest, 3)) == Taken(EPOCH, [])
    assert shown(core, image.digest, EPOCH + 23 * HOUR) == InUse(3, EPOCH)
    assert shown(core, image.digest, EPOCH + 24 * HOUR) == InUse(0, EPOCH)


def test_the_last_part_of_a_report_ends_what_is_in_none_of_its_parts(core: CoreDatabase):
    core.repository("one")
    gone, stays, other = (core.image(ONE, name, layers=[name.encode()]) for name in ("a", "b", "c"))
    told(core, *(Running("one", each.digest, 1) for each in (gone, stays, other)))
    later = EPOCH + HOUR
    first = told(core, Running("one", stays.digest, 2), at=later, complete=False)
    assert shown(core, gone.digest, later) == InUse(1, EPOCH)
    told(core, Running("one", other.digest, 4), at=later + HOUR, started_at=first.started_at)
    found = [shown(core, each.digest, later + HOUR) for each in (gone, stays, other)]
    assert found == [InUse(0, EPOCH), InUse(2, later), InUse(4, later + HOUR)]


def test_a_report_on_one_cluster_says_nothing_of_another(core: CoreDatabase):
    core.repository("one")
    image = core.image(ONE, "v1")
    told(core, Running("one", image.digest, 1), cluster="a")
    told(core, cluster="b", at=EPOCH + HOUR)
    assert shown(core, image.digest, EPOCH + HOUR) == InUse(1, EPOCH)


def test_what_last_ran_longer_ago_than_anything_asks_is_forgotten(core: CoreDatabase):
    core.repository("one")
    image = core.image(ONE, "v1")
    told(core, Running("one", image.digest, 1))
    told(core, at=EPOCH + KEPT + HOUR)
    assert shown(core, image.digest) is None


def test_of_an_index_the_images_for_the_platform_run_too(core: CoreDatabase):
    core.repository("one")
    amd, arm = (core.image(ONE, name, layers=[name.encode()]) for name in ("amd", "arm"))
    described = [
        {
            "mediaType": OCI_MANIFEST,
            "digest": each.digest,
            "size": len(each.payload),
            "platform": {"os": "linux", "architecture": architecture, "variant": variant},
        }
        for each, architecture, variant in ((amd, "amd64", ""), (arm, "arm64", "v8"))
    ]
    index = index_manifest([amd, arm], manifests=described)
    core.put(ONE, Manifest.parse(index.payload, OCI_INDEX), "multi")
    told(core, Running("one", index.digest, 2, "linux/arm64"))
    assert [shown(core, each.digest) for each in (index, arm, amd)] == [InUse(2, EPOCH), InUse(2, EPOCH), None]
    told(core, Running("one", index.digest, 5), Running("one", amd.digest, 1), at=EPOCH + HOUR)
    found = [shown(core, each.digest, EPOCH + HOUR) for each in (index, arm, amd)]
    assert found == [InUse(5, EPOCH + HOUR), InUse(5, EPOCH + HOUR), InUse(6, EPOCH + HOUR)]


def test_what_the_registry_does_not_hold_is_told_and_the_rest_is_taken(core: CoreDatabase):
    core.repository("one")
    image, absent = core.image(ONE, "v1"), Digest.of(b"absent")
    taken = told(core, Running("two", absent, 1), Running("one", absent, 1), Running("one", image.digest, 1))
    assert taken.absent == [
        Absent(Running("two", absent, 1), repository_is_there=False),
        Absent(Running("one", absent, 1), repository_is_there=True),
    ]
    assert shown(core, image.digest) == InUse(1, EPOCH)


def test_a_part_of_a_report_that_has_not_begun_is_refused(core: CoreDatabase):
    with pytest.raises(ParameterInvalid, match="startedAt"):
        told(core, started_at=EPOCH + HOUR)


def test_an_image_runs_in_so_many_clusters_at_most_and_nothing_is_taken_by_half(core: CoreDatabase):
    core.repository("one")
    first, image = core.image(ONE, "v0", layers=[b"first"]), core.image(ONE, "v1")
    for cluster in ("a", "b"):
        told(core, Running("one", image.digest, 1), cluster=cluster, most=2)
    told(core, Running("one", image.digest, 2), cluster="b", most=2)
    with pytest.raises(QuotaExceeded):
        told(core, Running("one", first.digest, 1), Running("one", image.digest, 1), cluster="c", most=2)
    assert [shown(core, each.digest) for each in (first, image)] == [None, InUse(3, EPOCH)]
