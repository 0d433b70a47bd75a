"""`entrepot repository protection`: repositories of which nothing is deleted."""

from typing import Annotated

from cyclopts import Parameter

from entrepot.cli.output import Format, show
from entrepot.cli.registry_place import REGISTRY_HERE, RegistryPlace
from entrepot.core import protection
from entrepot.core.protection import Protection


def set_(
    repository: str,
    /,
    *,
    off: Annotated[bool, Parameter(negative="", help="Protect it no more.")] = False,
    where: RegistryPlace = REGISTRY_HERE,
    output: Format = "text",
) -> None:
    """Protect a repository, and all that it holds, from deletion."""
    show(_shown(repository, where.write_of(repository, protection.put, enabled=not off)), output)


def show_(repository: str, /, *, where: RegistryPlace = REGISTRY_HERE, output: Format = "text") -> None:
    """Show whether it is protected."""
    show(_shown(repository, where.read_of(repository, protection.get)), output)


def _shown(repository: str, found: Protection | None) -> dict[str, object]:
    if found is None:
        return {"repository": repository, "protected": False}
    since = found.created_at.isoformat()
    return {"repository": repository, "protected": True, "owner": found.owner, "since": since}
