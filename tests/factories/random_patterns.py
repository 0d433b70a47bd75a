"""Random event patterns and events over few names and values, so that they meet."""

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


@st.composite
def anything_but(draw: st.DrawFn) -> Tree:
    """Any of its forms: a value, some values, the operand of another operator or some."""
    name = draw(st.sampled_from((None, "prefix", "suffix", "equals-ignore-case", "wildcard")))
    pools: dict[str | None, tuple[tuple[Any, ...], ...]] = {None: (TEXTS, COMPARABLE), "wildcard": (WILDCARDS,)}
    pool = draw(st.sampled_from(pools.get(name, (AFFIXES,))))
    operand: Any = draw(st.lists(st.sampled_from(pool), min_size=1, max_size=3))
    if len(operand) == 1 and draw(st.booleans()):
        (operand,) = operand
    return {"anything-but": operand if name is None else {name: operand}}


@st.composite
def elements(draw: st.DrawFn) -> Any:
    """What stands in the array of a field."""
    pool = draw(st.sampled_from((SCALARS, SCALARS, TEXT_TESTS, RANGES, EXISTENCE, EXISTENCE, None)))
    return draw(anything_but()) if pool is None else draw(st.sampled_from(pool))


@st.composite
def patterns(draw: st.DrawFn, depth: int = 3) -> Tree:
    """Patterns with fields in fields and `$or`; some are refused, because a path stands in them twice."""
    found: Tree = {}
    for name in draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True)):
        nested = depth > 1 and draw(st.booleans())
        found[name] = draw(patterns(depth - 1) if nested else st.lists(elements(), min_size=1, max_size=2))
    if depth > 1 and draw(st.sampled_from((False, False, True))):
        found["$or"] = draw(st.lists(patterns(depth - 1), min_size=2, max_size=3))
    return found


@st.composite
def values(draw: st.DrawFn, depth: int) -> Any:
    """A value of an event: a scalar, an object, an array of either or of arrays."""
    kind = draw(st.sampled_from(("scalar", "object", "array", "array"))) if depth > 0 else "scalar"
    if kind == "scalar":
        return draw(st.sampled_from(SCALARS))
    if kind == "array":
        return draw(st.lists(values(depth - 1), max_size=3))
    return draw(st.dictionaries(st.sampled_from(NAMES), values(depth - 1), max_size=3))


@st.composite
def events(draw: st.DrawFn) -> Tree:
    """Events with objects in arrays in arrays."""
    return draw(st.dictionaries(st.sampled_from(NAMES), values(4), max_size=4))


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
            found[name] = [*draw(st.lists(elements(), max_size=2)), value]
    return found or None
