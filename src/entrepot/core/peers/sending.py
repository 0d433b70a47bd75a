"""The job `replicate-elsewhere`: does the steps of replication whose destination is at a peer.

A lane is a repository and a destination: its steps go one after another, so that what is told later was looked at
later; lanes go beside each other, a few for each destination. A peer that cannot be used holds up only what goes
there, and loses nothing: its steps wait, the first of them with the reason, and it is asked again after a second, then
twice as long each time, up to a bound. What a peer says no to is as final as the same at home.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from typing import Final

import structlog

from entrepot.core.peers import reading
from entrepot.core.peers.destinations import Elsewhere, Source
from entrepot.core.peers.reaching import Reaching
from entrepot.core.replication import engine, outcomes
from entrepot.core.replication.arriving import Way
from entrepot.core.replication.engine import Counts
from entrepot.core.replication.outcomes import Outcome
from entrepot.core.units import Units
from entrepot.db import peers, replication_steps
from entrepot.db.database import Reader
from entrepot.db.replication_records import DELETE, Destination, Lane, Step
from entrepot.errors import Fact
from entrepot.errors.peers import PeerRefuses, PeerUnavailable, PeerUnknown

_SOME: Final = 16  # steps of a lane that are read at once
_TURN_SECONDS: Final = 20.0
_LOOK_SECONDS: Final = 0.2  # new steps are seen so late while others are on their way
UNAVAILABLE: Final = "PeerUnavailable"
log = structlog.get_logger()


def waiting(tx: Reader) -> object:
    """When this is another, there may be something to do."""
    return replication_steps.soonest_elsewhere(tx)


@dataclass(slots=True)
class _Rest:
    """How long a destination is left alone that could not be used."""

    failures: int = 0
    until: float = 0.0


@dataclass(slots=True)
class _Turn:
    """What runs in one turn."""

    until: float
    counts: Counts = field(default_factory=Counts)
    running: dict[Lane, asyncio.Task[None]] = field(default_factory=dict)

    def at(self, destination: Destination) -> int:
        """How many lanes to a destination."""
        return sum(lane.destination == destination for lane in self.running)


class Sending:
    """One for a process; the lease of its job keeps others from doing the same."""

    def __init__(
        self,
        units: Units,
        reaching: Reaching,
        source: Source,
        clock: Callable[[], datetime],
        *,
        at_once: int,
        longest_rest: float,
        turn_seconds: float = _TURN_SECONDS,
    ) -> None:
        """`at_once` lanes go to a destination; one that cannot be used rests for `longest_rest` seconds at most."""
        self._units = units
        self._reaching = reaching
        self._source = source
        self._clock = clock
        self._at_once = at_once
        self._longest_rest = longest_rest
        self._turn_seconds = turn_seconds
        self._rests: dict[Destination, _Rest] = {}

    async def run(self, _: datetime) -> Mapping[str, object]:
        """What is due; how many images were replicated, deleted and failed."""
        turn = _Turn(monotonic() + self._turn_seconds)
        try:
            async with self._reaching.open():
                while await self._round(turn):
                    pass
        finally:
            for each in turn.running.values():
                each.cancel()
            await asyncio.gather(*turn.running.values(), return_exceptions=True)
        return turn.counts.shown()

    async def bring(self, way: Way, digest: str, tag: str) -> Outcome:
        """Bring one image of a backfill: PeerUnavailable, PeerRefuses, and facts of the source."""
        async with self._reaching.open():
            there = await self._reaching.of(await self._peer(way.destination))
            return await self._brought(there, way, digest, tag)

    async def _round(self, turn: _Turn) -> bool:
        """Begin what can be begun, and wait for something to end; whether there is more to do in this turn."""
        rested = None
        if monotonic() < turn.until:
            rested = await self._begin(turn)
        if turn.running:
            await asyncio.wait(turn.running.values(), timeout=_LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            for lane in [lane for lane, task in turn.running.items() if task.done()]:
                if (fault := turn.running.pop(lane).exception()) is not None:
                    log.error("step put off", exc_info=fault)
            return True
        if rested is None or rested >= turn.until:
            return False
        await asyncio.sleep(_LOOK_SECONDS)
        return True

    async def _begin(self, turn: _Turn) -> float | None:
        """Until when the first destination rests, and so do the steps that failed there."""
        for lane in await self._units.read(replication_steps.lanes, self._clock()):
            rest = self._rests.get(lane.destination)
            rests = rest is not None and rest.until > monotonic()
            if not rests and lane not in turn.running and turn.at(lane.destination) < self._at_once:
                turn.running[lane] = asyncio.create_task(self._work(lane, turn), name="replicate-elsewhere")
        resting = (rest.until + 2 * _LOOK_SECONDS for rest in self._rests.values())
        return min((until for until in resting if until > monotonic()), default=None)

    async def _work(self, lane: Lane, turn: _Turn) -> None:
        """A lane to its end, or as far as it comes."""
        while monotonic() < turn.until:
            steps = await self._units.read(replication_steps.due_on, lane, self._clock(), _SOME)
            for step in steps:
                if monotonic() >= turn.until or not await self._try(step, turn.counts):
                    return
            if not steps:
                return

    async def _try(self, step: Step, counts: Counts) -> bool:
        """Do a step, or put it off; whether the destination can be used still."""
        async with self._stepping_aside(step):
            try:
                outcome = await self._do(step)
            except PeerUnavailable as fact:
                due_at = self._clock() + timedelta(seconds=self._fail(step.destination))
                await self._units.write(engine.hesitate, step, str(fact), due_at, UNAVAILABLE)
                return False
            except Fact as fact:
                await self._failed(step, fact, counts)
            else:
                self._rests.pop(step.destination, None)
                counts.add(step, await self._units.write(engine.conclude, step, outcome, self._clock()))
        return True

    @asynccontextmanager
    async def _stepping_aside(self, step: Step) -> AsyncIterator[None]:
        """Whatever is wrong with a step, others are done before it is tried again."""
        is_well, task = False, asyncio.current_task()
        try:
            yield
            is_well = True
        finally:
            if not is_well and not (task is not None and task.cancelling()):
                again_at = self._clock() + outcomes.LONGEST
                await self._units.write(engine.hesitate, step, engine.FAULT, again_at, "")

    async def _do(self, step: Step) -> Outcome:
        way = engine.way_of(step)
        there = await self._reaching.of(await self._peer(step.destination))
        if step.action != DELETE:
            return await self._brought(there, way, step.digest, step.tag)
        loss = await self._units.read(reading.loss, way, step.digest, step.tag, self._clock())
        if not loss.is_deleted and loss.has_tag:
            return outcomes.GONE
        return await there.take_away(loss, self._source)

    async def _brought(self, there: Elsewhere, way: Way, digest: str, tag: str) -> Outcome:
        cargo = await self._units.read(reading.cargo, way, digest, tag, self._clock())
        return outcomes.GONE if cargo is None else await there.bring(cargo, self._source)

    async def _peer(self, destination: Destination) -> str:
        found = await self._units.read(peers.at, destination)
        if found is None:
            raise PeerUnknown(name=f"for {destination.account}/{destination.region}")
        return found

    async def _failed(self, step: Step, fact: Fact, counts: Counts) -> None:
        attempts, outcome = step.attempts + 1, outcome_of(fact)
        if is_final(fact, attempts):
            await self._units.write(engine.give_up, step, outcome, self._clock(), elsewhere=True)
            counts.add(step, outcome)
        else:
            due_at = self._clock() + outcomes.pause(attempts)
            await self._units.write(engine.hesitate, step, str(fact), due_at, outcome.code)

    def _fail(self, destination: Destination) -> float:
        """For how many seconds a destination is left alone now."""
        rest = self._rests.setdefault(destination, _Rest())
        if rest.until <= monotonic():
            rest.failures += 1
            rest.until = monotonic() + min(2.0 ** (rest.failures - 1), self._longest_rest)
        return max(rest.until - monotonic(), 0.0)


def outcome_of(fact: Fact) -> Outcome:
    """What a fact of here or there makes of an image."""
    if isinstance(fact, PeerRefuses):
        return Outcome("FAILED", str(fact.code), str(fact.reason))
    return outcomes.of_fact(fact)


def is_final(fact: Fact, attempts: int) -> bool:
    """Whether it is not tried again after so many attempts."""
    return (isinstance(fact, PeerRefuses) and bool(fact.final)) or outcomes.is_final(fact, attempts)
