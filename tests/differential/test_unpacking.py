"""What an image holds is what a runtime unpacks: buildah lays the same layers over each other on a disk.

The rules of the OCI image specification, layer.md, "Applying Changesets".
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.scan.merging import merge
from tests.clients.workplace import needs_root
from tests.differential.saving import save
from tests.factories.absent import absent
from tests.factories.layer_stacks import archives, wanted
from tests.factories.tars import READERS, Made, directory, file, layer, link, symlink, tar

_SECONDS = 120
EXAMPLES = 15 if settings().max_examples <= 100 else 300  # each is unpacked by several processes
LISTS = (
    directory("a"),
    directory("a/x"),
    file("a/x/list", "p 1"),
    file("a/y.lst", "q 1"),
    directory("b"),
    file("b/list", "r 1"),
)
CASES: dict[str, Sequence[Sequence[Made]]] = {
    "a file over a folder": [LISTS, [file("a", "text")]],
    "a file over a folder in a folder": [LISTS, [directory("a"), file("a/x", "text")]],
    "a file over a folder, and a folder over it": [LISTS, [file("a", "text")], [directory("a"), file("a/list", "s 1")]],
    "a hard link over a folder": [LISTS, [file("store", "text"), link("a", "store")]],
    "a symbolic link over a folder": [LISTS, [symlink("a", "b")]],
    "a folder over a folder": [LISTS, [directory("a"), file("a/list", "s 1")]],
    "a folder over a file": [LISTS, [directory("b"), directory("b/list"), file("b/list/x.lst", "s 1")]],
    "a list over a list": [LISTS, [directory("b"), file("b/list", "r 2")]],
    "a whiteout": [LISTS, [file(".wh.a")]],
    "a whiteout of what is not there": [LISTS, [file(".wh.c")]],
    "a whiteout, and what takes its place": [LISTS, [file(".wh.a"), directory("a"), file("a/list", "s 1")]],
    "an opaque folder": [LISTS, [directory("a"), file("a/.wh..wh..opq"), directory("a/x"), file("a/x/y.lst", "s 1")]],
    "an opaque folder, said last": [LISTS, [directory("a"), file("a/list", "s 1"), file("a/.wh..wh..opq")]],
    "an opaque root": [LISTS, [file(".wh..wh..opq"), directory("b"), file("b/x.lst", "s 1")]],
}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("layers", CASES.values(), ids=CASES)
def test_a_stack_holds_what_a_runtime_unpacks(layers: Sequence[Sequence[Made]]):
    assert held(layers) == unpacked(layers)


@pytest.mark.timeout(1200)
@settings(max_examples=EXAMPLES)
@given(st.lists(archives(), min_size=2, max_size=4))
def test_any_stack_holds_what_a_runtime_unpacks(layers: Sequence[Sequence[Made]]):
    assert held(layers) == unpacked(layers)


def held(layers: Sequence[Sequence[Made]]) -> dict[str, set[str]]:
    """The packages of an image of these layers, by the files that tell of them."""
    found: dict[str, set[str]] = {}
    for each in merge((str(place), layer(tar(*made), READERS[:1])) for place, made in enumerate(layers)).packages:
        found.setdefault(each.package.path, set()).add(f"{each.package.name} {each.package.version}")
    return found


def unpacked(layers: Sequence[Sequence[Made]]) -> dict[str, set[str]]:
    """The same, by the files that a runtime leaves on a disk."""
    needs_root()
    if shutil.which("buildah") is None:
        absent("buildah is not installed")
    with tempfile.TemporaryDirectory() as home:
        place = Path(home)
        archived = [place / f"{number}.tar" for number in range(len(layers))]
        for target, made in zip(archived, layers, strict=True):
            target.write_bytes(tar(*made, file(f"mark-{target.stem}")))  # layers that are the same are one, else
        image = save(place / "image.tar", archived)
        buildah = ("buildah", "--root", place / "root", "--runroot", place / "run", "--storage-driver", "vfs")
        made_of = _told(*buildah, "pull", "--quiet", f"docker-archive:{image}")
        container = _told(*buildah, "from", "--pull-never", made_of)
        root = Path(_told(*buildah, "mount", container))
        found = {path: set(text.splitlines()) for path, text in _files(root) if wanted(path) and text}
        _told(*buildah, "rm", container)
        return found


def _files(root: Path) -> list[tuple[str, str]]:
    """The regular files below it; symbolic links are not followed."""
    paths = [Path(folder, name) for folder, _, names in os.walk(root) for name in names]
    return [
        (str(path.relative_to(root)), path.read_text()) for path in paths if path.is_file() and not path.is_symlink()
    ]


def _told(*command: str | Path) -> str:
    done = subprocess.run(
        [str(each) for each in command], capture_output=True, text=True, check=False, timeout=_SECONDS
    )
    assert done.returncode == 0, f"{command}\n{done.stderr}"
    return done.stdout.strip().splitlines()[-1] if done.stdout.strip() else ""
