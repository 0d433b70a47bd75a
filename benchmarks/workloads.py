"""The workloads: each measures some servers side by side, in turn and back again, and gives its rows.

Sizes, mixes and targets are those of docs/performance.md. CPU rows have server and client pinned to a core each.
"""

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks import (
    cpu,
    decisions,
    encryption,
    events,
    image_pages,
    lifecycle,
    load,
    metrics,
    patterns,
    pull_through,
    scan_speed,
    seeding,
    telling,
)
from benchmarks.report import Gate, Row
from benchmarks.servers import DISTRIBUTION, FLOOR, NGINX, OURS, SWITCHED, ZOT, Running, missing, start

REGISTRIES = (OURS, DISTRIBUTION, ZOT)
GIB = 1 << 30
_REPOSITORY = "bench/one"
_MANY = "bench/many"
_M_IMAGE = "29100000,3500000,243,13700000,3100000,32,400000,900000"


@dataclass(frozen=True)
class Scale:
    """How much: the full run, or a quick one that only shows that everything works."""

    repeat: int = 5
    blob: int = GIB
    images: int = 1000
    tags: int = 100_000
    seconds: float = 5.0
    peers: bool = True


Measure = Callable[[Running], float]
Report = Callable[[str], None]


class Bench:
    """One run over a scratch directory."""

    def __init__(self, scale: Scale, scratch: Path, say: Report) -> None:
        self.scale = scale
        self._scratch = scratch
        self._say = say

    def manifests(self) -> Iterator[Row]:
        """GET and HEAD storms on a small repository."""
        with self._servers("manifests", REGISTRIES, workers=1) as (servers, absent):
            for server in servers:
                server.create(_REPOSITORY)
                load.run(server, "seed", "-repo", _REPOSITORY, "-tags", "20")
            yield from self._storms(servers, absent, "small repository", _REPOSITORY, 20, gate=True)

    def telling(self) -> Iterator[Row]:
        """What the record of a manifest GET costs until it is counted, audited and measured."""
        cost, added = telling.rows()
        for number in range(self.scale.repeat):
            with self._servers(f"telling-{number}", (SWITCHED,), workers=1) as (servers, _):
                (server,) = servers
                self._say(f"{added.name} {number + 1}/{self.scale.repeat}")
                server.create(_REPOSITORY)
                telling.measure(server, _REPOSITORY, cost, added)
        yield from (cost, added)

    def many_tags(self) -> Iterator[Row]:
        """The same on a repository with very many tags, then the list of them page by page."""
        tags = self.scale.tags
        with self._servers(
            "tags", REGISTRIES, workers=1, seed=lambda name, directory: seeding.prepare(name, directory, tags)
        ) as (
            servers,
            absent,
        ):
            for server in servers:
                server.create(_MANY)
                seeding.through_api(server, _MANY, tags)
            yield from self._storms(servers, absent, f"{tags} tags", _MANY, tags, gate=True)
            yield from self._walks(servers, absent, tags)
        yield from self._start_and_memory()

    def many_images(self) -> Iterator[Row]:
        """Pages of images of a repository with as many as there are tags."""
        self._say("many images")
        yield from image_pages.rows(self._scratch / "images", self.scale.tags, self.scale.repeat)

    def pull(self) -> Iterator[Row]:
        """One large blob, whole and in ranges; nginx is the ceiling."""
        names = (*REGISTRIES, NGINX)
        with self._servers("pull", names, workers=1) as (servers, absent):
            paths = {server.name: seeding.one_blob(server, _REPOSITORY, self.scale.blob) for server in servers}
            ranges = ["-part", str(32 << 20), "-n", str(max(self.scale.blob // (32 << 20), 1))]
            for title, flags in (("pull of one large blob", []), ("pull of it in 32 MiB ranges", ranges)):
                row = Row(f"{title}, server CPU", "CPU s/GB", lower_is_better=True, missing=absent)
                wall = Row(f"{title}, wall", "GB/s", lower_is_better=False, missing=absent)
                if not flags:
                    row.gates = [Gate(DISTRIBUTION, 2.0)]
                for server in self._turns(servers, title):
                    done = load.run(server, "pull", "-path", paths[server.name], *flags, pinned=True)
                    row.add(server.name, done.cpu_per_gb)
                    wall.add(server.name, done.report["bytes"] / 1e9 / done.seconds)
                yield from (row, wall)

    def pull_through(self) -> Iterator[Row]:
        """An image through the cache, the first time and later."""
        self._say("pull-through")
        yield from pull_through.rows(self._scratch / "pull-through", self.scale.repeat, self.scale.blob // 4)

    def push(self) -> Iterator[Row]:
        """One large blob by POST, PATCH and PUT; the floor reads, hashes, writes and syncs, and does nothing else."""
        with self._servers("push", (*REGISTRIES, FLOOR), workers=1) as (servers, absent):
            row = Row("push of one large blob, server CPU", "CPU s/GB", lower_is_better=True, missing=absent)
            row.gates = [Gate(FLOOR, 1 / 1.5), Gate(DISTRIBUTION, 1.0)]
            wall = Row("push of one large blob, wall", "s", lower_is_better=True, missing=absent)
            for server in servers:
                server.create(_REPOSITORY)
            for server in self._turns(servers, "push"):
                done = load.run(server, "push", "-repo", _REPOSITORY, "-size", str(self.scale.blob), pinned=True)
                row.add(server.name, done.cpu_per_gb)
                wall.add(server.name, done.seconds)
            yield from (row, wall)

    def small_images(self) -> Iterator[Row]:
        """Many small images, one at a time and sixteen at a time, and once more when everything is there."""
        count = self.scale.images
        with self._servers("images", REGISTRIES) as (servers, absent):
            for server in servers:
                server.create(_REPOSITORY)
            seeds = itertools.count(1)
            for at_once, gates in ((1, []), (16, [Gate(DISTRIBUTION, 3.0)])):
                title = f"push of {count} small images, {at_once} at a time"
                row = Row(title, "images/s", lower_is_better=False, gates=gates, missing=absent)
                cost = Row(f"{title}, server CPU", "CPU ms/image", lower_is_better=True, missing=absent)
                again = Row(f"{title}, again", "images/s", lower_is_better=False, missing=absent)
                for server in self._turns(servers, title):
                    flags = ["-repo", _REPOSITORY, "-n", str(count), "-c", str(at_once)]
                    flags += ["-from", str(next(seeds) * 1_000_000)]
                    done = load.run(server, "images", *flags)
                    row.add(server.name, count / done.seconds)
                    cost.add(server.name, done.cpu / count * 1000)
                    again.add(server.name, count / load.run(server, "images", *flags, "-check").seconds)
                yield from (row, cost, again)

    def parallel_pulls(self) -> Iterator[Row]:
        """32 clients that pull one image of 51 MB at once."""
        with self._servers("pulls", REGISTRIES) as (servers, absent):
            for server in servers:
                server.create(_REPOSITORY)
                load.run(server, "seed", "-repo", _REPOSITORY, "-tags", "1", "-sizes", _M_IMAGE)
            row = Row("32 parallel pulls of 51 MB", "GB/s", lower_is_better=False, missing=absent)
            cost = Row("32 parallel pulls of 51 MB, server CPU", "CPU s/GB", lower_is_better=True, missing=absent)
            cost.gates = [Gate(DISTRIBUTION, 2.0)]
            for server in self._turns(servers, "parallel pulls"):
                done = load.run(server, "pulls", "-repo", _REPOSITORY, "-c", "32")
                row.add(server.name, done.report["bytes"] / 1e9 / done.seconds)
                cost.add(server.name, done.cpu_per_gb)
            yield from (row, cost)

    def tls(self) -> Iterator[Row]:
        """Pull and push over TLS: rows without a gate."""
        with start(OURS, self._scratch / "tls", workers=1, tls=True) as server:
            path = seeding.one_blob(server, _REPOSITORY, self.scale.blob)
            pulled = Row("pull of one large blob over TLS, server CPU", "CPU s/GB", lower_is_better=True)
            pushed = Row("push of one large blob over TLS, server CPU", "CPU s/GB", lower_is_better=True)
            for _ in self._turns([server], "TLS"):
                pulled.add(OURS, load.run(server, "pull", "-path", path, pinned=True).cpu_per_gb)
                size = str(self.scale.blob)
                pushed.add(OURS, load.run(server, "push", "-repo", _REPOSITORY, "-size", size, pinned=True).cpu_per_gb)
            yield from (pulled, pushed)

    def encryption(self) -> Iterator[Row]:
        """What a key of KMS adds to pushes and pulls."""
        with self._servers("encryption", (OURS,), workers=1) as (servers, _):
            yield from encryption.rows(servers[0], self.scale.blob, self._turns)

    def decisions(self) -> Iterator[Row]:
        """What IAM adds to a hot pull."""
        self._say("decisions")
        yield from decisions.rows(self.scale.repeat, self.scale.seconds / 5)

    def patterns(self) -> Iterator[Row]:
        """What rules add to an event."""
        self._say("patterns")
        yield from patterns.rows(self.scale.repeat, self.scale.seconds / 5)

    def lifecycle(self) -> Iterator[Row]:
        """What a lifecycle policy takes over very many images."""
        self._say("lifecycle")
        yield from lifecycle.rows(self.scale.repeat, lifecycle.IMAGES if self.scale.peers else lifecycle.IMAGES // 100)

    def events(self) -> Iterator[Row]:
        """What an event costs on its way to a target."""
        self._say("events")
        yield from events.rows(self.scale.repeat)

    def metrics(self) -> Iterator[Row]:
        """What metrics add to a request."""
        self._say("metrics")
        yield from metrics.rows(self.scale.repeat)

    def scans(self) -> Iterator[Row]:
        """What a scan costs, beside Trivy; nothing where there are no advisories to scan with (ENTREPOT_TEST_DATA)."""
        if known := scan_speed.dumps():
            yield from scan_speed.rows(self.scale.repeat, 650, known, self._say)

    def _storms(
        self, servers: Sequence[Running], absent: dict[str, str], where: str, repository: str, tags: int, *, gate: bool
    ) -> Iterator[Row]:
        for method, flag in (("GET", []), ("HEAD", ["-head"])):
            row = Row(f"manifest {method}, {where}", "requests/CPU s", lower_is_better=False, missing=absent)
            row.gates = [Gate(DISTRIBUTION, 3.0)] if gate else []
            flags = ["-repo", repository, "-tags", str(tags), "-seconds", str(self.scale.seconds), *flag]
            for server in self._turns(servers, row.name):
                row.add(server.name, load.run(server, "storm", *flags, pinned=True).requests_per_cpu_second)
            yield row

    def _walks(self, servers: Sequence[Running], absent: dict[str, str], tags: int) -> Iterator[Row]:
        row = Row(f"list of {tags} tags in pages of 1000", "s", lower_is_better=True, missing=absent)
        flat = Row("cost of the last pages by that of the first", "ratio", lower_is_better=True, missing=absent)
        flat.gates = [Gate("", 0.0, limit=1.5)]
        for server in self._turns(servers, row.name):
            done = load.run(server, "walk", "-repo", _MANY, "-want", str(tags))
            row.add(server.name, done.seconds)
            pages = done.report["pages_ms"]
            tenth = max(len(pages) // 10, 1)
            flat.add(server.name, sorted(pages[-tenth:])[tenth // 2] / sorted(pages[:tenth])[tenth // 2])
        yield from (row, flat)

    def _start_and_memory(self) -> Iterator[Row]:
        """Over the data that the tags are in: the first 200 after the start, and what an idle worker holds."""
        ready = Row(
            "start to the first 200, with these tags", "s", lower_is_better=True, gates=[Gate("", 0, limit=1.0)]
        )
        idle = Row("memory of an idle worker", "MiB", lower_is_better=True, gates=[Gate("", 0, limit=150.0)])
        for _ in range(self.scale.repeat):
            began = time.monotonic()
            with start(OURS, self._scratch / f"tags-{OURS}", workers=1) as server:
                ready.add(OURS, time.monotonic() - began)
                worker = max(cpu.tree(server.pid)[1:], key=cpu.resident)
                idle.add(OURS, cpu.resident(worker) / (1 << 20))
        yield from (ready, idle)

    def _servers(
        self,
        title: str,
        names: Sequence[str],
        *,
        workers: int | None = None,
        seed: Callable[[str, Path], None] = lambda *_: None,
    ) -> "_Servers":
        chosen = names if self.scale.peers else [name for name in names if name in (OURS, SWITCHED, FLOOR)]
        return _Servers(chosen, self._scratch, title, workers, seed, self._say)

    def _turns(self, servers: Sequence[Running], title: str) -> Iterator[Running]:
        """A B C, C B A, …: so that a machine whose speed drifts is the same to all."""
        for number in range(self.scale.repeat):
            for server in servers if number % 2 == 0 else reversed(servers):
                self._say(f"{title}: {server.name} {number + 1}/{self.scale.repeat}")
                yield server


class _Servers:
    """Several servers, up at once; those that are missing are named with the reason."""

    def __init__(
        self,
        names: Sequence[str],
        scratch: Path,
        title: str,
        workers: int | None,
        seed: Callable[[str, Path], None],
        say: Report,
    ) -> None:
        self._arguments = names, scratch, title, workers, seed, say
        self._stack = ExitStack()

    def __enter__(self) -> tuple[list[Running], dict[str, str]]:
        names, scratch, title, workers, seed, say = self._arguments
        absent = {name: reason for name in names if (reason := missing(name))}
        servers = []
        with ExitStack() as stack:
            for name in names:
                if name not in absent:
                    directory = scratch / f"{title}-{name}"
                    say(f"starting {name}")
                    seed(name, directory)
                    servers.append(stack.enter_context(start(name, directory, workers=workers)))
            self._stack = stack.pop_all()
        return servers, absent

    def __exit__(self, *_: object) -> None:
        self._stack.close()
