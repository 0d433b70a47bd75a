"""`entrepot key`: root keys of accounts."""

from datetime import UTC, datetime
from typing import Annotated

from cyclopts import Parameter

from entrepot.app import first_account, opened
from entrepot.cli.output import HERE, Format, Place, show
from entrepot.core import identities


def rotate(
    *,
    place: Place = HERE,
    account: Annotated[str | None, Parameter(help="12 digits; the default account when left out.")] = None,
    output: Format = "text",
) -> None:
    """Replace an account's root keys: the old ones, and every token issued to them, are void at once.

    Those of the default account are written to DATA/credentials too.
    """
    settings = place.settings()
    fresh = identities.fresh_credentials(account or settings.account_id)
    now = datetime.now(UTC)
    with opened.data(settings) as (database, seal):
        database.submit(lambda tx: identities.rotate_root_key(tx, seal, fresh, now)).result()
    if fresh.account == settings.account_id:
        first_account.write_credentials(settings.data, fresh)
    show(
        {
            "account_id": fresh.account,
            "access_key_id": fresh.access_key_id,
            "secret_access_key": fresh.secret_access_key,
        },
        output,
    )
