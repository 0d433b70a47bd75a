"""A disk that forgets: records what a store does to a directory, and replays any crash without what was not synced.

The recorder stands where the module `os` stands (store/calls.py). The replay is stricter than any real file system:
fsync of a file keeps its bytes, not its name; fsync of a directory keeps its names, not their bytes; everything else
may be lost, alone or together, and a file that was not synced may keep its length with zeros for bytes.
"""

import os
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

DIRECTORY = -1


@dataclass(frozen=True)
class Step:
    """One change or sync. `node` is a file's number for life; `data` what a write wrote, or bytes acknowledged."""

    kind: str
    path: Path = Path()
    node: int = DIRECTORY
    other: Path = Path()
    at: int = 0
    data: bytes = b""


class Recorder:
    """The real calls over `root`, and a log of them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.steps: list[Step] = []
        self._nodes: dict[Path, int] = {}
        self._open: dict[int, tuple[Path, int]] = {}
        self._count = 0

    def acknowledge(self, location: str, data: bytes) -> None:
        """Note that from here on the location must hold these bytes."""
        self.steps.append(Step("acknowledge", Path(location), data=data))

    def forget(self, location: str) -> None:
        """Note that from here on the location need not be there."""
        self.steps.append(Step("forget", Path(location)))

    def open(self, path: Path, flags: int, mode: int = 0o777) -> int:
        descriptor = os.open(path, flags, mode)
        name = self._relative(path)
        if flags & os.O_CREAT and name not in self._nodes:
            self._nodes[name] = self._count
            self._count += 1
            self.steps.append(Step("create", name, self._nodes[name]))
        self._open[descriptor] = name, self._nodes.get(name, DIRECTORY)
        return descriptor

    def close(self, fd: int, /) -> None:
        del self._open[fd]
        os.close(fd)

    def pwrite(self, fd: int, data: bytes | memoryview, offset: int, /) -> int:
        written = os.pwrite(fd, data, offset)
        self.steps.append(Step("write", node=self._open[fd][1], at=offset, data=bytes(data[:written])))
        return written

    def ftruncate(self, fd: int, length: int, /) -> None:
        os.ftruncate(fd, length)
        self.steps.append(Step("cut", node=self._open[fd][1], at=length))

    def fsync(self, fd: int, /) -> None:
        os.fsync(fd)
        name, node = self._open[fd]
        self.steps.append(Step("sync directory", name) if node == DIRECTORY else Step("sync file", node=node))

    def link(self, src: Path, dst: Path) -> None:
        os.link(src, dst)
        source, target = self._relative(src), self._relative(dst)
        self._nodes[target] = self._nodes[source]
        self.steps.append(Step("link", target, self._nodes[target]))

    def rename(self, src: Path, dst: Path) -> None:
        src.rename(dst)
        source, target = self._relative(src), self._relative(dst)
        self._nodes[target] = self._nodes.pop(source)
        self.steps.append(Step("rename", target, self._nodes[target], source))

    def unlink(self, path: Path) -> None:
        path.unlink()
        name = self._relative(path)
        del self._nodes[name]
        self.steps.append(Step("unlink", name))

    def mkdir(self, path: Path, mode: int = 0o777) -> None:
        path.mkdir(mode)
        self.steps.append(Step("mkdir", self._relative(path)))

    def _relative(self, path: Path) -> Path:
        return path.relative_to(self.root) if path.is_relative_to(self.root) else path


@dataclass
class _File:
    written: bytearray = field(default_factory=bytearray)
    synced: bytes = b""
    pending: list[Step] = field(default_factory=list)  # writes and cuts since the last sync, any of which may be lost


Content = Callable[[bytes, Sequence[Step]], bytes]  # (synced, pending) -> the bytes that survive
Change = dict[Path, int | None]  # what a step does to names: a node, DIRECTORY, or None for gone; all of it or nothing


class Disk:
    """What a crash may leave after `steps`; `promised` is what it must leave: bytes by location."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self._files: dict[int, _File] = {}
        self._names: dict[Path, int | None] = {}
        self._pending: list[Change] = []
        self.promised: dict[str, bytes] = {}
        for step in steps:
            self._apply(step)

    def materialise(self, root: Path, keep: Callable[[], bool], content: Content) -> None:
        """Write the surviving tree. `keep` decides each change of names that was not synced, `content` the bytes of a
        file that was written after its sync.
        """
        names = dict(self._names)
        for change in self._pending:
            if keep():
                names |= change
        root.mkdir(parents=True, exist_ok=True)
        first: dict[int, Path] = {}
        for name, node in sorted(names.items()):
            path = root / name
            if node is None or not path.parent.is_dir():
                continue
            if node == DIRECTORY:
                path.mkdir()
            elif node in first:
                path.hardlink_to(first[node])
            else:
                file = self._files[node]
                path.write_bytes(content(file.synced, file.pending) if file.pending else file.synced)
                first[node] = path

    def _apply(self, step: Step) -> None:
        if step.kind in {"create", "write", "cut", "sync file"}:
            self._apply_to_file(step)
        if step.kind in {"create", "link", "mkdir"}:
            self._pending.append({step.path: step.node})
        elif step.kind == "rename":
            self._pending.append({step.path: step.node, step.other: None})
        elif step.kind == "unlink":
            self._pending.append({step.path: None})
        elif step.kind == "sync directory":
            self._sync(step.path)
        elif step.kind == "acknowledge":
            self.promised[str(step.path)] = step.data
        elif step.kind == "forget":
            del self.promised[str(step.path)]

    def _apply_to_file(self, step: Step) -> None:
        file = self._files.setdefault(step.node, _File())
        if step.kind in {"write", "cut"}:
            alter(file.written, step)
            file.pending.append(step)
        elif step.kind == "sync file":
            file.synced = bytes(file.written)
            file.pending.clear()

    def _sync(self, directory: Path) -> None:
        """Names of one directory survive from here on; every change here stays within one."""
        kept = [change for change in self._pending if next(iter(change)).parent == directory]
        for change in kept:
            self._names |= change
            self._pending.remove(change)


