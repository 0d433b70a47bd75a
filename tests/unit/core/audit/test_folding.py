"""The audit job over real journals and a real outbox: each call has one record, whoever tells of it first."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from entrepot.core.audit import store
from entrepot.core.audit.folding import AuditFold, Folded
from entrepot.core.calls import Call
from entrepot.db import audit_marks, outbox
from entrepot.db.migrate import AUDIT
from entrepot.journal import Journal, retire
from tests.factories.callers import ACCOUNT, EPOCH, OTHER_ACCOUNT, REGION
from tests.factories.calls import ALICE, call, told
from tests.factories.core_database import CoreDatabase
from tests.factories.rows import Rows

LATER = EPOCH + timedelta(seconds=4)


class Auditing:
    """A metadata database, an audit database, journals, and the job over them."""

    def __init__(self, directory: Path) -> None:
        self.core = CoreDatabase(directory)
        self.audit = self.core.beside(AUDIT)
        self.journals = directory / "journal"
        self.journals.mkdir()
        self.job = self.another_job()
        self._number = 0

    def another_job(self, **bounds: Any) -> AuditFold:
        """As one of another process, or after a restart."""
        return AuditFold(self.core.database, self.audit, self.journals, [REGION, "eu-west-1"], **bounds)

    def journal(self, *calls: Call | bytes) -> None:
        """Calls in a journal of their own."""
        self._number += 1
        journal = Journal(self.journals, f"p{self._number}")
        for each in calls:
            journal.append(each if isinstance(each, bytes) else told(each))
        journal.close()

    def changes(self) -> Sequence[Call]:
        """What the outbox holds of audit records."""
        rows = self.core.database.read(lambda tx: outbox.page(tx, "audit", 99))
        return [msgspec.json.decode(row.body, type=Call) for row in rows]

    def kept(self, account: str = ACCOUNT, region: str = REGION) -> list[Call]:
        """The records of an account, as they were kept."""
        blocks = self.audit.read(lambda tx: store.since(tx, 0, 999))
        return [
            each for block in blocks if (block.account, block.region) == (account, region) for each in block.calls()
        ]

    def marks(self, *ids: str) -> list[bool]:
        return [Rows(self.audit).read(audit_marks.is_told, each) for each in ids]

    def names(self) -> list[str]:
        return [each.common.operation for each in self.kept()]


@pytest.fixture
def auditing(tmp_path: Path) -> Iterator[Auditing]:
    made = Auditing(tmp_path)
    yield made
    made.core.close()


def answered(change: Call) -> Call:
    """The door's record of the call that made a change."""
    return msgspec.structs.replace(change, response={"repository": {}}, sent=7)


def test_every_call_of_a_journal_is_kept_once(auditing: Auditing):
    made = [call(at=number) for number in range(5)]
    auditing.journal(*made)
    assert auditing.job.run(EPOCH) == Folded(5, 0)
    assert auditing.another_job().run(EPOCH) == Folded(0, 0)
    assert auditing.kept() == made


def test_a_journals_record_of_a_change_takes_the_place_of_the_outboxs(auditing: Auditing):
    auditing.core.repository()
    (change,) = auditing.changes()
    auditing.journal(answered(change))
    assert auditing.job.run(EPOCH) == Folded(1, 0)
    assert auditing.kept() == [answered(change)]
    assert auditing.changes() == []


def test_a_change_waits_for_its_journal_and_then_is_kept_alone(auditing: Auditing):
    auditing.core.repository()
    (change,) = auditing.changes()
    assert auditing.job.run(EPOCH) == Folded(0, 0)
    assert auditing.changes() == [change]
    assert auditing.job.run(LATER) == Folded(0, 1)
    assert auditing.kept() == [change]
    assert auditing.changes() == []
    auditing.journal(answered(change))  # that of a process whose disk was slow
    assert auditing.job.run(LATER) == Folded(0, 0)
    assert auditing.kept() == [change]


def test_who_waits_stands_in_nobodys_way(auditing: Auditing):
    job = auditing.another_job(page=2)
    for number in range(5):
        auditing.core.repository(f"r{number}")
    changes = auditing.changes()
    auditing.journal(answered(changes[-1]))
    assert job.run(EPOCH) == Folded(1, 0)
    assert auditing.changes() == changes[:-1]
    assert job.run(LATER) == Folded(0, 4)


