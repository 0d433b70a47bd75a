"""After each write use case, and each step of upkeep, a warm cache of another worker answers the truth."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from entrepot.core import collection
from entrepot.core.hot import Hot
from entrepot.core.reads import mark_damaged
from entrepot.db import blobs as blob_rows
from entrepot.db import images as image_rows
from entrepot.db import repositories as repository_rows
from entrepot.db import tags
from entrepot.db.collection import LinkKey
from entrepot.spec.digest import Digest
from entrepot.spec.reference import Reference, Tag
from tests.factories.callers import EPOCH, repository
from tests.factories.core_database import CoreDatabase
from tests.unit.core.test_authorisation import KEYWORDS
from tests.unit.core.test_outbox import FRESH, IMAGE, KEY, LOOSE, NEW, WRITES, case, house

__all__ = ["house"]

GRACE = timedelta(days=1)
REFERENCES: list[Reference] = [Tag("v1"), Tag("v2"), IMAGE.digest, NEW.digest]
DIGESTS = [LOOSE, Digest.of(b"layer"), Digest.of(b"other"), FRESH.digest]


@pytest.fixture
def hot(house: CoreDatabase) -> Iterator[Hot]:
    """Warm with everything that the house holds."""
    snapshot = house.database.snapshot()
    warm = Hot(snapshot)
    answers(warm)
    yield warm
    snapshot.close()


def answers(hot: Hot) -> list[Any]:
    told: list[Any] = []
    for key in (KEY, repository("two"), repository("new")):
        found = hot.repository(key)
        told.append(found)
        if found is not None:
            told += [hot.manifest(found, reference) for reference in REFERENCES]
            told += [hot.link(found, digest) for digest in DIGESTS]
    return told


def truth(house: CoreDatabase) -> list[Any]:
    told: list[Any] = []
    for key in (KEY, repository("two"), repository("new")):
        found = house.row(repository_rows.find, key)
        told.append(found)
        if found is not None:
            for reference in REFERENCES:
                digest = house.row(tags.find, found.id, reference) if isinstance(reference, Tag) else reference
                told.append(None if digest is None else house.row(image_rows.find, found.id, digest))
            told += [house.row(blob_rows.find_link, found.id, digest) for digest in DIGESTS]
    return told


@pytest.mark.parametrize("name", WRITES)
def test_a_warm_cache_is_fresh_after_each_use_case(house: CoreDatabase, hot: Hot, name):
    house.write(case(name), *WRITES[name][0], **KEYWORDS.get(name, {}))
    assert answers(hot) == truth(house)


def condemn(house: CoreDatabase) -> None:
    key = LinkKey(house.present(KEY).id, LOOSE)
    assert house.database.submit(lambda tx: collection.condemn(tx, key, EPOCH + 2 * GRACE, GRACE)).result()


def unlink(house: CoreDatabase) -> None:
    condemn(house)
    key = LinkKey(house.present(KEY).id, LOOSE)
    assert house.database.submit(lambda tx: collection.unlink(tx, key, EPOCH + 4 * GRACE, GRACE)).result()


def damage(house: CoreDatabase) -> None:
    held = house.row(blob_rows.share_held, "main", LOOSE)
    assert house.database.submit(lambda tx: mark_damaged(tx, held)).result()


@pytest.mark.parametrize("step", [condemn, unlink, damage])
def test_a_warm_cache_is_fresh_after_each_step_of_upkeep_and_the_push_that_takes_it_back(
    house: CoreDatabase, hot: Hot, step: Callable[[CoreDatabase], None]
):
    step(house)
    assert answers(hot) == truth(house)
    held = house.row(blob_rows.share_held, "main", LOOSE)
    house.blob(KEY, b"loose", bad=held.location)
    assert answers(hot) == truth(house)
    assert house.row(blob_rows.find_link, house.present(KEY).id, LOOSE).blob.state == "live"
