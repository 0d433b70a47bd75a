"""What a traced program did to a directory, as steps that tests.factories.crash_store replays.

Any change that the steps could not express is refused, so that no sync or write goes unseen.
"""

import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.factories.crash_store import DIRECTORY, Step
from tests.faults.traces import Call, parsed

SHARED_MEMORY = "-shm"  # SQLite's index of the log: mapped, never synced, made anew by whoever opens first
_UNEXPRESSED = (
    "write,writev,pwritev,pwritev2,fallocate,copy_file_range,sendfile,splice,renameat2,symlink,symlinkat,truncate"
)
_EXPRESSED = "open,openat,pwrite64,ftruncate,fsync,fdatasync,link,linkat,rename,renameat,unlink,unlinkat,mkdir,mkdirat"
_CALLS = f"{_EXPRESSED},{_UNEXPRESSED}"
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"(\.\.\.)?')
_RESULT = re.compile(r"= (-?\d+)")
_NUMBERS = re.compile(r"(\d+)")


def run_traced(module: str, root: Path, file: Path) -> str:
    """Run a module over `root` and record its calls to `file`."""
    command = ["strace", "-f", "-ttt", "-y", "-s", "1000000", "-e", f"trace={_CALLS}", "-o", str(file)]
    done = subprocess.run(
        [*command, sys.executable, "-m", module, str(root)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr
    return file.read_text(errors="replace")


class Steps:
    """Steps of a trace below `root`, after those that made the tree which was there before; paths are relative."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._nodes: dict[Path, int] = {}
        self.steps: list[Step] = []
        for path in sorted(root.rglob("*")):
            self._found(path)
        directories = [root, *(path for path in root.rglob("*") if path.is_dir())]
        self.steps += [Step("sync directory", self._relative(path)) for path in directories]
        self.start = len(self.steps)

    def take(self, text: str) -> None:
        """Add what the trace says, in order."""
        for call in parsed(text):
            if not _failed(call):
                self.steps += self._of(call)

    def _found(self, path: Path) -> None:
        name = self._relative(path)
        if path.is_dir():
            self.steps.append(Step("mkdir", name))
            return
        node = self._new(name)
        self.steps += [Step("create", name, node), Step("write", node=node, data=path.read_bytes())]
        self.steps.append(Step("sync file", node=node))

    def _of(self, call: Call) -> Iterator[Step]:
        if call.name == "write" and call.arguments.startswith("1<"):
            yield Step("tell", data=_strings(call)[0])
            return
        paths = [self._relative(Path(path)) for path in self._paths(call)]
        if not paths or paths[0].name.endswith(SHARED_MEMORY):
            return
        assert call.name not in _UNEXPRESSED.split(","), call
        yield from self._changes(call, paths)

    def _changes(self, call: Call, paths: list[Path]) -> Iterator[Step]:
        name, node = paths[0], self._nodes.get(paths[0], DIRECTORY)
        match call.name:
            case "open" | "openat":
                if "O_CREAT" in call.arguments and name not in self._nodes:
                    yield Step("create", name, self._new(name))
            case "pwrite64":
                written = _result(call)
                at = int(_NUMBERS.findall(call.arguments.rpartition('"')[2])[1])
                yield Step("write", node=node, at=at, data=_strings(call)[0][:written])
            case "ftruncate":
                yield Step("cut", node=node, at=int(_NUMBERS.findall(call.arguments.partition(">")[2])[0]))
            case "fsync" | "fdatasync":
                yield Step("sync directory", name) if node == DIRECTORY else Step("sync file", node=node)
            case "mkdir" | "mkdirat":
                yield Step("mkdir", name)
            case _:
                yield self._named(call, paths)

    def _named(self, call: Call, paths: list[Path]) -> Step:
        """A file gets or loses a name."""
        if call.name.startswith("unlink"):
            del self._nodes[paths[0]]
            return Step("unlink", paths[0])
        source, target = paths
        if call.name.startswith("link"):
            self._nodes[target] = self._nodes[source]
            return Step("link", target, self._nodes[target])
        self._nodes[target] = self._nodes.pop(source)
        return Step("rename", target, self._nodes[target], source)

    def _paths(self, call: Call) -> Iterable[str]:
        """Those below the root that the call is about: by descriptor, else by name."""
        about = re.match(r"\d+<([^>]*)>", call.arguments)
        found = [about[1]] if about else [text.decode() for text in _strings(call)]
        return [path for path in found if Path(path).is_relative_to(self._root)]

    def _new(self, name: Path) -> int:
        self._nodes[name] = len(self.steps)  # unique: one step at least lies between two files
        return self._nodes[name]

    def _relative(self, path: Path) -> Path:
        return path.relative_to(self._root)


def _strings(call: Call) -> list[bytes]:
    """The strings among the arguments, unescaped."""
    found = _STRING.findall(call.arguments)
    assert not any(cut for _, cut in found), f"a string is cut short: {call.name}"
    return [text.encode("latin-1").decode("unicode_escape").encode("latin-1") for text, _ in found]


def _result(call: Call) -> int:
    return int(_RESULT.findall(call.arguments)[-1])


def _failed(call: Call) -> bool:
    return not _RESULT.search(call.arguments) or _result(call) < 0
