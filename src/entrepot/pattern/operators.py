"""What one value of an event may be: a test for each operator ("Comparison operators for use in event patterns").

Each test also says by which keys an index finds the values that it accepts; `ANY` where only a value's presence tells.
"""

import ipaddress
import re
from collections.abc import Callable, Hashable
from typing import Final, Literal

import msgspec

from entrepot.pattern import values, wildcards
from entrepot.pattern.values import Number

Kind = Literal["exact", "prefix", "suffix", "fold", "any"]
Key = tuple[Kind, Hashable]
Accepts = Callable[[object], bool]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

ANY: Final[Key] = ("any", None)
_ADDRESS: Final = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+|[0-9a-fA-F:]*:[0-9a-fA-F:.]*")


class Test(msgspec.Struct, frozen=True, eq=False):
    """Whether a scalar of an event is accepted; what is accepted is found by one of the keys."""

    accepts: Accepts
    keys: tuple[Key, ...] = (ANY,)
    asterisks: int = 0  # wildcards in it: what a text may be asked
    text: str = ""  # what it asks: tests of the same text accept the same


def exact(value: object) -> Test:
    """A scalar of the same type and value; numbers by value."""
    wanted = values.key(value)
    return Test(lambda given: values.key(given) == wanted, (("exact", wanted),))


def prefix(text: str) -> Test:
    """A string that begins so."""
    return Test(lambda given: isinstance(given, str) and given.startswith(text), (("prefix", text),))


def suffix(text: str) -> Test:
    """A string that ends so."""
    return Test(lambda given: isinstance(given, str) and given.endswith(text), (("suffix", text),))


def folded(text: str) -> Test:
    """A string with the same letters, of either case."""
    wanted = values.fold(text)
    return _strings(lambda given: values.fold(given) == wanted, ("fold", wanted))


def folded_prefix(text: str) -> Test:
    """A string that begins so, in either case."""
    wanted = values.fold(text)
    return _strings(lambda given: values.fold(given).startswith(wanted), ANY)


def folded_suffix(text: str) -> Test:
    """A string that ends so, in either case."""
    wanted = values.fold(text)
    return _strings(lambda given: values.fold(given).endswith(wanted), ANY)


def wildcard(text: str) -> Test:
    """A string that the wildcard fits: EventPatternInvalid."""
    parts = wildcards.parts(text)
    found: Key = ("prefix", parts[0]) if parts[0] else ("suffix", parts[-1])
    if len(parts) == 3 and not parts[0] and not parts[2]:  # the usual one, in a fraction of the time
        inner = parts[1]
        return Test(lambda given: isinstance(given, str) and inner in given, (found,), 2)
    fits = wildcards.matches
    return Test(lambda given: isinstance(given, str) and fits(parts, given), (found,), len(parts) - 1)


def numeric(low: Number, high: Number, *, open_low: bool, open_high: bool) -> Test:
    """A number between two bounds; one beyond the comparable numbers is between none."""

    def accepts(given: object) -> bool:
        number = values.number(given)
        if number is None or not low <= number <= high:
            return False
        return not ((open_low and number == low) or (open_high and number == high))

    return Test(accepts)


def cidr(network: Network) -> Test:
    """A string that is an address of the network."""

    def accepts(given: str) -> bool:
        if not _ADDRESS.fullmatch(given):
            return False
        try:
            return ipaddress.ip_address(given) in network
        except ValueError:
            return False

    return _strings(accepts, ANY)


def anything_but(refused: tuple[Test, ...]) -> Test:
    """Any scalar that none of the tests accepts."""
    accepts = either(refused).accepts
    return Test(lambda given: not accepts(given), asterisks=_asterisks(refused))


def present() -> Test:
    """Any scalar, null too."""
    return Test(lambda _: True)


def either(tests: tuple[Test, ...]) -> Test:
    """What any of the tests accepts; many exact values are one look."""
    if len(tests) == 1:
        return tests[0]
    keys = tuple(dict.fromkeys(key for test in tests for key in test.keys))
    if all(kind == "exact" for kind, _ in keys):
        wanted = frozenset(wanted for _, wanted in keys)
        return Test(lambda given: values.key(given) in wanted, keys)
    accepting = tuple(test.accepts for test in tests)
    keys = (ANY,) if ANY in keys else keys
    return Test(lambda given: any(accepts(given) for accepts in accepting), keys, _asterisks(tests))


def _asterisks(tests: tuple[Test, ...]) -> int:
    return sum(test.asterisks for test in tests)


def _strings(accepts: Callable[[str], bool], key: Key) -> Test:
    return Test(lambda given: isinstance(given, str) and accepts(given), (key,))
