"""Scans as a client of a running server sees them: from StartImageScan until it is COMPLETE, cold, of known layers, and
of several images whose layers all differ; and of a stream of pushed images that are built on some bases.

    python -m benchmarks.scan_service [--mib 650] [--repeat 20] [--images 8] [--pushed 500] [--bases 20]

The image is that of benchmarks.scan_speed. Each scan is of another manifest; those of known layers have the same ones.
New layers differ by one small file, which a member of gzip in front of the others adds. The client asks now and then
whether a scan is over, which costs CPU as well; that of the process that scans, and of what it starts, is told apart.
"""

import argparse
import gzip
import io
import json
import statistics
import tarfile
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.cpu import usage
from benchmarks.scan_speed import dumps, made
from benchmarks.servers import ROOT
from tests.factories.advisory_files import dump, record
from tests.factories.layouts import OCI_LAYER, Content, Image, manifest
from tests.factories.processes import Server, serve
from tests.factories.registry import Registry
from tests.operation.commands import children, entrepot

_CONCERNED = 200  # packages of the system of which an advisory tells
_CONFIG = "application/vnd.oci.image.config.v1+json"


_SELDOM, _OFTEN = 0.05, 0.004  # seconds between two questions whether a scan is over


@dataclass(frozen=True)
class Cost:
    """Seconds until a client saw the end of the last scan, and of CPU: of all processes, of those that scan."""

    wall: float
    cpu: float
    scanning: float


class Service:
    """A server that knows of vulnerabilities, and images in it."""

    def __init__(self, server: Server, mib: int) -> None:
        self._server = server
        self._client = server.client()
        self._client.create_repository(repositoryName="app")
        self._registry = Registry(server)
        self._layers = [Content(OCI_LAYER, path.read_bytes()) for _, path in made(mib).layers]
        self._held: set[str] = set()  # digests of what was pushed
        self._scanning = children(server.process.pid)[-1]

    def alike(self) -> str:
        """Push an image of the same layers as others: its digest."""
        return self._pushed(self._layers)

    def different(self) -> str:
        """The same of one all of whose layers are new."""
        return self._pushed([Content(OCI_LAYER, _mark() + layer.data) for layer in self._layers])

    def built_on(self, bases: int, images: int) -> Iterator[tuple[Content, ...]]:
        """The layers of images, each with one of its own upon those of one of so many bases; the bases are pushed."""
        below = [tuple(Content(OCI_LAYER, _mark() + layer.data) for layer in self._layers) for _ in range(bases)]
        for layers in below:
            for layer in layers:
                self._push(layer)
        for number in range(images):
            yield (
                *below[number % bases],
                Content(OCI_LAYER, _mark() + gzip.compress(bytes(tarfile.RECORDSIZE), mtime=0)),
            )

    def pushed_and_scanned(self, images: Sequence[Sequence[Content]]) -> Cost:
        """Push images to a registry that scans on push, one after the other, until all scans have ended."""
        rule = {"scanFrequency": "SCAN_ON_PUSH", "repositoryFilters": [{"filter": "*", "filterType": "WILDCARD"}]}
        self._client.put_registry_scanning_configuration(scanType="BASIC", rules=[rule])
        return self._cost(lambda: [self._pushed(layers) for layers in images], _SELDOM)

    def _pushed(self, layers: Sequence[Content]) -> str:
        rootfs = {"type": "layers", "diff_ids": [f"sha256:{index:064x}" for index, _ in enumerate(layers)]}
        told = {"architecture": "amd64", "author": str(uuid.uuid4()), "rootfs": rootfs}
        config = Content(_CONFIG, json.dumps(told).encode())
        image = Image(manifest(config, layers), config, tuple(layers))
        for blob in (config, *layers):
            self._push(blob)
        self._registry.put_manifest("app", image.digest, image.manifest)
        return image.digest

    def _push(self, blob: Content) -> None:
        if blob.digest not in self._held:
            self._registry.push_blob("app", blob)
            self._held.add(blob.digest)

    def scanned(self, digests: Sequence[str], pause: float) -> Cost:
        """Have images scanned, all at once."""

        def start() -> Sequence[str]:
            for digest in digests:
                self._client.start_image_scan(repositoryName="app", imageId={"imageDigest": digest})
            return digests

        return self._cost(start, pause)

    def _cost(self, start: Callable[[], Sequence[str]], pause: float) -> Cost:
        """What it takes until the scans of what is started have ended."""
        before = self._spent()
        begun = time.perf_counter()
        for digest in start():
            while (told := self._status(digest))["status"] == "IN_PROGRESS":
                time.sleep(pause)  # a client hears of the end of a scan by asking only
            if told["status"] != "COMPLETE":
                raise RuntimeError(told["description"])
        wall = time.perf_counter() - begun
        cpu, scanning = (after - earlier for after, earlier in zip(self._spent(), before, strict=True))
        return Cost(wall, cpu, scanning)

    def _spent(self) -> tuple[float, float]:
        return usage(self._server.process.pid).total, usage(self._scanning).total

    def _status(self, digest: str) -> dict[str, str]:
        told = self._client.describe_image_scan_findings(
            repositoryName="app", imageId={"imageDigest": digest}, maxResults=1
        )
        return dict(told["imageScanStatus"])


