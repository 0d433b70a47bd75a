"""What every request of both doors needs: actions, on which resource, with which condition keys; one table.

Source: Service Authorization Reference (Amazon ECR, ECR Public, EventBridge, IAM, STS; of `entrepot`: its own);
for the OCI door, ECR user guide, "IAM permissions for pushing". tests/enforcement holds the server to it;
docs/permissions.md is made from it.
"""

import re
from collections.abc import Iterator, Mapping

from entrepot.core import cloudwatch_permissions as monitoring
from entrepot.core import iam_permissions as iam
from entrepot.core import inspector_permissions as inspector
from entrepot.core import kms_permissions as kms
from entrepot.core import pull_through_permissions as pull_through
from entrepot.core import secrets_permissions as secrets
from entrepot.core import signer_permissions as signer
from entrepot.core.needs import ANY, REQUEST_TAG, RESOURCE_TAG, TAG_KEYS, Needs, Table

REPOSITORY = "arn:aws:ecr:{region}:{account}:repository/{repository}"
_BELOW = "arn:aws:ecr:{region}:{account}:repository/{prefix}/*"
PUBLIC_REPOSITORY = "arn:aws:ecr-public::{account}:repository/{repository}"
PUBLIC_REGISTRY = "arn:aws:ecr-public::{account}:registry/{account}"
IMAGE = ("ecr:ImageTag", "ecr:ImageDigest")
_ROLE = "arn:aws:iam::{account}:role/{role}"
_PASSED = ("iam:PassedToService", RESOURCE_TAG, "iam:ResourceTag/{key}")
_TAGGED_IMAGE = (*IMAGE, RESOURCE_TAG, "ecr:ResourceTag/{key}")


# of a repository; what reads and writes images tells which
_LAYERS = "BatchCheckLayerAvailability CompleteLayerUpload InitiateLayerUpload UploadLayerPart"
_IMAGES = "BatchDeleteImage DescribeImages PutImage"
_REPOSITORIES = "DeleteRepository DeleteRepositoryPolicy GetRepositoryPolicy ListTagsForResource SetRepositoryPolicy"
_REGISTRY = (
    "DeleteRegistryPolicy DescribeRegistry GetAuthorizationToken GetRegistryPolicy GetRegistryScanningConfiguration "
    "PutRegistryPolicy PutRegistryScanningConfiguration RegisterPullTimeUpdateExclusion "
    "DeregisterPullTimeUpdateExclusion ListPullTimeUpdateExclusions StartReplicationBackfill StopReplicationBackfill "
    "ListReplicationBackfills DescribeReplicationBackfillResults DeleteSigningConfiguration GetSigningConfiguration "
    "PutSigningConfiguration"
)
_ECR_IMAGES = (
    "BatchGetImage DescribeImageReplicationStatus DescribeImageScanFindings DescribeImageSigningStatus StartImageScan "
    "UpdateImageStorageClass"
)
_ECR_REPOSITORIES = (
    "BatchGetRepositoryScanningConfiguration DeleteLifecyclePolicy GetDownloadUrlForLayer GetLifecyclePolicy "
    "GetLifecyclePolicyPreview ListImages PutImageScanningConfiguration PutImageTagMutability PutLifecyclePolicy "
    "StartLifecyclePolicyPreview"
)


def _of_repositories(service: str, on: str, more_images: str, more: str) -> Iterator[tuple[str, tuple[Needs, ...]]]:
    tagged = (RESOURCE_TAG, f"{service}:ResourceTag/{{key}}")
    for name in f"{_LAYERS} {_REPOSITORIES} {more}".split():
        yield name, (Needs(f"{service}:{name}", on, tagged),)
    for name in f"{_IMAGES} {more_images}".split():
        yield name, (Needs(f"{service}:{name}", on, (*IMAGE, *tagged)),)
    every = on.format_map({"region": "{region}", "account": "{account}", "repository": ANY})
    describe = f"{service}:DescribeRepositories"
    named = Needs(describe, on, tagged, "repositories are named")
    yield "DescribeRepositories", (named, Needs(describe, every, (), "none are named"))
    made = (REQUEST_TAG, TAG_KEYS)
    create = Needs(f"{service}:CreateRepository", on, made)
    yield "CreateRepository", (create, Needs(f"{service}:TagResource", on, made, "tags are given"))
    yield "TagResource", (Needs(f"{service}:TagResource", on, (*made, *tagged)),)
    yield "UntagResource", (Needs(f"{service}:UntagResource", on, (TAG_KEYS, *tagged)),)


