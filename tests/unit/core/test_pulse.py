"""Whoever waits for rows is woken by a commit that concerns it, by no other, and by none that it knows already."""

import asyncio

import pytest

from entrepot.core.pulse import Pulse, Watch
from entrepot.db import outbox
from entrepot.db.database import DatabaseUnavailable, Reader
from tests.factories.core_database import CoreDatabase

LONG = 60.0


@pytest.fixture
def pulse():
    """One that is closed."""
    made = Pulse()
    yield made
    made.close()


def an_image_is_pushed(core: CoreDatabase) -> None:
    """Something that tells an event."""
    key = core.repository()
    core.image(key, "v1")


def nothing_of_interest(core: CoreDatabase) -> None:
    """A commit without an event."""
    core.repository()


async def ended_within(watch: Watch, seconds: float, core: CoreDatabase, work) -> float:
    """How long the wait took, in which something was committed."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    waiting = asyncio.create_task(watch.wait(seconds))
    await asyncio.sleep(0)
    await asyncio.to_thread(work, core)
    await waiting
    return loop.time() - began


def test_a_commit_that_changes_the_answer_wakes(core: CoreDatabase, pulse: Pulse):
    watch = pulse.watch((core.database, outbox.first_event))

    async def scenario() -> None:
        assert watch.changed()
        assert not watch.changed()
        assert await ended_within(watch, LONG, core, an_image_is_pushed) < LONG
        assert watch.changed()

    asyncio.run(scenario())


def test_a_commit_that_does_not_leaves_it_asleep(core: CoreDatabase, pulse: Pulse):
    watch, other = pulse.watch((core.database, outbox.first_event)), pulse.watch((core.database, None))

    async def scenario() -> None:
        watch.changed(), other.changed()
        sleeping = asyncio.create_task(watch.wait(LONG))
        assert await ended_within(other, LONG, core, nothing_of_interest) < LONG
        await asyncio.sleep(0.2)
        assert not sleeping.done()
        watch.wake()
        await sleeping
        assert not watch.changed()

    asyncio.run(scenario())


def test_what_was_committed_before_the_wait_but_after_it_was_asked_ends_it_at_once(core: CoreDatabase, pulse: Pulse):
    watch = pulse.watch((core.database, outbox.first_event))

    async def scenario() -> None:
        watch.changed()
        await asyncio.to_thread(an_image_is_pushed, core)
        async with asyncio.timeout(LONG / 2):
            await watch.wait(LONG)
        watch.wake()
        watch.changed()
        await watch.wait(0.01)

    asyncio.run(scenario())


def test_it_beats_again_on_another_loop(core: CoreDatabase, pulse: Pulse):
    watch = pulse.watch((core.database, None))

    async def cut_short() -> None:
        watch.changed()
        asyncio.create_task(watch.wait(LONG))  # noqa: RUF006 - ends with its loop
        await asyncio.sleep(0.01)

    async def whole() -> None:
        watch.changed()
        assert await ended_within(watch, LONG, core, an_image_is_pushed) < LONG

    asyncio.run(cut_short())
    asyncio.run(whole())


def test_a_database_that_does_not_answer_is_met_by_who_asks_it(core: CoreDatabase, pulse: Pulse):
    away: list[bool] = []

    def question(_: Reader) -> object:
        if away:
            raise DatabaseUnavailable("away")
        return None

    watch = pulse.watch((core.database, question))

    async def scenario() -> None:
        watch.changed()
        waiting = asyncio.create_task(watch.wait(LONG))
        await asyncio.sleep(0)
        away.append(True)
        await asyncio.to_thread(an_image_is_pushed, core)
        await waiting
        with pytest.raises(DatabaseUnavailable):
            watch.changed()

    asyncio.run(scenario())
