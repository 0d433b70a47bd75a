"""Effects of the operations that private and public registries have in common."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from entrepot.core.permissions import OPERATIONS
from tests.effects import acts
from tests.effects.acts import IMAGE, create, delete, of_repository, tried, with_image, with_layers
from tests.effects.case import Case, Place

_POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": []}]}
_TAGS = [{"Key": "team", "Value": "a"}]
_IDS = [{"imageDigest": IMAGE.digest}]


def policy(place: Place, sid: str = "s") -> str:
    """A repository policy, as the registry stores it."""
    grants = {"Sid": sid, "Effect": "Allow", "Principal": "*", "Action": f"{place.service}:DescribeImages"}
    return json.dumps({"Version": "2012-10-17", "Statement": [grants]})


def put_policy(place: Place) -> None:
    """The policy to the case's repository."""
    place.root.set_repository_policy(repositoryName=place.name, policyText=policy(place))


def policy_of(answer: Any) -> object:
    """What a policy in an answer says."""
    return json.loads(answer["policyText"])


def with_policy(place: Place) -> None:
    """The case's repository with the policy."""
    create(place)
    put_policy(place)


def described(place: Place) -> object:
    """The repository as it is described."""
    (found,) = place.root.describe_repositories(repositoryNames=[place.name])["repositories"]
    return found["repositoryArn"], found["repositoryUri"]


def images(answer: Mapping[str, Any]) -> object:
    """The images of a description."""
    return [(each["imageDigest"], each["imageTags"]) for each in answer["imageDetails"]]


def shown_policy(place: Place) -> object:
    """The repository's policy."""
    return policy_of(place.root.get_repository_policy(repositoryName=place.name))


def tags(place: Place) -> object:
    """The repository's resource tags."""
    return place.root.list_tags_for_resource(resourceArn=place.arn)["tags"]


def tag(place: Place) -> None:
    """A resource tag to the repository."""
    place.root.tag_resource(resourceArn=place.arn, tags=_TAGS)


def untag(place: Place) -> None:
    """It off again."""
    place.root.untag_resource(resourceArn=place.arn, tagKeys=["team"])


def tagged(place: Place) -> None:
    """The case's repository with the tag."""
    create(place)
    tag(place)


def put(place: Place) -> Any:
    """PutImage of the image v1."""
    made = {"imageManifest": IMAGE.manifest.data.decode(), "imageManifestMediaType": IMAGE.manifest.media_type}
    return place.call(repositoryName=place.name, imageTag="v1", **made)


_REPOSITORIES = (
    Case("CreateRepository", tried(), described, delete),
    Case("DeleteRepository", tried(), described, create, create),
    Case(
        "DescribeRepositories",
        create,
        lambda place: place.call(repositoryNames=[place.name])["repositories"][0]["repositoryArn"],
        delete,
        by="look",
    ),
    Case(
        "SetRepositoryPolicy",
        lambda place: place.call(repositoryName=place.name, policyText=policy(place)),
        shown_policy,
        of_repository("DeleteRepositoryPolicy"),
        create,
    ),
    Case(
        "GetRepositoryPolicy", put_policy, tried(policy_of), of_repository("DeleteRepositoryPolicy"), create, by="look"
    ),
    Case("DeleteRepositoryPolicy", tried(), shown_policy, put_policy, with_policy),
    Case("TagResource", lambda place: place.call(resourceArn=place.arn, tags=_TAGS), tags, untag, create),
    Case("UntagResource", lambda place: place.call(resourceArn=place.arn, tagKeys=["team"]), tags, tag, tagged),
    Case(
        "ListTagsForResource",
        tag,
        lambda place: place.call(resourceArn=place.arn)["tags"],
        untag,
        create,
        by="look",
    ),
)
_IMAGES = (
    Case("PutImage", put, acts.manifest, acts.delete_image, with_layers),
    Case("BatchDeleteImage", tried(imageIds=_IDS), acts.manifest, acts.put_image, with_image),
    Case("DescribeImages", acts.put_image, tried(images), acts.delete_image, with_layers, by="look"),
)
_LAYERS = (
    Case("InitiateLayerUpload", tried(dict), acts.upload_status, acts.cancel_upload, create),
    Case(
        "UploadLayerPart",
        lambda place: place.call(**acts.part(place)),
        acts.upload_status,
        acts.cancel_upload,
        acts.start_upload,
        gone=None,
    ),
    Case(
        "CompleteLayerUpload",
        lambda place: place.call(
            repositoryName=place.name, uploadId=place.kept["upload"], layerDigests=[IMAGE.config.digest]
        ),
        acts.available,
        acts.delete_blob,
        acts.upload_part,
    ),
    Case(
        "BatchCheckLayerAvailability",
        lambda place: place.door().push_blob(place.repository, IMAGE.config),
        tried(lambda answer: answer["layers"][0]["layerAvailability"], layerDigests=[IMAGE.config.digest]),
        acts.delete_blob,
        create,
        by="look",
    ),
    Case("GetAuthorizationToken", lambda place: place.call(), acts.token_status, acts.stop_key, gone=401),
)


def cases(service: str) -> tuple[Case, ...]:
    """Those of one of the two services."""
    return tuple(_of(case, service) for case in (*_REPOSITORIES, *_IMAGES, *_LAYERS))


def _of(case: Case, service: str) -> Case:
    """What the user may do beside the operation: an upload is its own, at each door."""
    if case.operation not in {"InitiateLayerUpload", "UploadLayerPart", "CompleteLayerUpload"}:
        return replace(case, service=service)
    doing = {each.action for each in OPERATIONS[service][case.operation]}
    beside = acts.PUSHES if service == "ecr" else acts.PUSHES_PUBLIC
    return replace(case, service=service, also=tuple(each for each in beside if each not in doing))
