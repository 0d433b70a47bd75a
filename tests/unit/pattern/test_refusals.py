"""What is no event pattern, and the sentence that says so: AWS's where it is known."""

import contextlib
import json

import pytest

from entrepot.errors import EventPatternInvalid
from entrepot.pattern.pattern import Pattern
from entrepot.pattern.reading import DEEPEST

NUMERIC = "Too many elements in numeric expression"
ONE_KEY = "Only one key allowed in match expression"
MIXED = "Inside anything but list, either all values are number or string, mixed type is not supported"
COMPLEX = (
    "Rule is too complex - try using fewer wildcard characters "
    "or fewer repeating character sequences after a wildcard character"
)
# what stands in the array of a field
EXPRESSIONS = [
    ([], "Empty arrays are not allowed"),
    ([[]], "Match value must be String, number, true, false, or null"),
    ([{}], "Match expression name not found"),
    ([{"like": "a"}], "Unrecognized match type like"),
    ([{"prefix": "a", "suffix": "b"}], ONE_KEY),
    ([{"prefix": 1}], "prefix match pattern must be a string"),
    ([{"suffix": None}], "suffix match pattern must be a string"),
    ([{"prefix": {}}], "Prefix expression name not found"),
    ([{"suffix": {}}], "Suffix expression name not found"),
    ([{"prefix": {"wildcard": "a"}}], "Unsupported prefix pattern: wildcard"),
    ([{"suffix": {"equals-ignore-case": 1}}], "equals-ignore-case match pattern must be a string"),
    ([{"equals-ignore-case": ["a"]}], "equals-ignore-case match pattern must be a string"),
    ([{"exactly": 1}], "exact match pattern must be a string"),
    ([{"exists": "true"}], "exists match pattern must be either true or false."),
    ([{"wildcard": 1}], "wildcard match pattern must be a string"),
    ([{"wildcard": "ab**"}], "Consecutive wildcard characters at pos 3"),
    ([{"wildcard": "é**"}], "Consecutive wildcard characters at pos 3"),
    ([{"wildcard": "a\\b"}], "Invalid escape character at pos 2"),
    ([{"wildcard": "a\\"}], "Invalid escape character at pos 2"),
    ([{"wildcard": "a*" * 17}, {"anything-but": {"wildcard": ["*b" * 16]}}], COMPLEX),
    ([{"numeric": 5}], "Value of numeric must be an array."),
    ([{"numeric": [5, ">"]}], "Invalid member in numeric match: 5"),
    ([{"numeric": ["~", 5]}], "Unrecognized numeric range operator: ~"),
    ([{"numeric": ["=", "5"]}], "Value of equals must be numeric"),
    ([{"numeric": [">="]}], "Value of >= must be numeric"),
    ([{"numeric": [">", True]}], "Value of > must be numeric"),
    ([{"numeric": ["<", 5, ">", 1]}], NUMERIC),
    ([{"numeric": ["=", 5, 6]}], NUMERIC),
    ([{"numeric": [">", 1, 5]}], "Bad value in numeric range: 5"),
    ([{"numeric": [">", 1, ">", 5]}], "Bad numeric range operator: >"),
    ([{"numeric": [">", 1, "<", None]}], "Value of < must be numeric"),
    ([{"numeric": [">", 1, "<", 5, "<", 6]}], "Too many terms in numeric range expression"),
    ([{"numeric": [">", 5, "<", 5]}], "Bottom must be less than top"),
    ([{"numeric": ["=", 5e9 + 1]}], "Value must be between -5.0E9 and 5.0E9, inclusive"),
    ([{"numeric": [">", -5e9 - 1]}], "Value must be between -5.0E9 and 5.0E9, inclusive"),
    ([{"numeric": ["=", 0.1234567]}], "Only values upto 6 decimals are supported: 0.1234567"),
    ([{"numeric": ["=", 1], "prefix": "a"}], NUMERIC),
    ([{"anything-but": {}}], "Anything-But expression name not found"),
    ([{"anything-but": {"numeric": ["=", 1]}}], "Unsupported anything-but pattern: numeric"),
    ([{"anything-but": True}], "Value of anything-but must be an array or single string/number value."),
    ([{"anything-but": [None]}], "Inside anything but list, start|null|boolean is not supported."),
    ([{"anything-but": ["a", 1]}], MIXED),
    ([{"anything-but": []}], "Empty arrays are not allowed"),
    ([{"anything-but": 6e9}], "Value must be between -5.0E9 and 5.0E9, inclusive"),
    ([{"anything-but": {"prefix": ""}}], "Null prefix/suffix not allowed"),
    ([{"anything-but": {"suffix": 1}}], "prefix/suffix match pattern must be a string"),
    (
        [{"anything-but": {"equals-ignore-case": [1]}}],
        "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.",
    ),
    ([{"anything-but": {"wildcard": "**"}}], "Consecutive wildcard characters at pos 1"),
    ([{"cidr": "10.0.0.0"}], "Malformed CIDR, one '/' required"),
    ([{"cidr": "10.0.0.0/x"}], "Malformed CIDR, mask bits must be an integer"),
    ([{"cidr": "10.0.0.0/-1"}], "Malformed CIDR, mask bits must not be negative"),
    ([{"cidr": "10.0.0.0/32"}], "IPv4 mask bits must be < 32"),
    ([{"cidr": "::/128"}], "IPv6 mask bits must be < 128"),
    ([{"cidr": "::/" + "9" * 1500}], "IPv6 mask bits must be < 128"),
    ([{"cidr": "host/8"}], "Nonstandard IP address: host"),
]
TEXTS = [
    ("", "Invalid JSON"),
    ("{", "Invalid JSON"),
    ('{"a": [NaN]}', "NaN is not JSON"),
    ('{"a": [1e99999999999999999999]}', "Invalid JSON"),
    ("[]", "Filter is not an object"),
    ("null", "Filter is not an object"),
    ("{}", "Empty objects are not allowed"),
    ('{"a": {}}', "Empty objects are not allowed"),
    ('{"a": "b"}', '"a" must be an object or an array'),
    ('{"a": [1], "a": [2]}', "a key stands twice in one object"),
    ('{"$or": {"a": [1]}}', "It must be an Array followed with $or."),
    ('{"$or": [{"a": [1]}]}', "There must have at least 2 Objects in $or relationship."),
    ('{"$or": [1, 2]}', "Only JSON object is allowed in array of $or relationship."),
    ('{"$or": [{"a": [1]}, {}]}', "Empty objects are not allowed"),
    (
        '{"$or": [{"a": [1]}, {"b": {"prefix": ["x"]}}]}',
        "prefix is Ruler reserved fieldName which cannot be used inside $or.",
    ),
    ('{"a": {"b": [1]}, "$or": [{"a": {"b": [2]}}, {"c": [1]}]}', "Path `a.b` cannot be allowed multiple times"),
    ('{"a": ["%s"]}' % ("x" * 2038), "Event pattern has 2049 characters, and may have 2048"),
]


