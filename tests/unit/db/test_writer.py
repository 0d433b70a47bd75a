"""The writer thread: what shares a commit, who is told what, and that it goes on whatever fails."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future
from pathlib import Path
from typing import Any

import pytest

from entrepot.db.writer import BatchUndone, Session, Writer
from tests.factories.threads import SECONDS


class Fault(Exception):
    """What fails on purpose."""


class Recorder:
    """A session that keeps a list instead of tables, and fails where the test says so."""

    def __init__(self) -> None:
        self.committed: list[str] = []
        self.commits = 0
        self.relaxed: list[bool] = []
        self.threads: set[str] = set()
        self.opened = 0
        self.closed = 0
        self.faults: dict[str, list[BaseException]] = {}
        self._open: list[str] = []

    def connect(self) -> Session:
        self._fail("connect")
        self.opened += 1
        return self

    def begin(self, *, relaxed: bool) -> None:
        self._fail("begin")
        self.threads.add(threading.current_thread().name)
        self.relaxed.append(relaxed)
        self._open = []

    def savepoint(self, work: Callable[[Any], Any]) -> Any:
        kept = list(self._open)
        try:
            return work(self._open)
        except Fault:
            self._open = kept
            raise

    def commit(self) -> None:
        self._fail("commit")
        self.commits += 1
        self.committed += self._open

    def rollback(self) -> None:
        self._fail("rollback")
        self._open = []

    def close(self) -> None:
        self.closed += 1

    def _fail(self, where: str) -> None:
        if self.faults.get(where):
            raise self.faults[where].pop(0)


class House:
    """A writer over a recorder; while the gate is shut its thread stands still, so that units queue."""

    def __init__(self, directory: Path) -> None:
        self.session = Recorder()
        self.remedies: list[bool] = []
        self.asked: list[BaseException] = []
        self.now = 0.0
        self.on_fault: Callable[[], None] = lambda: None
        self.writer = Writer(self.session.connect, directory / "turn", self._remedy, lambda: self.now)

    def _remedy(self, fault: BaseException) -> bool:
        self.asked.append(fault)
        self.on_fault()
        return self.remedies.pop(0) if self.remedies else False

    def add(self, name: str, *, relaxed: bool = False) -> "Future[Any]":
        return self.writer.submit(lambda rows: rows.append(name) or name, relaxed=relaxed)

    def fail(self, error: BaseException) -> "Future[Any]":
        def work(rows: list[str]) -> None:
            rows.append("half")
            raise error

        return self.writer.submit(work, relaxed=False)

    def shut(self) -> Callable[[], None]:
        """Keep the thread busy until the returned function is called."""
        entered, gate = threading.Event(), threading.Event()

        def wait(_: Any) -> None:
            entered.set()
            assert gate.wait(SECONDS)

        self.writer.submit(wait, relaxed=False)
        assert entered.wait(SECONDS)
        return gate.set


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.writer.close()


def test_units_that_wait_together_share_a_commit(house: House):
    open_gate = house.shut()
    futures = [house.add(str(number)) for number in range(100)]
    open_gate()
    assert [future.result(SECONDS) for future in futures] == [str(number) for number in range(100)]
    assert house.session.committed == [str(number) for number in range(100)]
    assert house.session.commits == 2, "the gate's own and theirs"
    assert house.session.threads == {"sqlite-writer"}


def test_a_batch_has_an_end_so_that_nobody_waits_for_ever(house: House):
    open_gate = house.shut()
    futures = [house.add(str(number)) for number in range(1000)]
    open_gate()
    for future in futures:
        future.result(SECONDS)
    assert house.session.commits == 1 + 4
    assert house.session.committed == [str(number) for number in range(1000)]


def test_a_slow_unit_ends_its_batch_and_those_behind_it_keep_their_order(house: House):
    open_gate = house.shut()

    def work(rows: list[str]) -> None:
        house.now += 0.006
        rows.append("slow")

    slow = house.writer.submit(work, relaxed=False)
    futures = [house.add("b"), house.add("c")]
    open_gate()
    slow.result(SECONDS)
    for future in futures:
        future.result(SECONDS)
    assert house.session.committed == ["slow", "b", "c"]
    assert house.session.commits == 1 + 2


def test_nobody_is_answered_before_the_commit(house: House):
    seen: list[bool] = []
    open_gate = house.shut()
    first = house.add("first")
    second = house.writer.submit(lambda _: seen.append(first.done()), relaxed=False)
    open_gate()
    second.result(SECONDS)
    assert seen == [False]


def test_a_unit_that_fails_is_undone_alone(house: House):
    open_gate = house.shut()
    before, failing, after = house.add("before"), house.fail(Fault()), house.add("after")
    open_gate()
    assert (before.result(SECONDS), after.result(SECONDS)) == ("before", "after")
    assert isinstance(failing.exception(SECONDS), Fault)
    assert house.session.committed == ["before", "after"]


def test_a_batch_that_the_engine_has_ended_is_told_to_every_unit_with_the_cause(house: House):
    open_gate = house.shut()
    cause, undone = Fault("full"), BatchUndone()
    undone.__cause__ = cause
    futures = [house.add("before"), house.fail(undone), house.add("after")]
    open_gate()
    assert [future.exception(SECONDS) for future in futures] == [cause] * 3
    assert house.session.committed == []
    assert house.asked == [cause]
    assert house.add("next").result(SECONDS) == "next"
    assert house.session.opened == 1


def test_a_commit_that_fails_is_told_to_every_unit(house: House):
    fault = Fault("disk")
    open_gate = house.shut()
    before = house.add("before")
    breaking = house.writer.submit(lambda _: house.session.faults.update(commit=[fault]), relaxed=False)
    failing, after = house.fail(Fault("alone")), house.add("after")
    open_gate()
    assert [each.exception(SECONDS) for each in (before, breaking, failing, after)] == [fault] * 4
    assert house.session.committed == []
    assert house.add("next").result(SECONDS) == "next"


def test_a_remedy_lets_the_batch_run_once_more(house: House):
    house.session.faults["begin"] = [Fault("full")]
    house.remedies = [True]
    assert house.add("a").result(SECONDS) == "a"
    assert house.session.committed == ["a"]
    assert len(house.asked) == 1


def test_a_unit_runs_once_more_and_never_twice_for_one_failure(house: House):
    first, second = Fault("full"), Fault("full again")
    house.session.faults["begin"] = [first, second]
    house.remedies = [True, True, True]
    assert house.add("a").exception(SECONDS) is second
    assert house.session.committed == []
    assert house.add("b").result(SECONDS) == "b"


def test_who_came_after_the_first_failure_has_a_second_run_of_his_own(house: House):
    late: list[Future[Any]] = []
    house.session.faults["begin"] = [Fault("one"), second := Fault("two")]
    house.remedies = [True, True]
    house.on_fault = lambda: late.append(house.add(f"late{len(late)}"))
    assert house.add("a").exception(SECONDS) is second
    assert late[0].result(SECONDS) == "late0"
    assert late[1].result(SECONDS) == "late1"
    assert house.session.committed == ["late0", "late1"]


def test_a_remedy_that_does_nothing_tells_the_units_at_once(house: House):
    fault = Fault("full")
    house.session.faults["begin"] = [fault]
    assert house.add("a").exception(SECONDS) is fault
    assert house.asked == [fault]


def test_a_cancelled_unit_does_not_run_and_the_others_do(house: House):
    open_gate = house.shut()
    kept, cancelled, last = house.add("kept"), house.add("cancelled"), house.add("last")
    assert cancelled.cancel()
    open_gate()
    assert (kept.result(SECONDS), last.result(SECONDS)) == ("kept", "last")
    with pytest.raises(CancelledError):
        cancelled.result(SECONDS)
    assert house.session.committed == ["kept", "last"]


def test_a_unit_that_runs_can_no_longer_be_cancelled_and_a_cancelled_one_survives_a_failed_batch(house: House):
    open_gate = house.shut()
    cancelled, other = house.add("cancelled"), house.add("other")
    cancelled.cancel()
    undone = BatchUndone()
    failing = house.fail(undone)
    open_gate()
    assert failing.exception(SECONDS) is undone
    assert other.exception(SECONDS) is undone
    assert cancelled.cancelled()
    running = house.add("running")
    running.result(SECONDS)
    assert not running.cancel()


def test_a_close_runs_what_is_queued_and_takes_nothing_more(house: House):
    open_gate = house.shut()
    futures = [house.add(str(number)) for number in range(300)]
    closing = threading.Thread(target=house.writer.close)
    closing.start()
    while not house.writer._closing:
        pass
    with pytest.raises(RuntimeError, match="closed"):
        house.add("late")
    open_gate()
    closing.join(SECONDS)
    assert [future.result(0) for future in futures] == [str(number) for number in range(300)]
    assert house.session.closed == house.session.opened == 1


def test_a_writer_that_was_never_used_closes_at_once_and_opened_nothing(house: House):
    house.writer.close()
    assert house.session.opened == 0


def test_a_session_that_cannot_connect_tells_those_who_wait_and_the_next_unit_tries_again(house: House):
    fault = Fault("away")
    house.session.faults["connect"] = [fault]
    assert house.add("a").exception(SECONDS) is fault
    assert house.add("b").result(SECONDS) == "b"
    assert house.session.opened == 1


def test_a_session_that_cannot_even_roll_back_tells_its_batch_and_is_replaced(house: House):
    open_gate = house.shut()
    undone, broken = BatchUndone(), Fault("connection lost")
    house.session.faults["rollback"] = [broken]
    late: list[Future[Any]] = []

    def work(_: Any) -> None:
        late.append(house.add("late"))
        raise undone

    failing, other = house.writer.submit(work, relaxed=False), house.add("other")
    open_gate()
    assert failing.exception(SECONDS) is other.exception(SECONDS) is undone
    assert late[0].result(SECONDS) == "late", "it was no part of that batch"
    assert house.session.committed == ["late"]
    assert (house.session.opened, house.session.closed) == (2, 1)


def test_a_batch_is_relaxed_when_all_its_units_are(house: House):
    house.add("image").result(SECONDS)
    house.add("session", relaxed=True).result(SECONDS)
    open_gate = house.shut()
    futures = [house.add("session", relaxed=True), house.add("image"), house.add("session", relaxed=True)]
    open_gate()
    for future in futures:
        future.result(SECONDS)
    assert house.session.relaxed == [False, True, False, False]
