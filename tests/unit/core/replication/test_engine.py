"""The engine: what it tells, what it tries again, what it gives up, and that nothing holds up anything else."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from entrepot.core import deletion, images, protection, repositories, service_roles
from entrepot.core.replication import rules, statuses
from entrepot.core.replication.engine import Replication
from entrepot.core.replication.outcomes import MOST_ATTEMPTS
from entrepot.core.replication.rules import Destination, Rule
from entrepot.db import blobs, replication_steps
from entrepot.errors import RepositoryNotFound
from entrepot.spec.reference import Tag
from entrepot.spec.repository import RepositoryKey
from tests.factories.callers import ACCOUNT, EPOCH, OTHER_ACCOUNT, index_manifest, repository
from tests.factories.core_database import CoreDatabase
from tests.factories.dying import DyingDatabase

HOME = repository("one")
NEAR, FOREIGN, NOBODY = (Destination("eu-west-1", each) for each in (ACCOUNT, OTHER_ACCOUNT, "999999999999"))
AWAY = RepositoryKey(NEAR.registry, HOME.name)
SERVED = (HOME.registry.region, NEAR.region)
LATER = EPOCH + timedelta(hours=1)


class House:
    """A database with a repository whose images go to other places."""

    def __init__(self, core: CoreDatabase) -> None:
        self.core = core
        core.repository(HOME.name)

    def rules(self, *destinations: Destination, deletes: bool = True) -> None:
        given = [Rule(destinations or (NEAR,), (), deletes)]
        self.core.write(rules.put, HOME.registry, given, SERVED, {}, "AROAREPLICATION000000")

    def run(self, now: datetime = EPOCH) -> dict[str, Any]:
        return dict(Replication(self.core.database).run(now))

    def status(self, tag: str) -> list[tuple[str, str]]:
        _, found = self.core.read(statuses.describe, HOME, None, Tag(tag))
        return [(each.status, each.failure_code) for each in found]

    def held(self, key: RepositoryKey = AWAY) -> dict[str, tuple[str, ...]]:
        try:
            found = self.core.read(images.describe, key, images.LISTED, 100, "")
        except RepositoryNotFound:
            return {}
        return {row.digest: images.tags_of(row.tags) for row in found.images}

    def waiting(self) -> list[Any]:
        return list(self.core.row(replication_steps.due, EPOCH + timedelta(days=9), 100))

    def told(self, region: str = NEAR.region) -> list[tuple[str, str, str]]:
        """(result or action, action, tag) of the events of a Region."""
        found = [row for row in self.core.outbox() if row.region == region]
        details = [(row.name, json.loads(row.body)["detail"]) for row in found]
        return [(name, detail["result"], detail["image-tag"]) for name, detail in details]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    core = CoreDatabase(tmp_path)
    yield House(core)
    core.close()


def test_an_image_arrives_and_is_told_of_where_it_arrives(house: House):
    house.rules()
    made = house.core.image(HOME, "v1")
    assert house.status("v1") == [("IN_PROGRESS", "")]
    assert house.run() == {"replicated": 1}
    assert house.held() == {made.digest: ("v1",)}
    assert house.status("v1") == [("COMPLETE", "")]
    assert house.told() == [("ECR Replication Action", "SUCCESS", "v1"), ("ECR Image Action", "SUCCESS", "v1")]
    (row,) = [row for row in house.core.outbox() if row.name == "ECR Replication Action"]
    assert json.loads(row.body) == {
        "source": "aws.ecr",
        "resources": [AWAY.arn],
        "detail": {
            "result": "SUCCESS",
            "repository-name": HOME.name,
            "image-digest": made.digest,
            "source-account": ACCOUNT,
            "action-type": "REPLICATE",
            "source-region": HOME.registry.region,
            "image-tag": "v1",
        },
    }
    assert (row.account_id, row.region) == (ACCOUNT, NEAR.region)
    assert [call.common.door for call in house.core.calls("ReplicateImage")] == ["worker"]
    assert house.run() == {}


def test_without_rules_nothing_is_written(house: House):
    house.core.image(HOME, "v1")
    house.rules()
    assert house.waiting() == []
    house.core.write(rules.put, HOME.registry, [], SERVED, {}, "")
    house.core.image(HOME, "v2", layers=[b"two"])
    assert house.waiting() == []


def test_what_waits_is_done_though_the_rules_are_gone(house: House):
    house.rules()
    made = house.core.image(HOME, "v1")
    house.core.write(rules.put, HOME.registry, [], SERVED, {}, "")
    house.run()
    assert house.held() == {made.digest: ("v1",)}


def test_bytes_that_are_damaged_are_waited_for_twice_as_long_each_time_and_hold_up_nothing(house: House):
    house.rules()
    bad = house.core.image(HOME, "bad", layers=[b"bad"])
    good = house.core.image(HOME, "good", layers=[b"good"])
    broken = house.core.blob(HOME, b"bad")
    house.core.write(lambda tx, _: blobs.damage(tx, broken.id, broken.location))
    assert house.run() == {"replicated": 1}
    assert house.held() == {good.digest: ("good",)}
    (step,) = house.waiting()
    assert (step.attempts, step.due_at, "do not exist" in step.reason) == (1, EPOCH + timedelta(seconds=1), True)
    assert house.status("bad") == [("IN_PROGRESS", "")]
    (failure,) = house.core.row(statuses.failures)
    assert (failure.digest, failure.tag, failure.attempts, failure.reason) == (bad.digest, "bad", 1, step.reason)
    pauses = []
    for _ in range(MOST_ATTEMPTS - 2):
        (before,) = house.waiting()
        house.run(before.due_at)
        (after,) = house.waiting()
        pauses.append((after.due_at - before.due_at).total_seconds())
    assert pauses == [2, 4, 8, 16, 32, 60]
    assert house.run(LATER) == {"failed": 1}
    assert house.waiting() == []
    assert house.status("bad") == [("FAILED", "LayersNotFound")]
    assert ("ECR Replication Action", "FAILED", "bad") in house.told()


def test_bytes_that_are_healed_arrive(house: House):
    house.rules()
    made = house.core.image(HOME, "v1", layers=[b"bad"])
    broken = house.core.blob(HOME, b"bad")
    house.core.write(lambda tx, _: blobs.damage(tx, broken.id, broken.location))
    house.run()
    assert house.held() == {}
    house.core.write(lambda tx, _: blobs.restore(tx, broken.id, broken.location, EPOCH))
    assert house.run(LATER) == {"replicated": 1}
    assert house.held() == {made.digest: ("v1",)}
    assert house.status("v1") == [("COMPLETE", "")]


def test_an_account_that_does_not_allow_it_or_is_not_there_says_the_same(house: House):
    house.rules(FOREIGN, NOBODY)
    house.core.image(HOME, "v1")
    assert house.run() == {"failed": 2}
    assert house.status("v1") == [("FAILED", "AccessDenied")] * 2
    failed = [row.account_id for row in house.core.outbox() if row.name == "ECR Replication Action"]
    assert failed == [OTHER_ACCOUNT]
    (call,) = house.core.calls("ReplicateImage")
    assert (call.common.error, call.common.status, call.common.account) == ("AccessDenied", 400, OTHER_ACCOUNT)


def test_without_the_role_nothing_is_replicated(house: House):
    house.rules()
    house.core.write(service_roles.delete, "AWSServiceRoleForECRReplication")
    house.core.image(HOME, "v1")
    assert house.run() == {"failed": 1}
    assert (house.held(), house.status("v1")) == ({}, [("FAILED", "AccessDenied")])


def test_an_index_never_arrives_before_its_images(house: House):
    first, second = (house.core.image(HOME, layers=[name]) for name in (b"one", b"two"))
    house.rules()
    top = index_manifest([first, second])
    house.core.put(HOME, top, "v1")
    assert house.run() == {"replicated": 1}
    assert house.held() == {first.digest: (), second.digest: (), top.digest: ("v1",)}
    pushed = [
        json.loads(row.body)["detail"]["image-digest"] for row in house.core.outbox() if row.region == "eu-west-1"
    ]
    assert pushed[-1] == top.digest
    assert len({call.request_id for call in house.core.calls("ReplicateImage")}) == 3


def test_a_protected_repository_keeps_what_it_has(house: House):
    house.rules()
    made = house.core.image(HOME, "v1")
    house.run()
    house.core.write(protection.put, AWAY, enabled=True)
    house.core.write(deletion.delete, HOME, Tag("v1"))
    assert house.run() == {"failed": 1}
    assert house.held() == {made.digest: ("v1",)}
    assert sorted(call.common.error for call in house.core.calls("BatchDeleteImage")) == ["", "RepositoryProtected"]
    assert house.waiting() == []


def test_a_deletion_outlives_its_repository(house: House):
    house.rules()
    made = house.core.image(HOME, "v1")
    house.run()
    assert house.held() == {made.digest: ("v1",)}
    house.core.write(deletion.delete, HOME, made.digest)
    house.core.write(repositories.delete, HOME, force=True)
    assert house.run() == {"deleted": 1}
    assert house.held() == {}


def test_deletions_are_not_even_written_down_where_the_rule_is_silent(house: House):
    house.rules(deletes=False)
    made = house.core.image(HOME, "v1")
    house.run()
    house.core.write(deletion.delete, HOME, made.digest)
    assert house.waiting() == []
    assert house.held() == {made.digest: ("v1",)}


def test_an_image_that_is_gone_is_nothing_to_do(house: House):
    house.rules(deletes=False)
    made = house.core.image(HOME, "v1")
    house.core.write(deletion.delete, HOME, made.digest)
    assert house.run() == {}
    assert (house.held(), house.waiting()) == ({}, [])


def test_what_somebody_else_tagged_there_is_left_alone(house: House):
    house.rules()
    made = house.core.image(HOME, "v1", "v2")
    house.run()
    own = house.core.image(AWAY, "v2", layers=[b"own"])
    house.core.write(deletion.delete, HOME, Tag("v2"))
    house.run()
    assert house.held() == {made.digest: ("v1",), own.digest: ("v2",)}


def test_flows_name_each_destination_with_what_waits(house: House):
    house.rules(NEAR, FOREIGN)
    house.core.image(HOME, "v1")
    house.core.image(HOME, "v2", layers=[b"two"])
    found = [(each.destination, each.waiting, each.oldest, each.failed) for each in house.core.row(statuses.flows)]
    assert found == [(NEAR, 2, EPOCH, 0), (FOREIGN, 2, EPOCH, 0)]
    house.run()
    found = [(each.destination, each.waiting, each.oldest, each.failed) for each in house.core.row(statuses.flows)]
    assert found == [(NEAR, 0, None, 0), (FOREIGN, 0, None, 2)]


def test_a_tag_that_moved_and_was_taken_off_before_anything_was_done_is_gone_there(house: House):
    house.rules()
    first = house.core.image(HOME, "v1")
    house.run()
    house.core.image(HOME, "v1", layers=[b"second"])
    house.core.write(deletion.delete, HOME, Tag("v1"))
    house.run()
    assert house.held() == {first.digest: ()}


class Broken(DyingDatabase):
    """A database in which nothing can be read of one repository's images."""

    def read(self, work: Any) -> Any:
        if "missing" in repr(work.__closure__ and [cell.cell_contents for cell in work.__closure__]) and self.trips():
            raise RuntimeError("a fault")
        return super().read(work)

    def trips(self) -> bool:
        """The first time only."""
        tripped, self.tripped = getattr(self, "tripped", False), True
        return not tripped


def test_a_fault_in_one_step_holds_up_no_other(house: House):
    house.rules()
    first = house.core.image(HOME, "v1")
    second = house.core.image(HOME, "v2", layers=[b"two"])
    engine = Replication(Broken(house.core.database, 1000, unheard=False))
    with pytest.raises(RuntimeError):
        engine.run(EPOCH)
    (waiting,) = [step for step in house.waiting() if step.attempts]
    assert waiting.due_at == EPOCH + timedelta(minutes=1)
    engine.run(EPOCH)
    assert house.held() == {second.digest: ("v2",)}
    engine.run(LATER)
    assert house.held() == {first.digest: ("v1",), second.digest: ("v2",)}
