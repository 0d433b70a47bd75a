"""When a job is due again: about its period later, never in step with other nodes, never at once after a failure."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from entrepot.worker.schedule import Task, next_due
from tests.factories.callers import EPOCH

periods = st.timedeltas(timedelta(milliseconds=1), timedelta(days=90))


def task(every: timedelta) -> Task:
    return Task("job", every, lambda _: {})


@given(every=periods)
def test_a_job_is_due_a_period_later_give_or_take_a_tenth(every: timedelta):
    pause = next_due(task(every), EPOCH) - EPOCH
    assert every * 0.9 - timedelta(microseconds=1) <= pause <= every * 1.1 + timedelta(microseconds=1)


@given(every=periods)
def test_a_job_that_failed_waits_its_period_and_a_second_at_least(every: timedelta):
    pause = next_due(task(every), EPOCH, failed=True) - EPOCH
    assert pause >= max(every, timedelta(seconds=1)) * 0.9 - timedelta(microseconds=1)
    assert pause <= max(every, timedelta(seconds=1)) * 1.1 + timedelta(microseconds=1)


@given(every=periods, took=periods)
def test_a_job_with_a_longest_pause_takes_part_of_the_time_or_comes_that_late(every: timedelta, took: timedelta):
    patient = replace(task(every), longest=every * 3)
    pause = next_due(patient, EPOCH, took=took / 1000) - EPOCH
    expected = min(max(every, took * 0.3), every * 3)
    assert expected * 0.9 - timedelta(milliseconds=1) <= pause <= expected * 1.1 + timedelta(milliseconds=1)
    assert next_due(task(every), EPOCH, took=took) - EPOCH <= every * 1.1 + timedelta(microseconds=1)


def test_jobs_of_many_nodes_do_not_move_in_step():
    hour = timedelta(hours=1)
    pauses = [(next_due(task(hour), EPOCH) - EPOCH) / hour for _ in range(500)]
    assert len(set(pauses)) > 400
    assert min(pauses) < 0.95
    assert max(pauses) > 1.05
