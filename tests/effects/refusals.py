"""The documented errors of ECR and ECR Public: for each operation and code what provokes it, or why nothing does."""

from collections.abc import Callable, Mapping
from typing import Any

from botocore import xform_name

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
    Ground,
    arn,
    immutable,
    put,
    required,
)
from tests.factories.layouts import index_of
from tests.factories.registry import Registry

Ask = Callable[[Ground, str], Any]
_MANY_TAGS = [{"Key": f"k{number}", "Value": "v"} for number in range(51)]
_RESERVED = [{"Key": "aws:k", "Value": "v"}]


def _call(operation: str, **given: Any) -> Ask:
    """The operation with an input that provokes the error as things are."""
    return lambda ground, service: ground.call(service, operation, **given)


def _twice(operation: str, **given: Any) -> Ask:
    """A call after one that did the same."""

    def ask(ground: Ground, service: str) -> Any:
        ground.call(service, operation, **given)
        return ground.call(service, operation, **given)

    return ask


def _many(operation: str, given: Callable[[int], Mapping[str, Any]], most: int) -> Ask:
    """One more than there may be, in a region where nothing else is done."""

    def ask(ground: Ground, service: str) -> None:
        for number in range(most + 1):
            ground.call(service, operation, "eu-west-1", **given(number))

    return ask


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
    ("BatchGetRepositoryScanningConfiguration", "InvalidParameterException"): _call(
        "BatchGetRepositoryScanningConfiguration", repositoryNames=["NO NAME"]
    ),
    ("CompleteLayerUpload", "EmptyUploadException"): _ended(),
    ("CompleteLayerUpload", "InvalidLayerException"): _ended(b"bytes"),
    ("CompleteLayerUpload", "LayerAlreadyExistsException"): _again,
    ("CompleteLayerUpload", "LayerPartTooSmallException"): _ended(b"small", b"last"),
    ("CompleteLayerUpload", "UploadNotFoundException"): _call("CompleteLayerUpload"),
    ("CreateRepository", "InvalidTagParameterException"): _call(
        "CreateRepository", repositoryName=ABSENT, tags=_RESERVED
    ),
    ("CreateRepository", "RepositoryAlreadyExistsException"): _call("CreateRepository"),
    ("CreateRepository", "TooManyTagsException"): _call("CreateRepository", repositoryName=ABSENT, tags=_MANY_TAGS),
    ("CreateRepositoryCreationTemplate", "LimitExceededException"): _many(
        "CreateRepositoryCreationTemplate", lambda number: {"prefix": f"many/t{number}"}, 50
    ),
    ("CreateRepositoryCreationTemplate", "TemplateAlreadyExistsException"): _twice(
        "CreateRepositoryCreationTemplate", **TEMPLATE
    ),
    ("DeleteLifecyclePolicy", "LifecyclePolicyNotFoundException"): _call("DeleteLifecyclePolicy"),
    ("DeleteRegistryPolicy", "RegistryPolicyNotFoundException"): _call("DeleteRegistryPolicy"),
    ("DeleteRepository", "RepositoryNotEmptyException"): _call("DeleteRepository"),
    ("DeleteRepositoryCreationTemplate", "TemplateNotFoundException"): _call(
        "DeleteRepositoryCreationTemplate", prefix=ABSENT
    ),
    ("DeleteRepositoryPolicy", "RepositoryPolicyNotFoundException"): _call("DeleteRepositoryPolicy"),
    ("DeregisterPullTimeUpdateExclusion", "ExclusionNotFoundException"): _call(
        "DeregisterPullTimeUpdateExclusion", principalArn=f"{PRINCIPAL}-absent"
    ),
    ("DescribeImageScanFindings", "ImageNotFoundException"): _call("DescribeImageScanFindings", imageId=NO_IMAGE),
    ("DescribeImageScanFindings", "ScanNotFoundException"): _call(
        "DescribeImageScanFindings", imageId={"imageDigest": REFERRER.digest}
    ),
    ("DescribeImages", "ImageNotFoundException"): _call("DescribeImages", imageIds=[NO_IMAGE]),
    ("GetAuthorizationToken", "InvalidParameterException"): _call("GetAuthorizationToken", registryIds=["x"]),
    ("GetDownloadUrlForLayer", "LayerInaccessibleException"): _call(
        "GetDownloadUrlForLayer", layerDigest=OTHER.config.digest
    ),
    ("GetDownloadUrlForLayer", "LayersNotFoundException"): _call("GetDownloadUrlForLayer", layerDigest=NO_DIGEST),
    ("GetLifecyclePolicy", "LifecyclePolicyNotFoundException"): _call("GetLifecyclePolicy"),
    ("GetLifecyclePolicyPreview", "LifecyclePolicyPreviewNotFoundException"): _call("GetLifecyclePolicyPreview"),
    ("GetAccountSetting", "InvalidParameterException"): _call("GetAccountSetting", name="ABSENT"),
    ("GetRegistryPolicy", "RegistryPolicyNotFoundException"): _call("GetRegistryPolicy"),
    ("GetRepositoryPolicy", "RepositoryPolicyNotFoundException"): _call("GetRepositoryPolicy"),
    ("PutAccountSetting", "InvalidParameterException"): _call("PutAccountSetting", value="SOMETIMES"),
    ("PutImage", "ImageAlreadyExistsException"): _call("PutImage", **put(IMAGE, imageTag="v1")),
    ("PutImage", "ImageDigestDoesNotMatchException"): _call("PutImage", **put(IMAGE, imageDigest=NO_DIGEST)),
    ("PutImage", "ImageTagAlreadyExistsException"): _moved,
    ("PutImage", "LayersNotFoundException"): _call("PutImage", **put(ALONE)),
    ("PutImage", "ReferencedImagesNotFoundException"): _call(
        "PutImage", imageManifest=_CHILDREN.data.decode(), imageManifestMediaType=_CHILDREN.media_type
    ),
    ("PutRegistryPolicy", "InvalidParameterException"): _call("PutRegistryPolicy", policyText='{"not": "one"}'),
    ("PutRegistryCatalogData", "InvalidParameterException"): _call("PutRegistryCatalogData", displayName="x" * 101),
    ("PutRegistryScanningConfiguration", "InvalidParameterException"): _call(
        "PutRegistryScanningConfiguration", scanType="NONE"
    ),
    ("PutRegistryScanningConfiguration", "ValidationException"): _call(
        "PutRegistryScanningConfiguration",
        scanType="BASIC",
        rules=[
            {
                "scanFrequency": "CONTINUOUS_SCAN",
                "repositoryFilters": [{"filter": "*", "filterType": "WILDCARD"}],
            }
        ],
    ),
    ("RegisterPullTimeUpdateExclusion", "ExclusionAlreadyExistsException"): _twice("RegisterPullTimeUpdateExclusion"),
    ("RegisterPullTimeUpdateExclusion", "LimitExceededException"): _many(
        "RegisterPullTimeUpdateExclusion", lambda number: {"principalArn": f"{PRINCIPAL}-{number}"}, 100
    ),
    ("StartImageScan", "ImageArchivedException"): _archived,
    ("StartImageScan", "ImageNotFoundException"): _call("StartImageScan", imageId=NO_IMAGE),
    ("StartImageScan", "LimitExceededException"): _twice("StartImageScan"),
    ("StartImageScan", "UnsupportedImageTypeException"): _call(
        "StartImageScan", imageId={"imageDigest": REFERRER.digest}
    ),
    ("StartLifecyclePolicyPreview", "LifecyclePolicyNotFoundException"): _call("StartLifecyclePolicyPreview"),
    ("StartLifecyclePolicyPreview", "LifecyclePolicyPreviewInProgressException"): _twice(
        "StartLifecyclePolicyPreview", lifecyclePolicyText=EXPIRE
    ),
    ("TagResource", "InvalidTagParameterException"): _call("TagResource", tags=_RESERVED),
    ("TagResource", "TooManyTagsException"): _call("TagResource", tags=_MANY_TAGS),
    ("UntagResource", "InvalidTagParameterException"): _call("UntagResource", tagKeys=["a|b"]),
    ("UpdateImageStorageClass", "ImageNotFoundException"): _call("UpdateImageStorageClass", imageId=NO_IMAGE),
    ("UpdateImageStorageClass", "ImageStorageClassUpdateNotSupportedException"): _call(
        "UpdateImageStorageClass", imageId={"imageDigest": REFERRER.digest}
    ),
    ("UpdateRepositoryCreationTemplate", "TemplateNotFoundException"): _call(
        "UpdateRepositoryCreationTemplate", prefix=ABSENT
    ),
    ("UploadLayerPart", "InvalidLayerPartException"): _gap,
    ("UploadLayerPart", "UploadNotFoundException"): _call("UploadLayerPart"),
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
    ("DeleteRegistryPolicy", "ValidationException"): _NO_INPUT,
    ("DeregisterPullTimeUpdateExclusion", "LimitExceededException"): _NOTHING_ADDED,
    ("DescribeRegistry", "InvalidParameterException"): _NO_INPUT,
    ("DescribeRegistry", "ValidationException"): _NO_INPUT,
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
NOT_YET = {
    *(("ecr", name, "KmsException") for name in ("CompleteLayerUpload", "CreateRepository", "DeleteRepository")),
    *(("ecr", name, "KmsException") for name in ("InitiateLayerUpload", "PutImage", "UploadLayerPart")),
    ("ecr", "BatchGetImage", "UnableToGetUpstreamImageException"),
    ("ecr", "GetDownloadUrlForLayer", "UnableToGetUpstreamLayerException"),
    ("ecr", "ListImageReferrers", "UnableToListUpstreamImageReferrersException"),
    *(
        (service, name, "LimitExceededException")
        for service in NOT_PROVOKED
        for name in ("CreateRepository", "PutImage", "UploadLayerPart")
    ),
}
"""What nothing provokes because it is not built: an operation with such an error does not count."""
