"""Hypothesis strategies over the shapes of a service model: values that the model allows, as a client gives them."""

import re
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from entrepot.aws.protocol.models import Model, Shape
from entrepot.aws.protocol.validate import pattern

_DEEPEST = 4
_NESTING = ("structure", "list", "map")
_MOST_ITEMS = 4
_LONGEST = 40
# XML 1.0 carries these; JSON carries all but lone surrogates
_LETTERS = st.characters(exclude_categories=("Cs", "Cc", "Cn"), include_characters="\t\n\r")
_OF_LETTERS = re.compile(r"(\[[^\]]+\])([+*])")  # a pattern that says of which letters, and nothing of their order
TIMES = st.integers(86_400_000, 7_000_000_000_000).map(lambda millis: datetime.fromtimestamp(millis / 1000, UTC))


def values(model: Model, shape_name: str, depth: int = 0) -> st.SearchStrategy[Any]:
    """Values of a shape: optional members come and go, lengths and ranges are kept, patterns are matched."""
    shape = model.shapes[shape_name]
    match shape["type"]:
        case "structure":
            return _structures(model, shape, depth)
        case "list":
            items = values(model, shape["member"]["shape"], depth + 1).filter(_leaves_a_trace)
            least = shape.get("min", 0)
            return st.lists(items, min_size=least, max_size=max(least, min(shape.get("max", _MOST_ITEMS), _MOST_ITEMS)))
        case "map":
            names, items = (values(model, shape[part]["shape"], depth + 1) for part in ("key", "value"))
            return st.dictionaries(names, items, min_size=shape.get("min", 0), max_size=_MOST_ITEMS)
        case kind:
            return _scalars(kind, shape)


def _structures(model: Model, shape: Shape, depth: int) -> st.SearchStrategy[dict[str, Any]]:
    required = set(shape.get("required", ()))
    members = {
        name: values(model, member["shape"], depth + 1)
        for name, member in shape["members"].items()
        if name in required or depth < _DEEPEST or model.shapes[member["shape"]]["type"] not in _NESTING
    }
    if shape.get("union"):  # of which a value has exactly one member
        return st.one_of(
            [st.fixed_dictionaries({name: strategy.filter(_leaves_a_trace)}) for name, strategy in members.items()]
        )
    needed = {name: strategy.filter(_leaves_a_trace) for name, strategy in members.items() if name in required}
    optional = {name: strategy for name, strategy in members.items() if name not in required}
    return st.fixed_dictionaries(needed, optional=optional).map(
        lambda given: {name: item for name, item in given.items() if _leaves_a_trace(item)}
    )


def _leaves_a_trace(value: Any) -> bool:
    return not isinstance(value, dict) or bool(value)  # of an empty structure no form has any


def _scalars(kind: str, shape: Shape) -> st.SearchStrategy[Any]:
    match kind:
        case "string":
            return strings(shape)
        case "integer" | "long":
            edge = 2 ** (31 if kind == "integer" else 63)
            return st.integers(shape.get("min", -edge), shape.get("max", edge - 1))
        case "float" | "double":
            return st.floats(allow_nan=False, allow_infinity=False, width=32)  # botocore reads no other in JSON
        case "boolean":
            return st.booleans()
        case "blob":
            return st.binary(min_size=shape.get("min", 0), max_size=max(shape.get("min", 0), _LONGEST))
        case _:
            return TIMES


def strings(shape: Shape) -> st.SearchStrategy[str]:
    """Strings of a shape."""
    if "enum" in shape:
        return st.sampled_from(shape["enum"])
    least, most = shape.get("min", 0), shape.get("max", max(shape.get("min", 0), _LONGEST))
    if "pattern" in shape:
        compiled = pattern(shape["pattern"])
        letters = _OF_LETTERS.fullmatch(shape["pattern"])
        if letters:
            letter = st.from_regex(pattern(letters[1]), fullmatch=True)
            least = max(least, 1 if letters[2] == "+" else 0)
            return st.lists(letter, min_size=least, max_size=max(least, min(most, _LONGEST))).map("".join)
        return st.from_regex(compiled, fullmatch=True, alphabet=_LETTERS).filter(
            lambda text: least <= len(text) <= most and compiled.fullmatch(text) is not None
        )
    return st.text(_LETTERS, min_size=least, max_size=max(least, min(most, _LONGEST)))