def _ecr() -> Iterator[tuple[str, tuple[Needs, ...]]]:
    yield from _of_repositories("ecr", REPOSITORY, _ECR_IMAGES, _ECR_REPOSITORIES)
    for name in _REGISTRY.split():
        yield name, (Needs(f"ecr:{name}", ANY),)
    yield "ListImageReferrers", (Needs("ecr:BatchGetImage", REPOSITORY, _TAGGED_IMAGE),)
    for name in ("GetAccountSetting", "PutAccountSetting"):
        yield name, (Needs(f"ecr:{name}", ANY, ("ecr:AccountSetting",)),)
    role = Needs("iam:CreateServiceLinkedRole", _ROLE, ("iam:AWSServiceName",), "the role is not there yet")
    yield "PutReplicationConfiguration", (Needs("ecr:PutReplicationConfiguration", ANY), role)
    yield from _templates()
    yield from pull_through.table()


def _templates() -> Iterator[tuple[str, tuple[Needs, ...]]]:
    """What a template does to repositories, who keeps it must be allowed to do to those below its prefix."""
    for verb in ("Create", "Update"):
        name = f"{verb}RepositoryCreationTemplate"
        yield (
            name,
            (
                Needs(f"ecr:{name}", ANY),
                Needs("ecr:CreateRepository", _BELOW),
                Needs("ecr:SetRepositoryPolicy", _BELOW, (), "a repository policy is given"),
                Needs("ecr:PutLifecyclePolicy", _BELOW, (), "a lifecycle policy is given"),
                Needs("iam:PassRole", _ROLE, _PASSED, "a role is given"),
            ),
        )
    for name in ("DeleteRepositoryCreationTemplate", "DescribeRepositoryCreationTemplates"):
        yield name, (Needs(f"ecr:{name}", ANY),)


def _ecr_public() -> Iterator[tuple[str, tuple[Needs, ...]]]:
    yield from _of_repositories(
        "ecr-public",
        PUBLIC_REPOSITORY,
        "",
        "DescribeImageTags GetRepositoryCatalogData PutRepositoryCatalogData",
    )
    for name in ("DescribeRegistries", "GetRegistryCatalogData", "PutRegistryCatalogData"):
        yield name, (Needs(f"ecr-public:{name}", PUBLIC_REGISTRY),)
    token = (Needs("ecr-public:GetAuthorizationToken", ANY), Needs("sts:GetServiceBearerToken", ANY))
    yield "GetAuthorizationToken", token


# of a user or role whose boundary they have as a condition key
_OF_BOUNDED = re.compile(
    "(?:Attach|Delete|Detach|Put)(?:User|Role)Policy|(?:Delete|Put)(?:User|Role)PermissionsBoundary"
)
_MORE: Mapping[str, tuple[Needs, ...]] = {
    "AddRoleToInstanceProfile": (
        Needs("iam:PassRole", _ROLE, ("iam:PassedToService", RESOURCE_TAG, "iam:ResourceTag/{key}")),
    ),
    **{
        f"Create{noun}": (Needs(f"iam:Tag{noun}", on, (REQUEST_TAG, TAG_KEYS), "tags are given"),)
        for on, nouns in iam.RESOURCES.items()
        for noun in ("User", "Role", "Policy", "InstanceProfile", "OpenIDConnectProvider")
        if f"Tag{noun}" in nouns.split()
    },
    "CreateVirtualMFADevice": (
        Needs("iam:TagMFADevice", "arn:aws:iam::{account}:mfa/{device}", (REQUEST_TAG, TAG_KEYS), "tags are given"),
    ),
}


