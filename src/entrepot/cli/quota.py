"""`entrepot quota`: what an account may have in a registry, as AWS counts it."""

from typing import Annotated

from cyclopts import Parameter

from entrepot.cli.output import Format, show
from entrepot.cli.registry_place import REGISTRY_HERE, RegistryPlace
from entrepot.core.quotas import settings
from entrepot.core.quotas.settings import Held, Used

Name = Annotated[str, Parameter(help="The quota's name, as `quota list` shows it.")]
Public = Annotated[bool, Parameter(negative="", help="The account's public registry instead.")]


def list_(*, public: Public = False, where: RegistryPlace = REGISTRY_HERE, output: Format = "text") -> None:
    """Show every quota of a registry, and AWS's value where another was set."""
    show([_shown(each) for each in where.of(public=public).read(settings.list_of)], output)


def set_(
    name: Name,
    value: int,
    /,
    *,
    public: Public = False,
    where: RegistryPlace = REGISTRY_HERE,
    output: Format = "text",
) -> None:
    """Set a quota for what is added from now on."""
    where.of(public=public).write(settings.put, name, value)
    show({"quota": name, "value": value}, output)


def reset(
    name: Name, /, *, public: Public = False, where: RegistryPlace = REGISTRY_HERE, output: Format = "text"
) -> None:
    """Let a quota have AWS's value again."""
    where.of(public=public).write(settings.reset, name)
    show({"quota": name, "value": "AWS's"}, output)


def usage(*, public: Public = False, where: RegistryPlace = REGISTRY_HERE, output: Format = "text") -> None:
    """Show how many bytes a registry holds, and repositories under each prefix that has a quota of bytes."""
    show([_used(each) for each in where.of(public=public).read(settings.usage)], output)


def _shown(each: Held) -> dict[str, object]:
    shown: dict[str, object] = {"quota": each.name, "value": each.value, "of": each.quota.unit}
    return shown if each.value == each.quota.value else {**shown, "at_aws": each.quota.value}


def _used(each: Used) -> dict[str, object]:
    shown: dict[str, object] = {"prefix": each.prefix, "held_bytes": each.held, "reserved_bytes": each.reserved}
    return shown if each.value is None else {**shown, "quota_bytes": each.value}
