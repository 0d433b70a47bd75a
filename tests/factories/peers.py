"""Deployments for tests: servers with data of their own in Regions of their own, made known to each other."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.behaviour.identities import ACCOUNT
from tests.factories.processes import Server, serve
from tests.operation.commands import entrepot

HOME, AWAY, FAR = "us-east-1", "eu-west-1", "ap-south-1"
LOOPBACK = {"ENTREPOT_OUTBOUND_ALLOW": "127.0.0.1"}
HASTY = {"ENTREPOT_REPLICATION_REST_SECONDS": "0.2"}


@contextlib.contextmanager
def deployment(path: Path, region: str, *, tls: bool = False, port: int | None = None, **more: str) -> Iterator[Server]:
    """A server of one Region, that may call others on loopback."""
    settings = {"ENTREPOT_REGIONS": region, "ENTREPOT_WORKERS": "2", **LOOPBACK, **HASTY, **more}
    with serve(path, tls=tls, port=port, environment=settings) as server:
        yield server


def done(server: Server, *arguments: object, text: str = "", **variables: str) -> Any:
    """What a command beside a server tells."""
    ended = entrepot(*arguments, "--data", server.data, "--output", "json", text=text, **LOOPBACK, **variables)
    assert (ended.status, ended.complaint) == (0, ""), ended
    return ended.result


def key(server: Server) -> str:
    """The key by which peers know a server."""
    shown: str = done(server, "peer", "key")["key"]
    return shown


def introduce(
    sender: Server,
    receiver: Server,
    serves: str,
    *,
    url: str = "",
    accounts: str = ACCOUNT,
    names: tuple[str, str] = ("there", "here"),
) -> None:
    """Have images of the sender go to what the receiver serves, for these accounts; `url` is where it is reached,
    `names` are what the sender calls the receiver, and the receiver the sender.
    """
    there, here = names
    reached = url or receiver.base_url
    done(sender, "peer", "add", there, "--url", reached, "--key", key(receiver), "--serves", serves)
    done(receiver, "peer", "add", here, "--key", key(sender), "--account", accounts)
