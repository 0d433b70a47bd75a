"""Lifecycle policies, from one operation to another: put, previewed, carried out, told of, removed."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.behaviour.looked_up import awaited, lookup
from tests.factories.layouts import Image, Index, image, index
from tests.factories.lifecycle import ARCHIVE, EXPIRE, rule, text
from tests.factories.processes import Server
from tests.factories.registry import Registry
from tests.factories.waiting import wait

KEEP_ONE = text(rule(1, 1))
QUICK = {"Delay": 1, "MaxAttempts": 60}


def push(server: Server, repository: str, *tags: str) -> list[Image]:
    """An image for each tag, the oldest first."""
    images = [image(700 + number) for number, _ in enumerate(tags)]
    for each, tag in zip(images, tags, strict=True):
        Registry(server).push(repository, each, tag)
    return images


def digests(ecr: Any, repository: str) -> set[str]:
    return {each["imageDigest"] for each in ecr.describe_images(repositoryName=repository)["imageDetails"]}


def previewed(ecr: Any, repository: str, policy: str | None = None, **given: Any) -> list[dict[str, Any]]:
    """What a preview finds, asked for and waited for as AWS's clients do."""
    wanted = {} if policy is None else {"lifecyclePolicyText": policy}
    started = ecr.start_lifecycle_policy_preview(repositoryName=repository, **wanted)
    assert started["status"] == "IN_PROGRESS"
    ecr.get_waiter("lifecycle_policy_preview_complete").wait(repositoryName=repository, WaiterConfig=QUICK)
    return results(ecr, repository, **given)


def results(ecr: Any, repository: str, **given: Any) -> list[dict[str, Any]]:
    pages = ecr.get_paginator("get_lifecycle_policy_preview").paginate(repositoryName=repository, **given)
    return [each for page in pages for each in page["previewResults"]]


