"""What an image's files are, by laying its layers over each other one by one, as a runtime does on a disk."""

import tarfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.factories.tars import Made

FOLDER = object()


@dataclass(frozen=True)
class Content:
    """A regular file, and the layer that has it."""

    data: str
    layer: int


Tree = dict[str, object]  # by path: FOLDER, a Content, or the target of a symbolic link


def laid(layers: Sequence[Iterable[Made]]) -> list[Tree]:
    """The files as each layer leaves them."""
    tree: Tree = {}
    stages = []
    for place, entries in enumerate(layers):
        tree = _over(tree, list(entries), place)
        stages.append(dict(tree))
    return stages


def _over(below: Tree, entries: list[Made], place: int) -> Tree:
    tree = dict(below)
    for info, _ in entries:  # whiteouts hide what is below, wherever they stand in the archive
        folder, _, name = info.name.rpartition("/")
        if name == ".wh..wh..opq":
            _remove(tree, folder, itself=False)
        elif name.startswith(".wh."):
            _remove(tree, f"{folder}/{name[4:]}".lstrip("/"), itself=True)
    for info, data in entries:
        if info.name.rpartition("/")[2].startswith(".wh."):
            _mkdirs(tree, info.name.rpartition("/")[0])
            continue
        _mkdirs(tree, info.name.rpartition("/")[0])
        if not (info.type == tarfile.DIRTYPE and tree.get(info.name) is FOLDER):
            _remove(tree, info.name, itself=True)
        tree[info.name] = _node(info, data, tree, place)
    return tree


def _node(info: tarfile.TarInfo, data: bytes, tree: Tree, place: int) -> object:
    if info.type == tarfile.DIRTYPE:
        return FOLDER
    if info.type == tarfile.SYMTYPE:
        return info.linkname
    if info.type == tarfile.LNKTYPE:
        return tree[info.linkname]
    return Content(data.decode(), place)


def _mkdirs(tree: Tree, folder: str) -> None:
    parts = folder.split("/") if folder else []
    for depth in range(1, len(parts) + 1):
        path = "/".join(parts[:depth])
        if tree.get(path) is not FOLDER:
            _remove(tree, path, itself=True)
            tree[path] = FOLDER


def _remove(tree: Tree, path: str, *, itself: bool) -> None:
    for each in [each for each in tree if (itself and each == path) or not path or each.startswith(f"{path}/")]:
        del tree[each]
