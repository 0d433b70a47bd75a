"""Search expressions: the documented examples, and what is refused."""

import pytest

from entrepot.errors import ExpressionInvalid
from entrepot.metrics import search
from entrepot.metrics.search import Metric


def metric(name: str, namespace: str = "AWS/EC2", **dimensions: str) -> Metric:
    return Metric(namespace, name, dimensions)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("CustomCount1", ["Custom", "Count", "1"]),
        ("SDBFailure", ["SDB", "Failure"]),
        ("Project2-trial333", ["Project", "2", "trial", "333"]),
        ("Network-Errors_2", ["Network", "Errors", "2"]),
    ],
)
def test_names_are_cut_as_documented(name: str, expected: list[str]):
    assert search.pieces(name) == expected


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("count", True),
        ("Count", True),
        ("COUNT", True),
        ("couNT", False),
        ("CustomCount", True),
        ("Count1", True),
        ("customcount", False),
        ("count1", False),
        ('"CustomCount1"', True),
        ('"customcount1"', False),
        ('"Custom"', False),
        ("MetricName=count", True),
        ('MetricName="CustomCount1"', True),
        ('Namespace="CustomCount1"', False),
        ("NOT count", False),
        ("count AND other", False),
        ("count OR other", True),
        ("other count", False),
        ("(other OR count) custom", True),
        ("custom NOT other NOT sum", True),
    ],
)
def test_terms_find_as_documented(text: str, found: bool):
    assert search.parse(text)(metric("CustomCount1")) is found


@pytest.mark.parametrize("text", ["network/errors", "network+errors", "network-errors", "Network_Errors"])
@pytest.mark.parametrize("name", ["Network-Errors-2", "NetworkErrors2"])
def test_separated_tokens_follow_each_other(text: str, name: str):
    assert search.parse(text)(metric(name))


def test_a_schema_names_a_namespace_and_all_dimensions():
    wanted = search.parse(' {AWS/EC2,InstanceId} MetricName="CPUUtilization" ')
    assert wanted(metric("CPUUtilization", InstanceId="i-1"))
    assert not wanted(metric("CPUUtilization", InstanceId="i-1", Zone="a"))
    assert not wanted(metric("CPUUtilization", "AWS/ECS", InstanceId="i-1"))
    assert not wanted(metric("NetworkIn", InstanceId="i-1"))
    assert search.parse("{AWS/EC2}")(metric("NetworkIn", InstanceId="i-1"))


def test_names_with_other_characters_are_quoted():
    text = ' {"My Namespace", "Dimension@Name"}, "Custom:Name[Special_Characters" '
    assert search.parse(text)(Metric("My Namespace", "Custom:Name[Special_Characters", {"Dimension@Name": "x"}))
    assert search.parse(r'"Europe\\France Traffic\(Network\)"')(metric(r"Europe\France Traffic(Network)"))


def test_terms_are_grouped():
    wanted = search.parse(
        '{AWS/Lambda,FunctionName} MetricName="Errors" OR (MetricName="Invocations" AND (ProjectA OR ProjectB)) '
    )
    assert wanted(metric("Errors", "AWS/Lambda", FunctionName="any"))
    assert wanted(metric("Invocations", "AWS/Lambda", FunctionName="ProjectB-main"))
    assert not wanted(metric("Invocations", "AWS/Lambda", FunctionName="ProjectC-main"))


def test_a_dimension_is_a_property():
    wanted = search.parse('InstanceType=micro NOT InstanceType="t3.micro"')
    assert wanted(metric("Any", InstanceType="t2.micro"))
    assert not wanted(metric("Any", InstanceType="t3.micro"))
    assert not wanted(metric("micro"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "{}",
        "{,A}",
        "(a",
        "a)",
        "a OR",
        "NOT",
        "= b",
        "a =",
        '"open',
        "{A} {B}",
        "a {A}",
        "-",
        "(" * 30 + "a",
        "a" * 1025,
        "NOT " * 200 + "a",
    ],
)
def test_what_is_no_search_is_refused(text: str):
    with pytest.raises(ExpressionInvalid):
        search.parse(text)
