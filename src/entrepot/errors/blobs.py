"""Blobs, and the uploads that become blobs."""

from entrepot.errors.fact import Fact


class BlobNotFound(Fact):
    """The repository does not hold this blob."""

    text = (
        "The layer with digest {digest} does not exist within the repository with name '{name}' in the registry with "
        "id '{account}'"
    )


class BlobsNotFound(Fact):
    """A manifest names blobs that the repository does not hold (`digests`)."""

    text = (
        "Layers with digests '{digests}' required for pushing image into repository with name '{name}' in the registry "
        "with id '{account}' do not exist"
    )


class BlobUnreferenced(Fact):
    """A blob that no image of the repository references yet: it cannot be downloaded by URL."""

    text = (
        "The layer with digest {digest} in the repository with name '{name}' is not referenced by any image, and is "
        "not accessible"
    )


class BlobArchived(Fact):
    """A blob that only archived images of the repository need."""

    text = (
        "The layer with digest {digest} in the repository with name '{name}' belongs to archived images only, and is "
        "not accessible until one of them is restored"
    )


class BlobInUse(Fact):
    """A blob that an image of the repository references cannot be deleted."""

    text = "the blob {digest} is referenced by an image of the repository '{name}'; delete the image first"


class BlobBytesMissing(Fact):
    """The store does not have the bytes that a row promises: the blob is damaged, a push of the same bytes heals it."""

    text = "the bytes of the blob {digest} are missing or damaged; push it again"


class DigestMismatch(Fact):
    """Bytes whose digest is another than the one given."""

    text = "None of the provided layer digests match the calculated layer digest: expected {expected}, got {actual}"


class LengthMismatch(Fact):
    """A body of another length than was announced."""

    text = "{expected} bytes were announced and {actual} arrived"


class LayerAlreadyExists(Fact):
    """The repository already holds the layer that was uploaded."""

    text = (
        "The layer with digest '{digest}' already exists in the repository with name '{name}' in the registry with id "
        "'{account}'"
    )


class LayerPartTooSmall(Fact):
    """A part below the least size that is not the last."""

    text = "Layer parts must be at least {limit} bytes in size, except the last; got {size}"


class UploadNotFound(Fact):
    """No such upload for this repository and caller."""

    text = (
        "The upload with id '{upload}' could not be found in the repository with name '{name}' in the registry with "
        "id '{account}'"
    )


class UploadEmpty(Fact):
    """An upload that was completed without a byte."""

    text = "The upload with id '{upload}' contains no bytes"


class UploadOutOfOrder(Fact):
    """A chunk that does not start where the upload stands (`offset` bytes are held)."""

    text = "the upload '{upload}' holds {offset} bytes; the next chunk must start at byte {offset}, not {start}"


class UploadBusy(Fact):
    """Another request is writing to the same upload."""

    text = "the upload '{upload}' is being written by another request"


class UploadTooLarge(Fact):
    """More bytes than a layer may have."""

    text = "the layer is larger than the allowed {limit} bytes"


class RangeUnsatisfiable(Fact):
    """A byte range outside the blob of `size` bytes."""

    text = "the range '{range}' is outside the {size} bytes of the blob"


class StorageFull(Fact):
    """No room on the volume beyond the reserve."""

    text = "the volume has less than the reserve of {reserve} bytes free; delete images, or make room"
