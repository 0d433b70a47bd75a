"""What targets are given instead of events: the documented examples, and that a template always makes JSON."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.errors import TargetInputInvalid
from entrepot.pattern.inputs import Circumstances, Template, constant, part_of
from entrepot.pattern.paths import MISSING, Path

EVENT: dict[str, Any] = {
    "version": "0",
    "id": "7bf73129-1428-4cd3-a780-95db273d1602",
    "detail-type": "EC2 Instance State-change Notification",
    "source": "aws.ec2",
    "account": "123456789012",
    "time": "2015-11-11T21:29:54Z",
    "region": "us-east-1",
    "resources": ["arn:aws:ec2:us-east-1:123456789012:instance/i-abcd1111"],
    "detail": {
        "instance-id": "i-0123456789",
        "state": "RUNNING",
        "tags": [{"k": 1}, {"k": 2}],
        "none": None,
        "on": True,
    },
}
PATHS = {"timestamp": "$.time", "instance": "$.detail.instance-id", "state": "$.detail.state"}
AROUND = Circumstances("arn:aws:events:us-east-2:123456789012:rule/example", "example", "2026-11-26T21:00:00Z")


def filled(template: str, paths: dict[str, str] | None = None, event: dict[str, Any] | None = None) -> str:
    return Template(template, PATHS if paths is None else paths).fill(EVENT if event is None else event, AROUND)


@pytest.mark.parametrize(
    ("template", "output"),
    [
        ('"instance <instance> is in <state>"', '"instance i-0123456789 is in RUNNING"'),
        (r'"instance \"<instance>\" is in <state>"', r'"instance \"i-0123456789\" is in RUNNING"'),
        ('{\n  "instance" : <instance>,\n  "state": <state>\n}', '{"instance":"i-0123456789","state":"RUNNING"}'),
        (
            '{\n "instance" : <instance>,\n "state": "<state>",\n "told": "instance \\"<instance>\\" is in <state>"\n}',
            '{"instance":"i-0123456789","state":"RUNNING","told":"instance \\"i-0123456789\\" is in RUNNING"}',
        ),
        (
            '{ "instance" : <instance>, "state": [ 9, <state>, true ], "Transformed" : "Yes" }',
            '{"instance":"i-0123456789","state":[9,"RUNNING",true],"Transformed":"Yes"}',
        ),
        ('"<aws.events.rule-name> triggered"', '"example triggered"'),
        (
            '{"timestamp" : <timestamp>, "message": "instance \\"<instance>\\" is in <state>"}',
            '{"timestamp":"2015-11-11T21:29:54Z","message":"instance \\"i-0123456789\\" is in RUNNING"}',
        ),
        ('"one <instance>"\n"two  <state>"', '"one i-0123456789"\n"two  RUNNING"'),
        ('{"at": <aws.events.event.ingestion-time>}', '{"at":"2026-11-26T21:00:00Z"}'),
    ],
)
def test_a_documented_template_makes_the_documented_output(template, output):
    assert filled(template) == output


def test_reserved_variables_stand_for_the_rule_and_the_event():
    told = json.loads(
        filled(
            '{"ruleArn": <aws.events.rule-arn>, "ruleName": <aws.events.rule-name>, "whole": <aws.events.event.json>,'
            ' "without": <aws.events.event>}'
        )
    )
    assert told["ruleArn"] == AROUND.rule_arn
    assert told["whole"] == EVENT
    assert told["without"] == {key: value for key, value in EVENT.items() if key != "detail"}


def test_a_variable_without_a_value_is_empty():
    assert filled('"detail <x>"', {"x": "$.detail.absent"}) == '"detail "'
    assert filled('{"x": <x>}', {"x": "$.detail.absent"}) == '{"x":""}'


def test_an_object_inside_a_string_loses_its_quotation_marks():
    assert filled('"of <d>"', {"d": "$.detail.tags"}) == '"of [{k:1},{k:2}]"'


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$", EVENT),
        ("$.detail.instance-id", "i-0123456789"),
        ("$['detail']['state']", "RUNNING"),
        ('$["detail"].state', "RUNNING"),
        ("$.resources[0]", EVENT["resources"][0]),
        ("$.resources[1]", MISSING),
        ("$.detail.tags[*].k", [1, 2]),
        ("$.detail.tags.*", EVENT["detail"]["tags"]),
        ("$.detail.tags[1].k", 2),
        ("$.detail.absent[*]", MISSING),
        ("$.detail.none", None),
        ("$.detail.state.deeper", MISSING),
    ],
)
def test_a_path_finds_what_stands_there(path, value):
    assert Path(path).of(EVENT) == value


@pytest.mark.parametrize(
    "path", ["", "detail", "$.", "$..a", "$.a b", "$[-1]", "$[", "$['a]", "$.a[?(@.b)]", "$" + ".a" * 200]
)
def test_what_is_no_path_is_refused(path):
    with pytest.raises(TargetInputInvalid):
        Path(path)


def test_a_path_as_input_gives_json():
    assert json.loads(part_of(EVENT, Path("$.detail"))) == EVENT["detail"]
    assert part_of(EVENT, Path("$.detail.state")) == '"RUNNING"'
    assert part_of(EVENT, Path("$.detail.absent")) == "null"


@pytest.mark.parametrize(
    ("template", "paths"),
    [
        ("instance <instance>", PATHS),
        ('{"a": <unknown>}', PATHS),
        ('{"a": <instance>', PATHS),
        ('"a" "b"', PATHS),
        ('"x"', {"aws.events.rule-arn": "$.id"}),
        ('"x"', {"AWSx.": "$.id"}),
        ('"x"', {"a b": "$.id"}),
        ('"x"', {"a": "id"}),
        ('"x"', {f"v{number}": "$.id" for number in range(101)}),
        ('"' + "x" * 8192 + '"', {}),
        ("[" * 8000, {}),
    ],
)
def test_a_template_that_makes_no_json_is_refused(template, paths):
    with pytest.raises(TargetInputInvalid):
        Template(template, paths)


def test_a_constant_is_json():
    assert constant('{"a": 1}') == '{"a": 1}'
    for text in ("{", "", "a", "x" * 9000):
        with pytest.raises(TargetInputInvalid):
            constant(text)


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=8,
)


@given(JSON)
def test_whatever_a_value_is_the_output_is_json_with_the_value_in_it(value):
    told = json.loads(
        filled('{"bare": <v>, "inside": "a <v> b", "list": [<v>, 1]}', {"v": "$.detail"}, {"detail": value})
    )
    assert told["bare"] == value
    assert told["list"] == [value, 1]
    if isinstance(value, str):
        assert told["inside"] == f"a {value} b"
