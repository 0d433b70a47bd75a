"""What must be there before a workload: a large blob, a repository with very many tags.

This server and those that take it in bearable time are seeded through their API. Distribution and zot get their tags in
their own layout on disk, written before they start: a PUT for each of 100,000 tags takes them minutes (Distribution)
and hours (zot, which writes its index anew each time).
"""

import hashlib
import json
from pathlib import Path

from benchmarks import load
from benchmarks.servers import DISTRIBUTION, NGINX, OURS, ZOT, Running

_CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
_MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
_REPOSITORY = "bench/many"
_TAGS_OF_ONE_IMAGE = 900  # below what one image may have


def through_api(server: Running, repository: str, tags: int) -> None:
    """Push one image and tag it, where that was not done on disk."""
    if server.name == OURS:
        flags = ["-repo", repository, "-tags", str(tags), "-distinct", str(_TAGS_OF_ONE_IMAGE)]
        load.run(server, "seed", *flags)


def one_blob(server: Running, repository: str, size: int) -> str:
    """A blob of this size, held by an image's repository; its path."""
    if server.name == NGINX:
        with (server.data / "data" / "blob").open("wb") as file:
            for number in range(size >> 20 or 1):
                file.write(hashlib.sha512(b"%d" % number).digest() * (1 << 14))
        return "/blob"
    server.create(repository)
    done = load.run(server, "push", "-repo", repository, "-size", str(size))
    return f"/v2/{repository}/blobs/{done.report['digest']}"


def prepare(name: str, directory: Path, tags: int) -> None:
    """Write a peer's layout with so many tags of one image."""
    writers = {DISTRIBUTION: _distribution, ZOT: _zot}
    if name in writers and not (directory / "data").exists():
        writers[name](directory / "data", [f"tag-{number:06d}" for number in range(tags)])


def _image() -> tuple[bytes, bytes, bytes]:
    layer, config = b"layer" * 4000, b'{"architecture":"amd64","os":"linux"}'
    document = {
        "schemaVersion": 2,
        "mediaType": _MANIFEST_TYPE,
        "config": _descriptor(_CONFIG_TYPE, config),
        "layers": [_descriptor("application/vnd.oci.image.layer.v1.tar", layer)],
    }
    return layer, config, json.dumps(document).encode()


def _descriptor(media_type: str, data: bytes) -> dict[str, object]:
    return {"mediaType": media_type, "digest": f"sha256:{_hex(data)}", "size": len(data)}


def _hex(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _distribution(data: Path, tags: list[str]) -> None:
    """blobs/sha256/ab/<hex>/data; links in the repository: _layers, _manifests/revisions, _manifests/tags."""
    root = data / "docker" / "registry" / "v2"
    repository = root / "repositories" / _REPOSITORY
    layer, config, manifest = _image()
    for blob in (layer, config, manifest):
        _write(root / "blobs" / "sha256" / _hex(blob)[:2] / _hex(blob) / "data", blob)
    for blob in (layer, config):
        _write(repository / "_layers" / "sha256" / _hex(blob) / "link", f"sha256:{_hex(blob)}".encode())
    link = f"sha256:{_hex(manifest)}".encode()
    _write(repository / "_manifests" / "revisions" / "sha256" / _hex(manifest) / "link", link)
    for tag in tags:
        place = repository / "_manifests" / "tags" / tag
        _write(place / "current" / "link", link)
        _write(place / "index" / "sha256" / _hex(manifest) / "link", link)


def _zot(data: Path, tags: list[str]) -> None:
    """An OCI layout a repository."""
    repository = data / _REPOSITORY
    layer, config, manifest = _image()
    for blob in (layer, config, manifest):
        _write(repository / "blobs" / "sha256" / _hex(blob), blob)
    named = [
        _descriptor(_MANIFEST_TYPE, manifest) | {"annotations": {"org.opencontainers.image.ref.name": tag}}
        for tag in tags
    ]
    _write(repository / "oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
    _write(repository / "index.json", json.dumps({"schemaVersion": 2, "manifests": named}).encode())
