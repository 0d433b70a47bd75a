"""Hypothesis strategies over the shapes of a service model: values that the model allows, as a client gives them."""

import re
import unicodedata
from datetime import UTC, datetime
from functools import cache
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
_RUN = re.compile(r"(\[(?:\\.|[^\]\\])+\])(?:([+*])|\{(\d+)(?:(,)(\d*))?\})")  # letters of one class, so many
_NEIGHBOURS = re.compile(r"\\[bB1-9]|\(\?[=!<]")  # what asks for the letters beside it, or repeats some
_PLACES = 0xE000  # where Unicode has letters for private use: each stands for a run
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
        return _matching(pattern(shape["pattern"]), least, most)
    return st.text(_LETTERS, min_size=least, max_size=max(least, min(most, _LONGEST)))


@cache
def _matching(compiled: re.Pattern[str], least: int, most: int) -> st.SearchStrategy[str]:
    """Texts of a pattern: first how its parts follow one another, then each run of letters, at once and not letter by
    letter, which takes Hypothesis most of a test's time.
    """
    runs: list[st.SearchStrategy[str]] = []

    def place(run: re.Match[str]) -> str:
        runs.append(_run(run, compiled.flags, least if run[0] == compiled.pattern.strip("^$") else 0, most))
        return chr(_PLACES + len(runs) - 1)

    frame = compiled
    if not _NEIGHBOURS.search(compiled.pattern):
        frame = re.compile(_RUN.sub(place, compiled.pattern), compiled.flags)

    @st.composite
    def texts(draw: st.DrawFn) -> str:
        drawn = draw(frames)
        return "".join(draw(runs[ord(each) - _PLACES]) if _is_place(each, runs) else each for each in drawn)

    frames = st.from_regex(frame, fullmatch=True, alphabet=_LETTERS)
    return texts().filter(lambda text: least <= len(text) <= most and compiled.fullmatch(text) is not None)


def _is_place(letter: str, runs: list[st.SearchStrategy[str]]) -> bool:
    return 0 <= ord(letter) - _PLACES < len(runs)


def _run(found: re.Match[str], flags: int, least: int, most: int) -> st.SearchStrategy[str]:
    """So many letters of a class as its pattern says, and `least` at least."""
    letters, sign, exactly, comma, upto = found.groups()
    least = max(least, int(exactly) if exactly else int(sign == "+"))
    longest = int(upto) if upto else int(exactly) if exactly and not comma else max(least, _LONGEST)
    return st.text(_alphabet(letters, flags), min_size=least, max_size=max(least, min(longest, most, _LONGEST)))


@cache
def _alphabet(letters: str, flags: int) -> str:
    """The letters of a class, as far as XML 1.0 carries them."""
    return "".join(re.findall(letters, _everything(), flags))


@cache
def _everything() -> str:
    """The letters of the first plane, and some of the second."""
    found = map(chr, (*range(0x20, 0xE000), *range(0xF900, 0x10400), *range(0x1F300, 0x1F600)))
    return "\t\n\r" + "".join(each for each in found if unicodedata.category(each) not in {"Cs", "Cn"})
