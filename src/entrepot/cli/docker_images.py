"""Which images run in a Docker engine, or what speaks like one (Docker Engine API: /containers/json,
/images/{name}/json), over its socket.
"""

import http.client
import json
import socket
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from entrepot.cli.running_images import Running, parse
from entrepot.cli.server_calls import CallRefused

SOCKET = Path("/var/run/docker.sock")
_SECONDS = 30
_MOST_BYTES = 64 * 1024 * 1024


class Engine:
    """An engine behind a socket: every method raises CallRefused, OSError."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def name(self) -> str:
        """What the engine's machine is called."""
        return str(self._get("/info").get("Name") or "docker")

    def running(self) -> Counter[Running]:
        """How many containers run each image that came from a registry, or went to one."""
        found: Counter[Running] = Counter()
        known: dict[str, dict[str, Any]] = {}
        for container in self._list("/containers/json"):
            image_id = str(container.get("ImageID", ""))
            if image_id and image_id not in known:
                known[image_id] = self._get(f"/images/{quote(image_id, safe=':')}/json")
            found.update(_of(known.get(image_id, {}), str(container.get("Image", ""))))
        return found

    def _get(self, path: str) -> dict[str, Any]:
        told = self._ask(path)
        if not isinstance(told, dict):
            raise CallRefused(f"{self._path} answers {path} with what is no object")
        return told

    def _list(self, path: str) -> Iterator[dict[str, Any]]:
        told = self._ask(path)
        if not isinstance(told, list):
            raise CallRefused(f"{self._path} answers {path} with what is no list")
        return (each for each in told if isinstance(each, dict))

    def _ask(self, path: str) -> object:
        connection = _UnixConnection(self._path)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read(_MOST_BYTES + 1)
        except http.client.HTTPException as fault:
            raise CallRefused(f"{self._path} answers {path} with what is no HTTP: {fault!r}") from None
        finally:
            connection.close()
        if answer.status == http.client.NOT_FOUND:
            return {}  # the image of a container that runs may have been removed
        if answer.status != http.client.OK or len(body) > _MOST_BYTES:
            raise CallRefused(f"{self._path} answers {path} with status {answer.status} and {len(body)} bytes")
        try:
            told: object = json.loads(body)
        except ValueError:
            raise CallRefused(f"{self._path} answers {path} with what is no JSON") from None
        return told


def _of(image: dict[str, Any], named: str) -> Iterator[Running]:
    """The names of an image in registries: the one by which the container was started, else each that it has."""
    parts = [image.get(name) for name in ("Os", "Architecture", "Variant")]
    platform = "/".join(part for part in parts if isinstance(part, str) and part)
    digests = image.get("RepoDigests")
    found = [parse(each, platform) for each in digests if isinstance(each, str)] if isinstance(digests, list) else []
    known = [each for each in found if each is not None]
    wanted = [each for each in known if _name(named) == f"{each.host}/{each.path}"]
    return iter(dict.fromkeys(wanted or known))


def _name(reference: str) -> str:
    """A reference without its tag and digest; the host in lower case."""
    name = reference.partition("@")[0]
    head, slash, last = name.rpartition("/")
    host, more, path = f"{head}{slash}{last.partition(':')[0]}".partition("/")
    return f"{host.lower()}{more}{path}"


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a socket of the file system."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(_SECONDS)
        self.sock.connect(str(self._path))
