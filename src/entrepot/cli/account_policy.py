"""`entrepot account policy`: service control policies, which limit an account as a whole, its root too."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from entrepot.app import opened
from entrepot.cli.output import HERE, Format, Place, show
from entrepot.core import service_control

Account = Annotated[str | None, Parameter(help="12 digits; the default account when left out.")]
Name = Annotated[str, Parameter(help="The policy's name.")]


def put(
    file: Annotated[Path, Parameter(help="The policy in JSON; `-` reads standard input.", allow_leading_hyphen=True)],
    *,
    name: Name,
    place: Place = HERE,
    account: Account = None,
    output: Format = "text",
) -> None:
    """Set a policy of an account: at once nobody in it may do what none of its policies allows, or one denies."""
    settings = place.settings()
    of, now = account or settings.account_id, datetime.now(UTC)
    text = sys.stdin.read() if str(file) == "-" else file.read_text()
    with opened.database(settings) as database:
        database.submit(lambda tx: service_control.put(tx, of, name, text, now)).result()
    show({"account_id": of, "name": name}, output)


def list_(*, place: Place = HERE, account: Account = None, output: Format = "text") -> None:
    """Show an account's policies."""
    settings = place.settings()
    of = account or settings.account_id
    with opened.database(settings) as database:
        found = database.read(lambda tx: service_control.list_of(tx, of))
    show(
        [{"name": each.name, "created_at": each.created_at.isoformat(), "document": each.document} for each in found],
        output,
    )


def delete(*, name: Name, place: Place = HERE, account: Account = None, output: Format = "text") -> None:
    """Remove a policy of an account; an account without any is not limited."""
    settings = place.settings()
    of = account or settings.account_id
    with opened.database(settings) as database:
        database.submit(lambda tx: service_control.delete(tx, of, name)).result()
    show({"account_id": of, "name": name}, output)
