"""Rows that are claimed one by one: so many at once, woken by what becomes due, let go of without a trace."""

import asyncio
from collections.abc import Coroutine, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from structlog.testing import capture_logs

from entrepot.core.claiming import Claiming, Pace
from entrepot.core.pulse import Pulse
from entrepot.db import scans
from tests.factories.core_database import CoreDatabase

SECONDS = 20


class Rows:
    """What is to be done, until it is taken."""

    def __init__(self, core: CoreDatabase, pulse: Pulse, pace: Pace) -> None:
        self.waiting: list[Coroutine[Any, Any, None]] = []
        self.rooms: list[int] = []
        self.claiming = Claiming(pace, pulse.of(core.database), now, lambda _: EARLIER, self.take)

    async def take(self, room: int) -> Sequence[Coroutine[Any, Any, None]]:
        """As many as there is room for."""
        self.rooms.append(room)
        taken, self.waiting = self.waiting[:room], self.waiting[room:]
        return taken


EARLIER = datetime(2020, 1, 1, tzinfo=UTC)


def now() -> datetime:
    """The machine's time."""
    return datetime.now(UTC)


def test_a_turn_has_so_many_at_once_and_ends_with_what_it_began(core: CoreDatabase):
    pulse = Pulse()

    async def scenario() -> tuple[int, int]:
        rows = Rows(core, pulse, Pace(at_once=2, turn=timedelta(seconds=1)))
        running = most = done = 0

        async def work() -> None:
            nonlocal running, most, done
            running += 1
            most = max(most, running)
            await asyncio.sleep(0.01)
            running -= 1
            done += 1

        rows.waiting = [work() for _ in range(7)]
        async with asyncio.timeout(SECONDS):
            await rows.claiming.turn()
        assert max(rows.rooms) == 2
        return most, done

    assert asyncio.run(scenario()) == (2, 7)
    pulse.close()


def test_what_fails_is_logged_and_holds_up_nothing(core: CoreDatabase):
    pulse = Pulse()

    async def scenario() -> list[str]:
        rows, done = Rows(core, pulse, Pace(at_once=1, turn=timedelta(seconds=1))), []

        async def fails() -> None:
            raise ValueError("on purpose")

        async def works() -> None:
            done.append("done")

        rows.waiting = [fails(), works()]
        await rows.claiming.exhaust()
        return done

    with capture_logs() as logs:
        assert asyncio.run(scenario()) == ["done"]
    assert [entry["event"] for entry in logs] == ["let go of"]
    pulse.close()


def test_a_row_is_held_for_as_long_as_it_is_worked_on_and_no_longer(core: CoreDatabase):
    pulse = Pulse()

    async def scenario() -> None:
        rows, until = Rows(core, pulse, Pace(hold=timedelta(milliseconds=30))), list[datetime]()
        enough = asyncio.Event()

        async def renew(moment: datetime) -> bool:
            until.append(moment)
            if len(until) == 3:
                enough.set()
            return len(until) < 3

        async def work() -> str:
            await enough.wait()
            await asyncio.sleep(0.1)
            return "outcome"

        async with asyncio.timeout(SECONDS):
            assert await rows.claiming.held(work(), renew) == "outcome"
        assert len(until) == 3, "nobody renews what is another's"

    asyncio.run(scenario())
    pulse.close()


def test_nothing_is_claimed_before_it_is_due(core: CoreDatabase):
    pulse = Pulse()

    async def scenario() -> list[int]:
        rooms: list[int] = []

        async def take(room: int) -> Sequence[Coroutine[Any, Any, None]]:
            rooms.append(room)
            return ()

        pace = Pace(turn=timedelta(milliseconds=300))
        claiming = Claiming(pace, pulse.of(core.database), now, scans.next_due, take)
        await claiming.turn()
        return rooms

    assert asyncio.run(scenario()) == []
    pulse.close()
