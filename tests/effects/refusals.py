"""The documented errors of ECR and ECR Public: for each operation and code what provokes it, or why nothing does."""

from collections.abc import Callable, Mapping
from typing import Any

from botocore import xform_name

from tests.effects import key_refusals, quota_refusals, replication_refusals, signing_refusals
from tests.effects.acts import IMAGE, OTHER
from tests.effects.refusing import (
    ABSENT,
    ALONE,
    EXPIRE,
    NO_DIGEST,
    NO_IMAGE,
    PRINCIPAL,
    REFERRER,
    TEMPLATE,
    Ask,
    Ground,
    arn,
    call,
    immutable,
    put,
    required,
    twice,
)
from tests.factories.layouts import index_of
from tests.factories.registry import Registry

_MANY_TAGS = [{"Key": f"k{number}", "Value": "v"} for number in range(51)]
_RESERVED = [{"Key": "aws:k", "Value": "v"}]


def _ended(*parts: bytes) -> Ask:
    """The end of an upload of these parts, with a digest that they have not."""
    return lambda ground, service: ground.call(
        service, "CompleteLayerUpload", uploadId=ground.upload(service, *parts), layerDigests=[NO_DIGEST]
    )


def _again(ground: Ground, service: str) -> Any:
    """An upload of what the repository holds."""
    upload = ground.upload(service, OTHER.config.data)
    return ground.call(service, "CompleteLayerUpload", uploadId=upload, layerDigests=[OTHER.config.digest])


def _gap(ground: Ground, service: str) -> Any:
    """A part that does not follow the one before."""
    upload = ground.upload(service, b"first")
    return ground.call(service, "UploadLayerPart", uploadId=upload, partFirstByte=9, partLastByte=12)


def _moved(ground: Ground, service: str) -> Any:
    """A tag of another image in a repository whose tags stay."""
    with immutable(ground):
        return ground.call(service, "PutImage", **put(REFERRER, imageTag="v1"))


def _archived(ground: Ground, service: str) -> Any:
    """A scan of an image in the archive."""
    named = {"repositoryName": "refusals/archived"}
    ground.call(service, "CreateRepository", **named)
    Registry(ground.server).push("refusals/archived", ALONE, "v1")
    ground.call(service, "UpdateImageStorageClass", **named)
    return ground.call(service, "StartImageScan", **named)


