"""The job `deliver`: events reach their targets, in order within each lane, many lanes at a time.

A lane is the events of one repository (or one event alone) for one target. One runner has a lane at a time; it sends
the lane's first events one after the other, until one fails: that one is tried again later, or given up, and meanwhile
holds up its own lane only. What has arrived is forgotten in one transaction at the end; a crash before it sends some of
the lane's events again, in the same order, with the same ids.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from entrepot.core.events import dead_letters, outcomes
from entrepot.core.events.authorizing import Authorizer
from entrepot.core.events.aws_services import AwsServices
from entrepot.core.events.dead_letters import Letter
from entrepot.core.events.invocations import Rates
from entrepot.core.events.measures import MILLISECONDS, Meter, Tally
from entrepot.core.events.outcomes import NO_RESOURCE, Again, Failure, Pace
from entrepot.core.events.sending_out import Targets
from entrepot.core.events.target_plans import Plan, Plans
from entrepot.core.pulse import Watch
from entrepot.core.units import Units
from entrepot.db import event_deliveries, event_failures
from entrepot.db.database import Row, Transaction
from entrepot.outbound import Outbound, Sender
from entrepot.spec.moments import micros

MOST_AT_ONCE = 64
MOST_OF_TARGET = 16
TURN = timedelta(seconds=50)
_MOST_TARGETS = 1024
_LANE_BATCH = 16
_LARGE = 16 * 1024  # characters: of events of this size one is read at a time
_SETTLE_EVERY_SECONDS = 1.0
_LONGEST_WAIT_SECONDS = 5.0
_MICROSECONDS = 1_000_000


_PACE = Pace()


@dataclass(slots=True)
class Lane:
    """The first events of a lane, and what has become of them."""

    name: str
    target: str
    plan: Plan | None
    rows: Sequence[Row]
    through: int = 0  # the last sequence that is over
    failed: tuple[Row, Failure, int] | None = None  # the row to try again, why, and when
    kept: list[Letter] = field(default_factory=list)  # given up, and taken by no queue
    resume_at: int = 0  # when what is left may go on


@dataclass(frozen=True, slots=True)
class Parts:
    """What a deliverer works with."""

    metadata: Units
    events: Units
    outbound: Outbound
    targets: Targets
    services: AwsServices
    authorizer: Authorizer
    meter: Meter
    watch: Watch
    clock: Callable[[], datetime]
    pace: Pace = _PACE


class Deliverer:
    """Delivers for a turn at a time; a second one at the same time sends some events twice, none out of order."""

    def __init__(self, parts: Parts, turn: timedelta = TURN) -> None:
        self._parts = parts
        self._turn = turn
        self._plans = Plans()
        self._rates = Rates()
        self._tally = Tally()
        self._running: dict[str, asyncio.Task[None]] = {}
        self._of_target = Counter[str]()
        self._stopping = False
        self._first = 0  # whose turn it is among the targets
        self._attempts = 0
        self._fault: BaseException | None = None

    async def run(self, _: datetime) -> dict[str, object]:
        """Deliver for a turn; how many attempts were made."""
        loop, watch = asyncio.get_running_loop(), self._parts.watch
        end = loop.time() + self._turn.total_seconds()
        self._stopping, self._attempts, self._fault = False, 0, None
        async with self._parts.outbound.pool(MOST_AT_ONCE) as sender:
            settling = asyncio.create_task(self._settle(sender))
            settling.add_done_callback(self._note)
            try:
                await self._parts.events.write(event_deliveries.heal, micros(self._parts.clock()))
                while (left := end - loop.time()) > 0 and self._fault is None:
                    watch.changed()
                    pause = await self._start(sender)
                    self._tally.tell(self._parts.meter, micros(self._parts.clock()))
                    await watch.wait(min(pause, left))
                self._stopping = True
                await asyncio.gather(*self._running.values(), return_exceptions=True)
            finally:
                working = [settling, *self._running.values()]
                for task in working:
                    task.cancel()
                await asyncio.gather(*working, return_exceptions=True)
        self._tally.tell(self._parts.meter, micros(self._parts.clock()))
        self._rates.prune()
        if self._fault is not None:  # of the databases: the job is tried again after a pause
            raise self._fault
        return {"attempts": self._attempts}

    def _note(self, task: asyncio.Task[None]) -> None:
        """A task has ended; what it raises ends the turn, for what was sent could not be noted."""
        if not task.cancelled() and (fault := task.exception()) is not None:
            self._fault = fault
        self._parts.watch.wake()

    async def _settle(self, sender: Sender) -> None:
        """Beside the deliveries: an authorization server that does not answer holds up nobody else's events."""
        while True:
            await self._parts.authorizer.settle(sender)
            await asyncio.sleep(_SETTLE_EVERY_SECONDS)

    async def _start(self, sender: Sender) -> float:
        """Give a runner to each lane that is due, as far as there is room; seconds until another may be."""
        room = MOST_AT_ONCE - len(self._running)
        if room <= 0:
            return _LONGEST_WAIT_SECONDS
        now = micros(self._parts.clock())
        running = frozenset(self._running), Counter(self._of_target)  # before the rows: who ends meanwhile, has ended
        lanes, soonest = await self._parts.events.read(self._due, now, room, *running)
        if lanes:
            await self._parts.metadata.read(self._plan, lanes)
        for lane in lanes:
            self._of_target[lane.target] += 1
            task = self._running[lane.name] = asyncio.create_task(self._work(sender, lane))
            task.add_done_callback(self._note)
        return min(max((soonest - now) / _MICROSECONDS, 0.0), _LONGEST_WAIT_SECONDS)

    def _due(
        self, tx: Transaction, now: int, room: int, running: frozenset[str], of_target: Counter[str]
    ) -> tuple[list[Lane], int]:
        """Lanes to run, as many of each target as it may have at once, and when the next one is due."""
        found: list[Lane] = []
        soonest = event_deliveries.BEHIND
        targets = event_deliveries.targets(tx, _MOST_TARGETS)
        self._first = self._first + 1 if self._first + 1 < len(targets) else 0
        for target in targets[self._first :] + targets[: self._first]:
            due_at = event_deliveries.soonest(tx, target)
            if due_at is None or due_at > now:
                soonest = min(soonest, due_at or soonest)
                continue
            most = min(MOST_OF_TARGET - of_target[target], room - len(found))
            if most > 0:
                names = event_deliveries.due(tx, target, now, most + of_target[target])
                chosen = [each for each in names if each not in running][:most]
                found += [Lane(name, target, None, _first_rows(tx, name)) for name in chosen]
        return found, soonest

    def _plan(self, tx: Transaction, lanes: Sequence[Lane]) -> None:
        plans = {target: self._plans.of(tx, target) for target in {lane.target for lane in lanes}}
        for lane in lanes:
            lane.plan = plans[lane.target]

    async def _work(self, sender: Sender, lane: Lane) -> None:
        try:
            for row in lane.rows:
                if self._stopping or not await self._send(sender, lane, row):
                    break
        finally:
            try:
                await self._parts.events.write(_finish, lane, micros(self._parts.clock()))
            finally:
                del self._running[lane.name]
                self._of_target[lane.target] -= 1

    async def _send(self, sender: Sender, lane: Lane, row: Row) -> bool:
        """Send one event; whether the lane goes on."""
        plan = lane.plan
        if plan is None:
            lane.kept.append(Letter(row, Failure(NO_RESOURCE, "the rule has no such target", False), "", row.attempts))
            lane.through = row.sequence
            return True
        destination = plan.destination
        if destination is not None and (pause := self._rates.take(destination.arn, destination.rate)):
            lane.resume_at = micros(self._parts.clock()) + int(pause * _MICROSECONDS)
            return False
        began = self._parts.clock()
        failure = await self._parts.targets.attempt(sender, plan, row, began)
        now = micros(self._parts.clock())
        self._count(plan, row, failure, now)
        if failure is None:
            lane.through = row.sequence
            return True
        return await self._failed(sender, lane, plan, row, failure, now)

    async def _failed(self, sender: Sender, lane: Lane, plan: Plan, row: Row, failure: Failure, now: int) -> bool:
        attempts = row.attempts + 1
        chance = random.random()  # noqa: S311 - spreads load, guards nothing
        judged = outcomes.verdict(failure, attempts, row.accepted_at, now, plan.policy, self._parts.pace, chance)
        if isinstance(judged, Again):
            lane.failed = (row, failure, judged.due_at)
            return False
        arn = plan.rule.arn
        self._tally.rule(arn, "FailedInvocations")
        letter = Letter(row, failure, judged.exhausted, attempts)
        if not await self._buried(sender, plan, letter):
            lane.kept.append(letter)
        lane.through = row.sequence
        return True

    async def _buried(self, sender: Sender, plan: Plan, letter: Letter) -> bool:
        """Whether the target's dead-letter queue has it."""
        queue = plan.target.dead_letter_arn
        if queue is None:
            return False
        refused = await dead_letters.send(self._parts.services, sender, queue, letter, plan.target.arn)
        told = "InvocationsSentToDlq" if refused is None else "InvocationsFailedToBeSentToDlq"
        self._tally.rule(plan.rule.arn, told)
        return refused is None

    def _count(self, plan: Plan, row: Row, failure: Failure | None, now: int) -> None:
        arn = plan.rule.arn
        self._attempts += 1
        self._tally.rule(arn, "InvocationAttempts")
        if row.attempts:
            self._tally.rule(arn, "RetryInvocationAttempts")
        else:
            self._tally.rule(arn, "Invocations")
        if failure is None:
            self._tally.rule(arn, "SuccessfulInvocationAttempts")
            took = (now - row.accepted_at) / 1000
            self._tally.rule(arn, "IngestionToInvocationSuccessLatency", took, MILLISECONDS)


def _first_rows(tx: Transaction, lane: str) -> Sequence[Row]:
    rows = event_deliveries.of_lane(tx, lane, 1)
    if rows and len(rows[0].body) < _LARGE:
        rows = event_deliveries.of_lane(tx, lane, _LANE_BATCH)
    return rows


def _finish(tx: Transaction, lane: Lane, now: int) -> None:
    """What has become of a lane's first events, at once."""
    for letter in lane.kept:
        failure = letter.failure
        event_failures.add(
            tx,
            letter.row,
            attempts=letter.attempts,
            at=now,
            exhausted=letter.exhausted,
            code=failure.code,
            message=failure.message,
        )
    if lane.through:
        event_deliveries.done(tx, lane.name, lane.through)
    if lane.failed is not None:
        row, failure, due_at = lane.failed
        event_deliveries.postpone(tx, row.sequence, due_at, row.attempts + 1, failure.code, failure.message)
    elif lane.resume_at and not lane.through:
        row = lane.rows[0]
        event_deliveries.postpone(tx, row.sequence, lane.resume_at, row.attempts, row.error_code, row.error_message)
    else:
        event_deliveries.promote(tx, lane.name, lane.resume_at or now)
