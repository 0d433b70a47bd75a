"""A valid input for every operation, from botocore's model: the required members, and what names an account."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tests.enforcement import event_inputs, inspector_inputs, secret_inputs, signer_inputs
from tests.enforcement.world import ACCOUNT, NOTHING_HERE, TRUST, World, document

_OPTIONAL = frozenset({"registryId", "UserName", "Password", "repositoryNames"})
_OF_REGISTRIES: Mapping[str, Any] = {
    "catalogData": {"description": "d"},
    "upstreamRegistryUrl": "quay.io",
    "ttlSeconds": 60,
    "replicationConfiguration": {"rules": []},
    "replicationBackfillId": "00000000-0000-4000-8000-000000000000",
    "options": [],
    "repairId": "00000000-0000-4000-8000-000000000000",
    "destination": {"region": "eu-west-1", "registryId": ACCOUNT},
}
_BROKEN = '{"not": "a policy"}'


def values(world: World, names: Mapping[str, str]) -> Mapping[str, Any]:
    """What stands for each member; documents and manifests that would change what callers may do are broken ones."""
    digest = world.image.digest
    return {
        "registryId": ACCOUNT,
        "repositoryName": names["repository"],
        "repositoryNames": [names["repository"]],
        "imageIds": [{"imageTag": "absent"}],
        "cluster": "world",
        "images": [],
        "imageManifest": "{}",
        "imageTagMutability": "MUTABLE",
        "imageId": {"imageTag": "absent"},
        "imageScanningConfiguration": {"scanOnPush": False},
        "layerDigest": world.image.config.digest,
        "layerDigests": [digest],
        "layerPartBlob": b"part",
        "partFirstByte": 0,
        "partLastByte": 3,
        "uploadId": "00000000-0000-4000-8000-000000000000",
        "policyText": _BROKEN,
        "lifecyclePolicyText": _BROKEN + " " * 100,
        "tags": [{"Key": "k", "Value": "v"}],
        "tagKeys": ["k"],
        "name": "REGISTRY_POLICY_SCOPE",
        "value": "V2",
        "subjectId": {"imageDigest": digest},
        "sourceRepositoryName": names["repository"],
        "sourceImageId": {"imageTag": "absent"},
        "targetStorageClass": "ARCHIVE",
        "principalArn": f"arn:aws:iam::{ACCOUNT}:role/backup",
        "prefix": names["prefix"],
        "appliedFor": ["REPLICATION"],
        "enabled": False,
        "graceSeconds": 0,
        "trashId": "absent",
        "imageDigest": digest,
        "ecrRepositoryPrefix": "cached",  # no repository of the world is below it
        **_of_identities(names),
    }


def _of_identities(names: Mapping[str, str]) -> Mapping[str, Any]:
    iam = f"arn:aws:iam::{ACCOUNT}"
    return {
        "UserName": names["user"],
        "NewUserName": names["user"],
        "GroupName": names["group"],
        "RoleName": names["role"],
        "PolicyName": names["policy"],
        "PolicyArn": f"{iam}:policy/{names['policy']}",
        "PermissionsBoundary": f"{iam}:policy/{names['policy']}",
        "InstanceProfileName": names["profile"],
        "OpenIDConnectProviderArn": f"{iam}:oidc-provider/{names['provider']}",
        "Url": f"https://{names['provider']}",
        "ClientID": "client",
        "ThumbprintList": ["0" * 40],
        "SerialNumber": f"{iam}:mfa/{names['device']}",
        "VirtualMFADeviceName": names["device"],
        "AuthenticationCode1": "000000",
        "AuthenticationCode2": "000000",
        "AccessKeyId": names["key"],
        "AccountAlias": "world",
        "AWSServiceName": names["service"],
        "DeletionTaskId": "task/aws-service-role/none/none",
        "Status": "Active",
        "Password": "A pass phrase 4 tests",
        "OldPassword": "wrong",
        "NewPassword": "A pass phrase 4 tests",
        "PolicyDocument": document(NOTHING_HERE),
        "AssumeRolePolicyDocument": document(TRUST),
        "VersionId": "v1",
        "Description": "d",
        "Tags": [{"Key": "k", "Value": "v"}],
        "TagKeys": ["k"],
        **_of_sessions(names),
        **_OF_REGISTRIES,
        **_of_monitoring(names),
        **_of_trails(names),
    }


def _of_sessions(names: Mapping[str, str]) -> Mapping[str, Any]:
    iam = f"arn:aws:iam::{ACCOUNT}"
    return {
        "Name": names["name"],
        "RoleArn": f"{iam}:role/{names['role']}",
        "RoleSessionName": "session",
        "EncodedMessage": "not one of ours",
        "WebIdentityToken": "not.one.ours",
        "PolicySourceArn": f"{iam}:user/{names['user']}",
        "PolicyInputList": [document(NOTHING_HERE)],
        "ActionNames": ["s3:GetObject"],
    }


def _of_trails(names: Mapping[str, str]) -> Mapping[str, Any]:
    arn = f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/{names['trail']}"
    return {
        "TrailName": names["trail"],
        "S3BucketName": "entrepot",
        "ResourceId": arn,
        "ResourceIdList": [arn],
        "TagsList": [{"Key": "k", "Value": "v"}],
    }


def _of_monitoring(names: Mapping[str, str]) -> Mapping[str, Any]:
    return {
        "AlarmName": names["alarm"],
        "AlarmNames": [names["alarm"]],
        "AlarmRule": f"ALARM({names['alarm']}) AND",
        "StateValue": "OK",
        "StateReason": "asked",
        "Namespace": "World",
        "MetricName": "Things",
        "DashboardName": names["dashboard"],
        "DashboardNames": [names["dashboard"]],
        "DashboardBody": _BROKEN,
        "MetricWidget": "{}",
    }


def of(world: World, service: str, operation: str, client: Any) -> dict[str, Any]:
    """The input of an operation."""
    shape: Any = client.meta.service_model.operation_model(operation).input_shape
    if shape is None:
        return {}
    given = {**values(world, world.named(operation)), "resourceArn": _repository_arn(world, service)}
    given["ResourceARN"] = f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:{world.names['alarm']}"
    optional = _OPTIONAL
    if service == "inspector2":
        given, optional = dict(inspector_inputs.values(operation, world.named(operation))), frozenset()
    if service == "events":
        given, optional = dict(event_inputs.values(operation, world.named(operation))), event_inputs.OPTIONAL
    if service in secret_inputs.OPTIONAL:
        given, optional = dict(secret_inputs.values(world, service, operation)), secret_inputs.OPTIONAL[service]
    if service == "signer":
        given, optional = dict(signer_inputs.values(world, operation)), frozenset()
    special = {**_SPECIAL, **_OF_METRICS}.get(operation, {})
    wanted = [name for name in shape.members if name in shape.required_members or (name in optional and name in given)]
    asked: dict[str, Any] = {name: given[name] for name in wanted if name not in special}
    return asked | dict(special)


def _repository_arn(world: World, service: str) -> str:
    place = f"us-east-1:{ACCOUNT}" if service == "ecr" else f":{ACCOUNT}"
    return f"arn:aws:{service}:{place}:repository/{world.names['repository']}"


# what must not be done to the world, though it may be
_SPECIAL: Mapping[str, Mapping[str, Any]] = {
    "UpdateAssumeRolePolicy": {"PolicyDocument": _BROKEN},
    "GetInsightSelectors": {"TrailName": "world"},
    "PutSigningConfiguration": {"signingConfiguration": {"rules": []}},
    "RestoreImage": {"trashId": "absent"},
}
_HOUR = {"StartTime": datetime(2026, 1, 1, tzinfo=UTC), "EndTime": datetime(2026, 1, 1, 1, tzinfo=UTC)}
_METRIC = {"Namespace": "World", "MetricName": "Things"}
_OF_METRICS: Mapping[str, Mapping[str, Any]] = {
    "GetMetricData": {
        "MetricDataQueries": [{"Id": "a", "MetricStat": {"Metric": _METRIC, "Period": 60, "Stat": "Sum"}}],
        **_HOUR,
    },
    "GetMetricStatistics": {**_METRIC, **_HOUR, "Period": 60, "Statistics": ["Sum"]},
    "PutMetricData": {"Namespace": "World", "MetricData": [{"MetricName": "Others", "Value": 1.0}]},
}
