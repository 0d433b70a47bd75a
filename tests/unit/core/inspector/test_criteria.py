"""What filter criteria mean, over findings as they are shown."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.core.inspector.criteria import Criteria, decoded, encoded, text_matcher

AT = datetime(2026, 1, 2, tzinfo=UTC)
FINDING: dict[str, Any] = {
    "severity": "HIGH",
    "epss": {"score": 0.25},
    "inspectorScore": None,
    "firstObservedAt": AT,
    "packageVulnerabilityDetails": {
        "vulnerabilityId": "CVE-1",
        "relatedVulnerabilities": ["GHSA-1", "DSA-1"],
        "vendorSeverity": None,
        "vulnerablePackages": [
            {"name": "a", "version": "1", "epoch": 0, "filePath": None},
            {"name": "b", "version": "2", "epoch": 1, "filePath": "app/b"},
        ],
    },
    "resources": [
        {
            "id": "r",
            "tags": {"team": "x"},
            "details": {"awsEcrContainerImage": {"imageTags": ["v1", "v2"], "inUseCount": 3, "lastInUseAt": None}},
        }
    ],
}


def said(comparison: str, *values: str) -> list[dict[str, str]]:
    return [{"comparison": comparison, "value": value} for value in values]


def package(**given: Any) -> dict[str, list[dict[str, Any]]]:
    return {"vulnerablePackages": [given]}


HOLD: list[dict[str, Any]] = [
    {},
    {"severity": said("EQUALS", "LOW", "HIGH")},
    {"severity": said("PREFIX", "HI")},
    {"severity": said("NOT_EQUALS", "LOW", "MEDIUM")},
    {"severity": said("EQUALS", "HIGH") + said("NOT_EQUALS", "LOW")},
    {"ecrImageTags": said("EQUALS", "v2")},
    {"ecrImageInUseCount": [{"lowerInclusive": 3, "upperInclusive": 3}]},
    {"epssScore": [{"lowerInclusive": 0.5}, {"upperInclusive": 0.25}]},
    {"firstObservedAt": [{"startInclusive": AT, "endInclusive": AT}]},
    {"relatedVulnerabilities": said("EQUALS", "DSA-1")},
    {"resourceTags": [{"comparison": "EQUALS", "key": "team"}]},
    {"resourceTags": [{"comparison": "EQUALS", "key": "team", "value": "x"}]},
    {"vendorSeverity": said("NOT_EQUALS", "low")},
    package(name=said("EQUALS", "b")[0], epoch={"lowerInclusive": 1}, filePath=said("PREFIX", "app/")[0]),
]
FAIL: list[dict[str, Any]] = [
    {"severity": said("EQUALS", "LOW")},
    {"severity": said("NOT_EQUALS", "LOW", "HIGH")},
    {"severity": said("EQUALS", "HIGH"), "ecrImageTags": said("EQUALS", "v3")},
    {"ecrImageTags": said("NOT_EQUALS", "v2")},
    {"inspectorScore": [{"upperInclusive": 10.0}]},
    {"ecrImageLastInUseAt": [{}]},
    {"firstObservedAt": [{"startInclusive": AT.replace(day=3)}]},
    {"resourceTags": [{"comparison": "EQUALS", "key": "team", "value": "y"}]},
    {"vendorSeverity": said("PREFIX", "l")},
    package(name=said("EQUALS", "a")[0], version=said("EQUALS", "2")[0]),
    package(sourceLambdaLayerArn=said("NOT_EQUALS", "x")[0]),
    {"ec2InstanceImageId": said("NOT_EQUALS", "ami-1")},
    {"portRange": [{"beginInclusive": 1, "endInclusive": 2}]},
]


@pytest.mark.parametrize("criteria", HOLD)
def test_criteria_that_hold(criteria: dict[str, Any]):
    assert Criteria(criteria).match(FINDING)


@pytest.mark.parametrize("criteria", FAIL)
def test_criteria_that_do_not(criteria: dict[str, Any]):
    assert not Criteria(criteria).match(FINDING)


@pytest.mark.parametrize("criteria", HOLD + FAIL)
def test_criteria_are_kept_as_they_were_given(criteria: dict[str, Any]):
    assert decoded(encoded(criteria)) == criteria


TEXTS = st.lists(st.sampled_from(["a", "ab", "b", "c"]), max_size=3)
FILTERS = st.lists(
    st.fixed_dictionaries(
        {"comparison": st.sampled_from(["EQUALS", "PREFIX", "NOT_EQUALS"]), "value": st.sampled_from(["a", "b", "ab"])}
    ),
    min_size=1,
    max_size=4,
)


@given(FILTERS, TEXTS)
def test_filters_of_a_field_say_what_one_of_its_texts_is_and_what_none_is(filters, texts):
    one = [each for each in filters if each["comparison"] != "NOT_EQUALS"]
    none = [each for each in filters if each["comparison"] == "NOT_EQUALS"]

    def is_said(text: str, each: dict[str, str]) -> bool:
        return text.startswith(each["value"]) if each["comparison"] == "PREFIX" else text == each["value"]

    expected = not any(text == each["value"] for text in texts for each in none)
    expected = expected and (not one or any(is_said(text, each) for text in texts for each in one))
    assert text_matcher(filters)(texts) is expected


def test_what_criteria_want_of_one_field_alone_is_known():
    criteria = Criteria({"severity": said("EQUALS", "LOW", "HIGH"), "title": said("PREFIX", "x")})
    assert criteria.only("severity") == frozenset({"LOW", "HIGH"})
    assert criteria.only("title") is None
    assert criteria.only("ecrImageHash") is None
