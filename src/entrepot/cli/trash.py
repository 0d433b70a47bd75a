"""`entrepot trash`: what was deleted and may be restored."""

from typing import Annotated

from cyclopts import Parameter

from entrepot.cli.output import Format, show
from entrepot.cli.registry_place import REGISTRY_HERE, RegistryPlace
from entrepot.core import restoring, trash
from entrepot.core.restoring import Restored
from entrepot.core.trash import Trashed, TrashedImage
from entrepot.spec.digest import Digest

_PAGE = 500
Id = Annotated[str | None, Parameter(name="--id", help="The id of an entry, as `trash list` shows it.")]


def set_(
    *,
    grace_seconds: Annotated[int, Parameter(help="How long what is deleted from now on may be restored; 0 ends it.")],
    where: RegistryPlace = REGISTRY_HERE,
    output: Format = "text",
) -> None:
    """Have what is deleted in a registry stay in the trash for so long."""
    where.write(trash.put_grace, grace_seconds)
    show({"grace_seconds": grace_seconds}, output)


def list_(*, where: RegistryPlace = REGISTRY_HERE, output: Format = "text") -> None:
    """Show what may be restored."""
    found: list[dict[str, object]] = []
    after = ""
    while True:
        page = where.read(trash.list_of, _PAGE, after)
        found += [_shown(each) for each in page.items]
        if page.after is None:
            break
        (after,) = page.after
    show(found, output)


def restore(
    repository: str,
    /,
    *,
    image_digest: Annotated[str, Parameter(help="An image of it, instead of the repository.")] = "",
    entry: Id = None,
    where: RegistryPlace = REGISTRY_HERE,
    output: Format = "text",
) -> None:
    """Bring a repository back, or an image of one that is there: what was deleted last, or the entry of an id."""
    digest = Digest.parse(image_digest) if image_digest else None
    done = where.write_of(repository, restoring.restore, entry, digest)
    if not done:
        show({"repository": repository}, output)
        return
    show([_restored(each) for each in done], output)


def purge(
    repository: str,
    /,
    *,
    entry: Annotated[str, Parameter(name="--id", help="The id of an entry, as `trash list` shows it.")],
    where: RegistryPlace = REGISTRY_HERE,
    output: Format = "text",
) -> None:
    """Remove an entry for good."""
    where.write_of(repository, trash.purge, entry)
    show({"repository": repository, "purged": entry}, output)


def _shown(each: Trashed) -> dict[str, object]:
    shown: dict[str, object] = {
        "id": each.id,
        "deleted_by": each.deleted_by,
        "deleted_at": each.deleted_at.isoformat(),
        "expires_at": each.expires_at.isoformat(),
    }
    if isinstance(each, TrashedImage):
        return {"repository": each.repository, "image_digest": str(each.digest), "tags": list(each.tags), **shown}
    return {"repository": each.name, **shown}


def _restored(each: Restored) -> dict[str, object]:
    taken = [f"{tag} (of {digest})" for tag, digest in each.taken]
    return {"image_digest": str(each.digest), "tags": list(each.tags), "taken_tags": taken}
