"""CloudWatch's metrics through boto3: what is put comes back, what is asked of the registry is counted."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.behaviour.callers import User
from tests.factories.processes import Server
from tests.factories.registry import Registry
from tests.factories.waiting import wait

_numbers = itertools.count()
NOW = datetime.now(UTC).replace(second=0, microsecond=0)
BEGIN = NOW - timedelta(minutes=10)


@pytest.fixture(scope="module")
def cloudwatch(server: Server) -> Any:
    return server.client("cloudwatch")


@pytest.fixture
def namespace() -> str:
    return f"Test/{next(_numbers)}"


def dimensions(**given: str) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in given.items()]


def put(cloudwatch: Any, namespace: str, name: str = "m", **datum: Any) -> None:
    cloudwatch.put_metric_data(Namespace=namespace, MetricData=[{"MetricName": name, "Timestamp": NOW, **datum}])


def statistics(cloudwatch: Any, namespace: str, *names: str, name: str = "m", **more: Any) -> list[dict[str, Any]]:
    kinds: dict[str, list[str]] = {"Statistics": [], "ExtendedStatistics": []}
    for each in names:
        kinds["Statistics" if each[0].isupper() and "(" not in each else "ExtendedStatistics"].append(each)
    asked = {"Namespace": namespace, "MetricName": name, "StartTime": BEGIN, "EndTime": NOW + timedelta(minutes=1)}
    found = cloudwatch.get_metric_statistics(**asked, Period=60, **{k: v for k, v in kinds.items() if v}, **more)
    return list(found["Datapoints"])


def query(which: str, namespace: str, name: str = "m", stat: str = "Sum", period: int = 60, **more: Any) -> Any:
    metric = {"Namespace": namespace, "MetricName": name, "Dimensions": dimensions(**more.pop("dimensions", {}))}
    return {"Id": which, "MetricStat": {"Metric": metric, "Period": period, "Stat": stat}, **more}


def data(cloudwatch: Any, *queries: Any, **more: Any) -> dict[str, Any]:
    span = {"StartTime": BEGIN, "EndTime": NOW + timedelta(minutes=1)}
    found: dict[str, Any] = cloudwatch.get_metric_data(MetricDataQueries=queries, **(span | more))
    return found


def refused(call: Any, **given: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as error:
        call(**given)
    told = error.value.response["Error"]
    return told["Code"], told["Message"]


def test_values_come_back_as_statistics(cloudwatch: Any, namespace: str):
    for value in (1.0, 2.0, 6.0):
        put(cloudwatch, namespace, Value=value, Unit="Bytes")
    (found,) = statistics(cloudwatch, namespace, "SampleCount", "Average", "Sum", "Minimum", "Maximum")
    assert found["Timestamp"] == NOW
    assert found["Unit"] == "Bytes"
    simple = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")
    assert [found[name] for name in simple] == [3.0, 3.0, 9.0, 1.0, 6.0]
    (found,) = statistics(cloudwatch, namespace, "p50", "tm99", "PR(:2)", "TC(2:)")
    assert found["ExtendedStatistics"]["p50"] == pytest.approx(2.0, rel=0.01)
    assert found["ExtendedStatistics"]["PR(:2)"] == pytest.approx(100 * 2 / 3)
    assert found["ExtendedStatistics"]["TC(2:)"] == 1.0
    with pytest.raises(ClientError, match="not both"):
        statistics(cloudwatch, namespace, "Sum", "p50")


def test_values_with_counts_and_statistic_sets_add_up(cloudwatch: Any, namespace: str):
    put(cloudwatch, namespace, Values=[1.0, 5.0], Counts=[3.0, 1.0])
    put(cloudwatch, namespace, StatisticValues={"SampleCount": 2, "Sum": 8, "Minimum": 0.5, "Maximum": 7.5})
    (found,) = statistics(cloudwatch, namespace, "SampleCount", "Sum", "Minimum", "Maximum")
    assert [found[name] for name in ("SampleCount", "Sum", "Minimum", "Maximum")] == [6.0, 16.0, 0.5, 7.5]


def test_a_metric_is_listed_at_once_and_found_by_what_it_is(cloudwatch: Any, namespace: str):
    put(cloudwatch, namespace, "one", Value=1.0, Dimensions=dimensions(Host="a", Disk="0"))
    put(cloudwatch, namespace, "one", Value=1.0, Dimensions=dimensions(Host="b"))
    put(cloudwatch, namespace, "two", Value=1.0)

    def listed(**filters: Any) -> list[tuple[str, int]]:
        found = cloudwatch.list_metrics(Namespace=namespace, **filters)["Metrics"]
        return [(each["MetricName"], len(each["Dimensions"])) for each in found]

    assert sorted(listed()) == [("one", 1), ("one", 2), ("two", 0)]
    assert sorted(listed(MetricName="one")) == [("one", 1), ("one", 2)]
    assert listed(Dimensions=[{"Name": "Disk"}]) == [("one", 2)]
    assert listed(Dimensions=[{"Name": "Host", "Value": "b"}]) == [("one", 1)]
    assert listed(Dimensions=[{"Name": "Host", "Value": "c"}]) == []
    assert len(listed(RecentlyActive="PT3H")) == 3


def test_a_listing_goes_on_where_a_page_ended(cloudwatch: Any, namespace: str):
    for start in range(0, 1200, 400):
        cloudwatch.put_metric_data(
            Namespace=namespace,
            MetricData=[{"MetricName": f"m{number:04d}", "Value": 1.0} for number in range(start, start + 400)],
        )
    pages = list(cloudwatch.get_paginator("list_metrics").paginate(Namespace=namespace))
    assert [len(page["Metrics"]) for page in pages] == [500, 500, 200]
    assert len({each["MetricName"] for page in pages for each in page["Metrics"]}) == 1200


def test_metric_math_runs_over_what_was_put(cloudwatch: Any, namespace: str):
    put(cloudwatch, namespace, "errors", Value=2.0)
    put(cloudwatch, namespace, "requests", Value=8.0)
    found = data(
        cloudwatch,
        query("e", namespace, "errors", ReturnData=False),
        query("r", namespace, "requests", ReturnData=False),
        {"Id": "rate", "Expression": "100 * e / r", "Label": "Error rate"},
    )
    (result,) = found["MetricDataResults"]
    assert (result["Id"], result["Label"], result["Values"], result["StatusCode"]) == (
        "rate",
        "Error rate",
        [25.0],
        "Complete",
    )
    assert result["Timestamps"] == [NOW]


def test_a_search_finds_metrics_by_their_names(cloudwatch: Any, namespace: str):
    for host in ("a", "b"):
        put(cloudwatch, namespace, "Load", Value=1.0, Dimensions=dimensions(Host=host))
    put(cloudwatch, namespace, "Other", Value=1.0, Dimensions=dimensions(Host="a"))
    expression = f"SEARCH('{{\"{namespace}\",Host}} MetricName=\"Load\"', 'Sum', 60)"
    found = data(cloudwatch, {"Id": "s", "Expression": expression})["MetricDataResults"]
    told = sorted((each["Id"], each["Label"], each["Values"]) for each in found)
    assert told == [("s", "a", [1.0]), ("s", "b", [1.0])]
    found = data(cloudwatch, {"Id": "t", "Expression": f"SUM({expression})"})["MetricDataResults"]
    assert [each["Values"] for each in found] == [[2.0]]


def test_data_come_newest_first_unless_asked_otherwise_and_in_pages(cloudwatch: Any, namespace: str):
    for minutes in range(5):
        put(cloudwatch, namespace, Value=float(minutes), Timestamp=NOW - timedelta(minutes=minutes))
    (result,) = data(cloudwatch, query("a", namespace))["MetricDataResults"]
    assert result["Values"] == [0.0, 1.0, 2.0, 3.0, 4.0]
    (result,) = data(cloudwatch, query("a", namespace), ScanBy="TimestampAscending")["MetricDataResults"]
    assert result["Values"] == [4.0, 3.0, 2.0, 1.0, 0.0]
    both = query("a", namespace), query("b", namespace, stat="Maximum")
    told: dict[str, list[float]] = {"a": [], "b": []}
    more: dict[str, Any] = {}
    pages = 0
    while True:
        page = data(cloudwatch, *both, MaxDatapoints=3, **more)
        pages += 1
        for each in page["MetricDataResults"]:
            told[each["Id"]] += each["Values"]
        if "NextToken" not in page:
            break
        more = {"NextToken": page["NextToken"]}
    assert told == {"a": [0.0, 1.0, 2.0, 3.0, 4.0], "b": [0.0, 1.0, 2.0, 3.0, 4.0]}
    assert pages == 4


def test_a_label_tells_what_it_is_asked_to_tell(cloudwatch: Any, namespace: str):
    put(cloudwatch, namespace, Value=4.0)
    label = "${PROP('Namespace')} max ${MAX} ${UNKNOWN}"
    (result,) = data(cloudwatch, query("a", namespace, Label=label))["MetricDataResults"]
    assert result["Label"] == f"{namespace} max 4 ${{UNKNOWN}}"


REFUSALS: list[tuple[dict[str, Any], str]] = [
    ({"Value": float("nan")}, "InvalidParameterValue"),
    ({"Value": 2.0**361}, "InvalidParameterValue"),
    ({}, "MissingParameter"),
    ({"Value": 1.0, "Values": [1.0]}, "InvalidParameterCombination"),
    ({"Values": [1.0], "Counts": [1.0, 2.0]}, "InvalidParameterCombination"),
    ({"Values": [1.0] * 151}, "InvalidParameterValue"),
    ({"Values": [1.0], "Counts": [-1.0]}, "InvalidParameterValue"),
    ({"Value": 1.0, "StorageResolution": 7}, "InvalidParameterValue"),
    ({"Value": 1.0, "Timestamp": NOW - timedelta(days=15)}, "InvalidParameterValue"),
    ({"Value": 1.0, "Timestamp": NOW + timedelta(hours=3)}, "InvalidParameterValue"),
    ({"Value": 1.0, "Dimensions": dimensions(**{":a": "b"})}, "InvalidParameterValue"),
    ({"Value": 1.0, "Dimensions": dimensions(a="b") * 2}, "InvalidParameterValue"),
    (
        {"StatisticValues": {"SampleCount": 1, "Sum": 1, "Minimum": 2, "Maximum": 1}},
        "InvalidParameterValue",
    ),
]


@pytest.mark.parametrize(("datum", "code"), REFUSALS)
def test_what_cannot_be_kept_is_refused_with_everything_beside_it(cloudwatch: Any, namespace: str, datum, code):
    both = [{"MetricName": "good", "Value": 1.0}, {"MetricName": "bad", **datum}]
    told, _ = refused(cloudwatch.put_metric_data, Namespace=namespace, MetricData=both)
    assert told == code
    assert cloudwatch.list_metrics(Namespace=namespace)["Metrics"] == []


def test_namespaces_of_services_are_written_by_services_only(cloudwatch: Any):
    given = {"MetricData": [{"MetricName": "RepositoryPullCount", "Value": 1.0}]}
    assert refused(cloudwatch.put_metric_data, Namespace="AWS/ECR", **given)[0] == "InvalidParameterValue"
    assert refused(cloudwatch.put_metric_data, Namespace="aws/x", **given)[0] == "InvalidParameterValue"
    assert refused(cloudwatch.put_metric_data, Namespace="Entrepot", **given)[0] == "InvalidParameterValue"


def test_queries_that_cannot_be_answered_say_why(cloudwatch: Any, namespace: str):
    def told(*queries: Any, **more: Any) -> str:
        span = {"StartTime": BEGIN, "EndTime": NOW}
        return refused(cloudwatch.get_metric_data, MetricDataQueries=queries, **(span | more))[0]

    good = query("a", namespace)
    assert told(query("a", namespace, stat="p101")) == "ValidationError"
    assert told(query("a", namespace, period=7)) == "ValidationError"
    assert told(good, good) == "ValidationError"
    assert told({"Id": "a", "Expression": "b + 1"}) == "ValidationError"
    assert told({"Id": "a"}) == "ValidationError"
    assert told({**good, "AccountId": "111122223333"}) == "ValidationError"
    assert told(good, StartTime=NOW, EndTime=BEGIN) == "ValidationError"
    assert told(good, NextToken="nonsense") == "InvalidNextToken"
    assert told(good, MaxDatapoints=0) == "ValidationError"


def test_statistics_are_bounded(cloudwatch: Any, namespace: str):
    asked = {"Namespace": namespace, "MetricName": "m", "Period": 60, "Statistics": ["Sum"]}
    span = {"StartTime": NOW - timedelta(days=2), "EndTime": NOW}
    code, message = refused(cloudwatch.get_metric_statistics, **asked, **span)
    assert code == "InvalidParameterCombination"
    assert "2880" in message


def test_a_pull_is_seen_soon_and_a_head_is_not_one(server: Server, cloudwatch: Any, repository: str, pushed: Any):
    registry = Registry(server)
    began = datetime.now(UTC).replace(second=0, microsecond=0)
    for _ in range(3):
        registry.pull_manifest(repository, "v1")
    registry.request("HEAD", f"/v2/{repository}/manifests/v1")
    server.client().batch_get_image(repositoryName=repository, imageIds=[{"imageTag": "v1"}])

    def pulls() -> float:
        found = data(
            cloudwatch,
            query("p", "AWS/ECR", "RepositoryPullCount", dimensions={"RepositoryName": repository}),
            StartTime=began,
            EndTime=began + timedelta(minutes=3),
        )["MetricDataResults"]
        return float(sum(found[0]["Values"]))

    wait(lambda: pulls() >= 4.0)
    assert pulls() == 4.0


def test_the_calls_of_the_api_are_counted_as_aws_counts_them(server: Server, cloudwatch: Any, repository: str):
    usage = {"Service": "ECR", "Type": "API", "Resource": "GetAuthorizationToken", "Class": "None"}

    def calls() -> float:
        now = datetime.now(UTC)
        span = {"StartTime": now - timedelta(hours=1), "EndTime": now + timedelta(minutes=1)}
        found = data(cloudwatch, query("c", "AWS/Usage", "CallCount", dimensions=usage, period=3600), **span)
        return float(sum(found["MetricDataResults"][0]["Values"]))

    before = calls()
    for _ in range(3):
        server.client().get_authorization_token()
    wait(lambda: calls() >= before + 3)


def test_a_policy_may_allow_one_namespace(server: Server, user: User, namespace: str):
    user.put(
        "one",
        {
            "Effect": "Allow",
            "Action": "cloudwatch:PutMetricData",
            "Resource": "*",
            "Condition": {"StringEquals": {"cloudwatch:namespace": namespace}},
        },
    )
    client = server.client("cloudwatch", credentials=user.keys)
    put(client, namespace, Value=1.0)
    given = {"MetricData": [{"MetricName": "m", "Value": 1.0}]}
    assert refused(client.put_metric_data, Namespace="Other", **given)[0] in {"AccessDenied", "AccessDeniedException"}
    assert refused(client.list_metrics)[0] in {"AccessDenied", "AccessDeniedException"}