def _mark() -> bytes:
    """What in front of a layer makes another one of it: a file, in an archive without an end."""
    archive, name = io.BytesIO(), uuid.uuid4().hex
    with tarfile.open(fileobj=archive, mode="w") as writing:
        writing.addfile(tarfile.TarInfo(f"mark-{name}"))
    return gzip.compress(archive.getvalue()[: tarfile.BLOCKSIZE], mtime=0)


def advisories(folder: Path) -> Path:
    """Advisories of this machine's own system, which those that both scanners know need not tell of."""
    release = dict(line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if "=" in line)
    ecosystem = f"Debian:{release['VERSION_ID'].strip(chr(34))}"
    status = Path("/var/lib/dpkg/status").read_text()
    names = [line[9:] for line in status.splitlines() if line.startswith("Package: ")][:_CONCERNED]
    records = [
        record(f"NEW-{number}", name, ecosystem, fixed="999999", related=[f"CVE-2099-{number:05d}"])
        for number, name in enumerate(names)
    ]
    return dump(folder / ecosystem.partition(":")[0] / "all.zip", records)


def lines(service: Service, repeat: int, images: int, pushed: int, bases: int) -> Iterator[str]:
    """What was measured, a line for each kind of scans."""
    for name in ("the first", "cold"):  # the first waits for what reads layers to be loaded, too
        cost = service.scanned([service.different()], _SELDOM)
        yield f"{name:<15} {cost.wall:.3f} s, CPU {cost.scanning:.2f} s to scan, {cost.cpu:.2f} s of all processes"
    service.scanned([service.alike()], _SELDOM)
    known = [service.scanned([service.alike()], _OFTEN) for _ in range(repeat)]
    took = sorted(each.wall for each in known)
    scanning, spent = (statistics.mean(each) for each in zip(*((x.scanning, x.cpu) for x in known), strict=True))
    yield (
        f"layers known    {statistics.median(took):.3f} s ({took[0]:.3f} to {took[-1]:.3f}), "
        f"CPU {scanning:.3f} s to scan, {spent:.3f} s of all processes"
    )
    cost = service.scanned([service.different() for _ in range(images)], _SELDOM)
    yield (
        f"{images} new images    {60 * images / cost.wall:.1f} a minute, "
        f"CPU {cost.scanning / images:.2f} s an image to scan, {cost.cpu / images:.2f} s of all processes"
    )
    if pushed:
        cost = service.pushed_and_scanned(list(service.built_on(bases, pushed)))
        yield (
            f"{pushed} images pushed on {bases} bases    {60 * pushed / cost.wall:.1f} a minute, "
            f"CPU {cost.scanning / pushed:.2f} s an image to scan, {cost.cpu / pushed:.2f} s of all processes"
        )


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.scan_service", description=__doc__)
    parser.add_argument("--mib", type=int, default=650)
    parser.add_argument("--repeat", type=int, default=20)
    parser.add_argument("--images", type=int, default=8)
    parser.add_argument("--pushed", type=int, default=0)
    parser.add_argument("--bases", type=int, default=20)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=ROOT / "build") as folder, serve(Path(folder)) as server:
        imported = entrepot("vulndb", "import", *dumps(), advisories(Path(folder)), "--data", server.data)
        if imported.status:
            raise RuntimeError(imported.complaint)
        for line in lines(
            Service(server, arguments.mib), arguments.repeat, arguments.images, arguments.pushed, arguments.bases
        ):
            print(line, flush=True)


if __name__ == "__main__":
    main()
