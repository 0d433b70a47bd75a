"""`entrepot replication options`: what AWS has no name for of replication."""

from typing import Annotated, get_args

from cyclopts import Parameter

from entrepot.cli.destinations import parse
from entrepot.cli.output import Format, show
from entrepot.cli.registry_place import REGISTRY_HERE, RegistryPlace
from entrepot.core.replication import options
from entrepot.core.replication.options import Kind, Option

_SETTINGS = ", ".join(get_args(Kind))


def set_(
    destination: str,
    /,
    *,
    repository_prefix: Annotated[
        list[str] | None, Parameter(negative="", help="Of which repositories; without, of all that the rules take.")
    ] = None,
    tag: Annotated[
        list[str] | None, Parameter(negative="", help="Only images with a tag like this go there; * is anything.")
    ] = None,
    setting: Annotated[list[Kind] | None, Parameter(negative="", help=f"What goes there too: {_SETTINGS}.")] = None,
    where: RegistryPlace = REGISTRY_HERE,
    output: Format = "text",
) -> None:
    """Say what goes to a destination (ACCOUNT/REGION), in place of what was said of it and the same prefixes; nothing
    takes that away.
    """
    given = Option(parse(destination), tuple(repository_prefix or ()), tuple(tag or ()), tuple(setting or ()))
    named = (given.destination, given.prefixes)
    others = [each for each in where.read(options.get) if (each.destination, each.prefixes) != named]
    wanted = [*others, given] if given.tags or given.settings else others
    told = {"options": [_shown(each) for each in wanted]}
    kept = where.write(options.put, wanted, where.settings().regions, told)
    show([_shown(each) for each in kept], output)


def show_(*, where: RegistryPlace = REGISTRY_HERE, output: Format = "text") -> None:
    """Show what goes where."""
    show([_shown(each) for each in where.read(options.get)], output)


def _shown(option: Option) -> dict[str, object]:
    return {
        "destination": f"{option.destination.account}/{option.destination.region}",
        "repository_prefixes": list(option.prefixes),
        "tags": list(option.tags),
        "settings": list(option.settings),
    }
