"""Each condition operator: what holds for a value, for several, and for none."""

import pytest

from entrepot.errors import PolicyMalformed
from entrepot.policy.conditions import compile_condition, parse_operator
from entrepot.policy.document import parse
from entrepot.policy.structure import Condition, Kind
from tests.factories.policies import statement, text

KEY = "aws:Key"
POSITIVE = [
    # operator, the policy's values, the request's value, whether it holds
    ("StringEquals", ["a", "b"], "b", True),
    ("StringEquals", ["a"], "A", False),
    ("StringEquals", ["a*"], "ab", False),
    ("StringEquals", ["a*"], "a*", True),
    ("StringEqualsIgnoreCase", ["TeamA"], "teama", True),
    ("StringEqualsIgnoreCase", ["TeamA"], "teamb", False),
    ("StringLike", ["prod-*"], "prod-1", True),
    ("StringLike", ["prod-?"], "prod-12", False),
    ("StringLike", ["PROD-*"], "prod-1", False),
    ("StringLike", ["*"], "", True),
    ("NumericEquals", ["10"], "10.0", True),
    ("NumericEquals", ["10", "11"], "11", True),
    ("NumericEquals", ["10"], "ten", False),
    ("NumericLessThan", ["10"], "9.99", True),
    ("NumericLessThan", ["10"], "10", False),
    ("NumericLessThan", ["10"], "9e0", False),
    ("NumericLessThanEquals", ["10"], "10", True),
    ("NumericGreaterThan", ["-3"], "-2", True),
    ("NumericGreaterThan", ["-3"], "-3", False),
    ("NumericGreaterThanEquals", ["-3"], "-3", True),
    ("DateEquals", ["2026-03-01T00:00:00Z"], "2026-03-01", True),
    ("DateEquals", ["2026-03-01T02:00:00+02:00"], "2026-03-01T00:00:00Z", True),
    ("DateEquals", ["1772323200"], "2026-03-01T00:00:00Z", True),
    ("DateLessThan", ["2026-03-01T00:00:00Z"], "2026-02-28T23:59:59.999Z", True),
    ("DateLessThan", ["2026-03-01T00:00:00Z"], "2026-03-01T00:00:00Z", False),
    ("DateLessThan", ["2026-03-01T00:00:00Z"], "yesterday", False),
    ("DateLessThanEquals", ["2026-03-01T00:00:00Z"], "2026-03-01T00:00:00Z", True),
    ("DateGreaterThan", ["2026"], "2026-01-01T00:00:01Z", True),
    ("DateGreaterThanEquals", ["2026-01"], "2025-12-31T23:59:59Z", False),
    ("Bool", ["true"], "true", True),
    ("Bool", ["True"], "true", True),
    ("Bool", ["false"], "true", False),
    ("Bool", ["true"], "yes", False),
    ("BinaryEquals", ["QmluYXJ5"], "QmluYXJ5", True),
    ("BinaryEquals", ["QmluYXJ5"], "QmluYXJ6", False),
    ("BinaryEquals", ["QmluYXJ5"], "not base64", False),
    ("IpAddress", ["203.0.113.0/24"], "203.0.113.77", True),
    ("IpAddress", ["203.0.113.0/24"], "203.0.114.77", False),
    ("IpAddress", ["203.0.113.77"], "203.0.113.77", True),
    ("IpAddress", ["203.0.113.9/24"], "203.0.113.77", True),
    ("IpAddress", ["2001:db8:1234::/48"], "2001:db8:1234:5678::1", True),
    ("IpAddress", ["203.0.113.0/24"], "2001:db8::1", False),
    ("IpAddress", ["203.0.113.0/24"], "::ffff:203.0.113.77", True),
    ("IpAddress", ["203.0.113.0/24"], "localhost", False),
    ("ArnEquals", ["arn:aws:iam::*:role/ci/*"], "arn:aws:iam::111122223333:role/ci/build", True),
    ("ArnLike", ["arn:aws:iam::*:role/c?/*"], "arn:aws:iam::111122223333:role/ci/build", True),
    ("ArnLike", ["arn:aws:iam::*"], "arn:aws:iam::111122223333:role/ci", False),
    ("ArnLike", ["arn:*:role/ci"], "arn:aws:iam::111122223333:role/ci", False),
    ("ArnLike", ["arn:aws:ecr:*:*:repository/a:b"], "arn:aws:ecr:r:a:repository/a:b", True),
    ("ArnLike", ["arn:aws:iam::*:role/ci"], "no arn", False),
]
NEGATED = {
    "StringEquals": "StringNotEquals",
    "StringEqualsIgnoreCase": "StringNotEqualsIgnoreCase",
    "StringLike": "StringNotLike",
    "NumericEquals": "NumericNotEquals",
    "DateEquals": "DateNotEquals",
    "IpAddress": "NotIpAddress",
    "ArnEquals": "ArnNotEquals",
    "ArnLike": "ArnNotLike",
}
NEGATIVE = [(NEGATED[name], values, given, not held) for name, values, given, held in POSITIVE if name in NEGATED]
VALUES = {
    "Numeric": "1",
    "Date": "2026",
    "Bool": "true",
    "Binary": "QQ==",
    "IpAddress": "10.0.0.1",
    "NotIp": "10.0.0.1",
}
OPERATORS = sorted({name for name, *_ in POSITIVE + NEGATIVE})


