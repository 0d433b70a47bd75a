"""Images as callers of scanning name them; and who acts when nobody calls."""

from datetime import datetime

from entrepot.core import services
from entrepot.core.access import Caller
from entrepot.db import images, tags
from entrepot.db.database import Transaction
from entrepot.db.records import Repository, StoredManifest
from entrepot.errors import ImageNotFound, ParameterInvalid
from entrepot.spec.repository import RegistryKey

_SERVICE = "ecr.amazonaws.com"


def require_named(digest: str | None, tag: str | None) -> None:
    """ParameterInvalid for an id that names nothing."""
    if digest is None and tag is None:
        raise ParameterInvalid(parameter="imageId", reason="both tag and digest cannot be null")


def image(tx: Transaction, repository: Repository, digest: str | None, tag: str | None) -> StoredManifest:
    """The image that a digest, a tag, or both name: ImageNotFound."""
    pointed = digest if tag is None else tags.find(tx, repository.id, tag)
    found = None if pointed is None or digest not in (None, pointed) else images.find(tx, repository.id, pointed)
    if found is None:
        raise ImageNotFound(
            digest=digest or "null",
            tag=tag or "null",
            name=repository.key.name,
            account=repository.key.registry.account,
        )
    return found


def registry_itself(registry: RegistryKey, request_id: str, at: datetime) -> Caller:
    """The registry, which does for nobody what it does by itself."""
    return services.itself(_SERVICE, registry.account, registry.region, request_id, at)
