"""Conditions on tags hold for every operation of every service that names a resource with tags, or gives some: one
table, that of permissions, whose keys say where.
"""

import contextlib
from collections.abc import Mapping
from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from entrepot.core.needs import REQUEST_TAG, RESOURCE_TAG, TAG_KEYS, Needs
from entrepot.core.permissions import OPERATIONS
from tests.enforcement import inputs
from tests.enforcement.inspector_inputs import values as inspector_values
from tests.enforcement.test_matrix import DENIED
from tests.enforcement.world import ACCOUNT, ANYTHING, User, World

IAM = f"arn:aws:iam::{ACCOUNT}"
GUARD, YES, NO = "guard", "yes", "no"
PAIRS = {"Key": GUARD, "Value": YES}
GIVEN = ("tags", "Tags", "TagsList")
# what is named by members that are not required
NAMED: Mapping[str, Mapping[str, Any]] = {
    "DescribeAlarmHistory": {"AlarmName": "world"},
    "DescribeAlarms": {"AlarmNames": ["world"]},
}
# what has the key, and names nothing that is there: repositories that are to come
OF_NOTHING = {
    *[("ecr", f"{verb}RepositoryCreationTemplate") for verb in ("Create", "Update")],
    *[("ecr", f"{verb}PullThroughCacheRule") for verb in ("Create", "Update")],  # but for a secret or a role
}


def with_key(key: str) -> list[tuple[str, str]]:
    """The operations that have a condition key on one of their actions."""
    return [
        (service, operation)
        for service, table in sorted(OPERATIONS.items())
        for operation, needs in sorted(table.items())
        if any(key in each.keys for each in needs)
    ]


class Naming:
    """The world, in which operations that delete name what there is: they are to be refused."""

    def __init__(self, world: World) -> None:
        self._world = world

    def __getattr__(self, name: str) -> Any:
        return getattr(self._world, name)

    def named(self, _: str) -> Mapping[str, str]:
        return self._world.names


@pytest.fixture(scope="module")
def tagged(world: World) -> World:
    """The world with a tag on everything that can have one."""
    client, names = world.server.client, world.names
    place = f"us-east-1:{ACCOUNT}"
    world.ecr.tag_resource(resourceArn=f"arn:aws:ecr:{place}:repository/{world.repository}", tags=[PAIRS])
    world.public.tag_resource(resourceArn=f"arn:aws:ecr-public::{ACCOUNT}:repository/{world.repository}", tags=[PAIRS])
    world.kms.tag_resource(KeyId=names["key_id"], Tags=[{"TagKey": GUARD, "TagValue": YES}])
    world.secrets.tag_resource(SecretId=names["secret"], Tags=[PAIRS])
    profile = f"arn:aws:signer:{place}:/signing-profiles/{names['signing_profile']}"
    world.signer.tag_resource(resourceArn=profile, tags={GUARD: YES})
    world.trails.add_tags(ResourceId=f"arn:aws:cloudtrail:{place}:trail/{names['trail']}", TagsList=[PAIRS])
    world.monitoring.tag_resource(ResourceARN=f"arn:aws:cloudwatch:{place}:alarm:{names['alarm']}", Tags=[PAIRS])
    arn = str(inspector_values("", names)["arn"])
    client("inspector2").tag_resource(resourceArn=arn, tags={GUARD: YES})
    events = client("events")
    with contextlib.suppress(events.exceptions.ResourceAlreadyExistsException):  # other tests share the world
        events.create_event_bus(Name=names["bus"])
    events.tag_resource(ResourceARN=f"arn:aws:events:{place}:event-bus/{names['bus']}", Tags=[PAIRS])
    events.put_rule(Name=names["rule"], ScheduleExpression="rate(1 day)", State="DISABLED", Tags=[PAIRS])
    iam = world.iam
    iam.tag_user(UserName=names["user"], Tags=[PAIRS])
    iam.tag_role(RoleName=names["role"], Tags=[PAIRS])
    iam.tag_policy(PolicyArn=f"{IAM}:policy/{names['policy']}", Tags=[PAIRS])
    iam.tag_instance_profile(InstanceProfileName=names["profile"], Tags=[PAIRS])
    iam.tag_open_id_connect_provider(OpenIDConnectProviderArn=f"{IAM}:oidc-provider/{names['provider']}", Tags=[PAIRS])
    iam.tag_mfa_device(SerialNumber=f"{IAM}:mfa/{names['device']}", Tags=[PAIRS])
    return world


