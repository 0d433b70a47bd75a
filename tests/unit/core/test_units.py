"""Large manifests are parsed beside the event loop, small ones on it; what is wrong with either is told the same."""

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from entrepot.core.units import Units
from entrepot.errors import ManifestInvalid
from entrepot.spec.manifest import Manifest
from tests.factories.callers import OCI_INDEX
from tests.factories.databases import sqlite_database


@pytest.fixture
def units(tmp_path: Path) -> Iterator[Units]:
    database = sqlite_database(tmp_path)
    with ThreadPoolExecutor(1) as readers:
        yield Units(database, readers)
    database.close()


def payload(objects: int, **fields: object) -> bytes:
    body = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [], "more": [{}] * objects, **fields}
    return json.dumps(body).encode()


async def turns(units: Units, data: bytes) -> int:
    """How often the event loop turns until the manifest is parsed."""
    parsing, count = asyncio.create_task(units.manifest(data, OCI_INDEX)), 0
    while not parsing.done():
        await asyncio.sleep(0)  # the turn that is counted
        count += 1
    assert parsing.result() == Manifest.parse(data, OCI_INDEX)
    return count


def test_the_event_loop_turns_while_a_large_manifest_is_parsed(units: Units) -> None:
    assert asyncio.run(turns(units, payload(200_000))) > 2


def test_a_small_manifest_costs_no_hop(units: Units) -> None:
    assert asyncio.run(turns(units, payload(2))) <= 2


@pytest.mark.parametrize("objects", [2, 200_000])
def test_what_is_wrong_is_told_whatever_the_size(units: Units, objects: int) -> None:
    with pytest.raises(ManifestInvalid, match="schemaVersion"):
        asyncio.run(units.manifest(payload(objects, schemaVersion=3), OCI_INDEX))
