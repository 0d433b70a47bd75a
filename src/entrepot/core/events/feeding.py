"""The job `route`: schedules and replays feed the inbox, the router empties it and the outbox. It runs for most of a
minute at a time, woken by commits, and writes nothing when nothing happens.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial

from entrepot.core.events.measures import Meter
from entrepot.core.events.replaying import Replayer
from entrepot.core.events.routing import Router
from entrepot.core.events.scheduling import Scheduler
from entrepot.core.pulse import Question, Watch
from entrepot.core.units import BlockingUnits
from entrepot.db import event_archives, event_inbox, outbox
from entrepot.db.database import Reader
from entrepot.spec.moments import micros

TURN = timedelta(seconds=50)
_REPLAY_PAUSE_SECONDS = 0.2
_LONGEST_WAIT_SECONDS = 5.0
_PRUNE_EVERY = 60 * 1_000_000


class Feeder:
    """Runs beside everything else; a second one at the same time would do no harm but the work twice."""

    def __init__(
        self,
        metadata: BlockingUnits,
        events: BlockingUnits,
        meter: Meter,
        watch: Callable[[Question, Question], Watch],
        clock: Callable[[], datetime],
        turn: timedelta = TURN,
    ) -> None:
        self._router = Router(metadata, events, meter)
        self._scheduler = Scheduler(metadata, events)
        self._replayer = Replayer(metadata, events)
        self._watch = watch(_told, event_inbox.first)
        self._clock = clock
        self._turn = turn
        self._thread = ThreadPoolExecutor(1, "route")  # whose connections to the databases it keeps
        self._pruned_at = 0

    async def run(self, _: datetime) -> dict[str, object]:
        """Feed and route for a turn; what was done."""
        loop, watch = asyncio.get_running_loop(), self._watch
        end = loop.time() + self._turn.total_seconds()
        routed = 0
        changed = True
        while (left := end - loop.time()) > 0:
            changed = watch.changed() or changed
            done = await loop.run_in_executor(self._thread, partial(self.step, changed=changed))
            routed += done
            changed = not done
            if not done:
                await watch.wait(min(self._pause(), left))
        return {"routed": routed}

    def step(self, *, changed: bool) -> int:
        """One round of everything; how many events were routed."""
        now = self._clock()
        self._scheduler.fire(now, changed=changed)
        self._replayer.replay(now, changed=changed)
        routed = self._router.route(micros(now))
        if micros(now) - self._pruned_at > _PRUNE_EVERY:
            self._pruned_at = micros(now)
            self._router.prune(self._pruned_at)
        return routed

    def _pause(self) -> float:
        """How long nothing but a commit can give work."""
        if self._replayer.busy:
            return _REPLAY_PAUSE_SECONDS
        due = (self._scheduler.soonest - micros(self._clock())) / 1_000_000
        return min(max(due, 0.0), _LONGEST_WAIT_SECONDS)


def _told(tx: Reader) -> object:
    """What of the metadata is work: events that are told, replays under way."""
    return outbox.first_event(tx), event_archives.under_way(tx)
