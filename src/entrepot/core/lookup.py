"""Repositories, looked up for a caller who may act on them: first the permission, then the existence.

The rows are read before the permission, since they hold what the owner permits; a denial is the same with or without
them, unless the owner's policy names the caller.
"""

from collections.abc import Sequence

from entrepot.core import access, resources
from entrepot.core.access import NO_KEYS, Caller, ImageName, Keys
from entrepot.core.resources import Resource
from entrepot.db import registries, repositories, resource_tags, tags
from entrepot.db.database import Reader, Transaction
from entrepot.db.records import Repository
from entrepot.errors import RepositoryNotFound
from entrepot.spec.repository import RegistryKey, RepositoryKey

_MOST_TAGS = 1000


def resource(reader: Reader, key: RepositoryKey, found: Repository | None) -> Resource:
    """A repository as what is acted upon, whether or not it was found."""
    registry = registries.find(reader, key.registry)
    return resources.of_repository(key, found, registry, lambda each: resource_tags.list_of(reader, each))


def find(tx: Transaction, key: RepositoryKey, *, locked: bool) -> Repository | None:
    """The repository, locked for a change where that is meant, before it is known whether the caller may."""
    return repositories.lock(tx, key) if locked else repositories.find(tx, key)


def allow(tx: Transaction, caller: Caller, key: RepositoryKey, operation: str, keys: Keys = NO_KEYS) -> None:
    """AccessDenied unless the caller may do `operation` to the repository, which need not exist."""
    access.require(caller, operation, resource(tx, key, repositories.find(tx, key)), keys)


def require(tx: Transaction, caller: Caller, key: RepositoryKey, operation: str, keys: Keys = NO_KEYS) -> Repository:
    """The repository, for a caller who may do `operation` to it: AccessDenied, then RepositoryNotFound."""
    found = repositories.find(tx, key)
    access.require(caller, operation, resource(tx, key, found), keys)
    return present(found, key)


def require_images(
    tx: Transaction, caller: Caller, key: RepositoryKey, operation: str, named: Sequence[ImageName]
) -> Repository:
    """`require`, for images of it that the caller names by tag or digest, each of which must be allowed."""
    found = repositories.find(tx, key)
    access.require_images(caller, operation, resource(tx, key, found), lambda: images(tx, found, named))
    return present(found, key)


def require_shared(tx: Transaction, caller: Caller, key: RepositoryKey, operation: str) -> Repository:
    """`require`, with the repository kept in being until the unit ends."""
    allow(tx, caller, key, operation)
    return present(repositories.share(tx, key), key)


def require_locked(
    tx: Transaction, caller: Caller, key: RepositoryKey, operation: str, keys: Keys = NO_KEYS
) -> Repository:
    """`require`, locked for a change: state and settings that decide are read from this row."""
    allow(tx, caller, key, operation, keys)
    return present(repositories.lock(tx, key), key)


def require_images_locked(
    tx: Transaction, caller: Caller, key: RepositoryKey, operation: str, named: Sequence[ImageName]
) -> Repository:
    """`require_images`, locked for a change."""
    found = repositories.lock(tx, key)
    access.require_images(caller, operation, resource(tx, key, found), lambda: images(tx, found, named))
    return present(found, key)


def allow_registry(tx: Transaction, caller: Caller, key: RegistryKey, operation: str, keys: Keys = NO_KEYS) -> None:
    """AccessDenied unless the caller may do this to a registry as a whole."""
    access.require(caller, operation, resources.of_registry(registries.find(tx, key)), keys)


def images(reader: Reader, repository: Repository | None, named: Sequence[ImageName]) -> Sequence[ImageName]:
    """Tag and digest of the images that a caller names: of a tag its digest, of a digest all tags of it."""
    if repository is None:
        return named
    found: list[ImageName] = []
    for tag, digest in named:
        if tag:
            found.append((tag, digest or tags.find(reader, repository.id, tag) or ""))
        else:
            carried = tags.of_image(reader, repository.id, digest, _MOST_TAGS)
            found += [(each, digest) for each in carried] or [("", digest)]
    return found


def present(repository: Repository | None, key: RepositoryKey) -> Repository:
    """The repository, or RepositoryNotFound."""
    if repository is None:
        raise RepositoryNotFound(name=key.name, account=key.registry.account)
    return repository
