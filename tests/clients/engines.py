"""What podman and buildah share: storage of their own in the test's directory, and comparing what they packed anew."""

import gzip
import json
import tempfile
from pathlib import Path

from tests.clients.workplace import Workplace
from tests.factories.layouts import read_layout, sha256

ENGINE_VARIABLES = {"STORAGE_DRIVER": "vfs", "BUILDAH_ISOLATION": "chroot"}


class Engine:
    """podman or buildah over storage of its own."""

    def __init__(self, place: Workplace, program: str, *options: str) -> None:
        self.place = place
        self.program = program
        # podman takes no runroot of more than 50 characters: a directory of its own instead of the test's
        storage = tempfile.TemporaryDirectory(prefix="cs", ignore_cleanup_errors=True)
        place.cleanup.callback(storage.cleanup)
        self.options = ["--root", f"{storage.name}/root", "--runroot", f"{storage.name}/run", *options]
        self.verify = "--tls-verify=true" if place.tls else "--tls-verify=false"
        containers = place.path / "home" / ".config" / "containers"
        containers.mkdir(parents=True, exist_ok=True)
        (containers / "policy.json").write_text('{"default":[{"type":"insecureAcceptAnything"}]}')

    def run(self, *arguments: str | Path, text: str | None = None, succeeds: bool = True) -> str:
        """Run one command of the engine."""
        return self.place.run(
            self.program, *self.options, *arguments, text=text, succeeds=succeeds, **ENGINE_VARIABLES
        ).strip()

    def login(self, password: str, *, succeeds: bool = True) -> str:
        """Log in as clients of ECR do."""
        arguments = ["login", self.verify, "--username", "AWS", "--password-stdin", self.place.server.host]
        # logging in knows no storage: buildah refuses the options there
        return self.place.run(self.program, *arguments, text=password, succeeds=succeeds, **ENGINE_VARIABLES)

    def forget(self) -> None:
        """Remove all images, so that a pull must bring every byte."""
        self.run("rmi", "--all", "--force")


def unpacked(blobs: dict[str, bytes], manifest: bytes) -> list[str]:
    """The digests of an image's unpacked layers, from its blobs."""
    layers = [blobs[layer["digest"]] for layer in json.loads(manifest)["layers"]]
    return [sha256(gzip.decompress(layer) if layer[:2] == b"\x1f\x8b" else layer) for layer in layers]


def layers_of_layout(directory: Path) -> list[str]:
    """The digests of the unpacked layers of the one image in an OCI layout."""
    blobs = read_layout(directory)
    top = json.loads((directory / "index.json").read_bytes())["manifests"][0]["digest"]
    return unpacked(blobs, blobs[top])


def stored_layers(place: Workplace, reference: str) -> list[str]:
    """The same of an image in the registry, every blob of it compared with its digest."""
    blobs = place.registry.pull(place.repository, reference)
    return unpacked(blobs, place.registry.pull_manifest(place.repository, reference).data)
