"""Manifests, images and image tags."""

from entrepot.errors.fact import Fact


class ManifestInvalid(Fact):
    """Bytes that are not a manifest of their media type (`reason`)."""

    text = "Invalid parameter at 'ImageManifest' failed to satisfy constraint: '{reason}'"


class ManifestTooLarge(Fact):
    """A manifest above 4 MiB."""

    text = "the manifest is larger than the allowed {limit} bytes"


class MediaTypeUnsupported(Fact):
    """A media type that is none of the manifest types served."""

    text = "the media type '{media_type}' is not supported for manifests"


class NotAcceptable(Fact):
    """The image exists in a media type that the client does not accept."""

    text = "Requested image not found in an accepted media type; it is stored as '{media_type}'"


class ImageNotFound(Fact):
    """No such image in the repository; an absent `digest` or `tag` is given as 'null'."""

    text = (
        "The image with imageId {{imageDigest:'{digest}', imageTag:'{tag}'}} does not exist within the repository with "
        "name '{name}' in the registry with id '{account}'"
    )


class ImageArchived(Fact):
    """An image that is in the archive, or on its way out of it: it is neither handed out nor scanned."""

    text = (
        "The image {digest} in the repository with name '{name}' is archived (its status is {status}). Restore it with "
        "`aws ecr update-image-storage-class --repository-name {name} --image-id imageDigest={digest} "
        "--target-storage-class STANDARD`, or push it again"
    )


class StorageClassUpdateRefused(Fact):
    """An image whose storage class is another's: of a referrer its subject's (`why`)."""

    text = "The storage class of the image {digest} cannot be changed to {target}: {why}"


class CopyTooLarge(Fact):
    """An image with more manifests than are copied at once."""

    text = (
        "the image {digest} has more than {limit} manifests, with what it names and what refers to it: copy its parts"
    )


class ImageNotAdmitted(Fact):
    """An image that its repository does not hand out (`why`), and `see`, the command that shows all of it."""

    text = "The repository with name '{name}' does not hand out the image {digest}: {why}. See `{see}`."


class ImageAlreadyExists(Fact):
    """The same manifest already has this tag (or exists, when no tag was given: 'null')."""

    text = (
        "Image with digest '{digest}' and tag '{tag}' already exists in the repository with name '{name}' in registry "
        "with id '{account}'"
    )


class TagImmutable(Fact):
    """The tag points at an image and may not be moved."""

    text = (
        "The image tag '{tag}' already exists in the '{name}' repository and cannot be overwritten because the tag is "
        "immutable."
    )


class TagsTooMany(Fact):
    """An image with the most tags that one may have."""

    text = (
        "Adding tag '{tag}' to an image in the repository with name '{name}' in registry with id '{account}' exceeds "
        "the maximum allowed number of tags per image which is '{limit}'"
    )


class LayersTooMany(Fact):
    """More layers than an image may have."""

    text = (
        "Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Limit on number of layers per image "
        "exceeded: {count} of {limit}'"
    )


class ChildrenNotFound(Fact):
    """An index names images that are not in the repository (`digests`)."""

    text = (
        "Images with digests '{digests}' required for pushing image into repository with name '{name}' in the registry "
        "with id '{account}' do not exist"
    )


class ImageReferenced(Fact):
    """An image that an index in the repository still names (`parents`)."""

    text = "Requested image referenced by manifest list: {parents}"


class ImageDigestMismatch(Fact):
    """A manifest whose digest is another than the one it was put by."""

    text = "the manifest was put as {expected}, and its digest is {actual}"