@pytest.fixture(scope="module")
def user(world: World) -> User:
    made = world.user(ANYTHING)
    world.iam.tag_user(UserName=made.name, Tags=[PAIRS])  # what is asked of the caller is about it
    return made


def asked(user: User, service: str, operation: str, given: Mapping[str, Any]) -> str:
    """The code of the refusal, '' for none."""
    try:
        getattr(user.client(service), xform_name(operation))(**given)
    except ClientError as refused:
        return str(refused.response["Error"]["Code"])
    return ""


def denying(key: str, value: str, needs: tuple[Needs, ...], of: str) -> dict[str, Any]:
    """A statement that denies the actions which have the condition key `of`."""
    actions = [each.action for each in needs if of in each.keys]
    condition = {"ForAnyValue:StringEquals": {key: value}}
    return {"Effect": "Deny", "Action": actions, "Resource": "*", "Condition": condition}


@pytest.mark.parametrize(("service", "operation"), sorted({*with_key(RESOURCE_TAG)} - OF_NOTHING))
def test_a_deny_by_a_resources_tag_holds(tagged: World, user: User, service: str, operation: str):
    needs = OPERATIONS[service][operation]
    given = inputs.of(Naming(tagged), service, operation, user.client(service))  # type: ignore[arg-type]  # delegates
    given |= NAMED.get(operation, {})
    for key in (f"aws:ResourceTag/{GUARD}", f"{own(service, needs)}:ResourceTag/{GUARD}"):
        user.put(ANYTHING, denying(key, YES, needs, RESOURCE_TAG))
        assert asked(user, service, operation, given) in DENIED, key
    if not operation.startswith(("Delete", "Schedule", "Deactivate")):
        user.put(ANYTHING, denying(f"aws:ResourceTag/{GUARD}", NO, needs, RESOURCE_TAG))
        given = inputs.of(tagged, service, operation, user.client(service))
        assert asked(user, service, operation, given) not in DENIED


def own(service: str, needs: tuple[Needs, ...]) -> str:
    """The prefix of the action that has the key: of an operation that is another service's too, that one's."""
    return next(each.action.partition(":")[0] for each in needs if RESOURCE_TAG in each.keys) or service


@pytest.mark.parametrize(("service", "operation"), with_key(REQUEST_TAG))
def test_a_deny_by_a_tag_that_is_given_holds(tagged: World, user: User, service: str, operation: str):
    needs = OPERATIONS[service][operation]
    given = giving(tagged, user, service, operation)
    for key, value in ((f"aws:RequestTag/{GUARD}", YES), ("aws:TagKeys", GUARD)):
        user.put(ANYTHING, denying(key, value, needs, REQUEST_TAG))
        assert asked(user, service, operation, given) in DENIED, key


@pytest.mark.parametrize(("service", "operation"), sorted({*with_key(TAG_KEYS)} - {*with_key(REQUEST_TAG)}))
def test_a_deny_by_a_tag_that_is_taken_away_holds(tagged: World, user: User, service: str, operation: str):
    needs = OPERATIONS[service][operation]
    given = inputs.of(tagged, service, operation, user.client(service))
    name = "TagsList" if service == "cloudtrail" else "tagKeys" if "tagKeys" in given else "TagKeys"
    given[name] = [PAIRS] if service == "cloudtrail" else [GUARD]
    user.put(ANYTHING, denying("aws:TagKeys", GUARD, needs, TAG_KEYS))
    assert asked(user, service, operation, given) in DENIED


def giving(world: World, user: User, service: str, operation: str) -> dict[str, Any]:
    """The input of an operation with the tag."""
    client = user.client(service)
    shape: Any = client.meta.service_model.operation_model(operation).input_shape
    name = next(each for each in GIVEN if each in shape.members)
    tags = shape.members[name]
    value: Any = {GUARD: YES}
    if tags.type_name == "list":
        key, text = ("TagKey", "TagValue") if "TagKey" in tags.member.members else ("Key", "Value")
        value = [{key: GUARD, text: YES}]
    return {**inputs.of(world, service, operation, client), name: value}
