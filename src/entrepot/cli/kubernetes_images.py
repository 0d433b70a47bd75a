"""Which images run in a Kubernetes cluster (Kubernetes API: pods, nodes), asked with a service account's token."""

import http.client
import json
import ssl
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from entrepot.cli.running_images import Running, parse
from entrepot.cli.server_calls import CallRefused

SERVER = "https://kubernetes.default.svc"
ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_PAGE = 500
_MOST_PAGES = 1000
_SECONDS = 30
_MOST_BYTES = 64 * 1024 * 1024
_CONTAINERS = ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")


class Cluster:
    """A cluster's API: CallRefused, OSError."""

    def __init__(self, server: str, account: Path, most_pages: int = _MOST_PAGES) -> None:
        """`account` is the folder of a service account: `token`, which is read each time, and `ca.crt`."""
        self._server = urlsplit(server)
        self._account = account
        self._most_pages = most_pages

    def running(self) -> Counter[Running]:
        """How many pods run each image that came from a registry."""
        platforms = self._platforms()
        found: Counter[Running] = Counter()
        for pod in self._all("/api/v1/pods", fieldSelector="status.phase=Running"):
            platform = platforms.get(str(_in(pod, "spec").get("nodeName", "")), "")
            found.update(set(_of(_in(pod, "status"), platform)))
        return found

    def _platforms(self) -> dict[str, str]:
        """The platforms of nodes; none where the account may not see nodes."""
        try:
            nodes = list(self._all("/api/v1/nodes"))
        except _Forbidden:
            return {}
        found = {}
        for node in nodes:
            about = _in(_in(node, "status"), "nodeInfo")
            system, architecture = about.get("operatingSystem"), about.get("architecture")
            if isinstance(system, str) and isinstance(architecture, str) and system and architecture:
                found[str(_in(node, "metadata").get("name", ""))] = f"{system}/{architecture}"
        return found

    def _all(self, path: str, **query: str) -> Iterator[dict[str, Any]]:
        following, seen = "", {""}
        for _ in range(self._most_pages):
            asked = {"limit": str(_PAGE), **query, **({"continue": following} if following else {})}
            page = self._get(f"{path}?{urlencode(asked)}")
            items = page.get("items")
            yield from (each for each in items if isinstance(each, dict)) if isinstance(items, list) else ()
            following = str(_in(page, "metadata").get("continue") or "")
            if not following:
                return
            if following in seen:
                raise CallRefused(f"{self._server.netloc} answers with the same page of {path} again and again")
            seen.add(following)
        raise CallRefused(f"{self._server.netloc} has more than {self._most_pages} pages of {path}")

    def _get(self, path: str) -> dict[str, Any]:
        token = (self._account / "token").read_text().strip()
        connection = self._connection()
        try:
            connection.request("GET", path, headers={"Authorization": f"Bearer {token}", "Accept": "application/json"})
            answer = connection.getresponse()
            body = answer.read(_MOST_BYTES + 1)
        except http.client.HTTPException as fault:
            raise CallRefused(f"{self._server.netloc} gives no usable answer: {fault!r}") from None
        finally:
            connection.close()
        if answer.status == http.client.FORBIDDEN:
            raise _Forbidden(f"{self._server.netloc} does not let the service account see {path.partition('?')[0]}")
        if answer.status != http.client.OK or len(body) > _MOST_BYTES:
            raise CallRefused(f"{self._server.netloc} answers with status {answer.status} and {len(body)} bytes")
        try:
            told = json.loads(body)
        except ValueError:
            raise CallRefused(f"{self._server.netloc} answers with what is no JSON") from None
        return told if isinstance(told, dict) else {}

    def _connection(self) -> http.client.HTTPConnection:
        if self._server.scheme != "https" or not self._server.hostname:
            raise CallRefused(f"'{self._server.geturl()[:256]}' is no URL of a Kubernetes API: https://host[:port]")
        context = ssl.create_default_context(cafile=str(self._account / "ca.crt"))
        return http.client.HTTPSConnection(self._server.netloc, timeout=_SECONDS, context=context)


class _Forbidden(CallRefused):
    """What the service account may not see."""


def _of(status: dict[str, Any], platform: str) -> Iterator[Running]:
    """The images that run in a pod, each once: a pod counts as one, however many containers of it run an image."""
    for name in _CONTAINERS:
        containers = status.get(name)
        for container in containers if isinstance(containers, list) else ():
            if isinstance(container, dict) and "running" in _in(container, "state"):
                found = parse(str(container.get("imageID", "")), platform)
                if found is not None:
                    yield found


def _in(value: dict[str, Any], name: str) -> dict[str, Any]:
    found = value.get(name)
    return found if isinstance(found, dict) else {}
