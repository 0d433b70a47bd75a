"""`entrepot in-use report`: tells a registry which of its images run, in a Docker engine or a Kubernetes cluster.

It runs beside these, with AWS credentials that may do `entrepot:ReportImagesInUse`; it needs no data of the server.
"""

import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from entrepot.cli import aws_credentials, docker_images, kubernetes_images, server_calls
from entrepot.cli.output import Format, show
from entrepot.cli.running_images import Held, Place, Running, of_host
from entrepot.cli.server_calls import DEFAULT_REGION, HOST_STYLE, CallRefused

SERVICE, TARGET = "entrepot", "Entrepot_V20261127.ReportImagesInUse"
_PART = 500
_SESSION = "entrepot-in-use"
_LEAST_PAUSE = 10
Gather = Callable[[], Counter[Running]]


def report(
    registry: Annotated[str, Parameter(help="The registry, host:port or an URL, as images here name it.")],
    *,
    cluster: Annotated[str, Parameter(help="What this place is called. Default: the Docker engine's name.")] = "",
    docker: Annotated[Path, Parameter(help="The socket of the Docker engine.")] = docker_images.SOCKET,
    kubernetes: Annotated[
        bool, Parameter(name="--kubernetes", negative="", help="Ask Kubernetes, in whose cluster this runs.")
    ] = False,
    kubernetes_server: Annotated[str, Parameter(help="The cluster's API.")] = kubernetes_images.SERVER,
    kubernetes_account: Annotated[
        Path, Parameter(help="The folder with the service account's token and ca.crt.")
    ] = kubernetes_images.ACCOUNT,
    every: Annotated[int, Parameter(help="Report again and again, with so many seconds between; 0: once.")] = 0,
    output: Format = "text",
) -> int:
    """Tell which images of a registry run here, once or again and again."""
    engine = docker_images.Engine(docker)
    gather: Gather = engine.running
    if kubernetes:
        gather = kubernetes_images.Cluster(kubernetes_server, kubernetes_account).running
    reporter = Reporter(registry)
    while True:
        try:
            if kubernetes and not cluster:
                raise CallRefused("--cluster names the Kubernetes cluster: it does not know its name")
            cluster = cluster or engine.name()
            show(reporter.tell(cluster, gather()), output)
            sys.stdout.flush()
            status = 0
        except (CallRefused, OSError) as refused:
            sys.stderr.write(f"entrepot: {refused}\n")
            sys.stderr.flush()
            status = 1
        if not every:
            return status
        time.sleep(max(every, _LEAST_PAUSE))  # `--every`: this is all that the program does


class Reporter:
    """Reports to the private registries of one host; remembers to which, so that each learns of what runs no more."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._told: set[Place] = set()
        self._own: Place | None = None

    def tell(self, cluster: str, running: Mapping[Running, int]) -> dict[str, object]:
        """Report what runs; what became of it: CallRefused, OSError."""
        server = server_calls.server_of(self._address)
        found = self._resolved(cluster, of_host(running, server.netloc))
        failures: list[str] = []
        for place in {**found, **dict.fromkeys(self._told)}:
            failures += self._tell_registry(place, cluster, found.get(place, Counter()))
            self._told.add(place)
        images = sum(len(each) for each in found.values())
        containers = sum(each.total() for each in found.values())
        return {"cluster": cluster, "images": images, "running": containers, "failures": failures}

    def _resolved(self, cluster: str, found: Mapping[Place, Counter[Held]]) -> Mapping[Place, Counter[Held]]:
        """The registries by account and region, where some are named so: what runs of one is told in one report."""
        if len(found) == 1 and not self._told - {Place()}:
            return found
        if self._own is None:
            told = self._call(Place(), {"cluster": cluster, "images": [], "complete": False})
            self._own = Place(str(told.get("registryId", "")), aws_credentials.region() or DEFAULT_REGION)
        known = {self._own if place == Place() else place: Counter[Held]() for place in found}
        for place, images in found.items():
            known[self._own if place == Place() else place].update(images)
        self._told.discard(Place())
        return known

    def _tell_registry(self, place: Place, cluster: str, images: Counter[Held]) -> Sequence[str]:
        failures: list[str] = []
        started_at: object = None
        for part, complete in _parts(images):
            given: dict[str, object] = {"cluster": cluster, "images": part, "complete": complete}
            given |= {"startedAt": started_at} if started_at is not None else {}
            told = self._call(place, given)
            started_at = told.get("startedAt")
            failures += [_shown(each) for each in told.get("failures") or ()]
        return failures

    def _call(self, place: Place, given: Mapping[str, object]) -> dict[str, Any]:
        server = server_calls.server_of(self._address)
        host_style = HOST_STYLE.fullmatch(server.hostname or "")
        account, region = place.account, place.region or aws_credentials.region() or DEFAULT_REGION
        if host_style is not None:
            account, region = host_style["account"], host_style["region"]
        api = server_calls.api_of(server)
        credentials = server_calls.credentials_for(api, _SESSION)
        body = {**given, **({"registryId": account} if account else {})}

        def ask(scheme: str) -> dict[str, Any]:
            return server_calls.signed(scheme, api.netloc, SERVICE, region, TARGET, body, credentials)

        return server_calls.reached(api, ask)


def _parts(images: Counter[Held]) -> Sequence[tuple[Sequence[Mapping[str, object]], bool]]:
    """The parts of a report, each with whether it is the last; what is of one image is in one part."""
    shown = [
        {
            "repositoryName": each.repository,
            "imageDigest": each.digest,
            "count": count,
            **({"platform": each.platform} if each.platform else {}),
        }
        for each, count in sorted(images.items())
    ]
    parts = [shown[begin : begin + _PART] for begin in range(0, len(shown), _PART)] or [[]]
    return [(part, number == len(parts)) for number, part in enumerate(parts, 1)]


def _shown(failure: Mapping[str, Any]) -> str:
    return f"{failure.get('repositoryName')}@{failure.get('imageDigest')}: {failure.get('failureReason')}"