def refused(operation: Any, **given: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as error:
        operation(**given)
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


def actions(ecr: Any, repository: str) -> Sequence[tuple[str, int]]:
    return [(each["imageDigest"], each["appliedRulePriority"]) for each in results(ecr, repository)]


def carried_out(ecr: Any, repository: str) -> None:
    """Wait until the policy has been evaluated."""
    wait(lambda: "lastEvaluatedAt" in ecr.get_lifecycle_policy(repositoryName=repository), 60, "an evaluation")


def test_a_policy_is_shown_as_ecr_prints_it_until_it_is_deleted(ecr: Any, repository: str):
    given = json.dumps({"rules": [rule(9, 5), rule(2, ("sinceImagePushed", 1), "untagged")]}, indent=2)
    printed = json.dumps({"rules": [rule(2, ("sinceImagePushed", 1), "untagged"), rule(9, 5)]}, separators=(",", ":"))
    put = ecr.put_lifecycle_policy(repositoryName=repository, lifecyclePolicyText=given)
    assert (put["registryId"], put["repositoryName"], put["lifecyclePolicyText"]) == ("0" * 12, repository, printed)
    assert ecr.get_lifecycle_policy(repositoryName=repository)["lifecyclePolicyText"] == printed
    assert ecr.delete_lifecycle_policy(repositoryName=repository)["lifecyclePolicyText"] == printed
    for operation in (ecr.get_lifecycle_policy, ecr.delete_lifecycle_policy, ecr.start_lifecycle_policy_preview):
        assert refused(operation, repositoryName=repository) == (
            "LifecyclePolicyNotFoundException",
            (
                f"Lifecycle policy does not exist for the repository with name '{repository}' "
                "in the registry with id '000000000000'"
            ),
        )


def test_what_is_no_policy_is_refused_and_changes_nothing(ecr: Any, repository: str):
    ecr.put_lifecycle_policy(repositoryName=repository, lifecyclePolicyText=KEEP_ONE)
    wrong = text(rule(0, 1)) + " " * 100
    for operation in (ecr.put_lifecycle_policy, ecr.start_lifecycle_policy_preview):
        assert refused(operation, repositoryName=repository, lifecyclePolicyText=wrong) == (
            "InvalidParameterException",
            (
                "Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: 'Lifecycle policy validation "
                "failure: numeric instance is lower than the required minimum (minimum: 1, found: 0)'"
            ),
        )
    found = ecr.get_lifecycle_policy(repositoryName=repository)["lifecyclePolicyText"]
    assert json.loads(found) == json.loads(KEEP_ONE)


def test_a_preview_tells_what_would_go_and_changes_nothing(server: Server, ecr: Any, repository: str):
    first, second, third = push(server, repository, "v1", "v2", "v3")
    assert previewed(ecr, repository, KEEP_ONE) == [
        {
            "imageTags": [tag],
            "imageDigest": each.digest,
            "imagePushedAt": ecr.describe_images(repositoryName=repository, imageIds=[{"imageTag": tag}])[
                "imageDetails"
            ][0]["imagePushedAt"],
            "action": {"type": "EXPIRE"},
            "appliedRulePriority": 1,
            "storageClass": "STANDARD",
        }
        for each, tag in ((first, "v1"), (second, "v2"))
    ]
    answer = ecr.get_lifecycle_policy_preview(repositoryName=repository)
    assert answer["status"] == "COMPLETE"
    assert answer["summary"] == {"expiringImageTotalCount": 2, "transitioningImageTotalCounts": []}
    assert digests(ecr, repository) == {first.digest, second.digest, third.digest}


def test_a_preview_is_shown_in_pages_by_tags_and_by_images(server: Server, ecr: Any, repository: str):
    first, second, third = push(server, repository, "v1", "v2", "v3")
    Registry(server).push(repository, image(750), "v2")  # takes the tag from the second
    found = previewed(ecr, repository, text(rule(1, ("sinceImagePushed", 1), ["none"]), rule(2, 1)))
    assert [each["imageDigest"] for each in found] == [first.digest, second.digest, third.digest]
    page = ecr.get_lifecycle_policy_preview(repositoryName=repository, maxResults=2)
    assert [each["imageDigest"] for each in page["previewResults"]] == [first.digest, second.digest]
    assert results(ecr, repository, PaginationConfig={"PageSize": 1}) == found
    assert results(ecr, repository, filter={"tagStatus": "UNTAGGED"}) == found[1:2]
    assert results(ecr, repository, filter={"tagStatus": "TAGGED"}) == [found[0], found[2]]
    ids = [{"imageTag": "v3"}, {"imageDigest": first.digest}, {"imageTag": "absent"}]
    named = ecr.get_lifecycle_policy_preview(repositoryName=repository, imageIds=ids)
    assert named["previewResults"] == [found[0], found[2]]
    code, _ = refused(
        ecr.get_lifecycle_policy_preview, repositoryName=repository, imageIds=ids, nextToken=page["nextToken"]
    )
    assert code == "InvalidParameterException"
    previewed(ecr, repository, KEEP_ONE)
    code, message = refused(
        ecr.get_lifecycle_policy_preview, repositoryName=repository, maxResults=2, nextToken=page["nextToken"]
    )
    assert (code, "Invalid next token provided" in message) == ("InvalidParameterException", True)


def test_without_a_preview_there_is_none_to_be_shown(ecr: Any, repository: str):
    code, message = refused(ecr.get_lifecycle_policy_preview, repositoryName=repository)
    assert code == "LifecyclePolicyPreviewNotFoundException"
    assert message.startswith("Lifecycle policy preview does not exist for the repository with name")


def test_a_policy_does_what_its_preview_tells(server: Server, ecr: Any, repository: str):
    first, second, third = push(server, repository, "v1", "v2", "v3")
    signature = image(751, subject=second.manifest.descriptor())
    Registry(server).push(repository, signature)
    expected = {each["imageDigest"] for each in previewed(ecr, repository, KEEP_ONE)}
    assert expected == {first.digest, second.digest, signature.digest}
    before = digests(ecr, repository)
    ecr.put_lifecycle_policy(repositoryName=repository, lifecyclePolicyText=KEEP_ONE)
    carried_out(ecr, repository)
    assert before - digests(ecr, repository) == expected
    assert Registry(server).tags(repository) == ["v3"]
    assert previewed(ecr, repository) == []
    assert digests(ecr, repository) == {third.digest}


def test_an_execution_is_a_service_event_of_the_trail(server: Server, ecr: Any, repository: str):
    (first, _), multi = push(server, repository, "v1", "v2"), index(760)
    Registry(server).push(repository, multi, "multi")
    policy = text(rule(1, 1, ["v*"]), rule(2, 1, "untagged"))
    previewed(ecr, repository, policy)
    ecr.put_lifecycle_policy(repositoryName=repository, lifecyclePolicyText=policy)
    carried_out(ecr, repository)
    trail = server.client("cloudtrail")
    told = service_events(trail, repository, "PolicyExecutionEvent", 2)
    acted = [each for record in told for each in record["serviceEventDetails"]["lifecycleEventImageActions"]]
    failed = [each for record in told for each in record["serviceEventDetails"]["lifecycleEventFailureDetails"]]
    assert [(each["lifecycleEventImage"]["digest"], each["rulePriority"]) for each in acted] == [(first.digest, 1)]
    assert acted[0]["lifecycleEventImage"]["tagList"] == ["v1"]
    ((failure),) = failed
    assert failure["lifecycleEventImage"]["digest"] in {each.digest for each in multi.children}
    assert failure["failureCode"] == "ImageReferencedByManifestList"
    assert failure["failureReason"] == f"Requested image referenced by manifest list: [{multi.digest}]"
    (dry,) = service_events(trail, repository, "DryRunEvent", 1)
    assert dry["serviceEventDetails"]["lifecycleEventPolicy"]["lifecycleEventRules"][0] == {
        "rulePriority": 1,
        "description": None,
        "lifecycleEventSelection": {
            "tagStatus": "Tagged",
            "tagPrefixList": [],
            "tagPatternList": ["v*"],
            "countType": "Image count more than",
            "countNumber": 1,
        },
        "action": "expire",
    }
    assert (dry["eventType"], dry["userIdentity"]["invokedBy"], dry["readOnly"]) == (
        "AwsServiceEvent",
        "AWS Internal",
        True,
    )


def service_events(trail: Any, repository: str, name: str, count: int) -> list[dict[str, Any]]:
    def look() -> list[dict[str, Any]]:
        told = [json.loads(each["CloudTrailEvent"]) for each in lookup(trail, "EventName", name)]
        return [each for each in told if each["serviceEventDetails"]["repositoryName"] == repository]

    return awaited(look, count)


def test_an_index_is_an_image_and_what_it_names_goes_after_it(server: Server, ecr: Any, repository: str):
    old = index(770)
    registry = Registry(server)
    registry.push(repository, old, "old")
    (new,) = push(server, repository, "new")
    ecr.put_lifecycle_policy(repositoryName=repository, lifecyclePolicyText=KEEP_ONE)
    carried_out(ecr, repository)
    assert digests(ecr, repository) == {new.digest}


def own(ecr: Any, name: str, value: str) -> None:
    ecr.put_account_setting(name=name, value=value)
    assert ecr.get_account_setting(name=name)["value"] == value


def test_own_properties_are_accepted_where_the_registry_wants_them(server: Server, ecr: Any, repository: str):
    old: Index = index(780)
    registry = Registry(server)
    registry.push(repository, old, "old")
    (new,) = push(server, repository, "old-2")
    policy = text(rule(1, 1, ["old*"], {**EXPIRE, "children": "follow"}))
    code, message = refused(ecr.put_lifecycle_policy, repositoryName=repository, lifecyclePolicyText=policy)
    assert (code, '(["children"])' in message) == ("InvalidParameterException", True)
    own(ecr, "LIFECYCLE_EXTENSIONS", "ENABLED")
    try:
        found = previewed(ecr, repository, policy)
        assert {each["imageDigest"] for each in found} == {old.digest, *(each.digest for each in old.children)}
        ecr.put_lifecycle_policy(repositoryName=repository, lifecyclePolicyText=policy)
    finally:
        own(ecr, "LIFECYCLE_EXTENSIONS", "DISABLED")
    carried_out(ecr, repository)  # it was put when it might be
    assert digests(ecr, repository) == {new.digest}
    code, _ = refused(ecr.put_account_setting, name="LIFECYCLE_SPARE_PULLED_DAYS", value="2")
    assert code == "InvalidParameterException"


def test_by_tag_an_image_keeps_its_other_tags(server: Server, ecr: Any, repository: str):
    first, second = push(server, repository, "sha-1", "sha-2")
    Registry(server).put_manifest(repository, "v1", first.manifest)
    own(ecr, "LIFECYCLE_EXTENSIONS", "ENABLED")
    try:
        policy = text(rule(1, 1, ["sha-*"], {**EXPIRE, "scope": "tag"}))
        ecr.put_lifecycle_policy(repositoryName=repository, lifecyclePolicyText=policy)
    finally:
        own(ecr, "LIFECYCLE_EXTENSIONS", "DISABLED")
    carried_out(ecr, repository)
    assert Registry(server).tags(repository) == ["sha-2", "v1"]
    assert digests(ecr, repository) == {first.digest, second.digest}


def test_an_image_in_use_stays_and_a_call_says_where_it_runs(server: Server, ecr: Any, repository: str):
    own_service = server.client("entrepot")
    first, second, third = push(server, repository, "v1", "v2", "v3")
    running = [{"repositoryName": repository, "imageDigest": first.digest, "count": 2}]
    own_service.report_images_in_use(cluster="prod", images=running)
    with pytest.raises(own_service.exceptions.LifecyclePolicyPreviewNotFoundException):
        own_service.list_spared_images(repositoryName=repository)
    listed = [each["imageDigest"] for each in previewed(ecr, repository, KEEP_ONE)]
    assert listed == [first.digest, second.digest]  # as AWS would say it
    spared = own_service.list_spared_images(repositoryName=repository)
    assert spared["status"] == "COMPLETE"
    assert spared["sparedImages"] == [
        {
            "imageDigest": first.digest,
            "imageTags": ["v1"],
            "action": "EXPIRE",
            "appliedRulePriority": 1,
            "inUseBy": ["prod"],
        }
    ]
    ecr.put_lifecycle_policy(repositoryName=repository, lifecyclePolicyText=KEEP_ONE)
    carried_out(ecr, repository)
    assert digests(ecr, repository) == {first.digest, third.digest}


def test_a_transition_puts_images_into_the_archive(server: Server, ecr: Any, repository: str):
    first, second = push(server, repository, "v1", "v2")
    policy = text(rule(1, 1, "any", ARCHIVE))
    (found,) = previewed(ecr, repository, policy)
    assert (found["imageDigest"], found["action"]) == (
        first.digest,
        {"type": "TRANSITION", "targetStorageClass": "ARCHIVE"},
    )
    summary = ecr.get_lifecycle_policy_preview(repositoryName=repository)["summary"]
    transitioning = [{"targetStorageClass": "ARCHIVE", "imageTotalCount": 1}]
    assert summary == {"expiringImageTotalCount": 0, "transitioningImageTotalCounts": transitioning}
    ecr.put_lifecycle_policy(repositoryName=repository, lifecyclePolicyText=policy)
    carried_out(ecr, repository)
    every = ecr.describe_images(repositoryName=repository, filter={"imageStatus": "ANY"})["imageDetails"]
    assert {each["imageDigest"]: each["imageStatus"] for each in every} == {
        first.digest: "ARCHIVED",
        second.digest: "ACTIVE",
    }
    ecr.update_image_storage_class(
        repositoryName=repository, imageId={"imageDigest": first.digest}, targetStorageClass="STANDARD"
    )