def test_a_crash_after_the_record_and_before_the_outbox_is_emptied_repeats_nothing(
    auditing: Auditing, monkeypatch: pytest.MonkeyPatch
):
    auditing.core.repository("told")
    auditing.core.repository("alone")
    told, _ = auditing.changes()
    auditing.journal(answered(told))
    with monkeypatch.context() as crashing:
        crashing.setattr(AuditFold, "_remove", lambda *_: None)
        auditing.job.run(EPOCH)
        auditing.job.run(LATER)
    assert len(auditing.changes()) == len(auditing.kept()) == 2
    auditing.another_job().run(LATER)
    assert auditing.changes() == []
    assert len(auditing.kept()) == 2


def test_marks_that_both_have_told_are_forgotten_at_once_and_the_others_in_a_day(auditing: Auditing):
    auditing.core.repository("told")
    auditing.core.repository("alone")
    rows = auditing.core.database.read(lambda tx: outbox.page(tx, "audit", 9))
    ids = [row.id for row in rows]
    auditing.journal(answered(auditing.changes()[0]))
    auditing.job.run(EPOCH)
    auditing.job.run(LATER)
    assert auditing.marks(*ids) == [False, True]
    auditing.job.run(LATER + timedelta(days=1, seconds=1))
    assert auditing.marks(*ids) == [False, False]


def test_two_jobs_at_once_keep_a_batch_once(auditing: Auditing):
    first, second = auditing.job, auditing.another_job()
    auditing.journal(*[call(at=number) for number in range(3)])
    assert first.run(EPOCH).calls + second.run(EPOCH).calls == 3
    assert len(auditing.kept()) == 3


def test_a_call_without_an_operation_and_a_record_of_another_version_are_not_kept(auditing: Auditing):
    shorter = msgspec.msgpack.encode([msgspec.structs.astuple(call("DeleteImage"))[:-3]])  # it begins like a call
    auditing.journal(call(""), b"\x93\x01\x02\x03", b"no msgpack", shorter, call("PutImage"))
    auditing.job.run(EPOCH)
    assert auditing.names() == ["PutImage"]


def test_a_call_is_told_to_the_owner_and_to_a_caller_from_elsewhere(auditing: Auditing):
    made = call(account=OTHER_ACCOUNT)
    auditing.journal(made)
    auditing.job.run(EPOCH)
    assert auditing.kept() == auditing.kept(OTHER_ACCOUNT) == [made]


def test_what_failed_only_its_caller_reads(auditing: Auditing):
    auditing.journal(call(account=OTHER_ACCOUNT, error="AccessDeniedException"), call(error="AccessDeniedException"))
    auditing.job.run(EPOCH)
    assert len(auditing.kept()) == 2
    assert auditing.kept(OTHER_ACCOUNT) == []


def test_a_failure_of_nobody_is_told_to_the_owner(auditing: Auditing):
    nobody = msgspec.structs.replace(ALICE, kind="anonymous", account="")
    auditing.journal(call(identity=nobody, error="AccessDeniedException"), call(identity=None, account=""))
    auditing.job.run(EPOCH)
    assert len(auditing.kept()) == 1


def test_what_has_no_region_or_one_that_is_not_served_is_told_in_the_default_one(auditing: Auditing):
    regions = {"ecr": "eu-west-1", "iam": "eu-west-1", "ecr-public": "us-west-2", "sts": ""}
    auditing.journal(*(call(service=service, region=region) for service, region in regions.items()))
    auditing.job.run(EPOCH)
    assert [each.common.service for each in auditing.kept(region="eu-west-1")] == ["ecr"]
    assert sorted(each.common.service for each in auditing.kept()) == ["ecr-public", "iam", "sts"]


def test_offsets_of_journals_that_are_gone_are_forgotten(auditing: Auditing):
    auditing.journal(call())
    auditing.job.run(EPOCH)
    retire(auditing.journals, auditing.job.offsets())
    assert len(auditing.job.offsets()) == 1
    auditing.another_job(seconds_to_keep=-1.0).run(EPOCH)
    assert auditing.job.offsets() == {}


def test_records_of_one_batch_and_of_several_hours_are_in_blocks_of_one_hour_each(auditing: Auditing):
    hour = 3_600_000_000
    auditing.journal(*[call(at=number * hour // 2) for number in range(6)])
    auditing.job.run(EPOCH)
    blocks = auditing.audit.read(lambda tx: store.since(tx, 0, 9))
    assert [block.count for block in blocks] == [2, 2, 2]
    assert all(block.from_at // hour == block.to_at // hour for block in blocks)
