"""`entrepot public-alias`: names of public registries, which stand in their addresses."""

from datetime import UTC, datetime
from typing import Annotated

from cyclopts import Parameter

from entrepot.app import opened
from entrepot.cli.output import HERE, Format, Place, show
from entrepot.core import public_aliases
from entrepot.core.public_aliases import PublicAlias

Account = Annotated[str | None, Parameter(help="12 digits; the default account when left out.")]


def add(
    name: str,
    /,
    *,
    place: Place = HERE,
    account: Account = None,
    primary: Annotated[bool, Parameter(negative="", help="Write addresses with it, though there is another.")] = False,
    output: Format = "text",
) -> None:
    """Give an account's public registry an alias; its addresses are written with the first one that is given."""
    settings = place.settings()
    owner, now = account or settings.account_id, datetime.now(UTC)
    with opened.data(settings) as (database, _):
        added = database.submit(lambda tx: public_aliases.add(tx, owner, name, now, primary=primary)).result()
    show(_shown(added), output)


def list_(
    *,
    place: Place = HERE,
    account: Annotated[str | None, Parameter(help="12 digits; every account when left out.")] = None,
    output: Format = "text",
) -> None:
    """Show the aliases: the one that each registry was given, and those that were added."""
    with opened.data(place.settings()) as (database, _):
        found = database.read(lambda tx: public_aliases.list_of(tx, account))
    show([_shown(alias) for alias in found], output)


def remove(name: str, /, *, place: Place = HERE, account: Account = None, output: Format = "text") -> None:
    """Take an alias back: nothing is reached by it from then on, and another account may have it."""
    settings = place.settings()
    owner, now, default = account or settings.account_id, datetime.now(UTC), public_aliases.random_name()
    with opened.data(settings) as (database, _):
        gone = database.submit(lambda tx: public_aliases.remove(tx, owner, name, default, now)).result()
    show(_shown(gone), output)


def _shown(alias: PublicAlias) -> dict[str, object]:
    return {
        "alias": alias.name,
        "account_id": alias.account,
        "default": alias.standing == "default",
        "primary": alias.primary,
    }
