"""Effects of the operations that private registries alone have."""

import json
from typing import Any

from tests.effects import acts
from tests.effects.acts import IMAGE, OTHER, V1, create, create_again, of_repository, push, tried, with_image
from tests.effects.case import Case, Place
from tests.factories.layouts import image
from tests.factories.lifecycle import rule, text
from tests.factories.waiting import wait

EXPIRE = text(rule(1, 1))
REFERRER = image(4102, layers=1, subject=IMAGE.manifest.descriptor(), artifactType="application/vnd.test")


def put_expiry(place: Place) -> None:
    """The lifecycle policy to the case's repository."""
    place.root.put_lifecycle_policy(repositoryName=place.name, lifecyclePolicyText=EXPIRE)


def with_expiry(place: Place) -> None:
    """The case's repository with it."""
    create(place)
    put_expiry(place)


def rules_of(answer: Any) -> object:
    """What a lifecycle policy in an answer says."""
    return json.loads(answer["lifecyclePolicyText"])


def expiry(place: Place) -> object:
    """The repository's lifecycle policy."""
    return rules_of(place.root.get_lifecycle_policy(repositoryName=place.name))


def two_images(place: Place) -> None:
    """The case's repository with two images."""
    with_image(place)
    push(place, OTHER, "v2")


def expiring(answer: Any) -> object:
    """What a preview says."""
    found = [(each["imageDigest"], each["appliedRulePriority"]) for each in answer["previewResults"]]
    return answer["status"], answer["summary"], found


def preview(place: Place) -> object:
    """The repository's preview, once it is complete."""

    def look() -> Any:
        told = place.root.get_lifecycle_policy_preview(repositoryName=place.name)
        return told if told["status"] != "IN_PROGRESS" else None

    return expiring(wait(look, 60))


def start_preview(place: Place) -> None:
    """A preview that is complete."""
    place.root.start_lifecycle_policy_preview(repositoryName=place.name, lifecyclePolicyText=EXPIRE)
    preview(place)


def scan_status(place: Place) -> object:
    """The image's scan, once it has ended."""

    def look() -> Any:
        told = place.root.describe_image_scan_findings(repositoryName=place.name, imageId=V1)
        return told if told["imageScanStatus"]["status"] != "IN_PROGRESS" else None

    return found_in(wait(look, 60))


def found_in(answer: Any) -> object:
    """What a scan has found."""
    names = [each["name"] for each in answer["imageScanFindings"]["findings"]]
    return answer["imageScanStatus"]["status"], names


def scan(place: Place) -> None:
    """A scan of the image, to its end."""
    place.root.start_image_scan(repositoryName=place.name, imageId=V1)
    scan_status(place)


def on_push(place: Place) -> object:
    """Whether pushes to the repository are scanned."""
    (found,) = place.root.describe_repositories(repositoryNames=[place.name])["repositories"]
    return found["imageScanningConfiguration"]


def frequency(answer: Any) -> object:
    """How repositories are scanned."""
    return [(each["scanOnPush"], each["scanFrequency"]) for each in answer["scanningConfigurations"]]


_SCAN = of_repository("PutImageScanningConfiguration", imageScanningConfiguration={"scanOnPush": True})
_SCAN_NOT = of_repository("PutImageScanningConfiguration", imageScanningConfiguration={"scanOnPush": False})


def mutability(place: Place) -> object:
    """What a second push to the tag v1 is answered with; each time the tag comes back to its image."""
    answer = place.door().put_manifest(place.repository, "v1", OTHER.manifest)
    acts.put_image(place)
    return answer.status


def storage_class(place: Place) -> object:
    """Whether the image is in the archive, once it is on its way no more."""

    def look() -> Any:
        given = {"repositoryName": place.name, "imageIds": [{"imageDigest": IMAGE.digest}]}
        (found,) = place.root.describe_images(**given)["imageDetails"]
        return found["imageStatus"] if found["imageStatus"] != "ACTIVATING" else None

    return wait(look)


CASES = (
    Case(
        "PutLifecyclePolicy",
        tried(lifecyclePolicyText=EXPIRE),
        expiry,
        of_repository("DeleteLifecyclePolicy"),
        create,
    ),
    Case("GetLifecyclePolicy", put_expiry, tried(rules_of), of_repository("DeleteLifecyclePolicy"), create, by="look"),
    Case("DeleteLifecyclePolicy", tried(), expiry, put_expiry, with_expiry),
    Case("StartLifecyclePolicyPreview", tried(dict, lifecyclePolicyText=EXPIRE), preview, create_again, two_images),
    Case("GetLifecyclePolicyPreview", start_preview, tried(expiring), create_again, two_images, by="look"),
    Case(
        "StartImageScan",
        tried(dict, imageId=V1),
        scan_status,
        acts.delete_image,
        with_image,
        gone="ImageNotFoundException",
    ),
    Case(
        "DescribeImageScanFindings",
        scan,
        tried(found_in, imageId=V1),
        acts.delete_image,
        with_image,
        by="look",
        gone="ImageNotFoundException",
    ),
    Case(
        "PutImageScanningConfiguration",
        tried(imageScanningConfiguration={"scanOnPush": True}),
        on_push,
        _SCAN_NOT,
        create,
    ),
    Case(
        "BatchGetRepositoryScanningConfiguration",
        _SCAN,
        lambda place: frequency(place.call(repositoryNames=[place.name])),
        _SCAN_NOT,
        create,
        by="look",
    ),
    Case(
        "PutImageTagMutability",
        tried(imageTagMutability="IMMUTABLE"),
        mutability,
        of_repository("PutImageTagMutability", imageTagMutability="MUTABLE"),
        two_images,
    ),
    Case(
        "UpdateImageStorageClass",
        tried(imageId={"imageDigest": IMAGE.digest}, targetStorageClass="ARCHIVE"),
        storage_class,
        of_repository("UpdateImageStorageClass", imageId={"imageDigest": IMAGE.digest}, targetStorageClass="STANDARD"),
        with_image,
    ),
    Case(
        "BatchGetImage",
        acts.put_image,
        tried(lambda answer: [each["imageManifest"] for each in answer["images"]], imageIds=[V1]),
        acts.delete_image,
        acts.with_layers,
        by="look",
    ),
    Case(
        "ListImages",
        acts.put_image,
        tried(lambda answer: answer["imageIds"]),
        acts.delete_image,
        acts.with_layers,
        by="look",
    ),
    Case(
        "ListImageReferrers",
        lambda place: push(place, REFERRER, REFERRER.digest),
        tried(lambda answer: answer["referrers"], subjectId={"imageDigest": IMAGE.digest}),
        of_repository("BatchDeleteImage", imageIds=[{"imageDigest": REFERRER.digest}]),
        with_image,
        by="look",
    ),
    Case(
        "GetDownloadUrlForLayer",
        acts.put_image,
        tried(acts.downloaded, layerDigest=IMAGE.config.digest),
        acts.delete_image,
        acts.with_layers,
        by="look",
    ),
)
