"""Principals whose pulls are not counted, through boto3: what others pull is counted as ever, by either door."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from tests.behaviour.callers import User, allow
from tests.behaviour.doors import OciDoor, push
from tests.behaviour.identities import ACCOUNT
from tests.behaviour.test_ecr_images import refusal
from tests.factories.layouts import image
from tests.factories.processes import Server
from tests.factories.waiting import wait


@pytest.fixture
def exclusions(ecr: Any) -> Iterator[Any]:
    """The registry without exclusions, before and after."""
    yield ecr
    for principal in everything(ecr):
        ecr.deregister_pull_time_update_exclusion(principalArn=principal)


def everything(ecr: Any, size: int = 1000) -> list[str]:
    page = ecr.list_pull_time_update_exclusions(maxResults=size)
    found = list(page["pullTimeUpdateExclusions"])
    while "nextToken" in page:
        page = ecr.list_pull_time_update_exclusions(maxResults=size, nextToken=page["nextToken"])
        found += page["pullTimeUpdateExclusions"]
    return found


def pulled_at(ecr: Any, repository: str) -> datetime | None:
    (found,) = ecr.describe_images(repositoryName=repository, imageIds=[{"imageTag": "v1"}])["imageDetails"]
    told: datetime | None = found.get("lastRecordedPullTime")
    return told


def test_exclusions_are_registered_listed_and_taken_back(exclusions):
    arns = [f"arn:aws:iam::{ACCOUNT}:role/path/{name}" for name in ("a", "b", "c")]
    for arn in arns:
        made = exclusions.register_pull_time_update_exclusion(principalArn=arn)
        assert made["principalArn"] == arn
        assert isinstance(made["createdAt"], datetime)
    assert everything(exclusions, 1) == everything(exclusions, 2) == arns
    code, message = refusal(exclusions.register_pull_time_update_exclusion, principalArn=arns[0])
    assert (code, arns[0] in message) == ("ExclusionAlreadyExistsException", True)
    assert exclusions.deregister_pull_time_update_exclusion(principalArn=arns[0])["principalArn"] == arns[0]
    assert everything(exclusions) == arns[1:]
    code, message = refusal(exclusions.deregister_pull_time_update_exclusion, principalArn=arns[0])
    assert (code, arns[0] in message) == ("ExclusionNotFoundException", True)


def test_what_is_no_user_and_no_role_cannot_be_excluded(exclusions):
    for arn in (f"arn:aws:iam::{ACCOUNT}:root", f"arn:aws:sts::{ACCOUNT}:assumed-role/a/b", "alice", ""):
        assert refusal(exclusions.register_pull_time_update_exclusion, principalArn=arn)[0] in {
            "InvalidParameterException",
            "ValidationException",
        }
    assert everything(exclusions) == []


def test_a_registry_has_a_hundred_of_them(exclusions):
    for number in range(100):
        arn = f"arn:aws:iam::{ACCOUNT}:user/u{number}"
        exclusions.register_pull_time_update_exclusion(principalArn=arn)
    more = f"arn:aws:iam::{ACCOUNT}:user/more"
    assert refusal(exclusions.register_pull_time_update_exclusion, principalArn=more)[0] == "LimitExceededException"


def test_exclusions_are_those_of_one_region(server: Server, exclusions):
    exclusions.register_pull_time_update_exclusion(principalArn=f"arn:aws:iam::{ACCOUNT}:user/u")
    assert everything(server.client(region="eu-west-1")) == []


def pull(user: User, repository: str) -> None:
    """By both doors."""
    OciDoor(user.server, user.server.token(user.keys)).read(repository, "v1")
    assert user.ecr.batch_get_image(repositoryName=repository, imageIds=[{"imageTag": "v1"}])["failures"] == []


def test_pulls_of_an_excluded_user_are_not_counted(exclusions, repository, make_repository, pushed, doors, user: User):
    other, beside = make_repository(), image(1950)
    push(doors["oci"], other, beside, "v1")
    user.put("p", allow("*"))
    exclusions.register_pull_time_update_exclusion(principalArn=user.arn)
    pull(user, repository)
    doors["oci"].read(other, "v1")
    first = wait(lambda: pulled_at(exclusions, other))
    doors["oci"].read(other, "v1")
    wait(lambda: pulled_at(exclusions, other) != first)  # what was pulled before is folded by then
    assert pulled_at(exclusions, repository) is None
    assert doors["oci"].read(repository, "v1") == pushed.manifest
    wait(lambda: pulled_at(exclusions, repository))


@pytest.mark.usefixtures("pushed")
def test_pulls_of_a_user_that_is_excluded_no_more_are_counted(exclusions, repository, user: User):
    user.put("p", allow("*"))
    exclusions.register_pull_time_update_exclusion(principalArn=user.arn)
    exclusions.deregister_pull_time_update_exclusion(principalArn=user.arn)
    pull(user, repository)
    assert wait(lambda: pulled_at(exclusions, repository))
