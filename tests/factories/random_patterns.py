"""Random event patterns and events over few names and values, so that they meet."""

from functools import cache
from itertools import combinations, product
from typing import Any

from hypothesis import strategies as st

Tree = dict[str, Any]

NAMES = ("a", "b", "a-b", "c")
TEXTS = ("", "x", "X", "xy", "Xy.z", "y*", "10.0.0.1", "2001:db8::1")
NUMBERS = (0, 1, -1, 1.0, 0.1, 0.3, 2.5, 5_000_000_000, 5_000_000_001, 111122223333)
COMPARABLE = tuple(sorted({number for number in NUMBERS if abs(number) <= 5_000_000_000}))
SCALARS: tuple[Any, ...] = (*TEXTS, *NUMBERS, None, True, False)
AFFIXES = ("x", "X", "y", "z", "*", "xy")
WILDCARDS = ("*", "*y*", "x*", "*y", "X*z", "*.*", "y\\*", "x")
NETWORKS = ("10.0.0.0/8", "10.1.0.0/16", "2001:db8::/32", "::/0")

TEXT_TESTS: tuple[Tree, ...] = (
    *({name: affix} for name in ("prefix", "suffix") for affix in AFFIXES),
    *({name: {"equals-ignore-case": affix}} for name in ("prefix", "suffix") for affix in AFFIXES),
    *({"equals-ignore-case": text} for text in TEXTS),
    *({"wildcard": wildcard} for wildcard in WILDCARDS),
    *({"cidr": network} for network in NETWORKS),
)
RANGES: tuple[Tree, ...] = (
    *({"numeric": [operator, bound]} for operator in ("=", "<", "<=", ">", ">=") for bound in COMPARABLE),
    *(
        {"numeric": [lower, low, upper, high]}
        for lower, upper in product((">", ">="), ("<", "<="))
        for low, high in combinations(COMPARABLE, 2)
    ),
)
EXISTENCE: tuple[Tree, ...] = ({"exists": True}, {"exists": False})


# strategies are made once: Hypothesis thinks long about each new one
_NAMED = st.sampled_from(NAMES)
_SEVERAL_NAMES = st.lists(_NAMED, min_size=1, max_size=3, unique=True)
_ONE_IN_THREE = st.sampled_from((False, False, True))
_KINDS = st.sampled_from(("scalar", "object", "array", "array"))
_SCALARS = st.sampled_from(SCALARS)


def _operands(*pools: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    """One value of a pool, by itself or in an array, or some."""
    return st.sampled_from(pools).flatmap(
        lambda pool: st.sampled_from(pool) | st.lists(st.sampled_from(pool), min_size=1, max_size=3)
    )


@cache
def anything_but() -> st.SearchStrategy[Tree]:
    """Any of its forms: a value, some values, the operand of another operator or some."""
    operands = {name: _operands(AFFIXES) for name in ("prefix", "suffix", "equals-ignore-case")}
    operands["wildcard"] = _operands(WILDCARDS)
    named = [st.fixed_dictionaries({name: operand}) for name, operand in operands.items()]
    return st.fixed_dictionaries({"anything-but": st.one_of(_operands(TEXTS, COMPARABLE), *named)})


@cache
def elements() -> st.SearchStrategy[Any]:
    """What stands in the array of a field."""
    pools = [_SCALARS, _SCALARS, *map(st.sampled_from, (TEXT_TESTS, RANGES, EXISTENCE, EXISTENCE)), anything_but()]
    return st.sampled_from(pools).flatmap(lambda pool: pool)


_ELEMENTS = st.lists(elements(), min_size=1, max_size=2)
_FEW_ELEMENTS = st.lists(elements(), max_size=2)


@cache
@st.composite
def patterns(draw: st.DrawFn, depth: int = 3) -> Tree:
    """Patterns with fields in fields and `$or`; some are refused, because a path stands in them twice."""
    found: Tree = {}
    for name in draw(_SEVERAL_NAMES):
        nested = depth > 1 and draw(st.booleans())
        found[name] = draw(patterns(depth - 1) if nested else _ELEMENTS)
    if depth > 1 and draw(_ONE_IN_THREE):
        found["$or"] = draw(_alternatives(depth - 1))
    return found


@cache
def _alternatives(depth: int) -> st.SearchStrategy[list[Tree]]:
    return st.lists(patterns(depth), min_size=2, max_size=3)


@cache
@st.composite
def values(draw: st.DrawFn, depth: int) -> Any:
    """A value of an event: a scalar, an object, an array of either or of arrays."""
    kind = draw(_KINDS) if depth > 0 else "scalar"
    return draw(_SCALARS if kind == "scalar" else _inner(kind, depth - 1))


@cache
def _inner(kind: str, depth: int) -> st.SearchStrategy[Any]:
    return st.lists(values(depth), max_size=3) if kind == "array" else _objects(depth, 3)


def _objects(depth: int, most: int) -> st.SearchStrategy[Tree]:
    return st.dictionaries(_NAMED, values(depth), max_size=most)


@cache
def events() -> st.SearchStrategy[Tree]:
    """Events with objects in arrays in arrays."""
    return _objects(4, 4)


@st.composite
def derived(draw: st.DrawFn, event: Tree) -> Tree | None:
    """A pattern that asks for all values of an event that are in no array, each in its own place; None: it has none."""
    found: Tree = {}
    for name, value in event.items():
        if isinstance(value, dict):
            inner = draw(derived(value))
            if inner:
                found[name] = inner
        elif not isinstance(value, list):
            found[name] = [*draw(_FEW_ELEMENTS), value]
    return found or None