def _iam() -> Iterator[tuple[str, tuple[Needs, ...]]]:
    for on, names in iam.RESOURCES.items():
        for name in names.split():
            yield name, (Needs(f"iam:{name}", on, tuple(_iam_keys(name, on))), *_MORE.get(name, ()))


def _iam_keys(name: str, on: str) -> Iterator[str]:
    if name.startswith(("Attach", "Detach")):
        yield "iam:PolicyARN"
    if name in {"CreateUser", "CreateRole"} or _OF_BOUNDED.fullmatch(name):
        yield "iam:PermissionsBoundary"
    if name == "CreateServiceLinkedRole":
        yield "iam:AWSServiceName"
    tag = f"iam:Tag{name.removeprefix('Create')}"
    if name.startswith("Tag") or any(more.action == tag for more in _MORE.get(name, ())):
        yield from (REQUEST_TAG, TAG_KEYS)
    if name.startswith("Untag"):
        yield TAG_KEYS
    if "/{" in on and "group/" not in on and not name.startswith("Create"):
        yield from (RESOURCE_TAG, "iam:ResourceTag/{key}")


_ASSUMED = (REQUEST_TAG, TAG_KEYS, "sts:TransitiveTagKeys")
_STS: Table = {
    "AssumeRole": (
        Needs("sts:AssumeRole", _ROLE, ("sts:ExternalId", "sts:RoleSessionName", "iam:ResourceTag/{key}")),
        Needs("sts:TagSession", _ROLE, _ASSUMED, "tags are given or handed on"),
        Needs("sts:SetSourceIdentity", _ROLE, ("sts:SourceIdentity",), "a source identity is given or handed on"),
    ),
    "AssumeRoleWithWebIdentity": (),  # nobody signs it: the role's trust policy alone must allow
    "DecodeAuthorizationMessage": (Needs("sts:DecodeAuthorizationMessage", ANY),),
    "GetAccessKeyInfo": (Needs("sts:GetAccessKeyInfo", ANY),),
    "GetCallerIdentity": (),
    "GetFederationToken": (
        Needs("sts:GetFederationToken", "arn:aws:sts::{account}:federated-user/{name}"),
        Needs("sts:TagSession", "arn:aws:sts::{account}:federated-user/{name}", _ASSUMED[:2], "tags are given"),
    ),
    "GetSessionToken": (),
}
_TRAIL = "arn:aws:cloudtrail:{region}:{account}:trail/{trail}"
_ON_TRAILS = (
    "AddTags CreateTrail DeleteTrail GetEventSelectors GetInsightSelectors GetTrail GetTrailStatus ListTags "
    "PutEventSelectors RemoveTags StartLogging StopLogging UpdateTrail"
)


def _cloudtrail() -> Iterator[tuple[str, tuple[Needs, ...]]]:
    for name in _ON_TRAILS.split():
        tagged = (RESOURCE_TAG,) if name != "CreateTrail" else ()
        keys = {"AddTags": (REQUEST_TAG, TAG_KEYS), "CreateTrail": (REQUEST_TAG, TAG_KEYS), "RemoveTags": (TAG_KEYS,)}
        needs: tuple[Needs, ...] = (Needs(f"cloudtrail:{name}", _TRAIL, (*keys.get(name, ()), *tagged)),)
        if name == "CreateTrail":
            needs += (Needs("cloudtrail:AddTags", _TRAIL, (REQUEST_TAG, TAG_KEYS), "tags are given"),)
        yield name, needs
    for name in ("DescribeTrails", "ListPublicKeys", "ListTrails", "LookupEvents"):
        yield name, (Needs(f"cloudtrail:{name}", ANY),)


