"""The job loop over a real database: one holder at a time, whoever fails, stops or falls silent."""

import asyncio
import threading
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from entrepot.core import leases
from entrepot.core.pulse import Pulse
from entrepot.db.database import DatabaseUnavailable, Reader
from entrepot.worker.schedule import Task
from tests.factories.threads import SECONDS
from tests.factories.waiting import until
from tests.unit.worker.bench import SHORT, Bench, now

OFTEN = timedelta(milliseconds=10)
STEADY = timedelta(seconds=1.5)  # a lease that a busy machine does not lose by chance
SELDOM = timedelta(hours=1)


class Work:
    """A job that notes when it ran and how many ran at once; with `held`, each run waits to be let go."""

    def __init__(self, *, held: bool = False) -> None:
        self.runs: list[datetime] = []
        self.active = 0
        self.most = 0
        self.let_go = threading.Event()
        self._lock = threading.Lock()
        if not held:
            self.let_go.set()

    def __call__(self, at: datetime) -> Mapping[str, object]:
        with self._lock:
            self.runs.append(at)
            self.active += 1
            self.most = max(self.most, self.active)
        self.let_go.wait(SECONDS)
        with self._lock:
            self.active -= 1
        return {"number": len(self.runs)}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.close()


async def test_a_job_runs_again_and_again_and_its_row_says_what_it_did(bench: Bench):
    work = Work()
    with capture_logs() as logs:
        async with bench.loop(Task("job", OFTEN, work)):
            await until(lambda: len(work.runs) >= 5)
    lease = bench.lease("job")
    assert lease.holder == ""
    assert lease.result["number"] == len(work.runs)
    done = [entry for entry in logs if entry["event"] == "job done"]
    assert [entry["number"] for entry in done] == list(range(1, len(work.runs) + 1))


async def test_a_lease_is_given_back_though_the_loop_stops_meanwhile(bench: Bench):
    written = threading.Event()

    def held(_: datetime) -> Mapping[str, object]:
        bench.database.submit(lambda _: written.wait(SECONDS))  # what is written after the job waits behind this
        return {"number": 1}

    with capture_logs() as logs:
        async with bench.loop(Task("job", SELDOM, held)):
            await until(lambda: "job done" in [entry["event"] for entry in logs])
            asyncio.get_running_loop().call_later(0.05, written.set)
    assert bench.lease("job").holder == ""
    assert bench.lease("job").result["number"] == 1


async def test_a_job_that_did_nothing_is_not_logged(bench: Bench):
    ran = threading.Event()

    def nothing(_: datetime) -> Mapping[str, object]:
        ran.set()
        return {"blobs": 0}

    with capture_logs() as logs:
        async with bench.loop(Task("job", SELDOM, nothing)):
            await until(ran.is_set)
            await until(lambda: bench.lease("job").holder == "")
    assert logs == []


async def test_a_job_that_is_due_often_is_worked_for_a_turn_under_one_lease(bench: Bench):
    work, holders = Work(), set[str]()

    def much_done() -> bool:
        holders.add(bench.lease("job").holder)
        return len(work.runs) >= 20

    task = Task("job", OFTEN, work)
    async with bench.loop(task, lease=STEADY, turn=SELDOM), bench.loop(task, lease=STEADY, turn=SELDOM):
        await until(lambda: work.runs)
        await until(much_done)
        assert len(holders - {""}) == 1
    assert bench.lease("job").holder == ""


async def test_a_turn_ends_with_a_run_that_fails_and_after_its_time(bench: Bench):
    def failing(_: datetime) -> Mapping[str, object]:
        raise ValueError("on purpose")

    work = Work()
    with capture_logs():
        async with bench.loop(Task("failing", OFTEN, failing), Task("job", OFTEN, work), turn=SHORT):
            await until(lambda: len(work.runs) > 1)
            await until(lambda: bench.lease("failing").result.get("failed") == "ValueError")
            await until(lambda: bench.lease("job").result)


async def test_a_turn_ends_when_its_lease_is_lost(bench: Bench):
    work = Work()
    with capture_logs() as logs:
        async with bench.loop(Task("job", OFTEN, work), turn=SELDOM):
            await until(lambda: work.runs)
            bench.execute("UPDATE lease SET holder = 'another', expires_at = ?", 2**52)
            await until(lambda: [entry for entry in logs if entry["event"] == "lease lost"])
            await asyncio.sleep(0.1)  # what runs then ends
            before = len(work.runs)
            await asyncio.sleep(0.3)  # in which nothing begins
    assert len(work.runs) == before


