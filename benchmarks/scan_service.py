"""Scans as a client of a running server sees them: from StartImageScan until it is COMPLETE, cold and of known layers.

    python -m benchmarks.scan_service [--mib 650] [--repeat 20]

The image is that of benchmarks.scan_speed. Each scan is of another manifest; those of known layers have the same.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.cpu import usage
from benchmarks.scan_speed import dumps, made
from benchmarks.servers import ROOT
from tests.factories.advisory_files import dump, record
from tests.factories.layouts import OCI_LAYER, Content, Image, manifest
from tests.factories.processes import Server, serve
from tests.factories.registry import Registry
from tests.operation.commands import entrepot

_CONCERNED = 200  # packages of the system of which an advisory tells
_CONFIG = "application/vnd.oci.image.config.v1+json"


class Service:
    """A server that holds the layers of one image, and knows of vulnerabilities."""

    def __init__(self, server: Server, mib: int) -> None:
        self._server = server
        self._client = server.client()
        self._client.create_repository(repositoryName="app")
        self._registry = Registry(server)
        self._layers = [Content(OCI_LAYER, path.read_bytes()) for _, path in made(mib).layers]
        for layer in self._layers:
            self._registry.push_blob("app", layer)

    def scan(self, number: int) -> tuple[float, float]:
        """Push one more image of the layers and have it scanned: seconds until it was, and of CPU of the server."""
        rootfs = {"type": "layers", "diff_ids": [f"sha256:{index:064x}" for index, _ in enumerate(self._layers)]}
        config = Content(
            _CONFIG, json.dumps({"architecture": "amd64", "author": str(number), "rootfs": rootfs}).encode()
        )
        self._registry.push_blob("app", config)
        image = Image(manifest(config, self._layers), config, tuple(self._layers))
        self._registry.put_manifest("app", image.digest, image.manifest)
        image_id, before = {"imageDigest": image.digest}, usage(self._server.process.pid)
        begun = time.perf_counter()
        self._client.start_image_scan(repositoryName="app", imageId=image_id)
        while (told := self._status(image_id))["status"] == "IN_PROGRESS":
            time.sleep(0.002)  # a client can only ask again whether it is over
        took = time.perf_counter() - begun
        if told["status"] != "COMPLETE":
            raise RuntimeError(told["description"])
        return took, (usage(self._server.process.pid) - before).total

    def _status(self, image_id: dict[str, str]) -> dict[str, str]:
        told = self._client.describe_image_scan_findings(repositoryName="app", imageId=image_id, maxResults=1)
        return dict(told["imageScanStatus"])


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


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.scan_service", description=__doc__)
    parser.add_argument("--mib", type=int, default=650)
    parser.add_argument("--repeat", type=int, default=20)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=ROOT / "build") as folder, serve(Path(folder)) as server:
        imported = entrepot("vulndb", "import", *dumps(), advisories(Path(folder)), "--data", server.data)
        if imported.status:
            raise RuntimeError(imported.complaint)
        service = Service(server, arguments.mib)
        print("cold            {:.3f} s, CPU of the server {:.2f} s".format(*service.scan(0)))
        known = [service.scan(number) for number in range(1, arguments.repeat + 1)]
        took, cpu = (sorted(each) for each in zip(*known, strict=True))
        middle = statistics.median(took)
        spent = sum(cpu) / len(cpu)
        sys.stdout.write(
            f"layers known    {middle:.3f} s ({took[0]:.3f} to {took[-1]:.3f}), CPU {spent:.3f} s a scan\n"
        )


if __name__ == "__main__":
    main()
