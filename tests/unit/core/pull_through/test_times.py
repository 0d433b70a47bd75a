"""When upstreams are asked again: after 24 hours or a rule's time, later where they failed. The clock is moved;
upstream, database and store are real.
"""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from entrepot.errors import ImageNotFound, UpstreamBusy, UpstreamImageAbsent, UpstreamUnavailable
from entrepot.spec.digest import Digest
from entrepot.spec.reference import Tag
from tests.factories.cache_house import House, Process
from tests.factories.layouts import Image, image
from tests.factories.origins import body
from tests.factories.pull_through import Upstream, upstream
from tests.factories.upstream_registries import dripping_head
from tests.factories.waiting import until

NAME, V1 = "hub/app", Tag("v1")
DAY = 24 * 3600
FIRST, SECOND = image(301), image(302)
ABSENT = (ImageNotFound, UpstreamImageAbsent)


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upstream]:
    with upstream(tmp_path_factory.mktemp("upstream")) as running:
        yield running


@pytest.fixture
def hub(there: Upstream) -> Upstream:
    there.origin.answers = {"/v2/": body(b"{}")}
    there.origin.asked.clear()
    there.put("app", FIRST, "v1")
    return there


@pytest.fixture
def house(tmp_path: Path, hub: Upstream) -> Iterator[House]:
    made = House(tmp_path, hub.host)
    yield made
    made.close()


@pytest.fixture
async def process(house: House) -> AsyncIterator[Process]:
    made = house.process()
    yield made
    await made.close()


def looks(hub: Upstream) -> int:
    """How often a tag was looked for."""
    return hub.asked("app", "manifests/v1", "HEAD")


async def brought(process: Process, made: Image = FIRST) -> None:
    """The image is pulled and here."""
    assert await process.manifest(NAME, V1) == made.digest
    await until(lambda: process.is_here(NAME, made.digest))


@pytest.mark.parametrize("seconds", [DAY, 600])
async def test_a_tag_is_looked_for_again_when_its_time_is_over(house, process, hub, seconds):
    if seconds != DAY:
        house.ttl(seconds)
    await brought(process)
    hub.put("app", SECOND, "v1")
    house.clock.move(seconds=seconds - 1)
    assert (await process.manifest(NAME, V1), looks(hub)) == (FIRST.digest, 0)
    house.clock.move(seconds=1)
    assert (await process.manifest(NAME, V1), looks(hub)) == (SECOND.digest, 1)
    await until(lambda: process.is_here(NAME, SECOND.digest))


async def test_a_tag_that_stays_is_looked_for_once_in_its_time(house, process, hub):
    await brought(process)
    for day in (1, 2):
        house.clock.move(seconds=DAY)
        for _ in range(3):
            assert await process.manifest(NAME, V1) == FIRST.digest
        assert looks(hub) == day
    assert hub.asked("app", "manifests/v1") == 1


async def test_a_rule_without_time_looks_at_each_pull(house, process, hub):
    house.ttl(0)
    await brought(process)
    before = looks(hub)
    for _ in range(3):
        await process.manifest(NAME, V1)
    assert looks(hub) == before + 3


@pytest.mark.parametrize("status", [429, 500, 503, 403, 404])
async def test_what_is_here_is_served_while_the_upstream_does_not_give_it(house, process, hub, status):
    await brought(process)
    hub.answer("app", "manifests/v1", body(b"", status))
    house.clock.move(seconds=DAY)
    for _ in range(3):
        assert await process.manifest(NAME, V1) == FIRST.digest
    assert looks(hub) == 1
    house.clock.move(days=30)
    assert await process.manifest(NAME, V1) == FIRST.digest
    assert await process.blob(NAME, FIRST.layers[0].digest) == FIRST.layers[0].data


