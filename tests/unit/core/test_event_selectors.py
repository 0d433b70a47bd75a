"""Event selectors: what each lets through, and what is refused."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.core.audit.selectors import DEFAULT, parse, stored, text_of
from entrepot.errors import EventSelectorsInvalid

MANAGEMENT = {"Field": "eventCategory", "Equals": ["Management"]}


def record(**changes: Any) -> dict[str, Any]:
    return {
        "eventCategory": "Management",
        "eventName": "PutImage",
        "eventSource": "ecr.amazonaws.com",
        "eventType": "AwsApiCall",
        "readOnly": False,
        "userIdentity": {"arn": "arn:aws:iam::000000000000:user/alice"},
        "resources": [{"ARN": "arn:aws:ecr:us-east-1:000000000000:repository/app", "type": "AWS::ECR::Repository"}],
        **changes,
    }


WRITE, READ = record(), record(eventName="DescribeImages", readOnly=True)
KMS = record(eventSource="kms.amazonaws.com", eventName="CreateGrant")


def advanced(*conditions: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"FieldSelectors": [MANAGEMENT, *conditions]}]


@pytest.mark.parametrize(
    ("selector", "let_through"),
    [
        ({}, [WRITE, READ, KMS]),
        ({"ReadWriteType": "All"}, [WRITE, READ, KMS]),
        ({"ReadWriteType": "ReadOnly"}, [READ]),
        ({"ReadWriteType": "WriteOnly"}, [WRITE, KMS]),
        ({"IncludeManagementEvents": False}, []),
        ({"ExcludeManagementEventSources": ["kms.amazonaws.com"]}, [WRITE, READ]),
        ({"ReadWriteType": "WriteOnly", "ExcludeManagementEventSources": ["kms.amazonaws.com"]}, [WRITE]),
    ],
)
def test_an_event_selector_lets_through_what_it_says(selector, let_through):
    read = parse([selector], [])
    assert [each for each in (WRITE, READ, KMS) if read.matches(each)] == let_through


@pytest.mark.parametrize(
    ("condition", "let_through"),
    [
        ({"Field": "readOnly", "Equals": ["true"]}, [READ]),
        ({"Field": "readOnly", "Equals": ["false"]}, [WRITE, KMS]),
        ({"Field": "eventName", "Equals": ["PutImage", "DescribeImages"]}, [WRITE, READ]),
        ({"Field": "eventName", "StartsWith": ["Describe"]}, [READ]),
        ({"Field": "eventName", "EndsWith": ["Image", "Grant"]}, [WRITE, KMS]),
        ({"Field": "eventName", "NotEquals": ["PutImage"]}, [READ, KMS]),
        ({"Field": "eventName", "NotStartsWith": ["Put", "Describe"]}, [KMS]),
        ({"Field": "eventName", "NotEndsWith": ["Images"]}, [WRITE, KMS]),
        ({"Field": "eventName", "Equals": ["PutImage"], "StartsWith": ["Describe"]}, [WRITE, READ]),
        ({"Field": "eventName", "StartsWith": ["Put", "Describe"], "NotEquals": ["PutImage"]}, [READ]),
        ({"Field": "eventSource", "NotEquals": ["kms.amazonaws.com"]}, [WRITE, READ]),
        ({"Field": "resources.ARN", "EndsWith": ["repository/app"]}, [WRITE, READ, KMS]),
        ({"Field": "resources.ARN", "NotEndsWith": ["repository/app"]}, []),
        ({"Field": "resources.type", "Equals": ["AWS::ECR::Repository"]}, [WRITE, READ, KMS]),
        ({"Field": "userIdentity.arn", "EndsWith": ["user/bob"]}, []),
        ({"Field": "errorCode", "Equals": ["AccessDenied"]}, []),
        ({"Field": "errorCode", "NotEquals": ["AccessDenied"]}, [WRITE, READ, KMS]),
    ],
)
def test_a_condition_lets_through_what_any_selecting_and_no_deselecting_operator_names(condition, let_through):
    read = parse([], advanced(condition))
    assert [each for each in (WRITE, READ, KMS) if read.matches(each)] == let_through


def test_all_conditions_of_one_selector_and_any_of_several_selectors():
    both = parse(
        [], advanced({"Field": "readOnly", "Equals": ["false"]}, {"Field": "eventName", "Equals": ["PutImage"]})
    )
    assert [both.matches(each) for each in (WRITE, READ, KMS)] == [True, False, False]
    either = parse([{"ReadWriteType": "ReadOnly"}, {"ExcludeManagementEventSources": ["kms.amazonaws.com"]}], [])
    assert [either.matches(each) for each in (WRITE, READ, KMS)] == [True, True, False]


@given(st.lists(st.text(min_size=1), min_size=1), st.text())
def test_not_equals_is_the_complement_of_equals(values: list[str], name: str):
    chosen = parse([], advanced({"Field": "eventName", "Equals": values}))
    others = parse([], advanced({"Field": "eventName", "NotEquals": values}))
    assert chosen.matches(record(eventName=name)) is not others.matches(record(eventName=name))


@pytest.mark.parametrize(
    ("basic", "advanced_ones"),
    [
        ([], []),
        ([{}], advanced()),
        ([{}] * 6, []),
        ([{"ReadWriteType": "read-only"}], []),
        ([{"DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}]}], []),
        ([{"ExcludeManagementEventSources": ["ecr.amazonaws.com"]}], []),
        ([], [{"FieldSelectors": [{"Field": "readOnly", "Equals": ["true"]}]}]),
        ([], [{"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Data"]}]}]),
        ([], [{"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management", "Data"]}]}]),
        ([], [{"FieldSelectors": [{"Field": "eventCategory", "StartsWith": ["Management"]}]}]),
        ([], advanced(MANAGEMENT)),
        ([], advanced({"Field": "readOnly", "Equals": ["yes"]})),
        ([], advanced({"Field": "readOnly", "NotEquals": ["true"]})),
        ([], advanced({"Field": "sourceIPAddress", "Equals": ["x"]})),
        ([], advanced({"Field": "eventName"})),
        ([], advanced({"Field": "eventName", "Equals": [str(number) for number in range(500)]})),
    ],
)
def test_selectors_that_a_trail_cannot_have_are_refused(basic, advanced_ones):
    with pytest.raises(EventSelectorsInvalid):
        parse(basic, advanced_ones)


def test_a_trail_of_which_nothing_was_said_logs_everything():
    assert all(DEFAULT.matches(each) for each in (WRITE, READ, KMS))
    assert stored("") == DEFAULT


def test_what_is_stored_is_read_back():
    for read in (
        parse([{"ReadWriteType": "ReadOnly", "ExcludeManagementEventSources": ["kms.amazonaws.com"]}], []),
        parse([], [{"Name": "n", "FieldSelectors": [MANAGEMENT, {"Field": "eventName", "NotStartsWith": ["Get"]}]}]),
    ):
        assert stored(text_of(read)) == read