_CHILDREN = index_of([ALONE])
PROVOKED: Mapping[tuple[str, str], Ask] = {
    **key_refusals.PROVOKED,
    **quota_refusals.PROVOKED,
    **replication_refusals.PROVOKED,
    **signing_refusals.PROVOKED,
    ("BatchGetRepositoryScanningConfiguration", "InvalidParameterException"): call(
        "BatchGetRepositoryScanningConfiguration", repositoryNames=["NO NAME"]
    ),
    ("CompleteLayerUpload", "EmptyUploadException"): _ended(),
    ("CompleteLayerUpload", "InvalidLayerException"): _ended(b"bytes"),
    ("CompleteLayerUpload", "LayerAlreadyExistsException"): _again,
    ("CompleteLayerUpload", "LayerPartTooSmallException"): _ended(b"small", b"last"),
    ("CompleteLayerUpload", "UploadNotFoundException"): call("CompleteLayerUpload"),
    ("CreateRepository", "InvalidTagParameterException"): call(
        "CreateRepository", repositoryName=ABSENT, tags=_RESERVED
    ),
    ("CreateRepository", "RepositoryAlreadyExistsException"): call("CreateRepository"),
    ("CreateRepository", "TooManyTagsException"): call("CreateRepository", repositoryName=ABSENT, tags=_MANY_TAGS),
    ("CreateRepositoryCreationTemplate", "TemplateAlreadyExistsException"): twice(
        "CreateRepositoryCreationTemplate", **TEMPLATE
    ),
    ("DeleteLifecyclePolicy", "LifecyclePolicyNotFoundException"): call("DeleteLifecyclePolicy"),
    ("DeleteRegistryPolicy", "RegistryPolicyNotFoundException"): call("DeleteRegistryPolicy"),
    ("DeleteRepository", "RepositoryNotEmptyException"): call("DeleteRepository"),
    ("DeleteRepositoryCreationTemplate", "TemplateNotFoundException"): call(
        "DeleteRepositoryCreationTemplate", prefix=ABSENT
    ),
    ("DeleteRepositoryPolicy", "RepositoryPolicyNotFoundException"): call("DeleteRepositoryPolicy"),
    ("DeregisterPullTimeUpdateExclusion", "ExclusionNotFoundException"): call(
        "DeregisterPullTimeUpdateExclusion", principalArn=f"{PRINCIPAL}-absent"
    ),
    ("DescribeImageScanFindings", "ImageNotFoundException"): call("DescribeImageScanFindings", imageId=NO_IMAGE),
    ("DescribeImageScanFindings", "ScanNotFoundException"): call(
        "DescribeImageScanFindings", imageId={"imageDigest": REFERRER.digest}
    ),
    ("DescribeImages", "ImageNotFoundException"): call("DescribeImages", imageIds=[NO_IMAGE]),
    ("GetAuthorizationToken", "InvalidParameterException"): call("GetAuthorizationToken", registryIds=["x"]),
    ("GetDownloadUrlForLayer", "LayerInaccessibleException"): call(
        "GetDownloadUrlForLayer", layerDigest=OTHER.config.digest
    ),
    ("GetDownloadUrlForLayer", "LayersNotFoundException"): call("GetDownloadUrlForLayer", layerDigest=NO_DIGEST),
    ("GetLifecyclePolicy", "LifecyclePolicyNotFoundException"): call("GetLifecyclePolicy"),
    ("GetLifecyclePolicyPreview", "LifecyclePolicyPreviewNotFoundException"): call("GetLifecyclePolicyPreview"),
    ("GetAccountSetting", "InvalidParameterException"): call("GetAccountSetting", name="ABSENT"),
    ("GetRegistryPolicy", "RegistryPolicyNotFoundException"): call("GetRegistryPolicy"),
    ("GetRepositoryPolicy", "RepositoryPolicyNotFoundException"): call("GetRepositoryPolicy"),
    ("PutAccountSetting", "InvalidParameterException"): call("PutAccountSetting", value="SOMETIMES"),
    ("PutImage", "ImageAlreadyExistsException"): call("PutImage", **put(IMAGE, imageTag="v1")),
    ("PutImage", "ImageDigestDoesNotMatchException"): call("PutImage", **put(IMAGE, imageDigest=NO_DIGEST)),
    ("PutImage", "ImageTagAlreadyExistsException"): _moved,
    ("PutImage", "LayersNotFoundException"): call("PutImage", **put(ALONE)),
    ("PutImage", "ReferencedImagesNotFoundException"): call(
        "PutImage", imageManifest=_CHILDREN.data.decode(), imageManifestMediaType=_CHILDREN.media_type
    ),
    ("PutRegistryPolicy", "InvalidParameterException"): call("PutRegistryPolicy", policyText='{"not": "one"}'),
    ("PutRegistryCatalogData", "InvalidParameterException"): call("PutRegistryCatalogData", displayName="x" * 101),
    ("PutRegistryScanningConfiguration", "InvalidParameterException"): call(
        "PutRegistryScanningConfiguration", scanType="NONE"
    ),
    ("PutRegistryScanningConfiguration", "ValidationException"): call(
        "PutRegistryScanningConfiguration",
        scanType="BASIC",
        rules=[
            {
                "scanFrequency": "CONTINUOUS_SCAN",
                "repositoryFilters": [{"filter": "*", "filterType": "WILDCARD"}],
            }
        ],
    ),
    ("RegisterPullTimeUpdateExclusion", "ExclusionAlreadyExistsException"): twice("RegisterPullTimeUpdateExclusion"),
    ("StartImageScan", "ImageArchivedException"): _archived,
    ("StartImageScan", "ImageNotFoundException"): call("StartImageScan", imageId=NO_IMAGE),
    ("StartImageScan", "LimitExceededException"): twice("StartImageScan"),
    ("StartImageScan", "UnsupportedImageTypeException"): call(
        "StartImageScan", imageId={"imageDigest": REFERRER.digest}
    ),
    ("StartLifecyclePolicyPreview", "LifecyclePolicyNotFoundException"): call("StartLifecyclePolicyPreview"),
    ("StartLifecyclePolicyPreview", "LifecyclePolicyPreviewInProgressException"): twice(
        "StartLifecyclePolicyPreview", lifecyclePolicyText=EXPIRE
    ),
    ("TagResource", "InvalidTagParameterException"): call("TagResource", tags=_RESERVED),
    ("TagResource", "TooManyTagsException"): call("TagResource", tags=_MANY_TAGS),
    ("UntagResource", "InvalidTagParameterException"): call("UntagResource", tagKeys=["a|b"]),
    ("UpdateImageStorageClass", "ImageNotFoundException"): call("UpdateImageStorageClass", imageId=NO_IMAGE),
    ("UpdateImageStorageClass", "ImageStorageClassUpdateNotSupportedException"): call(
        "UpdateImageStorageClass", imageId={"imageDigest": REFERRER.digest}
    ),
    ("UpdateRepositoryCreationTemplate", "TemplateNotFoundException"): call(
        "UpdateRepositoryCreationTemplate", prefix=ABSENT
    ),
    ("UploadLayerPart", "InvalidLayerPartException"): _gap,
    ("UploadLayerPart", "UploadNotFoundException"): call("UploadLayerPart"),
}

_WRONG = {
    "repositoryName": "NO NAME",
    "resourceArn": "nonsense",
    "prefix": "NO PREFIX",
    "principalArn": "nobody",
    "repositoryNames": ["NO NAME"],
    "maxResults": 1001,
}


def _wrong_input(ground: Ground, service: str, operation: str) -> Any:
    """A member that is not what it must be."""
    members = ground.client(service).meta.service_model.operation_model(operation).input_shape.members
    member = next(name for name in _WRONG if name in members)
    return ground.call(service, operation, **{member: _WRONG[member]})


