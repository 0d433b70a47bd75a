"""Which resources a call is about, by what its record says; the types are those of AWS Config."""

from collections.abc import Iterator, Mapping

import msgspec

from entrepot.core.calls import Call

_MOST = 50
_IAM = {
    "userName": "AWS::IAM::User",
    "roleName": "AWS::IAM::Role",
    "groupName": "AWS::IAM::Group",
    "policyName": "AWS::IAM::Policy",
    "policyArn": "AWS::IAM::Policy",
    "instanceProfileName": "AWS::IAM::InstanceProfile",
    "accessKeyId": "AWS::IAM::AccessKey",
    "serialNumber": "AWS::IAM::MFADevice",
    "openIDConnectProviderArn": "AWS::IAM::OIDCProvider",
}
_MEMBERS: Mapping[str, Mapping[str, str]] = {
    "iam": _IAM,
    "sts": {"roleArn": "AWS::IAM::Role"},
    "cloudtrail": {"trailName": "AWS::CloudTrail::Trail", "name": "AWS::CloudTrail::Trail"},
    "cloudwatch": {
        "alarmName": "AWS::CloudWatch::Alarm",
        "alarmNames": "AWS::CloudWatch::Alarm",
        "dashboardName": "AWS::CloudWatch::Dashboard",
        "dashboardNames": "AWS::CloudWatch::Dashboard",
    },
    "kms": {
        "keyId": "AWS::KMS::Key",
        "targetKeyId": "AWS::KMS::Key",
        "destinationKeyId": "AWS::KMS::Key",
        "aliasName": "AWS::KMS::Alias",
    },
    "secretsmanager": {"secretId": "AWS::SecretsManager::Secret"},
    "events": {"rule": "AWS::Events::Rule", "archiveName": "AWS::Events::Archive", "replayName": "AWS::Events::Replay"},
}
_REPOSITORIES = {"ecr": "AWS::ECR::Repository", "ecr-public": "AWS::ECR::PublicRepository"}
_OF_EVENTS = ("EventBus", "Rule", "Connection", "ApiDestination")  # whose `name` an operation takes


class Concerned(msgspec.Struct, frozen=True):
    """A resource: its type, its name, and its ARN where the name alone does not hide a part of it."""

    type: str
    name: str
    arn: str = ""


def concerned(call: Call) -> tuple[Concerned, ...]:
    """The resources that a call is about, each once."""
    return tuple(dict.fromkeys(_all(call)))[:_MOST]


def plain_name(given: str) -> str:
    """A resource's name, by its name or ARN: what the index of records holds."""
    if not given.startswith("arn:"):
        return given
    parts = given.split(":", 5)
    rest = parts[-1]
    if parts[2:3] in (["ecr"], ["ecr-public"]):
        return rest.partition("/")[2]
    return rest.rpartition("/")[2] if "/" in rest else rest.rpartition(":")[2]


def _all(call: Call) -> Iterator[Concerned]:
    given = call.asked or {}
    kind = _REPOSITORIES.get(call.common.service)
    if kind is not None:
        yield from _repositories(call, kind, given)
        return
    members = _MEMBERS.get(call.common.service, {})
    for member, value in given.items():
        name = lowered(member)
        found = members.get(name) or (_by_operation(call.common.operation) if name == "name" else None)
        if found is not None:
            for each in _texts(value):
                yield Concerned(found, plain_name(each), each if each.startswith("arn:") else "")


def _repositories(call: Call, kind: str, given: Mapping[str, object]) -> Iterator[Concerned]:
    if call.common.repository:
        yield _repository(call, kind, call.common.repository)
    for member in ("repositoryName", "repositoryNames"):
        for name in _texts(given.get(member)):
            yield _repository(call, kind, name)
    for arn in _texts(given.get("resourceArn")):
        yield Concerned(kind, plain_name(arn), arn)


def _repository(call: Call, kind: str, name: str) -> Concerned:
    region = "" if call.common.service == "ecr-public" else call.common.region
    return Concerned(kind, name, f"arn:aws:{call.common.service}:{region}:{call.common.account}:repository/{name}")


def _by_operation(operation: str) -> str | None:
    noun = next((noun for noun in _OF_EVENTS if operation.endswith(noun)), None)
    return None if noun is None else f"AWS::Events::{noun}"


def _texts(value: object) -> Iterator[str]:
    """The texts in a member, which holds one or a list of them; requests that were refused may hold anything."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple):
        yield from (each for each in value if isinstance(each, str))


def lowered(name: str) -> str:
    """A member's name as CloudTrail writes it."""
    return name[:1].lower() + name[1:]
