"""Use cases of core's packages: one audit record for a change, in its own transaction, and nothing for a read."""

import contextlib

import msgspec
import pytest

from entrepot.errors import InsightsNotEnabled, SigningInputInvalid
from entrepot.spec.event_ids import event_id
from entrepot.spec.moments import micros
from tests.factories.callers import caller
from tests.factories.core_database import call_in
from tests.factories.furnished import CASES, READS, SERVICES, UNRECORDED, WRITES, Contents, House, Undo

EARLIER = "00000000-0000-4000-8000-0000000ea51e"  # a request's id
TELLING = {"outbox", "event_region"}  # what a change leaves beside what it changes


def changed(before: Contents, after: Contents) -> set[str]:
    return {table for table in after if after[table] != before[table]}


def test_every_use_case_is_a_change_or_a_read():
    assert WRITES.keys() | READS.keys() | UNRECORDED == CASES.keys()


@pytest.mark.parametrize("name", WRITES)
def test_a_change_leaves_one_audit_record_together_with_it_or_nothing(house: House, name: str):
    case = WRITES[name]
    for earlier in case.after:
        house.run(earlier, msgspec.structs.replace(caller(), request_id=EARLIER))
    before, who, action = house.contents(), caller(), case.action
    with pytest.raises(Undo):
        house.run(name, who, undo=True)
    assert house.contents() == before
    house.run(name, who)
    after = house.contents()
    assert changed(before, after) - TELLING, "a write that changes nothing"
    told = [row for row in after["outbox"] if row not in before["outbox"]]
    (record,) = [row for row in told if row[1] == "audit"]
    call = call_in(record[8])
    assert (record[7], call.common.operation, call.common.service) == (
        action,
        action,
        case.service or SERVICES[name.partition(".")[0]],
    )
    assert (record[0], call.request_id) == (event_id(micros(who.at), who.request_id, action), who.request_id)
    assert before["outbox"] == [row for row in after["outbox"] if row not in told]


@pytest.mark.parametrize("name", READS)
def test_a_read_changes_nothing_and_tells_nothing(house: House, name: str):
    before = house.contents()
    # what there is to be told of insights, and of jobs that sign objects
    with contextlib.suppress(InsightsNotEnabled, SigningInputInvalid):
        house.run(name, caller())
    assert house.contents() == before


@pytest.mark.parametrize("name", UNRECORDED)
def test_what_the_journal_of_calls_alone_tells_leaves_no_record(house: House, name: str):
    before = house.contents()
    house.run(name, caller())
    assert changed(before, house.contents()) == {"metric_point"}