async def test_leases_of_what_is_gone_are_free_when_a_server_starts_alone(bench: Bench):
    started = now()
    bench.database.submit(lambda tx: leases.introduce(tx, "job", started, SELDOM)).result()
    assert bench.database.submit(lambda tx: leases.claim(tx, "job", "gone", started, SELDOM)).result()
    bench.database.submit(leases.free).result()
    assert bench.database.submit(lambda tx: leases.claim(tx, "job", "new", started, SELDOM)).result()


async def test_two_loops_over_one_database_never_run_a_job_at_once(bench: Bench):
    work = Work()
    task = Task("job", OFTEN, work)
    async with bench.loop(task, lease=10 * STEADY), bench.loop(task, lease=10 * STEADY):
        await until(lambda: len(work.runs) >= 20)
    assert work.most == 1


async def test_two_loops_share_jobs_that_take_long(bench: Bench):
    one, two = Work(held=True), Work(held=True)
    tasks = (Task("one", SELDOM, one), Task("two", SELDOM, two))
    async with bench.loop(*tasks, lease=10 * STEADY), bench.loop(*tasks, lease=10 * STEADY):
        await until(lambda: one.active and two.active)
        one.let_go.set()
        two.let_go.set()
        await until(lambda: bench.lease("one").holder == bench.lease("two").holder == "")
    assert (len(one.runs), len(two.runs)) == (1, 1)


async def test_a_lease_is_renewed_for_as_long_as_its_job_works(bench: Bench):
    work = Work(held=True)
    task = Task("job", OFTEN, work)
    seen: set[datetime] = set()

    def renewed() -> bool:
        seen.add(bench.lease("job").expires_at)
        return now() > min(seen) + SHORT and len(seen) > 3

    async with bench.loop(task, lease=STEADY), bench.loop(task, lease=STEADY):
        await until(lambda: work.active)
        await until(renewed)
        assert len(work.runs) == 1, "another loop has taken it"
        work.let_go.set()


async def test_a_job_whose_holder_fell_silent_is_taken_over_when_its_lease_expires(bench: Bench):
    work = Work()
    started = now()
    assert bench.database.submit(lambda tx: leases.introduce(tx, "job", started, SELDOM)).result() is None
    assert bench.database.submit(lambda tx: leases.claim(tx, "job", "gone", started, SHORT)).result()
    async with bench.loop(Task("job", SELDOM, work)):
        await until(lambda: work.runs)
        await until(lambda: bench.lease("job").holder == "")
    assert work.runs[0] >= started + SHORT


async def test_a_lost_lease_cannot_be_finished(bench: Bench):
    work = Work(held=True)
    with capture_logs() as logs:
        async with bench.loop(Task("job", SELDOM, work)):
            await until(lambda: work.active)
            bench.execute("UPDATE lease SET holder = 'another', expires_at = ?", 2**52)
            await until(lambda: [entry for entry in logs if entry["event"] == "lease lost"])
            work.let_go.set()
            await until(lambda: [entry for entry in logs if entry["event"] == "job done"])
    lease = bench.lease("job")
    assert lease.holder == "another"
    assert lease.result == {}


async def test_a_job_that_fails_is_logged_and_due_again_a_second_later(bench: Bench):
    runs: list[datetime] = []

    def failing(at: datetime) -> Mapping[str, object]:
        runs.append(at)
        raise ValueError("on purpose")

    other = Work()
    with capture_logs() as logs:
        async with bench.loop(Task("failing", OFTEN, failing), Task("other", OFTEN, other)):
            await until(lambda: len(runs) == 2)
    failed = [entry for entry in logs if entry["event"] == "job failed"]
    assert {entry["job"] for entry in failed} == {"failing"}
    assert all(entry["exc_info"] for entry in failed)
    assert runs[1] - runs[0] >= timedelta(seconds=0.9)
    assert len(other.runs) > 5, "the others go on meanwhile"
    assert bench.lease("failing").result["failed"] == "ValueError"


async def test_claims_that_fail_do_not_end_the_loop_nor_fill_the_log(bench: Bench):
    work = Work()
    with capture_logs() as logs:
        async with bench.loop(Task("job", OFTEN, work)) as running:
            await until(lambda: work.runs)
            bench.hide_leases()
            await until(lambda: [entry for entry in logs if entry["event"] == "jobs not started"])
            hidden = now()
            await until(lambda: now() - hidden > timedelta(milliseconds=300))
            bench.show_leases()
            before = len(work.runs)
            await until(lambda: len(work.runs) > before)
            assert not running.done()
        shown = now()
    faults = [entry for entry in logs if entry["event"] == "jobs not started"]
    assert len(faults) <= 1 + (shown - hidden).total_seconds(), "one a second"