def alter(file: bytearray, step: Step) -> None:
    """Do a write or a cut, which may make a file longer, to bytes in memory."""
    if step.kind == "cut":
        del file[step.at :]
    file.extend(bytes(max(0, step.at - len(file))))
    file[step.at : step.at + len(step.data)] = step.data


def after(synced: bytes, pending: Iterable[Step]) -> bytes:
    """What a file holds when all of these changes survive."""
    file = bytearray(synced)
    for step in pending:
        alter(file, step)
    return bytes(file)


def survivors(disk: Disk, seeds: int) -> Iterator[tuple[str, Callable[[], bool], Content]]:
    """Ways to lose what was not synced: (name, keep, content) for `Disk.materialise`."""
    yield "nothing that was not synced", lambda: False, lambda synced, _: synced
    yield "names without their bytes", lambda: True, lambda synced, _: synced
    yield (
        "names and lengths, zeros for bytes",
        lambda: True,
        lambda synced, pending: after(synced, map(_zeros, pending)),
    )
    yield "everything", lambda: True, after
    for seed in range(seeds):
        yield f"chance {seed}", *_by_chance(random.Random(seed))


@dataclass(frozen=True)
class Crash:
    """A tree that a crash has left, what had been promised before it, and when it was, in words."""

    root: Path
    promised: Mapping[str, bytes]
    when: str


def crashes(steps: Sequence[Step], tree: Path, seeds: int, every: int = 1) -> Iterator[Crash]:
    """Each crash point, or one of so many, in each way to lose; the trees are below `tree`."""
    for count in range(0, len(steps) + 1, every):
        disk = Disk(steps[:count])
        for way, keep, content in survivors(disk, seeds):
            root = tree / f"{count}-{way}"
            disk.materialise(root, keep, content)
            yield Crash(root, disk.promised, f"after step {count}, {way}")


def _zeros(step: Step) -> Step:
    return replace(step, data=bytes(len(step.data)))


def _by_chance(chance: random.Random) -> tuple[Callable[[], bool], Content]:
    """Each change of names survives or does not; each write does, or does in part, or does not."""

    def content(synced: bytes, pending: Sequence[Step]) -> bytes:
        kept = [step for step in pending if chance.random() < 0.7]
        return after(synced, [_torn(step, chance) if chance.random() < 0.3 else step for step in kept])

    return lambda: chance.random() < 0.5, content


def _torn(step: Step, chance: random.Random) -> Step:
    return replace(step, data=step.data[: chance.randint(0, len(step.data))])
