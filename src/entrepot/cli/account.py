"""`entrepot account`: accounts, each with its own registries and root keys."""

from datetime import UTC, datetime
from typing import Annotated

from cyclopts import Parameter

from entrepot.app import opened
from entrepot.cli.output import HERE, Format, Place, show
from entrepot.core import identities


def create(
    *,
    place: Place = HERE,
    account_id: Annotated[str | None, Parameter(name="--id", help="12 digits; random when left out.")] = None,
    name: Annotated[str, Parameter(help="A name for people.")] = "",
    output: Format = "text",
) -> None:
    """Make an account and show its root keys; the secret is shown this once."""
    fresh = identities.fresh_credentials(account_id or identities.fresh_account_id())
    now = datetime.now(UTC)
    with opened.data(place.settings()) as (database, seal):
        database.submit(lambda tx: identities.create_account(tx, seal, fresh, name, now)).result()
    show(
        {
            "account_id": fresh.account,
            "access_key_id": fresh.access_key_id,
            "secret_access_key": fresh.secret_access_key,
        },
        output,
    )


def list_(*, place: Place = HERE, output: Format = "text") -> None:
    """Show the accounts."""
    with opened.data(place.settings()) as (database, _):
        found = database.read(identities.list_accounts)
    show(
        [{"account_id": item.id, "name": item.name, "created_at": item.created_at.isoformat()} for item in found],
        output,
    )
