"""`entrepot peer`: other deployments, and registries of other make, that images go to or come from; beside a running
server or without one.
"""

import sys
from typing import Annotated

from cyclopts import Parameter

from entrepot.app import opened, parts, peer_parts
from entrepot.cli.output import HERE, Format, Place, show
from entrepot.core.peers import membership
from entrepot.core.peers.membership import Draft, Peer
from entrepot.core.units import BlockingUnits

Names = Annotated[
    str, Parameter(help="What it serves: Regions, accounts, or account/region; several with commas between them.")
]
Accounts = Annotated[
    str, Parameter(name="--account", help="Accounts that it may act for here; several with commas between them.")
]
Url = Annotated[str, Parameter(help="https://host[:port] where it is reached.")]


def key(*, place: Place = HERE, output: Format = "text") -> None:
    """Show the key by which peers know this deployment; made when it is first asked for."""
    show({"key": peer_parts.public_key(place.settings())}, output)


def add(
    name: str,
    /,
    *,
    url: Url = "",
    key: Annotated[str, Parameter(help="Its key, as `entrepot peer key` shows it there; else asked of its URL.")] = "",
    serves: Names = "",
    account: Accounts = "",
    place: Place = HERE,
    output: Format = "text",
) -> None:
    """Know another deployment: send images to what it serves, and let it act here for the accounts of --account."""
    draft = Draft(name, "deployment", url.rstrip("/"), key.strip(), accounts=_list(account), serves=_list(serves))
    show(_shown(peer_parts.add(place.settings(), draft)), output)


def add_registry(
    name: str,
    /,
    *,
    url: Url,
    serves: Names,
    prefix: Annotated[str, Parameter(help="Before the names of repositories there, such as mirror/.")] = "",
    username: Annotated[str, Parameter(help="Who pushes there; at AWS an access key id. The password is read.")] = "",
    place: Place = HERE,
    output: Format = "text",
) -> None:
    """Know a registry of another make, which images are pushed to; its password is a line on standard input."""
    secret = sys.stdin.readline().rstrip("\r\n") if username else ""
    draft = Draft(name, "registry", url.rstrip("/"), "", prefix, username, secret, (), _list(serves))
    show(_shown(peer_parts.add(place.settings(), draft)), output)


def list_(*, place: Place = HERE, output: Format = "text") -> None:
    """Show who the peers are, what they serve, and the accounts that they may act for."""
    with opened.database(place.settings()) as database:
        show([_shown(each) for each in BlockingUnits(database).read(membership.list_of)], output)


def check(name: str, /, *, place: Place = HERE, output: Format = "text") -> None:
    """Ask a deployment whether it knows this one, which Regions it serves, and for whom this one may act there."""
    found = peer_parts.greeted(place.settings(), name)
    show({"name": name, "regions": list(found.regions), "accounts": list(found.accounts)}, output)


def grant(name: str, /, *, account: str, place: Place = HERE, output: Format = "text") -> None:
    """Let a deployment act here for an account."""
    with opened.database(place.settings()) as database:
        show(_shown(BlockingUnits(database).write(membership.grant, name, account)), output)


def revoke(name: str, /, *, account: str, place: Place = HERE, output: Format = "text") -> None:
    """Let a deployment act here for an account no more, from the next call on."""
    with opened.database(place.settings()) as database:
        show(_shown(BlockingUnits(database).write(membership.revoke, name, account)), output)


def remove(name: str, /, *, place: Place = HERE, output: Format = "text") -> None:
    """Know a peer no more. What waits for it fails."""
    with opened.database(place.settings()) as database:
        failed = BlockingUnits(database).write(membership.remove, name, parts.clock())
    show({"name": name, "failed": failed}, output)


def _list(text: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in text.split(",") if each.strip())


def _shown(peer: Peer) -> dict[str, object]:
    serves = [f"{each.account or '*'}/{each.region or '*'}" for each in peer.serves]
    return {
        "name": peer.name,
        "kind": peer.kind,
        "url": peer.url,
        "key": peer.public_key,
        "prefix": peer.prefix,
        "username": peer.username,
        "serves": serves,
        "accounts": list(peer.accounts),
        "created_at": peer.created_at.isoformat(),
    }
