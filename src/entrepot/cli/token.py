"""`entrepot token`: registry tokens without the AWS API, for scripts on the server's own machine."""

from typing import Annotated

from cyclopts import Parameter

from entrepot.app import opened
from entrepot.cli.output import HERE, Format, Place, show
from entrepot.core import narrow_tokens
from entrepot.core.narrow_tokens import Narrowing


def create(
    *,
    place: Place = HERE,
    ttl: Annotated[str, Parameter(help="How long it is good: 90s, 15m, 2h; at most 12h.")] = "12h",
    actions: Annotated[
        str, Parameter(help="pull, push, or actions of ECR; several with commas between them.")
    ] = "pull",
    repositories: Annotated[str, Parameter(help="Names, or patterns with *; several with commas between them.")] = "*",
    account: Annotated[str | None, Parameter(help="12 digits; the default account when left out.")] = None,
    user: Annotated[str | None, Parameter(help="A user of the account; its root when left out.")] = None,
    output: Format = "text",
) -> None:
    """Print a password for `docker login -u AWS` that may do so much only, and no more than whom it is of."""
    settings = place.settings()
    narrowing = Narrowing(
        tuple(actions.split(",")),
        tuple(repositories.split(",")),
        narrow_tokens.parse_ttl(ttl),
    )
    token, expires_at = opened.narrow_token(settings, account or settings.account_id, user, narrowing)
    show({"username": "AWS", "password": token, "expires_at": expires_at.isoformat()}, output)


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