def holds(operator: str, values: list[str], given: list[str], **others: list[str]) -> bool:
    """Whether a condition holds for a request that has these values of its key."""
    context = {KEY.lower(): tuple(given)} | {name: tuple(found) for name, found in others.items()}
    test = compile_condition(Condition(operator, KEY, tuple(values)), variables=True)
    return test.holds(lambda key: context.get(key, ()))


def value_for(operator: str) -> str:
    return next((value for start, value in VALUES.items() if operator.startswith(start)), "x")


def other_type(operator: str) -> bool:
    return value_for(operator) != "x"


@pytest.mark.parametrize(("operator", "values", "given", "expected"), POSITIVE + NEGATIVE)
def test_an_operator_compares_one_value(operator: str, values: list[str], given: str, expected: bool):
    assert holds(operator, values, [given]) is expected
    assert holds(f"{operator}IfExists", values, [given]) is expected
    assert holds(f"ForAnyValue:{operator}", values, [given]) is expected
    assert holds(f"ForAllValues:{operator}", values, [given]) is expected
    assert holds(operator.lower(), values, [given]) is expected


@pytest.mark.parametrize("operator", OPERATORS)
def test_a_key_that_is_missing_fails_a_positive_operator_and_passes_a_negated_one(operator: str):
    values = [value_for(operator)]
    assert holds(operator, values, []) is ("Not" in operator)
    assert holds(f"{operator}IfExists", values, [])
    assert holds(f"ForAllValues:{operator}", values, [])
    assert not holds(f"ForAnyValue:{operator}", values, [])
    assert holds(f"ForAnyValue:{operator}IfExists", values, [])


@pytest.mark.parametrize(
    ("operator", "given", "expected"),
    [
        ("ForAllValues:StringEquals", ["a", "b"], True),
        ("ForAllValues:StringEquals", ["a", "c"], False),
        ("ForAnyValue:StringEquals", ["a", "c"], True),
        ("ForAnyValue:StringEquals", ["c", "d"], False),
        ("ForAllValues:StringNotEquals", ["c", "d"], True),
        ("ForAllValues:StringNotEquals", ["a", "d"], False),
        ("ForAnyValue:StringNotEquals", ["a", "d"], True),
        ("ForAnyValue:StringNotEquals", ["a", "b"], False),
        ("StringEquals", ["a", "b"], False),
        ("StringNotEquals", ["c", "d"], False),
    ],
)
def test_several_values_need_a_qualifier(operator: str, given: list[str], expected: bool):
    assert holds(operator, ["a", "b"], given) is expected


@pytest.mark.parametrize(
    ("value", "given", "expected"),
    [("true", [], True), ("true", ["x"], False), ("false", [], False), ("false", ["x"], True)],
)
def test_null_asks_whether_the_key_is_there(value: str, given: list[str], expected: bool):
    assert holds("Null", [value], given) is expected


def test_a_multifactor_flag_that_is_absent_is_not_false():
    assert not holds("Bool", ["false"], [])
    assert holds("BoolIfExists", ["false"], [])
    assert holds("BoolIfExists", ["true"], [])


@pytest.mark.parametrize("operator", ["StringEquals", "StringLike", "StringEqualsIgnoreCase", "ArnLike", "ArnEquals"])
def test_a_variable_without_a_value_makes_the_condition_fail_also_when_it_is_negated(operator: str):
    value = "arn:aws:iam::1:user/${who}" if operator.startswith("Arn") else "u/${who}"
    given = value.replace("${who}", "me")
    assert holds(operator, [value], [given], who=["me"])
    assert not holds(operator, [value], [given], who=["you"])
    assert not holds(operator, [value], [given])
    negated = NEGATED[operator]
    assert not holds(negated, [value], [given], who=["me"])
    assert holds(negated, [value], [given], who=["you"])
    assert not holds(negated, [value], [given])


def test_a_variable_with_colons_stays_in_its_part_of_an_arn():
    assert holds("ArnLike", ["arn:aws:iam::1:user/${a:b}"], ["arn:aws:iam::1:user/x:y"], **{"a:b": ["x:y"]})
    assert not holds("ArnLike", ["arn:aws:${a:b}:1:user/x"], ["arn:aws:iam::1:user/x"], **{"a:b": ["iam:"]})


def test_values_of_other_types_are_compared_as_text_without_variables():
    assert holds("StringEquals", ["${*}"], ["*"])
    assert not holds("StringLike", ["${*}"], ["x"])


@pytest.mark.parametrize(
    "operator",
    [
        "StringIs",
        "",
        "Equals",
        "NullIfExists",
        "ForSomeValues:StringEquals",
        "ForAnyValue:ForAllValues:StringEquals",
        "StringEqualsIfExistsIfExists",
        "StringEqualsIfExistsx",
        "NumericNotLessThan",
        "BinaryNotEquals",
        "NotBool",
    ],
)
def test_there_are_no_other_operators(operator: str):
    assert parse_operator(operator) is None
    with pytest.raises(PolicyMalformed, match=r"^Invalid Condition type : "):
        parse(text(statement(Condition={operator: {KEY: "x"}})), Kind.IDENTITY)


@pytest.mark.parametrize("operator", [name for name in OPERATORS if other_type(name)] + ["Null"])
def test_a_value_of_another_type_is_refused(operator: str):
    with pytest.raises(PolicyMalformed, match="legacy parsing"):
        parse(text(statement(Condition={operator: {KEY: ["~"]}})), Kind.IDENTITY)


def test_a_condition_has_a_key():
    with pytest.raises(PolicyMalformed, match="Condition key"):
        parse(text(statement(Condition={"StringEquals": {"": "x"}})), Kind.IDENTITY)
