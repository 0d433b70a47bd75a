"""Images as `docker save` leaves them, of layers that lie in files."""

import hashlib
import io
import json
import tarfile
from collections.abc import Sequence
from pathlib import Path


def save(target: Path, layers: Sequence[Path]) -> Path:
    """Write an image of these archives, the lowest first; each lies in a folder of its digest."""
    digests = [_digest(layer) for layer in layers]
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{each}" for each in digests]},
        "history": [{"created_by": "tests"} for _ in digests],
    }
    body = json.dumps(config).encode()
    name = f"{hashlib.sha256(body).hexdigest()}.json"
    manifest = [{"Config": name, "RepoTags": ["tests:1"], "Layers": [f"{each}/layer.tar" for each in digests]}]
    partial = target.with_suffix(".partial")
    with tarfile.open(partial, "w") as archive:
        _add(archive, name, body)
        _add(archive, "manifest.json", json.dumps(manifest).encode())
        for digest, layer in zip(digests, layers, strict=True):
            archive.add(layer, f"{digest}/layer.tar")
    return partial.rename(target)


def _digest(layer: Path) -> str:
    with layer.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def pack(target: Path, folder: Path, *, without: Sequence[str] = ()) -> Path:
    """An archive of a folder, in order and without times; what lies in `without` is left out."""

    def kept(info: tarfile.TarInfo) -> tarfile.TarInfo | None:
        info.mtime = info.uid = info.gid = 0
        info.uname = info.gname = ""
        left_out = any(info.name == each or info.name.startswith(f"{each}/") for each in without)
        return None if left_out or info.ischr() or info.isblk() else info

    with tarfile.open(target, "w") as archive:
        for path in sorted(folder.iterdir()):
            archive.add(path, path.name, filter=kept)
    return target


def _add(archive: tarfile.TarFile, name: str, body: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(body)
    archive.addfile(info, io.BytesIO(body))
