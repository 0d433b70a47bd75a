"""A branch compiled to a tree of keys, and whether an event matches it.

Arrays of an event are crushed: an array's elements, and those of arrays in it, stand for the field, any of them may
match. But what is asked of several fields of objects in one array must hold for one and the same object.

Absence is decided in the order of the paths' texts, as Event Ruler decides it: where a field that comes earlier has
chosen an object of an array, the absent field must be missing in that object, else in all objects of the array.
"""

from collections.abc import Mapping

import msgspec

from entrepot.pattern.operators import Accepts
from entrepot.pattern.reading import Branch, Path


class Node(msgspec.Struct, frozen=True, eq=False):
    """What is asked of the value at one place."""

    accepts: Accepts | None  # one of its scalars
    absent: bool  # it must have no scalar
    children: tuple[tuple[str, "Node"], ...]
    early: "Node | None"  # what must be absent from all objects of an array, before one is chosen
    chooses: bool  # whether something below must be there
    required: bool  # whether nothing matches without the value


def compiled(branch: Branch) -> Node:
    """The tree of a branch."""
    return _node(branch, ())


def _node(branch: Branch, at: Path) -> Node:
    below = {path: test for path, test in branch.items() if len(path) > len(at)}
    test = branch.get(at)
    wanted = [_order(path) for path, each in below.items() if each is not None]
    first = min(wanted, default="")
    early: Branch = {path: None for path, each in below.items() if each is None and wanted and _order(path) < first}
    groups: dict[str, Branch] = {}
    for path, each in below.items():
        groups.setdefault(path[len(at)], {})[path] = each
    return Node(
        accepts=test.accepts if test is not None else None,
        absent=at in branch and test is None,
        children=tuple((name, _node(group, (*at, name))) for name, group in groups.items()),
        early=_node(early, at) if early else None,
        chooses=bool(wanted),
        required=bool(wanted) or test is not None,
    )


def _order(path: Path) -> str:
    return ".".join(path)


def matches(node: Node, value: object) -> bool:
    """Whether a value of an event has what the node asks for."""
    if isinstance(value, dict):
        return node.accepts is None and _object_matches(node, value)
    if isinstance(value, list):
        return _array_matches(node, value)
    if node.absent or node.chooses:
        return False
    return node.accepts is None or node.accepts(value)


def _object_matches(node: Node, value: Mapping[str, object]) -> bool:
    for name, child in node.children:
        if name in value:
            if not matches(child, value[name]):
                return False
        elif child.required:
            return False
    return True


def _array_matches(node: Node, array: list[object]) -> bool:
    scalars, objects = _crushed(array)
    if node.absent and scalars:
        return False
    if node.accepts is not None and not any(map(node.accepts, scalars)):
        return False
    if not node.chooses:
        return all(_object_matches(node, each) for each in objects)
    early = node.early
    if early is not None and not all(_object_matches(early, each) for each in objects):
        return False
    return any(_object_matches(node, each) for each in objects)


def _crushed(array: list[object]) -> tuple[list[object], list[Mapping[str, object]]]:
    """The scalars and the objects of an array and of those in it, however deep."""
    scalars: list[object] = []
    objects: list[Mapping[str, object]] = []
    waiting: list[object] = array[::-1]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            objects.append(each)
        elif isinstance(each, list):
            waiting += each[::-1]
        else:
            scalars.append(each)
    return scalars, objects
