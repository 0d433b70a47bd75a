"""Layers as Hypothesis draws them: few paths, so that later layers meet what earlier ones have."""

from collections.abc import Sequence

from hypothesis import strategies as st

from tests.factories.tars import Made, directory, file, link, symlink

FOLDERS = st.lists(st.sampled_from(["a", "b", "list", "x.lst"]), max_size=2)
LEAVES = st.sampled_from(["a", "b", "list", "x.lst", "store"])
PLACES = st.builds(lambda folders, leaf: "/".join([*folders, leaf]), FOLDERS, LEAVES)
TEXTS = st.sampled_from(["", "p 1", "p 1\nq 1", "q 1", "q 2"])


def wanted(path: str) -> bool:
    return path.endswith((".lst", "/list")) or path == "list"


@st.composite
def archives(draw: st.DrawFn) -> list[Made]:
    """A layer as tools write them: each path once, below folders that are there, links to files that are there."""
    taken: dict[str, str] = {}
    made: list[Made] = []
    for path in draw(st.lists(PLACES, max_size=5, unique=True)):
        kind = draw(st.sampled_from(["file", "file", "link", "symlink", "directory", "whiteout", "opaque"]))
        folder, _, name = path.rpartition("/")
        if not _is_free(path, taken):
            continue
        made += [directory(each) for each in sorted(_above(path)) if each not in taken]
        taken.update(dict.fromkeys(_above(path), "directory"))
        if kind == "whiteout":
            made.append(file(f"{folder}/.wh.{name}".lstrip("/")))
        elif kind == "opaque":
            made.append(file(f"{folder}/.wh..wh..opq".lstrip("/")))
        else:
            files = [each for each, known in taken.items() if known == "file"]
            made.append(_entry(draw, path, kind, files))
            taken[path] = kind if kind != "link" or not files else "linked"
    return made


def _above(path: str) -> set[str]:
    parts = path.split("/")
    return {"/".join(parts[:depth]) for depth in range(1, len(parts))}


def _is_free(path: str, taken: dict[str, str]) -> bool:
    return path not in taken and all(taken.get(each, "directory") == "directory" for each in _above(path))


def _entry(draw: st.DrawFn, path: str, kind: str, files: Sequence[str]) -> Made:
    if kind == "directory":
        return directory(path)
    if kind == "symlink":
        return symlink(path, "a")
    if kind == "link" and files:
        return link(path, draw(st.sampled_from(files)))
    return file(path, draw(TEXTS))
