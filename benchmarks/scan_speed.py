"""Scans of an image as large as many are, beside Trivy's of the same file: cold, warm, one after the other, in memory.

    python -m benchmarks.scan_speed [--mib 650] [--repeat 5]

The image is made once of this machine's own system and programs, in five layers that gzip packed. Ours is what a server
does that runs already; Trivy's figures have the start of its process in them, as whoever calls it for each image has.
"""

import argparse
import asyncio
import gzip
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.cpu import usage
from benchmarks.report import Gate, Row, table
from benchmarks.servers import OURS, ROOT
from entrepot.core.scanning import inventories
from entrepot.core.scanning.layer_programs import LayerPrograms
from entrepot.core.vulnerabilities.importing import Importing
from entrepot.core.vulnerabilities.known import Known
from entrepot.db.vulnerability_generations import Generations
from entrepot.scan.matching import matches
from entrepot.scan.merging import merge
from entrepot.scan.packages import Layer
from tests.differential.trivy_database import build

TRIVY = "trivy"
_KEPT = ROOT / "build" / "bench" / "images"
_PROGRAM = ROOT / "build" / "oracles" / "bin" / "trivy"
_READ = "from entrepot.inventory.reading import read; raise SystemExit(read())"
_IMAGES = 8  # of the sustained rate
# a system with its package manager's database, its libraries, languages, and programs that were built by hand
_PARTS = (
    (0.18, ("etc/os-release", "etc/debian_version", "usr/lib/os-release", "var/lib/dpkg", "usr/bin", "usr/sbin")),
    (0.42, ("usr/lib/x86_64-linux-gnu", "usr/lib/python3", "usr/lib/aarch64-linux-gnu", "usr/share")),
    (0.20, ("usr/local/lib", "usr/lib/node_modules", "usr/lib/gcc")),
)
Taken = list[tuple[str, Layer]]


class Image:
    """An image in an OCI layout: its layers, the lowest first."""

    def __init__(self, layout: Path) -> None:
        self.layout = layout
        self.blobs = layout / "blobs" / "sha256"
        index = json.loads((layout / "index.json").read_text())
        manifest = json.loads((self.blobs / index["manifests"][0]["digest"][7:]).read_text())
        self.layers = [(each["digest"], self.blobs / each["digest"][7:]) for each in manifest["layers"]]
        self.unpacked = int(manifest["annotations"]["unpacked"])


class Scans:
    """This project's scan of an image, as core/scanning/engine.py runs it, without the rows of a server."""

    def __init__(self, known: Known) -> None:
        self._known = known

    async def cold(self, image: Image, programs: LayerPrograms) -> int:
        """Read each layer by a program of its own, the largest first, and match; how many findings."""
        order = sorted(image.layers, key=lambda layer: layer[1].stat().st_size, reverse=True)
        read = dict(
            zip((digest for digest, _ in order), await asyncio.gather(*self._reads(order, programs)), strict=True)
        )
        return self.matched([(digest, read[digest]) for digest, _ in image.layers])

    def _reads(self, layers: Sequence[tuple[str, Path]], programs: LayerPrograms) -> Iterator["asyncio.Task[Layer]"]:
        for digest, path in layers:
            yield asyncio.ensure_future(_read(programs, digest, path))

    def warm(self, kept: Sequence[tuple[str, bytes]]) -> int:
        """Match what is kept of the layers."""
        return self.matched([(digest, inventories.unpacked(body)) for digest, body in kept])

    def matched(self, layers: Taken) -> int:
        """How many findings the image of these layers has."""
        return len(matches(merge(layers), self._known))


def rows(repeat: int, mib: int, dumps: Sequence[Path], say: Callable[[str], None]) -> Iterator[Row]:
    """The image cold and warm, the rate, and the memory of each process."""
    say(f"scans: an image of {mib} MiB")
    image = made(mib)
    absent = {} if _PROGRAM.exists() else {TRIVY: f"{_PROGRAM} is absent: `make build/oracles/ready`"}
    yield from _memory(image)
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=_KEPT)))
        generations = Generations(scratch / "vulndb")
        stack.callback(generations.close)
        Importing(generations, datetime.now(UTC), False, (), lambda _: None).run(list(dumps))
        file = stack.enter_context(generations.reading())
        if file is None:
            raise AssertionError("nothing was imported")
        cold, cpu, warm, rate = _of_ours(Scans(Known(file)), image, repeat)
        for row in (cold, cpu, warm, rate):
            row.missing = absent
        if not absent:
            say("scans: Trivy")
            _of_trivy((cold, cpu, warm, rate), image, repeat, scratch / "trivy", dumps)
        yield from (cold, cpu, warm, rate)


