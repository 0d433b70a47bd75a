"""Settings that go to a destination, and images that go there by their tags only."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from entrepot.core import deletion, registries, repositories, repository_policies, resource_tags
from entrepot.core.lifecycle import policies as lifecycle
from entrepot.core.replication import options, statuses
from entrepot.core.replication.options import Option
from entrepot.core.replication.rules import Destination
from entrepot.core.scanning.configuration import set_scan_on_push
from entrepot.db import lifecycle_policies
from entrepot.db import resource_tags as tag_rows
from entrepot.db.records import Repository
from entrepot.db.replication_records import KINDS
from entrepot.errors import ParameterInvalid
from entrepot.spec.reference import Tag
from entrepot.spec.repository import RepositoryKey
from tests.factories.callers import ACCOUNT, OTHER_ACCOUNT, caller, image_manifest, index_manifest
from tests.factories.core_database import CoreDatabase
from tests.factories.lifecycle import rule as lifecycle_rule
from tests.factories.lifecycle import text as lifecycle_text
from tests.unit.core.replication.test_engine import AWAY, FOREIGN, HOME, NEAR, SERVED, House

POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{OTHER_ACCOUNT}:root"}, "Action": "ecr:ListImages"}
        ],
    }
)
LIFECYCLE = lifecycle_text(lifecycle_rule(1, 9))
THERE = FOREIGN.registry


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    core = CoreDatabase(tmp_path)
    yield House(core)
    core.close()


def wanted(house: House, *given: Option) -> None:
    house.core.write(options.put, HOME.registry, given, SERVED, {})


def furnish(house: House) -> None:
    """Set everything otherwise than it is at first."""
    write = house.core.write
    write(repositories.set_mutability, HOME, "IMMUTABLE_WITH_EXCLUSION", ("dev*",))
    write(set_scan_on_push, HOME, value=True)
    write(resource_tags.put, HOME, [("team", "a"), ("stage", "b")])
    write(lifecycle.put, HOME, LIFECYCLE)
    write(repository_policies.put, HOME, POLICY, force=True)


def shown(house: House, key: Any = AWAY) -> tuple[Any, ...]:
    """How a repository is set."""
    found: Repository = house.core.present(key)
    policy = house.core.row(lifecycle_policies.find, found.id)
    tags = house.core.row(tag_rows.list_of, found.id)
    return (
        (found.mutability, found.exclusion_filters),
        found.scan_on_push,
        dict(tags),
        None if policy is None else policy.text,
        found.policy,
    )


def test_nothing_of_it_goes_anywhere_unless_it_is_wanted(house: House):
    house.rules()
    house.core.image(HOME, "v1")
    house.run()
    before = shown(house)
    furnish(house)
    assert house.waiting() == []
    assert shown(house) == before


def test_every_setting_comes_and_goes_with_the_sources(house: House):
    house.rules()
    wanted(house, Option(NEAR, (), (), KINDS))
    furnish(house)
    house.core.image(HOME, "v1")
    house.run()
    house.run()
    assert shown(house) == shown(house, HOME)
    house.core.write(repositories.set_mutability, HOME, "MUTABLE", ())
    house.core.write(set_scan_on_push, HOME, value=False)
    house.core.write(resource_tags.remove, HOME, ["team"])
    house.core.write(lifecycle.delete, HOME)
    house.core.write(repository_policies.delete, HOME)
    assert [step.action for step in house.waiting()] == ["SETTINGS"] * 5
    assert house.run() == {"settled": 5}
    assert shown(house) == (("MUTABLE", ()), False, {"stage": "b"}, None, None)
    calls = [call for call in house.core.calls() if call.common.region == NEAR.region and call.common.status == 200]
    assert {call.common.operation for call in calls} >= {
        *("PutImageTagMutability", "PutImageScanningConfiguration", "TagResource", "UntagResource"),
        *("PutLifecyclePolicy", "DeleteLifecyclePolicy", "SetRepositoryPolicy", "DeleteRepositoryPolicy"),
        "ReplicateRepositorySettings",
    }
    told = [each for each in house.core.details() if each.get("action-type") == "REPLICATE_SETTINGS"]
    assert [set(each["settings"]) for each in told] == [set(KINDS), set(KINDS)]
    assert {each["result"] for each in told} == {"SUCCESS"}


def test_only_the_settings_that_are_named_go(house: House):
    house.rules()
    wanted(house, Option(NEAR, ("on",), (), ("SCAN_ON_PUSH",)), Option(NEAR, ("other",), (), ("RESOURCE_TAGS",)))
    house.core.image(HOME, "v1")
    house.run()
    furnish(house)
    assert len(house.waiting()) == 1
    house.run()
    assert shown(house) == (("MUTABLE", ()), True, {}, None, None)


def test_what_another_account_does_not_allow_stays_as_it_is_and_the_rest_goes(house: House):
    host = caller(account=OTHER_ACCOUNT)
    house.rules(FOREIGN)
    wanted(house, Option(FOREIGN, (), (), KINDS))
    grant = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        "Action": ["ecr:ReplicateImage", "ecr:CreateRepository", "ecr:PutImageTagMutability", "ecr:TagResource"],
        "Resource": f"arn:aws:ecr:{FOREIGN.region}:{OTHER_ACCOUNT}:repository/*",
    }
    text = json.dumps({"Version": "2012-10-17", "Statement": [grant]})
    house.core.write(registries.put_policy, THERE, text, who=host)
    furnish(house)
    house.core.image(HOME, "v1")
    house.run()
    house.run()
    away = RepositoryKey(THERE, HOME.name)
    (found,) = house.core.read(repositories.describe, THERE, [HOME.name], 1, "", who=host).items
    assert found.mutability == "IMMUTABLE_WITH_EXCLUSION"
    assert dict(house.core.row(tag_rows.list_of, found.id)) == {"team": "a", "stage": "b"}
    assert (found.scan_on_push, found.policy) == (False, None)
    (failure,) = house.core.row(statuses.failures)
    assert (failure.digest, failure.code) == ("", "AccessDenied")
    assert failure.reason.startswith("SCAN_ON_PUSH, LIFECYCLE_POLICY, REPOSITORY_POLICY: ")
    told = [json.loads(row.body) for row in house.core.outbox() if row.account_id == OTHER_ACCOUNT]
    failed = [each for each in told if each["detail"]["result"] == "FAILED"]
    assert [each["detail"]["settings"] for each in failed] == [
        ["SCAN_ON_PUSH", "LIFECYCLE_POLICY", "REPOSITORY_POLICY"]
    ]
    assert failed[0]["resources"] == [away.arn]
    (refused,) = [call for call in house.core.calls("ReplicateRepositorySettings") if call.common.error]
    assert refused.common.error == "AccessDenied"


def test_only_images_with_such_tags_go_and_what_refers_to_them(house: House):
    house.rules()
    wanted(house, Option(NEAR, (), ("v*", "release-*"), ()))
    core = house.core
    other = core.image(HOME, "dev", layers=[b"dev"])
    untagged = core.image(HOME, layers=[b"untagged"])
    children = [image_manifest([data]) for data in (b"arm", b"amd")]
    for data in (b"arm", b"amd"):
        core.image(HOME, layers=[data])
    made = index_manifest(children)
    core.put(HOME, made, "v1")
    subject = {"mediaType": made.media_type, "digest": made.digest, "size": len(made.payload)}
    early = core.image(HOME, layers=[b"sbom"], subject=subject)
    late = core.image(HOME, layers=[b"signature"], subject=subject)
    assert house.run() == {"replicated": 3}
    assert house.held() == {made.digest: ("v1",), **{each.digest: () for each in children}} | {
        early.digest: (),
        late.digest: (),
    }
    assert house.status("dev") == []
    core.put(HOME, other, "release-1")
    house.run()
    assert house.held()[other.digest] == ("release-1",)
    assert untagged.digest not in house.held()


def test_of_tags_that_do_not_go_nothing_is_taken_off_there_but_a_deleted_image_goes(house: House):
    house.rules()
    wanted(house, Option(NEAR, (), ("v*",), ()))
    made = house.core.image(HOME, "v1", "dev")
    kept = house.core.image(HOME, "v2", layers=[b"two"])
    house.run()
    house.core.put(AWAY, kept, "dev")
    house.core.write(deletion.delete, HOME, Tag("dev"))
    house.run()
    assert house.held() == {made.digest: ("v1",), kept.digest: ("dev", "v2")}
    house.core.put(HOME, made, "dev")
    house.core.write(deletion.delete, HOME, Tag("v1"))
    house.core.write(deletion.delete, HOME, made.digest)
    house.run()
    assert house.held() == {kept.digest: ("dev", "v2")}


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (Option(NEAR, (), ("a***",), ()), "at most 2 wildcards"),
        (Option(NEAR, (), ("a/b",), ()), "regular expression"),
        (Option(NEAR, ("UP",), (), ()), "regular expression"),
        (Option(NEAR, ("a",) * 101, (), ()), "less than or equal to 100"),
        (Option(NEAR, (), ("v*",) * 101, ()), "less than or equal to 100"),
        (Option(Destination("mars-1", ACCOUNT), (), (), ()), "not served"),
        (Option(Destination(HOME.registry.region, ACCOUNT), (), (), ()), "same as the source"),
    ],
)
def test_options_that_cannot_be_are_refused(house: House, option: Option, said: str):
    with pytest.raises(ParameterInvalid, match=said):
        wanted(house, option)
    assert house.core.read(options.get, HOME.registry) == ()
