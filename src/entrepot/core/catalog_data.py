"""What public repositories tell of themselves: texts, platforms, a logo.

Texts are kept as they were given: whoever shows them as a page must take them for the text of a stranger.
"""

from entrepot.core import lookup
from entrepot.core.access import Caller
from entrepot.core.changes import Change
from entrepot.db import catalog_data as rows
from entrepot.db import repositories
from entrepot.db.database import Transaction
from entrepot.db.records import CatalogData, Repository
from entrepot.errors import ParameterInvalid
from entrepot.spec.repository import RepositoryKey

__all__ = ["CatalogData", "add", "find", "logo", "logo_type", "put"]

# what a logo begins with, and what it then is; a format that can carry a script is not among them
_LOGOS = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif"}


def add(tx: Transaction, repository: Repository, data: CatalogData) -> None:
    """What a new repository tells: ParameterInvalid for a logo that is no picture."""
    _check(data)
    rows.put(tx, repository.id, data)


def put(tx: Transaction, caller: Caller, key: RepositoryKey, data: CatalogData) -> None:
    """Replace all that a repository tells, its logo too: ParameterInvalid for a logo that is no picture."""
    repository = lookup.require_locked(tx, caller, key, "PutRepositoryCatalogData")
    _check(data)
    rows.put(tx, repository.id, data)
    Change(tx, caller, repository).finish("PutRepositoryCatalogData", {"repositoryName": key.name} | told(data))


def find(tx: Transaction, caller: Caller, key: RepositoryKey) -> CatalogData:
    """What a repository tells; nothing where nothing was ever set, which Terraform's provider takes for granted."""
    repository = lookup.require(tx, caller, key, "GetRepositoryCatalogData")
    found = rows.find(tx, repository.id)
    return CatalogData() if found is None else found


def logo(tx: Transaction, key: RepositoryKey) -> bytes | None:
    """A repository's logo, which anybody may see."""
    repository = repositories.find(tx, key)
    found = None if repository is None else rows.find(tx, repository.id)
    return None if found is None else found.logo


def told(data: CatalogData) -> dict[str, object]:
    """Catalog data as request parameters of an audit record; of the logo its length."""
    parts = {
        "description": data.description,
        "architectures": list(data.architectures) or None,
        "operatingSystems": list(data.operating_systems) or None,
        "aboutText": data.about_text,
        "usageText": data.usage_text,
        "logoImageBytes": None if data.logo is None else len(data.logo),
    }
    return {"catalogData": {name: part for name, part in parts.items() if part is not None}}


def logo_type(logo: bytes) -> str | None:
    """The media type of a logo by its first bytes; None for what is none."""
    return next((kind for start, kind in _LOGOS.items() if logo.startswith(start)), None)


def _check(data: CatalogData) -> None:
    if data.logo is not None and logo_type(data.logo) is None:
        raise ParameterInvalid(parameter="catalogData.logoImageBlob", reason="the logo must be PNG, JPEG or GIF")
