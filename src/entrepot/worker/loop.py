"""The job loop: claims what is due, works it in a thread without a transaction, renews the lease meanwhile.

A job that is due every few moments is worked again and again under one lease, for a turn: a loop with nothing to do
hardly writes. One that is shared needs no lease, and every loop works it. A job that fails is logged and due again
later; the loop itself does not end before it is told to.
"""

import asyncio
import inspect
import secrets
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any, cast

import structlog

from entrepot.core import leases
from entrepot.core.units import Units
from entrepot.worker.schedule import Task, next_due
from entrepot.worker.witness import Witness

LEASE = timedelta(seconds=20)
TURN = timedelta(seconds=50)
_THREADS = 6
_LONGEST_SLEEP_SECONDS = 5.0
_WATCHED_SECONDS = 5.0
_SHORTEST_SLEEP_SECONDS = 0.05
_PAUSE_AFTER_FAULT = timedelta(seconds=1)

log = structlog.get_logger()


class Loop:
    """Runs tasks until `stop` is set; several loops over one database share the work."""

    def __init__(
        self,
        units: Units,
        tasks: Sequence[Task],
        clock: Callable[[], datetime],
        lease: timedelta = LEASE,
        witnesses: Sequence[Witness] = (),
        turn: timedelta = TURN,
    ) -> None:
        self._units = units
        self._tasks = tasks
        self._clock = clock
        self._lease = lease
        self._witnesses = witnesses
        self._turn = turn
        self._running: dict[str, asyncio.Task[None]] = {}
        self._due: dict[str, datetime] = {}
        self._holders: dict[str, str] = {}  # whose name each lease bears that this loop has

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop`; what runs then is abandoned (a job may be killed at any point), its lease given back."""
        pool = ThreadPoolExecutor(_THREADS, "job")
        for task in self._leased():
            await self._units.write(leases.introduce, task.name, self._clock(), task.every)
        beside = [asyncio.create_task(self._share(task, pool), name=task.name) for task in self._tasks if task.shared]
        beside.append(asyncio.create_task(self._renew()))
        try:
            while not stop.is_set():
                await self._start_what_can(pool)
                await self._rest(stop)
        finally:
            running = [*self._running.values(), *beside]
            for each in running:
                each.cancel()
            await asyncio.gather(*running, return_exceptions=True)
            pool.shutdown(wait=False, cancel_futures=True)

    async def _start_what_can(self, pool: ThreadPoolExecutor) -> None:
        try:
            await self._start_due(pool)
        except Exception:
            log.exception("jobs not started")  # the database is full, or away: a later round tries again
            again = self._clock() + _PAUSE_AFTER_FAULT
            self._due = {task.name: again for task in self._leased()}

    async def _start_due(self, pool: ThreadPoolExecutor) -> None:
        now = self._clock()
        known = {lease.name: lease for lease in await self._units.read(leases.list_all)}
        for task in self._leased():
            lease = known[task.name]
            self._due[task.name] = max(lease.due_at, lease.expires_at)
            if task.name in self._running or self._due[task.name] > now:
                continue
            holder = secrets.token_hex(8)
            if await self._units.write(leases.claim, task.name, holder, now, self._lease):
                self._holders[task.name] = holder
                job = asyncio.create_task(self._work(task, holder, pool), name=task.name)
                self._running[task.name] = job
                job.add_done_callback(lambda done: self._running.pop(done.get_name(), None))

    def _leased(self) -> Sequence[Task]:
        return [task for task in self._tasks if not task.shared]

    async def _share(self, task: Task, pool: ThreadPoolExecutor) -> None:
        """Work a task again and again that other processes work too."""
        while True:
            _, failed = await self._outcome(task, pool)
            again_at = next_due(task, self._clock(), failed=failed)
            await asyncio.sleep(max((again_at - self._clock()).total_seconds(), 0.0))

    async def _work(self, task: Task, holder: str, pool: ThreadPoolExecutor) -> None:
        result: Mapping[str, object] = {"abandoned": True}
        failed = True
        try:
            ends_at = self._clock() + self._turn
            while True:
                begun = self._clock()
                result, failed = await self._outcome(task, pool)
                now = self._clock()
                again_at = next_due(task, now, took=now - begun)
                if failed or task.name not in self._holders or again_at >= ends_at:
                    break
                await asyncio.sleep((again_at - self._clock()).total_seconds())
                await self._watch(task, ends_at)
                if task.name not in self._holders:  # lost meanwhile: another process works it
                    break
        finally:
            self._holders.pop(task.name, None)
            await _to_its_end(self._give_back(task, holder, result, failed=failed))

    async def _watch(self, task: Task, ends_at: datetime) -> None:
        """Until there may be something to do, or some seconds have passed."""
        if task.watch is None:
            return
        try:
            await task.watch.wait(min(_WATCHED_SECONDS, (ends_at - self._clock()).total_seconds()))
        except Exception:
            log.exception("commits not seen", job=task.name)  # the run that follows meets the same fault

    async def _give_back(self, task: Task, holder: str, result: Mapping[str, object], *, failed: bool) -> None:
        due_at = next_due(task, self._clock(), failed=failed)
        try:
            await self._units.write(leases.finish, task.name, holder, due_at, result)
        except Exception:
            log.exception("lease not given back", job=task.name)  # it expires by itself

    async def _outcome(self, task: Task, pool: ThreadPoolExecutor) -> tuple[Mapping[str, object], bool]:
        started = self._clock()
        try:
            if task.watch is not None:
                task.watch.changed()  # what is committed from here on is another run's
            result = await _run(task, started, pool)
        except Exception as fault:
            log.exception("job failed", job=task.name)
            result = {"failed": type(fault).__name__}
            self._tell(task, started, result, failed=True)
            return {**result, "at": started.isoformat()}, True
        seconds = self._tell(task, started, result, failed=False)
        if any(result.values()):
            log.info("job done", job=task.name, seconds=round(seconds, 3), **result)
        return {**result, "at": started.isoformat()}, False

    def _tell(self, task: Task, started: datetime, result: Mapping[str, object], *, failed: bool) -> float:
        seconds = max((self._clock() - started).total_seconds(), 0.0)
        for witness in self._witnesses:
            witness.job(task.name, seconds, result, failed=failed)
        return seconds

    async def _renew(self) -> None:
        """Keep all leases that this loop has, in one transaction."""
        while True:
            await asyncio.sleep(self._lease.total_seconds() / 3)
            held = dict(self._holders)
            try:
                lost = await self._units.write(leases.renew, held, self._clock(), self._lease) if held else ()
            except Exception:
                log.exception("leases not renewed", jobs=sorted(held))  # the next try may come in time
                continue
            for name in lost:
                if self._holders.get(name) == held[name]:  # not given back meanwhile
                    del self._holders[name]
                    log.warning("lease lost", job=name)

    async def _rest(self, stop: asyncio.Event) -> None:
        """Until the next job that is not running is due, one ends, `stop` is set, or a few seconds have passed."""
        waiting = [due for name, due in self._due.items() if name not in self._running]
        soonest = min(waiting, default=self._clock() + timedelta(seconds=_LONGEST_SLEEP_SECONDS))
        seconds = min(max((soonest - self._clock()).total_seconds(), _SHORTEST_SLEEP_SECONDS), _LONGEST_SLEEP_SECONDS)
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({stopping, *self._running.values()}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()


async def _run(task: Task, started: datetime, pool: ThreadPoolExecutor) -> Mapping[str, object]:
    if inspect.iscoroutinefunction(task.run):
        coroutine: Awaitable[Mapping[str, object]] = task.run(started)
        return await coroutine
    done: Any = await asyncio.get_running_loop().run_in_executor(pool, task.run, started)
    return cast("Mapping[str, object]", done)


async def _to_its_end(work: Coroutine[None, None, None]) -> None:
    """Await `work` whole, also when whoever awaits it is cancelled meanwhile."""
    task = asyncio.create_task(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        raise
