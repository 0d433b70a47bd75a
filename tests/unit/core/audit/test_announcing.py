"""Audit records as events: once each, while a trail is logging, and of reads only where a rule wants them."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from entrepot.core.audit import store
from entrepot.core.audit.announcing import READER, Announcer
from entrepot.core.audit.records import encoded, record
from entrepot.core.audit.upkeep import AuditUpkeep
from entrepot.core.events import buses, rules
from entrepot.core.events.routing_table import EVERYTHING
from entrepot.db import event_inbox
from entrepot.db.migrate import AUDIT, EVENTS
from entrepot.spec.event_arns import DEFAULT_BUS
from tests.factories.callers import ACCOUNT, EPOCH, OTHER_ACCOUNT, REGION
from tests.factories.calls import AT, call, keep
from tests.factories.core_database import CoreDatabase
from tests.factories.event_cases import rule


class Announcing:
    """An announcer over real databases, where a trail logs in ACCOUNT and REGION alone."""

    def __init__(self, directory: Path) -> None:
        self.core = CoreDatabase(directory)
        self.audit, self.events = self.core.beside(AUDIT), self.core.beside(EVENTS)
        self.job = Announcer(
            self.core.database,
            self.audit,
            self.events,
            lambda _, account, region: (account, region) == (ACCOUNT, REGION),
            aws_constants=False,
        )

    def told(self) -> list[dict[str, Any]]:
        """The events that wait for rules."""
        return [json.loads(row.body) for row in self.events.read(lambda tx: event_inbox.page(tx, 999))]


@pytest.fixture
def announcing(tmp_path: Path) -> Iterator[Announcing]:
    made = Announcing(tmp_path)
    yield made
    made.core.close()


def test_a_write_is_told_as_an_event_whose_detail_is_the_record(announcing: Announcing):
    made = call("PutImage", door="aws")
    keep(announcing.audit, [made])
    assert announcing.job.run(EPOCH) == 1
    (event,) = announcing.told()
    assert event["detail-type"] == "AWS API Call via CloudTrail"
    assert (event["source"], event["account"], event["region"]) == ("aws.ecr", ACCOUNT, REGION)
    assert (event["time"], event["resources"]) == ("2026-01-01T00:00:00Z", [])
    assert event["detail"] == json.loads(encoded(record(made, ACCOUNT, REGION)))


def test_a_record_is_told_once_even_when_the_cursor_was_lost(announcing: Announcing):
    keep(announcing.audit, [call("PutImage", at=AT + number) for number in range(250)])
    assert announcing.job.run(EPOCH) == 250
    assert announcing.job.run(EPOCH) == 0
    ids = {event["id"] for event in announcing.told()}
    assert len(ids) == 250
    again = Announcer(
        announcing.core.database, announcing.audit, announcing.events, lambda *_: True, aws_constants=True
    )
    announcing.audit.submit(lambda tx: tx.run(_forget_cursor())).result()
    assert again.run(EPOCH) == 250
    assert {event["id"] for event in announcing.told()} == ids
    assert len(announcing.told()) == 250


def _forget_cursor() -> Any:
    from sqlalchemy import delete

    from entrepot.db.audit_schema import audit_counter

    return delete(audit_counter).where(audit_counter.c.name == f"cursor/{READER}")


def test_reads_and_accounts_without_a_trail_are_not_told(announcing: Announcing):
    keep(announcing.audit, [call("BatchGetImage")])
    keep(announcing.audit, [call("PutImage", account=OTHER_ACCOUNT)], OTHER_ACCOUNT)
    assert announcing.job.run(EPOCH) == 0
    assert announcing.told() == []
    assert announcing.job.passed() == 2


def test_reads_are_told_where_a_rule_of_the_default_bus_wants_all_management_events(announcing: Announcing):
    announcing.core.write(buses.create, "orders", "", ())
    announcing.core.write(rules.put, rule("elsewhere", "orders", state=EVERYTHING))
    keep(announcing.audit, [call("BatchGetImage")])
    assert announcing.job.run(EPOCH) == 0
    announcing.core.write(rules.put, rule("reads", DEFAULT_BUS, state=EVERYTHING))
    keep(announcing.audit, [call("BatchGetImage")])
    assert announcing.job.run(EPOCH) == 1
    assert announcing.told()[0]["detail"]["readOnly"] is True


def test_pulls_are_told_where_the_operator_wants_them_with_or_without_a_trail(announcing: Announcing):
    job = Announcer(
        announcing.core.database,
        announcing.audit,
        announcing.events,
        lambda *_: False,
        aws_constants=False,
        pulls=True,
    )
    asked = {"imageIds": [{"imageTag": "v1"}, {"imageDigest": "sha256:b"}]}
    keep(announcing.audit, [call(pulled=("sha256:a", "sha256:b"), parameters=asked), call(head=True)])
    keep(announcing.audit, [call(account=OTHER_ACCOUNT, pulled=("sha256:c",))])  # the caller's copy of another's record
    assert job.run(EPOCH) == 2
    assert [(event["source"], event["detail-type"]) for event in announcing.told()] == [
        ("aws.ecr", "ECR Image Action")
    ] * 2
    assert [event["detail"] for event in announcing.told()] == [
        {
            "result": "SUCCESS",
            "repository-name": "team/app",
            "image-digest": digest,
            "action-type": "PULL",
            "image-tag": tag,
        }
        for digest, tag in (("sha256:a", "v1"), ("sha256:b", ""))
    ]


def test_blocks_that_were_not_told_yet_are_not_put_together(announcing: Announcing):
    for number in range(20):
        keep(announcing.audit, [call("PutImage", at=AT + number)])
    upkeep = AuditUpkeep(announcing.audit, 90, [announcing.job.passed])
    assert upkeep.compact(EPOCH) == 0
    announcing.job.run(EPOCH)
    assert upkeep.compact(EPOCH) == 19
    assert announcing.job.run(EPOCH) == 0


def test_old_records_are_removed_in_the_background(announcing: Announcing):
    for number in range(20):
        keep(announcing.audit, [call(at=AT + number)])
    upkeep = AuditUpkeep(announcing.audit, 90)
    assert upkeep.expire(EPOCH + timedelta(days=90)) == 0
    assert upkeep.expire(EPOCH + timedelta(days=90, microseconds=5)) == 5
    assert upkeep.expire(EPOCH + timedelta(days=91)) == 15
    assert announcing.audit.read(lambda tx: store.since(tx, 0, 9)) == ()