def _of_ours(scans: Scans, image: Image, repeat: int) -> tuple[Row, Row, Row, Row]:
    size = f"{image.unpacked >> 20} MiB in {len(image.layers)} layers"
    cold = Row(f"scan, cold, {size}", "s", lower_is_better=True, gates=[Gate("", 0, 1.5), Gate(TRIVY, 2.0)])
    cpu = Row(f"scan, cold, {size}, CPU of all processes", "s", lower_is_better=True, gates=[Gate(TRIVY, 2.0)])
    warm = Row("scan of layers that are known", "s", lower_is_better=True, gates=[Gate("", 0, 0.05)])
    rate = Row(
        "scans, cold, two at a time", "images/min", lower_is_better=False, gates=[Gate("", 0, 70), Gate(TRIVY, 2.0)]
    )
    programs = LayerPrograms()
    with asyncio.Runner() as loop:
        for _ in range(repeat):
            before, begun = _spent(), time.perf_counter()
            loop.run(scans.cold(image, programs))
            cold.add(OURS, time.perf_counter() - begun)
            cpu.add(OURS, _spent() - before)
        kept = [(digest, inventories.packed(layer)) for digest, layer in loop.run(_all(image, programs))]
        for _ in range(repeat * 4):
            begun = time.perf_counter()
            scans.warm(kept)
            warm.add(OURS, time.perf_counter() - begun)
        begun = time.perf_counter()
        loop.run(_many(scans, programs, image))
        rate.add(OURS, 60 * _IMAGES / (time.perf_counter() - begun))
    return cold, cpu, warm, rate


async def _many(scans: Scans, programs: LayerPrograms, image: Image) -> None:
    room = asyncio.Semaphore(2)

    async def one() -> None:
        async with room:
            await scans.cold(image, programs)

    await asyncio.gather(*(one() for _ in range(_IMAGES)))


async def _all(image: Image, programs: LayerPrograms) -> Taken:
    return [(digest, await _read(programs, digest, path)) for digest, path in image.layers]


async def _read(programs: LayerPrograms, digest: str, path: Path) -> Layer:
    with path.open("rb") as blob:
        return await programs.read(blob, digest)


def _memory(image: Image) -> Iterator[Row]:
    """The most that the program of one layer holds at once, with all that it has loaded; of a small process's child,
    which inherits its peak.
    """
    row = Row("memory of a layer's program, the largest", "MiB", lower_is_better=True, gates=[Gate("", 0, 120)])
    ask = "import resource,subprocess,sys;subprocess.run(sys.argv[1:],stdin=0,stdout=-3,check=True)"
    ask += ";print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    peaks = []
    for _, path in image.layers:
        with path.open("rb") as blob:
            command = [sys.executable, "-IS", "-c", ask, sys.executable, "-I", "-c", _READ]
            peaks.append(int(subprocess.run(command, stdin=blob, capture_output=True, check=True).stdout) / 1024)
    row.add(OURS, max(peaks))
    yield row


