"""`entrepot quota bytes`: how many bytes a registry may hold, or its repositories under a prefix."""

from collections.abc import Sequence
from typing import Annotated

from cyclopts import Parameter, Token

from entrepot.cli.output import Format, show
from entrepot.cli.quota import Public
from entrepot.cli.registry_place import REGISTRY_HERE, RegistryPlace
from entrepot.core.quotas import settings
from entrepot.settings.kinds import size

Prefix = Annotated[
    str,
    Parameter(help="`team/` is every repository below it, `team/app` this one; the registry as a whole if left out."),
]


def _size(_: type, tokens: Sequence[Token]) -> int:
    return size(tokens[0].value)


Size = Annotated[int, Parameter(help="Bytes, or a number with KiB, MiB, GiB or TiB.", converter=_size)]


def set_(
    most: Size,
    /,
    *,
    prefix: Prefix = "",
    public: Public = False,
    where: RegistryPlace = REGISTRY_HERE,
    output: Format = "text",
) -> None:
    """Set how many bytes may be held; what would be more is refused from now on."""
    where.of(public=public).write(settings.put_bytes, prefix, most)
    show({"prefix": prefix, "quota_bytes": most}, output)


def remove(
    *, prefix: Prefix = "", public: Public = False, where: RegistryPlace = REGISTRY_HERE, output: Format = "text"
) -> None:
    """Let any number of bytes be held again."""
    where.of(public=public).write(settings.remove_bytes, prefix)
    show({"prefix": prefix}, output)