def _nowhere(ground: Ground, service: str, operation: str) -> Any:
    """A repository that does not exist."""
    members = ground.client(service).meta.service_model.operation_model(operation).input_shape.members
    named = {"repositoryName": ABSENT, "repositoryNames": [ABSENT], "resourceArn": arn(service, ABSENT)}
    member = next(name for name in named if name in members)
    return ground.call(service, operation, **{member: named[member]})


def _no_registry(ground: Ground, service: str, operation: str) -> Any:
    """An alias that no registry has."""
    return ground.call(service, operation, registryId="nobodys-alias")


def _elsewhere(ground: Ground, service: str, operation: str) -> Any:
    """A region that has no public registries."""
    client = ground.client(service, "eu-west-1")
    return getattr(client, xform_name(operation))(**required(client, operation, {}))


ANY: Mapping[str, Callable[[Ground, str, str], Any]] = {
    "InvalidParameterException": _wrong_input,
    "RepositoryNotFoundException": _nowhere,
    "RegistryNotFoundException": _no_registry,
    "UnsupportedCommandException": _elsewhere,
}
"""What provokes an error of every operation that lists it, where no other way is named for one."""

_NO_INPUT = "the operation takes no input"
_TOLD = "what is wrong with the input is told as InvalidParameterException, which the model lists too"
_NOTHING_ADDED = "the operation adds nothing"
UNPROVOKED: Mapping[tuple[str, str], str] = {
    ("BatchGetImage", "LimitExceededException"): _NOTHING_ADDED,
    ("BatchGetRepositoryScanningConfiguration", "RepositoryNotFoundException"): "told as a failure of the batch",
    ("DeleteRegistryPolicy", "InvalidParameterException"): _NO_INPUT,
    ("DeleteRepository", "KmsException"): "a repository whose key is lost is deleted all the same",
    ("DeleteRegistryPolicy", "ValidationException"): _NO_INPUT,
    ("DeregisterPullTimeUpdateExclusion", "LimitExceededException"): _NOTHING_ADDED,
    ("DescribeRegistry", "InvalidParameterException"): _NO_INPUT,
    ("DescribeRegistry", "ValidationException"): _NO_INPUT,
    ("DeleteSigningConfiguration", "ValidationException"): _NO_INPUT,
    ("GetSigningConfiguration", "InvalidParameterException"): _NO_INPUT,
    ("GetSigningConfiguration", "ValidationException"): _NO_INPUT,
    ("GetRegistryPolicy", "InvalidParameterException"): _NO_INPUT,
    ("GetRegistryPolicy", "ValidationException"): _NO_INPUT,
    ("GetRegistryScanningConfiguration", "InvalidParameterException"): _NO_INPUT,
    ("GetRegistryScanningConfiguration", "ValidationException"): _NO_INPUT,
    ("ListPullTimeUpdateExclusions", "LimitExceededException"): _NOTHING_ADDED,
    ("PutAccountSetting", "LimitExceededException"): "the settings are a fixed number",
    ("PutRegistryScanningConfiguration", "BlockedByOrganizationPolicyException"): "no organization has such policies",
    ("UntagResource", "TooManyTagsException"): _NOTHING_ADDED,
    **dict.fromkeys(
        [
            (operation, "ValidationException")
            for operation in (
                *("BatchGetRepositoryScanningConfiguration", "CreateRepositoryCreationTemplate"),
                *("DeleteLifecyclePolicy", "DeleteRepositoryCreationTemplate", "DeregisterPullTimeUpdateExclusion"),
                *("DescribeImageScanFindings", "DescribeRepositoryCreationTemplates", "GetAccountSetting"),
                *("GetLifecyclePolicy", "GetLifecyclePolicyPreview", "ListImageReferrers"),
                *("ListPullTimeUpdateExclusions", "PutAccountSetting", "PutImageScanningConfiguration"),
                *("PutLifecyclePolicy", "PutRegistryPolicy", "RegisterPullTimeUpdateExclusion", "StartImageScan"),
                *("StartLifecyclePolicyPreview", "UpdateImageStorageClass", "UpdateRepositoryCreationTemplate"),
                *("DescribeImageReplicationStatus", "DescribeReplicationBackfillResults", "ListReplicationBackfills"),
                *("PutReplicationConfiguration", "StartReplicationBackfill", "StopReplicationBackfill"),
                *("DescribeImageSigningStatus", "PutSigningConfiguration"),
            )
        ],
        _TOLD,
    ),
}
UNPROVOKED_PUBLIC: Mapping[tuple[str, str], str] = {
    ("GetAuthorizationToken", "InvalidParameterException"): _NO_INPUT,
    ("GetRepositoryCatalogData", "RepositoryCatalogDataNotFoundException"): (
        "a repository that was told nothing tells nothing, as Terraform's provider takes for granted"
    ),
    ("PutImage", "ImageTagAlreadyExistsException"): "tags of public repositories can be moved",
    ("UntagResource", "TooManyTagsException"): _NOTHING_ADDED,
}
NOT_PROVOKED = {"ecr": UNPROVOKED, "ecr-public": UNPROVOKED_PUBLIC}
