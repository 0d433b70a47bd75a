"""`entrepot cache`: what was pulled through the cache is looked for upstream again."""

from typing import Annotated

from cyclopts import Parameter

from entrepot.cli.output import Format, show
from entrepot.cli.registry_place import REGISTRY_HERE, RegistryPlace
from entrepot.core.pull_through import importing
from entrepot.spec.reference import Tag

_MOST_SHOWN = 1000


def refresh(
    image: Annotated[str, Parameter(help="A repository, or one tag of it: `hub/library/alpine:3`.")],
    /,
    *,
    where: RegistryPlace = REGISTRY_HERE,
    output: Format = "text",
) -> None:
    """Have the next pull look upstream, however lately somebody did."""
    repository, _, named = image.partition(":")
    tag = Tag.parse(named) if named else None
    tags = where.write_of(repository, importing.refresh, tag, _MOST_SHOWN)
    show({"repository": repository, "tags": [str(each) for each in tags]}, output)
