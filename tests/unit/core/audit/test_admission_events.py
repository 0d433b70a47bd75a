"""What was refused at a pull is told once, where a repository is guarded: an event, a metric, a part of the record."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from entrepot.core import admission
from entrepot.core.admission import Draft, Refused
from entrepot.core.audit.announcing import Announcer
from entrepot.core.audit.records import record
from entrepot.db import event_inbox
from entrepot.db.migrate import AUDIT, EVENTS
from tests.factories.callers import ACCOUNT, EPOCH, OTHER_ACCOUNT, REGION
from tests.factories.calls import ALICE, call, keep
from tests.factories.core_database import CoreDatabase
from tests.factories.scanning import Meter

REFUSED = admission.told([Refused("sha256:a", enforced=True, why="it has findings", counts={"HIGH": 1})])
WOULD_BE = admission.told([Refused("sha256:a", enforced=False, why="it has findings", counts={"HIGH": 1})])


class Telling:
    """An announcer over real databases, of a registry where no trail logs."""

    def __init__(self, directory: Path) -> None:
        self.core = CoreDatabase(directory)
        self.meter = Meter()
        self.audit, self.events = self.core.beside(AUDIT), self.core.beside(EVENTS)
        database = self.core.database
        self.job = Announcer(database, self.audit, self.events, lambda *_: False, aws_constants=False, meter=self.meter)

    def guard(self) -> None:
        self.core.write(admission.put, self.core.repository("team/app"), Draft("audit", "HIGH"))

    def told(self) -> list[dict[str, Any]]:
        return [json.loads(row.body) for row in self.events.read(lambda tx: event_inbox.page(tx, 99))]


@pytest.fixture
def telling(tmp_path: Path) -> Iterator[Telling]:
    made = Telling(tmp_path)
    yield made
    made.core.close()


def test_a_decision_is_an_event_and_counted(telling: Telling):
    telling.guard()
    calls = [call(response=REFUSED), call(response=REFUSED, head=True), call(response=WOULD_BE), call()]
    keep(telling.audit, [*calls, call(response=WOULD_BE, head=True)])  # of that the GET will be told
    assert telling.job.run(EPOCH) == 3
    decisions = [event["detail"].pop("decision") for event in telling.told()]
    assert sorted(decisions) == ["REFUSED", "REFUSED", "WOULD_BE_REFUSED"]
    event = telling.told()[0]
    assert (event["source"], event["detail-type"]) == ("aws.ecr", "ECR Image Admission")
    assert {name: value for name, value in event["detail"].items() if name != "decision"} == {
        "repository-name": "team/app",
        "image-digest": "sha256:a",
        "reason": "it has findings",
        "effective-finding-severity-counts": {"HIGH": 1},
        "principal": ALICE.arn,
    }
    counted = {each.dimensions["Decision"]: each.values for each in telling.meter.points}
    assert counted == {"REFUSED": {1.0: 2}, "WOULD_BE_REFUSED": {1.0: 1}}
    assert telling.job.run(EPOCH) == 0


def test_nothing_is_told_of_registries_without_a_setting_and_of_others(telling: Telling):
    keep(telling.audit, [call(response=REFUSED)])
    assert telling.job.run(EPOCH) == 0
    telling.guard()
    keep(telling.audit, [call(account=OTHER_ACCOUNT, response=REFUSED)])  # the caller's copy of another's record
    assert telling.job.run(EPOCH) == 0
    assert telling.meter.points == []


def test_the_audit_record_says_it_beside_what_was_answered():
    told = record(call(response=WOULD_BE), ACCOUNT, REGION)
    assert told["additionalEventData"] == WOULD_BE
    assert told["responseElements"] is None
    assert "additionalEventData" not in record(call(), ACCOUNT, REGION)