def reason(text: str) -> str:
    with pytest.raises(EventPatternInvalid, match=r"^Event pattern is not valid\. Reason: ") as refused:
        Pattern(text)
    return str(refused.value.reason)


@pytest.mark.parametrize(("elements", "expected"), EXPRESSIONS, ids=lambda value: json.dumps(value)[:60])
def test_an_expression_that_is_none_is_refused(elements, expected):
    assert reason(json.dumps({"a": {"b": elements}})) == expected


@pytest.mark.parametrize(("text", "expected"), TEXTS, ids=lambda value: value[:40])
def test_a_text_that_is_no_pattern_is_refused(text, expected):
    assert reason(text) == expected


def test_the_longest_pattern_is_accepted_and_the_limit_can_be_raised():
    assert Pattern('{"a": ["%s"]}' % ("x" * 2037)).matches({"a": "x" * 2037})
    assert Pattern('{"a": ["%s"]}' % ("x" * 2038), longest=4096).matches({"a": "x" * 2038})


def test_the_deepest_pattern_is_accepted():
    def nested(depth: int) -> str:
        return '{"a":' * (depth - 1) + "[1]" + "}" * (depth - 1)

    event: object = 1
    for _ in range(DEEPEST - 1):
        event = {"a": event}
    assert isinstance(event, dict)
    assert Pattern(nested(DEEPEST)).matches(event)
    assert reason(nested(DEEPEST + 1)) == f"it is nested more than {DEEPEST} levels deep"


def test_or_may_make_a_thousand_combinations_and_no_more():
    def of(*sizes: int) -> str:
        alternatives = [
            {"$or": [{f"a{place}": [number]} for number in range(size)]} for place, size in enumerate(sizes)
        ]
        return json.dumps({f"f{place}": each for place, each in enumerate(alternatives)}).replace(" ", "")

    assert len(Pattern(of(10, 10, 10)).branches) == 1000
    assert reason(of(10, 10, 11)) == "Rule is too complex - $or makes more than 1000 combinations"
    assert reason(of(*[2] * 40)) == "Rule is too complex - $or makes more than 1000 combinations"


def test_a_field_of_any_name_may_stand_outside_or():
    assert Pattern('{"prefix": ["a"], "numeric": {"exists": [1]}}').matches({"prefix": "a", "numeric": {"exists": 1}})


@pytest.mark.parametrize(
    "text",
    [
        "[" * 1_000_000,
        '{"a":' * 1_000_000,
        '{"a": [' + "1," * 1_000_000 + "1]}",
        '{"a": [' + "9" * 1_000_000 + "]}",
        '{"a": ["' + "\\\\" * 1_000_000 + '"]}',
    ],
    ids=["arrays", "objects", "values", "digits", "escapes"],
)
def test_a_text_that_is_far_too_long_is_refused_unread(text):
    assert reason(text) == f"Event pattern has {len(text)} characters, and may have 2048"


@pytest.mark.parametrize(
    "text",
    ["[" * 4096, '{"a":' * 800, '{"$or":[' * 500, '{"a": [' + "9" * 4000 + "]}", '{"a": [1e' + "9" * 4000 + "]}"],
    ids=["arrays", "objects", "or", "digits", "exponent"],
)
def test_hostile_text_within_the_limit_is_read_or_refused(text):
    with contextlib.suppress(EventPatternInvalid):
        Pattern(text, longest=4096).matches({"a": 10**4000})


def test_an_event_is_matched_in_a_time_that_grows_with_its_size_only():
    """Each array is chosen from by itself, and wildcards never go back: what else would take years."""
    asked = {f"a{n}": {"x": [1], "y": [2]} for n in range(20)}
    pattern = Pattern(json.dumps({**asked, "z": {"x": ["no"]}}))
    event = {f"a{n}": [{"x": 1, "y": 2}] * 500 for n in range(20)} | {"z": [{"x": "yes"}] * 500}
    assert not pattern.matches(event)
    assert not Pattern(json.dumps({"a": [{"wildcard": "*a" * 30 + "*c*"}]}), longest=4096).matches({"a": "a" * 100_000})


def test_arrays_in_arrays_however_deep_are_crushed():
    deep: object = "x"
    for _ in range(100_000):
        deep = [deep]
    try:
        assert Pattern('{"a": ["x"]}').matches({"a": deep})
    finally:
        while isinstance(deep, list):  # a list so deep is not freed at once
            deep = deep.pop()
