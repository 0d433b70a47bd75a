"""JSON text -> the branches of an event pattern; hostile text is refused in linear time.

A branch is one way to match: a field's path -> the test of its values, or None where the field must be absent. `$or`
makes branches, and so does a field that may be absent or have a value.
"""

from typing import Final

import msgspec

from entrepot.pattern import operators
from entrepot.pattern.expressions import refuse, test_of
from entrepot.pattern.operators import Test
from entrepot.pattern.values import parse_number
from entrepot.spec import strict_json
from entrepot.spec.strict_json import JsonRefused

Path = tuple[str, ...]
Branch = dict[Path, Test | None]

LONGEST: Final = 2048  # characters, AWS's quota unless it is raised
DEEPEST: Final = 64
MOST_BRANCHES: Final = 1000
MOST_ASTERISKS: Final = 32  # in the wildcards of one field
_OR: Final = "$or"
# names that operators have, or may be given: inside $or they are no fields
_RESERVED: Final = frozenset(
    {"exactly", "prefix", "suffix", "equals-ignore-case", "wildcard", "numeric", "anything-but", "cidr", "exists"}
    | {"=", "<", "<=", ">", ">=", "regex", "not-wildcard", "not-equals-ignore-case"}
    | {"date-after", "date-on-or-after", "date-before", "date-on-or-before", "in-date-range"}
    | {"ip-address-in-range", "ip-address-not-in-range"}
)


def branches(text: str, longest: int = LONGEST) -> list[Branch]:
    """The ways in which an event may match: EventPatternInvalid."""
    if len(text) > longest:
        refuse(f"Event pattern has {len(text)} characters, and may have {longest}")
    tree = _decode(text)
    if not isinstance(tree, dict):
        refuse("Filter is not an object")
    return _object(tree, (), [{}], inside_or=False)


def _decode(text: str) -> object:
    try:
        return strict_json.decode(text, DEEPEST, parse_number)
    except JsonRefused as error:
        refuse(str(error))
    except ValueError:
        refuse("Invalid JSON")


def _object(tree: dict[str, object], path: Path, found: list[Branch], *, inside_or: bool) -> list[Branch]:
    """The branches with the fields of one object added to each."""
    if not tree:
        refuse("Empty objects are not allowed")
    for name, value in tree.items():
        if name == _OR:
            found = _alternatives(value, path, found)
            continue
        if inside_or and name in _RESERVED:
            refuse(f"{name} is Ruler reserved fieldName which cannot be used inside $or.")
        if isinstance(value, dict):
            found = _object(value, (*path, name), found, inside_or=inside_or)
        elif isinstance(value, list):
            found = _field(value, (*path, name), found)
        else:
            refuse(f'"{name}" must be an object or an array')
    return found


def _alternatives(value: object, path: Path, found: list[Branch]) -> list[Branch]:
    if not isinstance(value, list):
        refuse("It must be an Array followed with $or.")
    if not all(isinstance(each, dict) for each in value):
        refuse("Only JSON object is allowed in array of $or relationship.")
    if len(value) < 2:
        refuse("There must have at least 2 Objects in $or relationship.")
    forked: list[Branch] = []
    for each in value:
        forked += _object(each, path, found, inside_or=True)
        _require_few(len(forked))
    return forked


def _field(elements: list[object], path: Path, found: list[Branch]) -> list[Branch]:
    if not elements:
        refuse("Empty arrays are not allowed")
    tests = list(map(test_of, elements))
    given = tuple(test for test in tests if test is not None)
    if sum(test.asterisks for test in given) > MOST_ASTERISKS:
        refuse(
            "Rule is too complex - try using fewer wildcard characters "
            "or fewer repeating character sequences after a wildcard character"
        )
    ways: list[Test | None] = [msgspec.structs.replace(operators.either(given), text=repr(elements))] if given else []
    if None in tests:
        ways.append(None)
    _require_few(len(ways) * len(found))
    if any(path in branch for branch in found):
        refuse(f"Path `{'.'.join(path)}` cannot be allowed multiple times")
    return [{**branch, path: way} for way in ways for branch in found]


def _require_few(count: int) -> None:
    if count > MOST_BRANCHES:
        refuse(f"Rule is too complex - $or makes more than {MOST_BRANCHES} combinations")
