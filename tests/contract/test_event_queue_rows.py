"""The rows of events on their way, and of archived ones, over both engines."""

from typing import Any

import pytest

from entrepot.db import archived_events, event_deliveries, event_failures, event_inbox, event_ticks, migrate, outbox
from entrepot.db.event_deliveries import BEHIND
from tests.factories.callers import ACCOUNT, EPOCH
from tests.factories.databases import Opening
from tests.factories.rows import Rows, taken_in


@pytest.fixture
def events(opening: Opening) -> Rows:
    """An empty database of events."""
    return Rows(opening(migrate.EVENTS))


def deliver(events: Rows, order_key: str, target: str = "rule one", at: int = 10, **more: Any) -> None:
    events.write(
        event_deliveries.add,
        target=target,
        event_id=more.get("event_id", f"e-{order_key}"),
        account=ACCOUNT,
        region="r",
        order_key=order_key,
        hops=0,
        accepted_at=at,
        due_at=at,
        body="{}",
    )


def test_an_event_is_taken_once_until_it_is_forgotten(events: Rows):
    assert events.write(event_inbox.see, "key", 5)
    assert not events.write(event_inbox.see, "key", 6)
    assert events.write(event_inbox.see, "other", 50)
    assert events.write(event_inbox.forget, 40, 10) == 1
    assert events.write(event_inbox.forget, 40, 10) == 0
    assert events.write(event_inbox.see, "key", 7)


def test_the_inbox_is_a_queue(events: Rows):
    for number in range(3):
        taken_in(events, f"e{number}", number)
    first, second = events.read(event_inbox.page, 2)
    assert (first.event_id, second.event_id) == ("e0", "e1")
    events.write(event_inbox.remove, first.sequence)
    assert events.read(event_inbox.count) == 2


def test_only_the_first_of_a_lane_is_due_and_the_next_one_when_it_is_done(events: Rows):
    for _ in range(3):
        deliver(events, "a")
    deliver(events, "b")
    rows = events.read(event_deliveries.page, 0, 10)
    assert [row.due_at for row in rows] == [10, BEHIND, BEHIND, 10]
    assert events.read(event_deliveries.due, "rule one", 10, 10) == ["a rule one", "b rule one"]
    assert events.read(event_deliveries.due, "rule one", 9, 10) == []
    assert [row.sequence for row in events.read(event_deliveries.of_lane, "a rule one", 2)] == [
        rows[0].sequence,
        rows[1].sequence,
    ]
    events.write(event_deliveries.done, "a rule one", rows[1].sequence)
    events.write(event_deliveries.promote, "a rule one", 20)
    assert [row.due_at for row in events.read(event_deliveries.page, 0, 10)] == [20, 10]
    assert events.read(event_deliveries.soonest, "rule one") == 10


def test_a_delivery_is_postponed_hurried_and_healed(events: Rows):
    deliver(events, "a")
    deliver(events, "a")
    first, second = events.read(event_deliveries.page, 0, 10)
    events.write(event_deliveries.postpone, first.sequence, 99, 3, "CODE", "message")
    (row, _) = events.read(event_deliveries.of_lane, "a rule one", 2)
    assert (row.due_at, row.attempts, row.error_code, row.error_message) == (99, 3, "CODE", "message")
    assert events.write(event_deliveries.hurry, first.sequence, 50)
    assert not events.write(event_deliveries.hurry, second.sequence, 50)
    events.write(event_deliveries.done, "a rule one", first.sequence)
    assert events.write(event_deliveries.heal, 60) == 1
    assert events.read(event_deliveries.soonest, "rule one") == 60
    assert events.write(event_deliveries.heal, 70) == 0


def test_targets_are_found_whatever_waits_for_each(events: Rows):
    for number in range(5):
        for target in ("rule one", "rule two", "other one"):
            deliver(events, f"k{number}", target)
    assert events.read(event_deliveries.targets, 10) == ["other one", "rule one", "rule two"]
    assert events.read(event_deliveries.targets, 2) == ["other one", "rule one"]
    assert events.read(event_deliveries.count) == 15


def test_what_is_given_up_is_kept_by_account_and_by_event(events: Rows):
    deliver(events, "a", event_id="e1")
    (row,) = events.read(event_deliveries.by_event, "e1")
    events.write(event_failures.add, row, attempts=4, at=9, exhausted="x", code="c", message="m")
    (kept,) = events.read(event_failures.page, 0, 10, ACCOUNT)
    assert (kept.event_id, kept.attempts, kept.exhausted, kept.body) == ("e1", 4, "x", "{}")
    assert events.read(event_failures.page, 0, 10, "other") == []
    assert [row.sequence for row in events.read(event_failures.by_event, "e1")] == [kept.sequence]
    assert events.write(event_failures.remove, kept.sequence)
    assert events.read(event_failures.count) == 0


def test_archives_count_page_and_forget(events: Rows):
    for number in range(5):
        events.write(archived_events.add, "A", f"e{number}", "k", 100 + number, "{}")
    events.write(archived_events.grow, "A", 5, 10)
    assert events.read(archived_events.size, "A") == (5, 10)
    first, last = events.read(archived_events.bounds, "A", 101, 104)
    assert events.read(archived_events.bounds, "A", 200, 300) is None
    span = {"after": first - 1, "last": last, "from_at": 101, "to_at": 104, "limit": 10}
    assert [row.event_id for row in events.read(archived_events.page, "A", **span)] == ["e1", "e2", "e3"]
    assert events.write(archived_events.remove_older, "A", 103, 2) == 2
    assert events.write(archived_events.remove_older, "A", 103, 2) == 1
    assert events.read(archived_events.size, "A") == (2, 4)
    assert events.read(archived_events.known) == ["A"]
    events.write(archived_events.forget, "A")
    assert events.read(archived_events.known) == []


def test_progress_of_replays_and_schedules_is_kept(events: Rows):
    assert events.read(archived_events.progress, "R") is None
    events.write(archived_events.set_progress, "R", 1, 9, 100)
    events.write(archived_events.set_progress, "R", 5, 7, 200)
    row = events.read(archived_events.progress, "R")
    assert (row.after, row.last, row.told_at) == (5, 9, 200)
    events.write(archived_events.forget_progress, "R")
    assert events.read(archived_events.progress, "R") is None
    events.write(event_ticks.put, "arn", "rate(1 hour)", 5)
    events.write(event_ticks.put, "arn", "rate(2 hours)", 6)
    assert [tuple(row) for row in events.read(event_ticks.list_all)] == [("arn", "rate(2 hours)", 6)]
    events.write(event_ticks.remove, "arn")
    assert events.read(event_ticks.list_all) == []


def test_the_outbox_gives_each_repository_its_turn_in_its_order(rows: Rows):
    for repository in ("a", "b", "c"):
        for revision in (3, 1, 2):
            rows.write(
                outbox.add,
                id=f"{repository}{revision}",
                kind="event",
                account=ACCOUNT,
                region="r",
                repository_id=repository,
                revision=revision,
                ordinal=0,
                name="n",
                body="{}",
                at=EPOCH,
            )
    assert [row.id for row in rows.read(outbox.next_events, "", 4, 2)] == ["a1", "a2", "b1", "b2"]
    assert [row.id for row in rows.read(outbox.next_events, "b", 4, 9)] == ["c1", "c2", "c3"]
