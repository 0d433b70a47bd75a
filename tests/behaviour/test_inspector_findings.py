"""Findings, coverage, suppression and exports of Inspector through boto3, of images that are scanned for real."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.behaviour.identities import refusal
from tests.behaviour.inspected import ACCOUNT, ADVISORIES, BUCKET, FIRST, KEV, KEY, SECOND, URL
from tests.factories.advisory_files import dump
from tests.factories.buckets import BucketServer, buckets
from tests.factories.processes import Server, serve
from tests.factories.registry import Registry
from tests.factories.waiting import wait
from tests.operation.commands import entrepot


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BucketServer]:
    with buckets(tmp_path_factory.mktemp("buckets")) as running:
        running.client.create_bucket(Bucket=BUCKET)
        yield running


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, s3: BucketServer) -> Iterator[Server]:
    """Two images in two repositories, scanned; five findings."""
    path = tmp_path_factory.mktemp("inspected")
    with serve(path / "server", environment=s3.settings()) as server:
        catalogue = path / "known_exploited_vulnerabilities.json"
        catalogue.write_text(json.dumps(KEV))
        ended = entrepot("vulndb", "import", dump(path / "all.zip", ADVISORIES), catalogue, "--data", server.data)
        assert ended.status == 0, ended
        server.client("inspector2").enable(resourceTypes=["ECR"])
        for name, made in (("app/first", FIRST), ("app/second", SECOND)):
            server.client().create_repository(repositoryName=name)
            Registry(server).push(name, made, "v1")
        wait(lambda: len(found(server.client("inspector2"))) == 5, 60)
        yield server


@pytest.fixture
def inspector(house: Server) -> Iterator[Any]:
    client = house.client("inspector2")
    yield client
    for each in client.list_filters()["filters"]:
        client.delete_filter(arn=each["arn"])


def equals(*values: str) -> list[dict[str, str]]:
    return [{"comparison": "EQUALS", "value": value} for value in values]


def found(client: Any, criteria: dict[str, Any] | None = None, **given: Any) -> list[dict[str, Any]]:
    """Every finding that criteria mean, page by page."""
    pages = client.get_paginator("list_findings").paginate(
        filterCriteria=criteria or {}, PaginationConfig={"PageSize": 2}, **given
    )
    return [each for page in pages for each in page["findings"]]


def names(findings: list[dict[str, Any]]) -> list[str]:
    """Vulnerabilities and repositories of findings."""
    return [
        f"{each['packageVulnerabilityDetails']['vulnerabilityId'][-1]}"
        f"/{each['resources'][0]['details']['awsEcrContainerImage']['repositoryName'][4:]}"
        for each in findings
    ]


ALL = ["1/first", "1/second", "2/first", "2/second", "3/first"]
DAY = timedelta(days=1)
NOW = datetime.now(UTC)
MEANT: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ALL),
    ({"severity": equals("CRITICAL")}, ["2/first", "2/second"]),
    ({"severity": equals("CRITICAL", "UNTRIAGED")}, ["2/first", "2/second", "3/first"]),
    ({"severity": [{"comparison": "NOT_EQUALS", "value": "CRITICAL"}]}, ["1/first", "1/second", "3/first"]),
    ({"severity": equals("HIGH"), "ecrImageRepositoryName": equals("app/first")}, ["1/first"]),
    ({"ecrImageRepositoryName": [{"comparison": "PREFIX", "value": "app/s"}]}, ["1/second", "2/second"]),
    ({"ecrImageHash": equals(SECOND.digest)}, ["1/second", "2/second"]),
    ({"ecrImageTags": equals("v1"), "vulnerabilityId": equals("CVE-2026-0003")}, ["3/first"]),
    ({"ecrImageTags": equals("v2")}, []),
    ({"inspectorScore": [{"lowerInclusive": 9.0}]}, ["2/first", "2/second"]),
    ({"inspectorScore": [{"lowerInclusive": 7.5, "upperInclusive": 7.5}]}, ["1/first", "1/second"]),
    ({"fixAvailable": equals("NO")}, ["3/first"]),
    ({"exploitAvailable": equals("YES")}, ["2/first", "2/second"]),
    ({"findingStatus": equals("ACTIVE")}, ALL),
    ({"findingStatus": equals("CLOSED")}, []),
    ({"resourceType": equals("AWS_ECR_CONTAINER_IMAGE"), "findingType": equals("PACKAGE_VULNERABILITY")}, ALL),
    ({"resourceType": equals("AWS_EC2_INSTANCE")}, []),
    ({"firstObservedAt": [{"startInclusive": NOW - DAY, "endInclusive": NOW + DAY}]}, ALL),
    ({"firstObservedAt": [{"endInclusive": NOW - DAY}]}, []),
    ({"vulnerablePackages": [{"name": {"comparison": "EQUALS", "value": "two"}}]}, ["3/first"]),
    ({"vulnerablePackages": [{"name": equals("two")[0], "version": equals("2")[0]}]}, []),
    ({"awsAccountId": equals(ACCOUNT), "ecrImageRegistry": equals(ACCOUNT)}, ALL),
    ({"awsAccountId": equals("111122223333")}, []),
    ({"ec2InstanceVpcId": [{"comparison": "NOT_EQUALS", "value": "vpc-1"}]}, []),
    ({"resourceTags": [{"comparison": "EQUALS", "key": "team"}]}, []),
    ({"title": [{"comparison": "PREFIX", "value": "CVE-2026-0001"}]}, ["1/first", "1/second"]),
]


@pytest.mark.parametrize(("criteria", "expected"), MEANT)
def test_criteria_mean_findings(inspector, criteria: dict[str, Any], expected: list[str]):
    assert sorted(names(found(inspector, criteria))) == expected


ORDERS = [
    ("SEVERITY", "DESC", "22113"),
    ("SEVERITY", "ASC", "31122"),
    ("VULNERABILITY_ID", "ASC", "11223"),
    ("INSPECTOR_SCORE", "DESC", "22113"),
    ("VENDOR_SEVERITY", "ASC", ""),
    ("LAST_OBSERVED_AT", "DESC", ""),
    ("ECR_IMAGE_PUSHED_AT", "ASC", ""),
    ("AWS_ACCOUNT_ID", "ASC", ""),
]


@pytest.mark.parametrize(("field", "order", "expected"), ORDERS)
def test_findings_are_listed_in_an_order(inspector, field: str, order: str, expected: str):
    told = names(found(inspector, sortCriteria={"field": field, "sortOrder": order}))
    assert sorted(told) == ALL
    assert "".join(each[0] for each in told).startswith(expected)


def test_repositories_are_in_order_too(inspector):
    told = names(found(inspector, sortCriteria={"field": "ECR_IMAGE_REPOSITORY_NAME", "sortOrder": "DESC"}))
    assert [each[2:] for each in told] == ["second", "second", "first", "first", "first"]


def test_a_finding_is_shown_whole(inspector):
    criteria = {"vulnerabilityId": equals("CVE-2026-0001"), "ecrImageRepositoryName": equals("app/first")}
    (finding,) = found(inspector, criteria)
    assert (finding["awsAccountId"], finding["severity"], finding["status"]) == (ACCOUNT, "HIGH", "ACTIVE")
    assert (finding["description"], finding["inspectorScore"]) == ("The first.", 7.5)
    assert finding["packageVulnerabilityDetails"]["referenceUrls"] == [URL]
    (package,) = finding["packageVulnerabilityDetails"]["vulnerablePackages"]
    assert (package["name"], package["fixedInVersion"]) == ("one", "0:1.1-1")
    (resource,) = finding["resources"]
    assert resource["id"] == f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/app/first/{FIRST.digest}"
    assert resource["details"]["awsEcrContainerImage"]["imageTags"] == ["v1"]


def test_more_is_known_of_findings(inspector):
    first = found(inspector, {"vulnerabilityId": equals("CVE-2026-0001")})[0]["findingArn"]
    second = found(inspector, {"vulnerabilityId": equals("CVE-2026-0002")})[0]["findingArn"]
    absent = f"{first.rpartition('/')[0]}/{'0' * 32}"
    answer = inspector.batch_get_finding_details(findingArns=[first, second, absent])
    told = {each["findingArn"]: each for each in answer["findingDetails"]}
    assert told[first]["referenceUrls"] == [URL]
    assert (told[first]["cwes"], told[second]["cwes"]) == ([], ["CWE-502", "CWE-20"])
    assert told[second]["cisaData"]["action"] == "Apply updates."
    assert told[second]["cisaData"]["dateAdded"] == datetime(2026, 1, 2, tzinfo=UTC)
    assert [(each["findingArn"], each["errorCode"]) for each in answer["errors"]] == [
        (absent, "FINDING_DETAILS_NOT_FOUND")
    ]


def test_a_vulnerability_is_searched_for(inspector):
    (told,) = inspector.search_vulnerabilities(filterCriteria={"vulnerabilityIds": ["CVE-2026-0002"]})[
        "vulnerabilities"
    ]
    assert (told["id"], told["cvss3"]["baseScore"]) == ("CVE-2026-0002", 9.8)
    assert told["relatedVulnerabilities"] == ["DSA-2"]
    assert told["cwes"] == ["CWE-502", "CWE-20"]
    assert told["detectionPlatforms"] == ["Debian:12"]


COUNTED: list[tuple[str, str, list[tuple[str, int]]]] = [
    ("ACCOUNT", "accountId", [(ACCOUNT, 5)]),
    ("FINDING_TYPE", "accountId", [(ACCOUNT, 5)]),
    ("PACKAGE", "packageName", [("one", 4), ("two", 1)]),
    ("REPOSITORY", "repository", [("app/first", 3), ("app/second", 2)]),
    ("AWS_ECR_CONTAINER", "imageSha", [(FIRST.digest, 3), (SECOND.digest, 2)]),
    ("TITLE", "vulnerabilityId", [("CVE-2026-0002", 2), ("CVE-2026-0001", 2), ("CVE-2026-0003", 1)]),
]


@pytest.mark.parametrize(("kind", "member", "expected"), COUNTED)
def test_findings_are_counted(inspector, kind: str, member: str, expected: list[tuple[str, int]]):
    pages = inspector.get_paginator("list_finding_aggregations").paginate(
        aggregationType=kind, PaginationConfig={"PageSize": 1}
    )
    groups = [group for page in pages for response in page["responses"] for group in response.values()]
    assert [(group[member], group["severityCounts"]["all"]) for group in groups] == expected


def test_layers_are_counted_by_their_digest(inspector):
    answer = inspector.list_finding_aggregations(
        aggregationType="IMAGE_LAYER",
        aggregationRequest={"imageLayerAggregation": {"repositories": equals("app/second")}},
    )
    (group,) = [each["imageLayerAggregation"] for each in answer["responses"]]
    assert group["layerHash"] == SECOND.layers[0].digest
    assert group["severityCounts"] == {"all": 2, "critical": 1, "high": 1}
    assert refusal(inspector.list_finding_aggregations, aggregationType="AMI")[0] == "ValidationException"


def test_images_are_covered(inspector):
    pages = inspector.get_paginator("list_coverage").paginate(PaginationConfig={"PageSize": 1})
    told = [each for page in pages for each in page["coveredResources"]]
    assert [each["resourceMetadata"]["ecrRepository"]["name"] for each in told] == ["app/first", "app/second"]
    assert [each["scanStatus"] for each in told] == [{"statusCode": "ACTIVE", "reason": "SUCCESSFUL"}] * 2
    assert told[0]["resourceId"].endswith(FIRST.digest)
    assert told[0]["resourceMetadata"]["ecrImage"]["tags"] == ["v1"]
    assert inspector.list_coverage(filterCriteria={"scanStatusCode": equals("INACTIVE")})["coveredResources"] == []
    second = inspector.list_coverage(filterCriteria={"ecrRepositoryName": equals("app/second")})["coveredResources"]
    assert [each["resourceId"] for each in second] == [told[1]["resourceId"]]
    counted = inspector.list_coverage_statistics(groupBy="SCAN_STATUS_REASON")
    assert (counted["totalCounts"], counted["countsByGroup"]) == (
        2,
        [{"count": 2, "groupKey": "SCAN_STATUS_REASON"}],
    )


def statuses(client: Any) -> dict[str, str]:
    findings = found(client)
    return dict(zip(names(findings), (each["status"] for each in findings), strict=True))


def test_a_filter_suppresses_at_once_and_no_more_when_it_goes(house: Server, inspector):
    criteria = {"vulnerabilityId": equals("CVE-2026-0001"), "findingStatus": equals("ACTIVE")}
    arn = inspector.create_filter(name="known", action="SUPPRESS", filterCriteria=criteria, reason="known")["arn"]
    suppressed = {each: "SUPPRESSED" if each.startswith("1") else "ACTIVE" for each in ALL}
    assert statuses(inspector) == suppressed
    shown = house.client().describe_image_scan_findings(repositoryName="app/second", imageId={"imageTag": "v1"})[
        "imageScanFindings"
    ]
    assert shown["findingSeverityCounts"] == {"CRITICAL": 1}
    inspector.update_filter(filterArn=arn, filterCriteria={"ecrImageRepositoryName": equals("app/second")})
    assert statuses(inspector) == {each: "SUPPRESSED" if "second" in each else "ACTIVE" for each in ALL}
    inspector.update_filter(filterArn=arn, action="NONE")
    assert statuses(inspector) == dict.fromkeys(ALL, "ACTIVE")
    inspector.update_filter(filterArn=arn, action="SUPPRESS")
    assert statuses(inspector)["1/second"] == "SUPPRESSED"
    inspector.delete_filter(arn=arn)
    assert statuses(inspector) == dict.fromkeys(ALL, "ACTIVE")


def exported(client: Any, operation: str, report: str) -> dict[str, Any]:
    told: dict[str, Any] = {}

    def ended() -> bool:
        told.update(getattr(client, operation)(reportId=report))
        return bool(told["status"] != "IN_PROGRESS")

    wait(ended, 60)
    return told


def place(**given: str) -> dict[str, str]:
    return {"bucketName": BUCKET, "kmsKeyArn": KEY, **given}


@pytest.mark.parametrize(
    ("form", "version"), [("CYCLONEDX_1_4", ("specVersion", "1.4")), ("SPDX_2_3", ("spdxVersion", "SPDX-2.3"))]
)
def test_sboms_of_images_are_exported(inspector, s3: BucketServer, form: str, version: tuple[str, str]):
    destination = place(keyPrefix=f"some/{form}")
    report = inspector.create_sbom_export(reportFormat=form, s3Destination=destination)["reportId"]
    told = exported(inspector, "get_sbom_export", report)
    assert (told["status"], told["format"], told["s3Destination"]) == ("SUCCEEDED", form, destination)
    keys = s3.keys(BUCKET, f"some/{form}/{form}_outputs_{report}/")
    assert len(keys) == 2
    written = s3.client.get_object(Bucket=BUCKET, Key=keys[0])
    document = json.loads(written["Body"].read())
    assert document[version[0]] == version[1]
    assert (written["ServerSideEncryption"], written["SSEKMSKeyId"]) == ("aws:kms", KEY)


def test_an_export_is_of_the_images_that_are_asked_for(inspector, s3: BucketServer):
    wanted = {"ecrRepositoryName": equals("app/second")}
    given = {"reportFormat": "CYCLONEDX_1_4", "resourceFilterCriteria": wanted}
    report = inspector.create_sbom_export(s3Destination=place(keyPrefix="one"), **given)["reportId"]
    told = exported(inspector, "get_sbom_export", report)
    assert (told["status"], told["filterCriteria"]) == ("SUCCEEDED", wanted)
    (key,) = s3.keys(BUCKET, "one/")
    assert "app_second" in key
    given["resourceFilterCriteria"] = {"ecrRepositoryName": equals("absent")}
    report = inspector.create_sbom_export(s3Destination=place(), **given)["reportId"]
    told = exported(inspector, "get_sbom_export", report)
    assert (told["status"], told["errorCode"]) == ("FAILED", "NO_FINDINGS_FOUND")


def test_findings_are_exported(inspector, s3: BucketServer):
    report = inspector.create_findings_report(reportFormat="JSON", s3Destination=place())["reportId"]
    assert exported(inspector, "get_findings_report_status", report)["status"] == "SUCCEEDED"
    body = s3.client.get_object(Bucket=BUCKET, Key=f"{report}.json")["Body"].read()
    assert sorted(names(json.loads(body)["findings"])) == ALL
    criteria = {"severity": equals("CRITICAL")}
    report = inspector.create_findings_report(reportFormat="CSV", s3Destination=place(), filterCriteria=criteria)[
        "reportId"
    ]
    assert exported(inspector, "get_findings_report_status", report)["status"] == "SUCCEEDED"
    body = s3.client.get_object(Bucket=BUCKET, Key=f"{report}.csv")["Body"].read()
    rows = list(csv.DictReader(io.StringIO(body.decode())))
    assert [row["Vulnerability Id"] for row in rows] == ["CVE-2026-0002"] * 2
    assert inspector.get_findings_report_status()["reportId"] == report


def test_an_export_that_cannot_be_stored_says_why(inspector):
    destination = place(bucketName="absent-bucket")
    report = inspector.create_sbom_export(reportFormat="SPDX_2_3", s3Destination=destination)["reportId"]
    told = exported(inspector, "get_sbom_export", report)
    assert (told["status"], told["errorCode"]) == ("FAILED", "BUCKET_NOT_FOUND")
    for wrong in ({"bucketName": "No"}, {"kmsKeyArn": "k\r\nx: y"}, {"keyPrefix": "../up"}):
        code = refusal(inspector.create_sbom_export, reportFormat="SPDX_2_3", s3Destination=place(**wrong))[0]
        assert code == "ValidationException"
    assert refusal(inspector.cancel_sbom_export, reportId=report)[0] == "ValidationException"
    absent = "00000000-0000-4000-8000-000000000000"
    assert refusal(inspector.get_sbom_export, reportId=absent)[0] == "ResourceNotFoundException"
    assert refusal(inspector.get_findings_report_status, reportId=report)[0] == "ResourceNotFoundException"
