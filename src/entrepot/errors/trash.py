"""What may not be deleted, and what was deleted and may be restored."""

from entrepot.errors.fact import Fact


class RepositoryProtected(Fact):
    """Something of a repository was to be deleted that is protected from it."""

    text = (
        "The repository with name '{name}' in the registry with id '{account}' is protected from deletion: nothing of "
        "it can be deleted until its protection is taken off (PutRepositoryProtection, or `entrepot repository "
        "protection set {name} --off`)"
    )


class TrashedNotFound(Fact):
    """The trash does not hold it, or not any more (`what`: an image or a repository, as it was asked for)."""

    text = (
        "the trash of the registry with id '{account}' holds no {what} under the repository name '{name}'; it may have "
        "been restored or purged, or its time is over"
    )


class BlobTrashed(Fact):
    """A blob that an image in the trash needs to be restored."""

    text = (
        "the blob {digest} belongs to an image in the trash of the repository '{name}'; it can be deleted when the "
        "image is gone from there"
    )