@pytest.mark.parametrize("status", [429, 503])
async def test_an_upstream_that_failed_is_asked_again_after_a_minute(house, process, hub, status):
    await brought(process)
    hub.answer("app", "manifests/v1", body(b"", status))
    house.clock.move(seconds=DAY)
    await process.manifest(NAME, V1)
    hub.put("app", SECOND, "v1")
    house.clock.move(seconds=59)
    assert (await process.manifest(NAME, V1), looks(hub)) == (FIRST.digest, 1)
    house.clock.move(seconds=1)
    assert (await process.manifest(NAME, V1), looks(hub)) == (SECOND.digest, 2)


async def test_an_upstream_that_nobody_reaches_serves_what_is_here(house, tmp_path, hub):
    process = house.process()
    try:
        await brought(process)
        house.clock.move(seconds=DAY)
        hub.origin.answers.clear()
        hub.origin.answers["/v2/app/manifests/v1"] = broken
        assert await process.manifest(NAME, V1) == FIRST.digest
    finally:
        await process.close()


def broken(handler) -> None:
    """Goes away without an answer."""
    handler.close_connection = True


async def test_an_upstream_that_drips_or_says_nothing_is_not_waited_for(house, hub):
    process = house.process(total_seconds=0.3)
    try:
        hub.origin.answers["/v2/app/manifests/slow"] = dripping_head(hub.origin)
        with pytest.raises(UpstreamUnavailable):
            await process.manifest(NAME, Tag("slow"))
        await brought(process)
        hub.origin.answers["/v2/app/manifests/v1"] = dripping_head(hub.origin)
        house.clock.move(seconds=DAY)
        assert await process.manifest(NAME, V1) == FIRST.digest
    finally:
        await process.close()


async def test_what_the_upstream_does_not_have_is_asked_for_again_after_half_a_minute(house, process, hub):
    hub.drop("app", "manifests/v1")
    for _ in range(3):
        with pytest.raises(ABSENT):
            await process.manifest(NAME, V1)
    house.clock.move(seconds=29)
    hub.put("app", FIRST, "v1")
    with pytest.raises(ABSENT):
        await process.manifest(NAME, V1)
    assert hub.asked("app", "manifests/v1") == 1
    house.clock.move(seconds=1)
    await brought(process)
    assert hub.asked("app", "manifests/v1") == 2


@pytest.mark.parametrize(("status", "fact"), [(429, UpstreamBusy), (503, UpstreamUnavailable)])
async def test_a_first_pull_that_failed_is_tried_again_after_two_seconds(house, process, hub, status, fact):
    hub.answer("app", "manifests/v1", body(b"", status))
    for _ in range(3):
        with pytest.raises(fact):
            await process.manifest(NAME, V1)
    assert hub.asked("app", "manifests/v1") == 1
    hub.put("app", FIRST, "v1")
    house.clock.move(seconds=2)
    await brought(process)


async def test_what_is_known_by_digest_is_never_looked_for_again(house, process, hub):
    await brought(process)
    before = len(hub.origin.asked)
    house.clock.move(days=400)
    assert await process.manifest(NAME, Digest(FIRST.digest)) == FIRST.digest
    assert len(hub.origin.asked) == before


async def test_referrers_are_listed_again_when_their_time_is_over(house, process, hub):
    await brought(process)
    path = f"/v2/app/referrers/{FIRST.digest}"
    hub.origin.answers[path] = body(b'{"schemaVersion": 2, "manifests": []}')
    key, subject = process.key(NAME), Digest(FIRST.digest)
    for expected in (1, 1):
        await process.listing.upstream_referrers(process.caller(), key, subject)
        assert hub.origin.paths().count(path) == expected
    house.clock.move(seconds=DAY)
    await process.listing.upstream_referrers(process.caller(), key, subject)
    assert hub.origin.paths().count(path) == 2
    hub.origin.answers[path] = body(b"", 503)
    house.clock.move(seconds=DAY)
    assert await process.listing.upstream_referrers(process.caller(), key, subject) == []