# ---------------------------------------------------------------- Trivy
def _of_trivy(of: Sequence[Row], image: Image, repeat: int, home: Path, dumps: Sequence[Path]) -> None:
    cold, cpu, warm, rate = of
    build(home, dumps)
    for _ in range(repeat):
        shutil.rmtree(home / "fanal", ignore_errors=True)
        before, begun = _spent(), time.perf_counter()
        _trivy(image, home).wait()
        cold.add(TRIVY, time.perf_counter() - begun)
        cpu.add(TRIVY, _spent() - before)
        begun = time.perf_counter()
        _trivy(image, home).wait()
        warm.add(TRIVY, time.perf_counter() - begun)
    homes = [home.with_name(f"trivy-{number}") for number in range(2)]
    for each in homes:
        shutil.copytree(home, each)
    begun = time.perf_counter()
    for _ in range(_IMAGES // 2):
        for each in homes:
            shutil.rmtree(each / "fanal", ignore_errors=True)
        for running in [_trivy(image, each) for each in homes]:
            running.wait()
    rate.add(TRIVY, 60 * (_IMAGES // 2 * 2) / (time.perf_counter() - begun))


def _trivy(image: Image, home: Path) -> "subprocess.Popen[bytes]":
    command: list[str | Path] = [
        _PROGRAM,
        "image",
        "--quiet",
        "--format",
        "json",
        "--scanners",
        "vuln",
        "--input",
        image.layout,
    ]
    flags = ["--cache-dir", home, "--skip-db-update", "--skip-java-db-update", "--offline-scan", "--skip-version-check"]
    return subprocess.Popen(
        [*map(str, command), *map(str, flags)],
        stdout=subprocess.DEVNULL,
        env={"HOME": str(home), "PATH": "/usr/bin:/bin"},
    )


def _spent() -> float:
    """CPU seconds of this process and of all that it has started."""
    return usage(os.getpid()).total


# ---------------------------------------------------------------- the image
def made(mib: int) -> Image:
    """An image of this machine's files of about so many MiB unpacked, made once."""
    layout = _KEPT / f"machine-{mib}"
    if not (layout / "index.json").exists():
        shutil.rmtree(layout, ignore_errors=True)
        (layout / "blobs" / "sha256").mkdir(parents=True)
        total, layers = 0, []
        for share, folders in _PARTS:
            descriptor, size = _layer(layout, (Path("/", each) for each in folders), int(share * mib) << 20)
            layers.append(descriptor)
            total += size
        for program in (ROOT / ".venv" / "bin" / "uv", ROOT / ".venv" / "lib"):
            descriptor, size = _layer(layout, [program], (mib << 20) - total)
            layers.append(descriptor)
            total += size
        _finish(layout, layers, total)
    return Image(layout)


def _layer(layout: Path, places: Iterator[Path] | Sequence[Path], room: int) -> tuple[dict[str, object], int]:
    target = layout / "layer.partial"
    begun = room
    with (
        gzip.GzipFile(target, "wb", compresslevel=6, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w|") as archive,
    ):
        for path in (each for place in places for each in _files(place)):
            size = path.lstat().st_size
            if size + 1024 <= room:
                archive.add(path, str(path).lstrip("/"), recursive=False)
                room -= size + 1024
    with target.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    size = target.stat().st_size
    target.rename(layout / "blobs" / "sha256" / digest)
    kind = "application/vnd.oci.image.layer.v1.tar+gzip"
    return {"mediaType": kind, "digest": f"sha256:{digest}", "size": size}, begun - room


def _files(place: Path) -> Iterator[Path]:
    if place.is_symlink() or place.is_file():
        yield place
    elif place.is_dir():
        for folder, _, names in sorted(os.walk(place)):
            yield from (
                path for name in sorted(names) if (path := Path(folder, name)).is_file() and not path.is_symlink()
            )


def _finish(layout: Path, layers: list[dict[str, object]], total: int) -> None:
    digests = []
    for each in layers:
        with gzip.open(layout / "blobs" / "sha256" / str(each["digest"])[7:]) as packed:
            digests.append(f"sha256:{hashlib.file_digest(packed, 'sha256').hexdigest()}")
    config = {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": digests}}
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": _blob(layout, config, "application/vnd.oci.image.config.v1+json"),
        "layers": layers,
        "annotations": {"unpacked": str(total)},
    }
    index = {"schemaVersion": 2, "manifests": [_blob(layout, manifest, str(manifest["mediaType"]))]}
    (layout / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    (layout / "index.json").write_text(json.dumps(index))


def _blob(layout: Path, value: object, kind: str) -> dict[str, object]:
    body = json.dumps(value).encode()
    digest = hashlib.sha256(body).hexdigest()
    (layout / "blobs" / "sha256" / digest).write_bytes(body)
    return {"mediaType": kind, "digest": f"sha256:{digest}", "size": len(body)}


def dumps() -> list[Path]:
    """The advisories that both scanners know."""
    folder = Path(os.environ.get("ENTREPOT_TEST_DATA") or ROOT.parent / "shared" / "data") / "osv"
    return [
        path
        for name in ("Debian", "Alpine", "Go", "PyPI", "crates.io", "RubyGems")
        if (path := folder / f"{name}.zip").exists()
    ]


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(prog="benchmarks.scan_speed", description=__doc__)
    parser.add_argument("--mib", type=int, default=650)
    parser.add_argument("--repeat", type=int, default=5)
    arguments = parser.parse_args()
    found = list(rows(arguments.repeat, arguments.mib, dumps(), lambda text: print(text, file=sys.stderr)))
    sys.stdout.write(table(found, OURS))


if __name__ == "__main__":
    main()
