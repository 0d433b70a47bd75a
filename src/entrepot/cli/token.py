"""`entrepot token`: registry tokens without the AWS API, for scripts on the server's own machine."""

from typing import Annotated

from cyclopts import Parameter

from entrepot.app import opened
from entrepot.cli.output import HERE, Format, Place, show


def issue(
    *,
    place: Place = HERE,
    account: Annotated[str | None, Parameter(help="12 digits; the default account when left out.")] = None,
    output: Format = "text",
) -> None:
    """Print a password for `docker login -u AWS`, of an account's root, good for 12 hours."""
    settings = place.settings()
    token, expires_at = opened.root_token(settings, account or settings.account_id)
    show({"username": "AWS", "password": token, "expires_at": expires_at.isoformat()}, output)
