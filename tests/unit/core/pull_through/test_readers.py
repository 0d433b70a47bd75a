"""Who reads a blob while it comes: in the process that brings it and in others over the same data, none of whom gets
bytes for the whole that are not. Upstream, database and store are real.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import select

from entrepot.core import repositories
from entrepot.core.pull_through.seam import ArrivingBlob
from entrepot.core.repositories import RepositoryDraft
from entrepot.db.pull_through_schema import upstream_fetch
from entrepot.errors import BlobBytesMissing, UpstreamImageUnusable
from entrepot.spec.reference import Tag
from tests.factories.cache_house import House, Process
from tests.factories.key_cases import VAULT
from tests.factories.layouts import Content, Image, image
from tests.factories.origins import body
from tests.factories.pull_through import Upstream, stopping, upstream
from tests.factories.upstream_registries import in_turn
from tests.factories.waiting import until

MIB = 1 << 20
MADE = image(311, layers=1, size=12 * MIB)  # more than a window holds
LAYER = MADE.layers[0]
SIZE = len(LAYER.data)
HALF = SIZE // 2


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upstream]:
    with upstream(tmp_path_factory.mktemp("upstream")) as running:
        yield running


@dataclass
class Halt:
    """An upstream that gives a part of a layer, and the rest when it is told to."""

    reached: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def halt() -> Iterator[Halt]:
    made = Halt()
    yield made
    made.go_on.set()


@pytest.fixture
def house(tmp_path: Path, hub: Upstream) -> Iterator[House]:
    made = House(tmp_path, hub.host)
    yield made
    made.close()


@pytest.fixture
async def processes(house: House) -> AsyncIterator[tuple[Process, Process]]:
    """Two, of one server or of two."""
    pair = house.process(), house.process()
    yield pair
    for each in pair:
        await each.close()


class Taking:
    """Somebody who takes a blob as it comes."""

    def __init__(self, process: Process, name: str, content: Content) -> None:
        self.taken = bytearray()
        self.task = asyncio.create_task(self._take(process, name, content))

    async def _take(self, process: Process, name: str, content: Content) -> bytes:
        found = await process.open(name, content.digest)
        assert isinstance(found, ArrivingBlob)
        async for piece in found.pieces:
            self.taken += piece
        return bytes(self.taken)


async def halted(hub: Upstream, halt: Halt, process: Process, name: str, after: int, made: Image = MADE) -> str:
    """A repository whose image is on its way, of whose layer so much has come."""
    hub.put(name, made, "v1")
    layer = made.layers[0]
    hub.answer(name, f"blobs/{layer.digest}", stopping(layer, after, halt.reached, halt.go_on))
    await process.manifest(f"hub/{name}", Tag("v1"))
    await until(halt.reached.is_set)
    return f"hub/{name}"


async def test_a_reader_of_another_process_gets_what_there_is(house, processes, hub, halt):
    first, second = processes
    name = await halted(hub, halt, first, "elsewhere", HALF)
    other = Taking(second, name, LAYER)
    await until(lambda: len(other.taken) == HALF)
    assert other.taken == LAYER.data[:HALF]
    halt.go_on.set()
    assert await other.task == LAYER.data
    assert hub.asked("elsewhere", f"blobs/{LAYER.digest}") == 1


async def test_who_comes_late_gets_what_there_is_of_the_process_that_brings_it(house, processes, hub, halt):
    first, _ = processes
    name = await halted(hub, halt, first, "late", SIZE - MIB)
    late = Taking(first, name, LAYER)
    await until(lambda: len(late.taken) == SIZE - MIB)
    halt.go_on.set()
    assert await late.task == LAYER.data
    assert hub.asked("late", f"blobs/{LAYER.digest}") == 1


async def test_nobody_elsewhere_has_the_last_byte_before_all_is_stored(house, processes, hub, halt):
    first, second = processes
    name = await halted(hub, halt, first, "last", SIZE)
    other = Taking(second, name, LAYER)
    await other.task
    assert bytes(other.taken) == LAYER.data
    halt.go_on.set()  # the connection is kept, and what is asked next may come by it
    wrong = image(312, layers=1, size=12 * MIB)
    hub.put("wrong", wrong, "v1")
    hub.answer("wrong", f"blobs/{wrong.layers[0].digest}", body(LAYER.data))
    await first.manifest("hub/wrong", Tag("v1"))
    cheated = Taking(second, "hub/wrong", wrong.layers[0])
    with pytest.raises(UpstreamImageUnusable):
        await cheated.task
    assert len(cheated.taken) < SIZE


async def test_when_the_process_that_brings_it_ends_another_goes_on_and_its_readers_too(house, processes, hub, halt):
    first, second = processes
    name = await halted(hub, halt, first, "orphaned", HALF)
    other = Taking(second, name, LAYER)
    await until(lambda: len(other.taken) == HALF)
    hub.answer("orphaned", f"blobs/{LAYER.digest}", body(LAYER.data))
    await first.cache.close()
    assert await other.task == LAYER.data
    assert hub.asked("orphaned", f"blobs/{LAYER.digest}") == 2


async def test_bytes_that_turn_out_to_be_others_are_not_gone_on_with(house, processes, hub, halt):
    first, second = processes
    false = Content(LAYER.media_type, b"x" * SIZE)
    hub.put("false", MADE, "v1")
    lying = stopping(false, HALF, halt.reached, halt.go_on)
    hub.answer("false", f"blobs/{LAYER.digest}", in_turn(lying, body(LAYER.data)))
    await first.manifest("hub/false", Tag("v1"))
    await until(halt.reached.is_set)
    other = Taking(second, "hub/false", LAYER)
    await until(lambda: len(other.taken) == HALF)
    await first.cache.close()
    with pytest.raises(UpstreamImageUnusable, match="other bytes"):
        await other.task
    assert len(other.taken) == HALF
    await second.manifest("hub/false", Tag("v1"))
    await until(lambda: second.is_here("hub/false", MADE.digest))
    assert await second.blob("hub/false", LAYER.digest) == LAYER.data


async def test_what_is_encrypted_is_read_elsewhere_when_it_is_stored(house, processes, hub, halt):
    first, second = processes
    draft = RepositoryDraft(encryption={"encryptionType": "KMS"})
    house.core.write(repositories.create, first.key("hub/sealed"), draft, None, VAULT)
    name = await halted(hub, halt, first, "sealed", HALF)
    other, late = Taking(second, name, LAYER), Taking(first, name, LAYER)
    rows = house.core.row(lambda tx: tx.all(select(upstream_fetch)))
    (holder,) = [row.holder for row in rows if row.name.endswith(LAYER.digest)]
    with pytest.raises(BlobBytesMissing):
        house.store.peek(holder)
    assert not any(LAYER.data[:4096] in path.read_bytes() for path in (house.directory / "uploads").iterdir())
    halt.go_on.set()
    assert await other.task == await late.task == LAYER.data
    assert hub.asked("sealed", f"blobs/{LAYER.digest}") == 1