async def test_renewals_that_fail_are_tried_again_and_the_job_is_finished(bench: Bench):
    work = Work(held=True)
    with capture_logs() as logs:
        async with bench.loop(Task("job", SELDOM, work)):
            await until(lambda: work.active)
            bench.hide_leases()
            await until(lambda: [entry for entry in logs if entry["event"] == "leases not renewed"])
            bench.show_leases()
            before = bench.lease("job").expires_at
            await until(lambda: bench.lease("job").expires_at > before)
            work.let_go.set()
            await until(lambda: bench.lease("job").holder == "")
    assert bench.lease("job").result["number"] == 1


async def test_a_lease_that_could_not_be_given_back_expires_by_itself(bench: Bench):
    work = Work(held=True)
    with capture_logs() as logs:
        async with bench.loop(Task("job", OFTEN, work)):
            await until(lambda: work.active)
            bench.hide_leases()
            work.let_go.set()
            await until(lambda: [entry for entry in logs if entry["event"] == "lease not given back"])
            bench.show_leases()
            await until(lambda: len(work.runs) >= 2)


async def test_a_loop_that_stops_gives_its_leases_back_and_another_takes_them(bench: Bench):
    first, second = Work(held=True), Work()
    async with bench.loop(Task("job", OFTEN, first), lease=timedelta(hours=1)):
        await until(lambda: first.active)
    lease = bench.lease("job")
    assert (lease.holder, lease.result) == ("", {"abandoned": True})
    assert lease.due_at < now() + timedelta(seconds=2)
    async with bench.loop(Task("job", OFTEN, second)):
        await until(lambda: second.runs)
    first.let_go.set()


async def test_a_job_is_due_at_once_when_it_is_new_and_keeps_its_time_over_a_restart(bench: Bench):
    work = Work()
    task = Task("job", SELDOM, work)
    async with bench.loop(task):
        await until(lambda: work.runs)
        await until(lambda: bench.lease("job").holder == "")
    due_at = bench.lease("job").due_at
    async with bench.loop(task, Task("marker", SELDOM, marker := Work())):
        await until(lambda: marker.runs)
    assert len(work.runs) == 1
    assert timedelta(0) <= due_at - bench.lease("job").due_at < SELDOM / 5
    async with bench.loop(Task("job", OFTEN, work)):
        await until(lambda: len(work.runs) >= 2)


async def test_a_loop_with_nothing_to_do_stops_at_once(bench: Bench):
    started = now()
    async with bench.loop():
        pass
    assert now() - started < timedelta(seconds=3)


async def test_a_watched_job_is_worked_again_when_its_watch_has_changed_and_not_before(bench: Bench):
    pulse, work = Pulse(), Work()
    watch = pulse.watch((bench.database, seen))
    async with bench.loop(Task("job", OFTEN, work, watch=watch), lease=STEADY, turn=SELDOM):
        await until(lambda: work.runs)
        bench.execute("INSERT INTO lease (name, holder, expires_at, due_at, result) VALUES ('other', '', 0, 0, '{}')")
        await asyncio.sleep(0.3)
        assert len(work.runs) == 1, "what it does not ask for does not wake it"
        bench.execute("UPDATE lease SET due_at = 77 WHERE name = 'other'")
        await until(lambda: len(work.runs) == 2)
    pulse.close()


async def test_a_watched_job_that_lost_its_lease_while_it_waited_is_not_worked_again(bench: Bench):
    pulse, work = Pulse(), Work()
    watch = pulse.watch((bench.database, seen))
    with capture_logs() as logs:
        async with bench.loop(Task("job", OFTEN, work, watch=watch), lease=SHORT, turn=SELDOM):
            await until(lambda: work.runs)
            bench.execute("UPDATE lease SET holder = 'another', expires_at = ?", 2**52)
            await until(lambda: [entry for entry in logs if entry["event"] == "lease lost"])
            before = len(work.runs)
            watch.wake()
            await asyncio.sleep(0.3)  # in which nothing begins
            assert len(work.runs) == before
    pulse.close()


async def test_a_job_whose_watch_cannot_be_asked_fails_and_is_tried_again(bench: Bench):
    away = [True]

    def question(_: Reader) -> object:
        if away:
            raise DatabaseUnavailable("away")
        return None

    pulse, work = Pulse(), Work()
    with capture_logs() as logs:
        async with bench.loop(Task("job", OFTEN, work, watch=pulse.watch((bench.database, question)))):
            await until(lambda: [entry for entry in logs if entry["event"] == "job failed"])
            assert not work.runs
            away.clear()
            await until(lambda: work.runs)
    pulse.close()


def seen(tx: Reader) -> object:
    """Whether something is due at 77 microseconds of the epoch."""
    return any(row.due_at == 77 for row in leases.list_all(tx))
