"""Deployments for tests: servers with data of their own in Regions of their own, made known to each other."""

import base64
import contextlib
import json
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import urllib3

from tests.behaviour.identities import ACCOUNT
from tests.factories import processes
from tests.factories.processes import Server, serve
from tests.factories.registry import Registry
from tests.factories.waiting import wait
from tests.operation.commands import entrepot

HOME, AWAY, FAR = "us-east-1", "eu-west-1", "ap-south-1"
LOOPBACK = {"ENTREPOT_OUTBOUND_ALLOW": "127.0.0.1"}
NOTHING: Mapping[str, str] = {}
HASTY = {"ENTREPOT_REPLICATION_REST_SECONDS": "0.2"}


@contextlib.contextmanager
def deployment(
    path: Path, region: str, more: Mapping[str, str] = NOTHING, *, tls: bool = False, port: int | None = None
) -> Iterator[Server]:
    """A server of one Region and one worker, that may call others on loopback, with more variables."""
    settings = {"ENTREPOT_REGIONS": region, "ENTREPOT_WORKERS": "1", **LOOPBACK, **HASTY, **more}
    with serve(path, tls=tls, port=port, environment=settings) as server:
        yield server


def done(server: Server, *arguments: object, text: str = "", authorities: Path | None = None) -> Any:
    """What a command beside a server tells."""
    trusted = {} if authorities is None else {"ENTREPOT_OUTBOUND_CA": str(authorities)}
    given = (*arguments, "--data", server.data, "--output", "json")
    ended = entrepot(*given, cwd=None, text=text, **LOOPBACK, **trusted)
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


def registry(server: Server, region: str = AWAY) -> Registry:
    """The registry of a server whose default Region is another one."""
    answer = server.client(region=region).get_authorization_token()
    token = base64.b64decode(answer["authorizationData"][0]["authorizationToken"]).decode().partition(":")[2]
    return Registry(server, token)


def calls(server: Server, name: str) -> list[dict[str, Any]]:
    """The calls of a kind that a server has answered, as its access log tells of them."""
    lines = server.log.read_text(errors="replace").splitlines()
    found = [json.loads(line) for line in lines if f'"/peer/v1/{name}"' in line]
    return [each for each in found if each["event"] == "request"]


def pieces(server: Server) -> int:
    """How many calls brought bytes of blobs to a server, which has one worker, until now."""
    mark = f"/mark/{uuid.uuid4()}"
    with urllib3.PoolManager(ssl_context=server.context() if server.ca else None, retries=False) as pool:
        pool.request("GET", f"{server.base_url}{mark}")
    wait(lambda: mark in server.log.read_text(errors="replace"), what="a log that is written")
    return len(calls(server, "piece"))


def running(port: int) -> Server:
    """The server that listens at a port."""
    (found,) = [each for each in processes.running if each.port == port and each.process.poll() is None]
    return found