_EVENTS_PLACE = "arn:aws:events:{region}:{account}"
_RULE = f"{_EVENTS_PLACE}:rule/{{rule}}"
_BUS = f"{_EVENTS_PLACE}:event-bus/{{bus}}"
_ARCHIVE = f"{_EVENTS_PLACE}:archive/{{archive}}"
_CONNECTION = f"{_EVENTS_PLACE}:connection/{{connection}}"
_EVENTS_RESOURCES: Mapping[str, str] = {
    ANY: (
        "ListApiDestinations ListArchives ListConnections ListEventBuses ListReplays ListRuleNamesByTarget ListRules "
        "PutPermission RemovePermission TestEventPattern"
    ),
    _BUS: "CreateEventBus DeleteEventBus DescribeEventBus PutEvents UpdateEventBus",
    _RULE: (
        "DeleteRule DescribeRule DisableRule EnableRule ListTagsForResource ListTargetsByRule PutRule PutTargets "
        "RemoveTargets TagResource UntagResource"
    ),
    _ARCHIVE: "CreateArchive DeleteArchive DescribeArchive StartReplay UpdateArchive",
    f"{_EVENTS_PLACE}:replay/{{replay}}": "CancelReplay DescribeReplay",
    _CONNECTION: "CreateConnection DeauthorizeConnection DeleteConnection DescribeConnection UpdateConnection",
    f"{_EVENTS_PLACE}:api-destination/{{destination}}": (
        "CreateApiDestination DeleteApiDestination DescribeApiDestination UpdateApiDestination"
    ),
}
_EVENTS_MORE: Mapping[str, tuple[Needs, ...]] = {
    "CreateApiDestination": (Needs("events:CreateApiDestination", _CONNECTION),),
    "CreateArchive": (Needs("events:CreateArchive", _BUS),),
    "CreateEventBus": (Needs("events:TagResource", _BUS, (REQUEST_TAG, TAG_KEYS), "tags are given"),),
    "PutRule": (
        Needs("events:TagResource", _RULE, (REQUEST_TAG, TAG_KEYS), "tags are given"),
        Needs("iam:PassRole", _ROLE, _PASSED, "a role is given"),
    ),
    "PutTargets": (Needs("iam:PassRole", _ROLE, _PASSED, "a role is given"),),
    "StartReplay": (
        Needs("events:StartReplay", _BUS),
        Needs("events:StartReplay", f"{_EVENTS_PLACE}:replay/{{replay}}"),
    ),
    "UpdateApiDestination": (Needs("events:UpdateApiDestination", _CONNECTION, (), "a connection is given"),),
}
_EVENTS_KEYS: Mapping[str, tuple[str, ...]] = {
    "CreateEventBus": (REQUEST_TAG, TAG_KEYS),
    "PutEvents": ("events:source", "events:detail-type", "events:eventBusInvocation"),
    "PutRule": (
        *("events:source", "events:detail-type", "events:detail.service", "events:detail.eventTypeCode"),
        *("events:detail.userIdentity.principalId", REQUEST_TAG, TAG_KEYS),
    ),
    "PutTargets": ("events:TargetArn",),
    "TagResource": (REQUEST_TAG, TAG_KEYS),
    "UntagResource": (TAG_KEYS,),
}


def _events() -> Iterator[tuple[str, tuple[Needs, ...]]]:
    for on, names in _EVENTS_RESOURCES.items():
        for name in names.split():
            keys = _EVENTS_KEYS.get(name, ())
            if on == _RULE and not name.endswith("Resource"):
                keys = (*keys, "events:creatorAccount", "events:eventBusArn")
            keys = (*keys, RESOURCE_TAG) if on in {_RULE, _BUS} else keys
            yield name, (Needs(f"events:{name}", on, keys), *_EVENTS_MORE.get(name, ()))


def _inspector2() -> Iterator[tuple[str, tuple[Needs, ...]]]:
    for on, names in inspector.RESOURCES.items():
        for name in names.split():
            needs = (Needs(f"inspector2:{name}", on, inspector.KEYS.get(name, ())),)
            tagged = (Needs("inspector2:TagResource", on, (REQUEST_TAG, TAG_KEYS), "tags are given"),)
            yield name, needs + tagged if name == "CreateFilter" else needs


_OWN: Mapping[str, str] = {
    ANY: (
        "DescribeReplicationRepair GetPullThroughCacheSettings GetReplicationOptions GetTrashConfiguration "
        "ListSparedImages ListTrash PutPullThroughCacheSettings PutReplicationOptions PutTrashConfiguration "
        "ReportImagesInUse StartReplicationRepair"
    ),
    REPOSITORY: (
        "GetRepositoryProtection PurgeTrash PutRepositoryProtection RefreshCachedImages RestoreImage RestoreRepository"
    ),
}


def _entrepot() -> Iterator[tuple[str, tuple[Needs, ...]]]:
    for on, names in _OWN.items():
        for name in names.split():
            keys = () if on == ANY else (RESOURCE_TAG,)
            yield name, (Needs(f"entrepot:{name}", on, keys),)
    yield (
        "CopyImage",
        (
            Needs("ecr:BatchGetImage", REPOSITORY, _TAGGED_IMAGE),
            Needs("ecr:GetDownloadUrlForLayer", REPOSITORY, _TAGGED_IMAGE[2:]),
            Needs("ecr:InitiateLayerUpload", REPOSITORY, _TAGGED_IMAGE[2:]),
            Needs("ecr:PutImage", REPOSITORY, _TAGGED_IMAGE),
        ),
    )


OPERATIONS: Mapping[str, Table] = {
    "cloudtrail": dict(_cloudtrail()),
    "cloudwatch": dict(monitoring.table()),
    "ecr": dict(_ecr()),
    "ecr-public": dict(_ecr_public()),
    "events": dict(_events()),
    "iam": dict(_iam()),
    "inspector2": dict(_inspector2()),
    "kms": dict(kms.table()),
    "secretsmanager": dict(secrets.table()),
    "signer": dict(signer.table()),
    "sts": _STS,
    "entrepot": dict(_entrepot()),
}


def _on_oci(service: str, on: str, action: str, *keys: str) -> Needs:
    return Needs(f"{service}:{action}", on, (*keys, RESOURCE_TAG, f"{service}:ResourceTag/{{key}}"))


def _oci(service: str, on: str) -> Iterator[tuple[str, tuple[Needs, ...]]]:
    """What a registry of this service needs; reading a public one needs nothing."""
    reads: Table = {
        "GET blobs": (_on_oci(service, on, "GetDownloadUrlForLayer"),),
        "GET manifests": (_on_oci(service, on, "BatchGetImage", *IMAGE),),
        "GET referrers": (_on_oci(service, on, "BatchGetImage", *IMAGE),),
        "GET tags": (_on_oci(service, on, "ListImages"),),
        "HEAD blobs": (_on_oci(service, on, "BatchCheckLayerAvailability"),),
        "HEAD manifests": (_on_oci(service, on, "BatchGetImage", *IMAGE),),
    }
    for request, needs in reads.items():
        yield request, needs if service == "ecr" else ()
    yield "GET ping", ()
    yield "HEAD ping", ()
    yield "GET catalog", (Needs(f"{service}:DescribeRepositories", on, (), "it is to be listed"),)
    yield "PUT manifests", (_on_oci(service, on, "PutImage", *IMAGE),)
    yield "DELETE manifests", (_on_oci(service, on, "BatchDeleteImage", *IMAGE),)
    yield "DELETE blobs", (_on_oci(service, on, "BatchDeleteImage"),)
    yield "POST uploads", (_on_oci(service, on, "InitiateLayerUpload"),)
    yield "GET upload", (_on_oci(service, on, "UploadLayerPart"),)
    yield "PATCH upload", (_on_oci(service, on, "UploadLayerPart"),)
    yield "PUT upload", (_on_oci(service, on, "CompleteLayerUpload"),)
    yield "DELETE upload", (_on_oci(service, on, "UploadLayerPart"),)


OCI: Mapping[str, Table] = {
    "ecr": dict(_oci("ecr", REPOSITORY)),
    "ecr-public": dict(_oci("ecr-public", PUBLIC_REPOSITORY)),
}
