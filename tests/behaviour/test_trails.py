"""Trails through boto3: settings, logging, status, selectors, tags, keys, and files on the server's own volume."""

import gzip
import json
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.factories import forks
from tests.factories.processes import REGION, Server, serve
from tests.factories.waiting import wait

ACCOUNT = "000000000000"
ARN = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/main"
PATIENCE = 60.0  # files come by jobs
SETTINGS = {
    "ENTREPOT_TRAIL_SECONDS": "0.5",
    "ENTREPOT_TRAIL_DIGEST_SECONDS": "2",
    "ENTREPOT_REGIONS": f"{REGION},eu-west-1",
}


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that delivers often."""
    with serve(tmp_path_factory.mktemp("trails"), environment=SETTINGS) as running:
        yield running


@pytest.fixture(scope="module")
def cloudtrail(quick: Server) -> Any:
    return quick.client("cloudtrail")


@pytest.fixture
def trail(cloudtrail: Any) -> Iterator[str]:
    cloudtrail.create_trail(Name="main", S3BucketName="entrepot", EnableLogFileValidation=True)
    yield "main"
    cloudtrail.delete_trail(Name="main")


def code(call: Callable[..., Any], **given: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**given)
    return str(refused.value.response["Error"]["Code"])


def files(server: Server, kind: str = "CloudTrail", region: str = REGION) -> list[Path]:
    folder = server.data / "trails" / "entrepot" / "AWSLogs" / ACCOUNT / kind / region
    return sorted(folder.rglob("*.json.gz"))


def records(server: Server, region: str = REGION) -> list[dict[str, Any]]:
    return [
        each
        for path in files(server, region=region)
        for each in json.loads(gzip.decompress(path.read_bytes()))["Records"]
    ]


def verify(server: Server, *arguments: str, **variables: str) -> tuple[int, dict[str, Any]]:
    command = ["trail", "verify", "--data", str(server.data), "--output", "json", *arguments]
    done = forks.run(command, environment={**os.environ, **variables})
    return done.returncode, json.loads(done.stdout)


def test_a_trail_is_shown_as_it_was_made(cloudtrail: Any, trail: str):
    shown = cloudtrail.get_trail(Name=trail)["Trail"]
    assert shown == {
        "Name": "main",
        "S3BucketName": "entrepot",
        "IncludeGlobalServiceEvents": True,
        "IsMultiRegionTrail": False,
        "HomeRegion": REGION,
        "TrailARN": ARN,
        "LogFileValidationEnabled": True,
        "HasCustomEventSelectors": False,
        "HasInsightSelectors": False,
        "IsOrganizationTrail": False,
    }
    assert cloudtrail.describe_trails()["trailList"] == [shown]
    assert cloudtrail.list_trails()["Trails"] == [{"TrailARN": ARN, "Name": "main", "HomeRegion": REGION}]
    changed = cloudtrail.update_trail(Name=ARN, S3KeyPrefix="p", IsMultiRegionTrail=True)
    assert (changed["S3KeyPrefix"], changed["IsMultiRegionTrail"], changed["S3BucketName"]) == ("p", True, "entrepot")


def test_codes_are_those_of_cloudtrail(cloudtrail: Any, trail: str, quick: Server):
    create = cloudtrail.create_trail
    assert code(create, Name="main", S3BucketName="entrepot") == "TrailAlreadyExistsException"
    assert code(create, Name="a", S3BucketName="entrepot") == "InvalidTrailNameException"
    assert code(create, Name="abc", S3BucketName="A") == "InvalidS3BucketNameException"
    assert code(create, Name="abc", S3BucketName="entrepot", S3KeyPrefix="..") == "InvalidS3PrefixException"
    for member in ("SnsTopicName", "KmsKeyId", "CloudWatchLogsLogGroupArn"):
        assert code(create, Name="abc", S3BucketName="entrepot", **{member: "x"}) == "UnsupportedOperationException"
    assert code(create, Name="abc", S3BucketName="b-b", IsOrganizationTrail=True) == "OrganizationsNotInUseException"
    assert code(cloudtrail.get_trail, Name="absent") == "TrailNotFoundException"
    assert code(cloudtrail.get_trail, Name="arn:aws:s3:::x") == "CloudTrailARNInvalidException"
    assert code(cloudtrail.get_insight_selectors, TrailName="main") == "InsightNotEnabledException"
    assert code(cloudtrail.put_event_selectors, TrailName="main") == "InvalidEventSelectorsException"
    elsewhere = quick.client("cloudtrail", region="eu-west-1")
    assert code(elsewhere.start_logging, Name=ARN) == "InvalidHomeRegionException"
    assert code(elsewhere.start_logging, Name="main") == "TrailNotFoundException"


def test_selectors_and_tags_come_back_as_they_were_put(cloudtrail: Any, trail: str):
    whole = {"ReadWriteType": "All", "IncludeManagementEvents": True, "DataResources": []}
    default = [{**whole, "ExcludeManagementEventSources": []}]
    assert cloudtrail.get_event_selectors(TrailName=trail)["EventSelectors"] == default
    put = [{**whole, "ReadWriteType": "WriteOnly", "ExcludeManagementEventSources": ["kms.amazonaws.com"]}]
    assert cloudtrail.put_event_selectors(TrailName=trail, EventSelectors=put)["EventSelectors"] == put
    assert cloudtrail.get_event_selectors(TrailName=trail)["EventSelectors"] == put
    assert cloudtrail.get_trail(Name=trail)["Trail"]["HasCustomEventSelectors"] is True
    fields = [{"Field": "eventCategory", "Equals": ["Management"]}, {"Field": "eventName", "StartsWith": ["Put"]}]
    advanced = [{"Name": "puts", "FieldSelectors": fields}]
    cloudtrail.put_event_selectors(TrailName=trail, AdvancedEventSelectors=advanced)
    answer = cloudtrail.get_event_selectors(TrailName=trail)
    assert (answer["AdvancedEventSelectors"], answer.get("EventSelectors")) == (advanced, None)
    cloudtrail.add_tags(ResourceId=ARN, TagsList=[{"Key": "team", "Value": "a"}, {"Key": "bare"}])
    cloudtrail.remove_tags(ResourceId=ARN, TagsList=[{"Key": "absent"}])
    (tagged,) = cloudtrail.list_tags(ResourceIdList=[ARN])["ResourceTagList"]
    assert tagged == {"ResourceId": ARN, "TagsList": [{"Key": "bare"}, {"Key": "team", "Value": "a"}]}
    assert code(cloudtrail.list_tags, ResourceIdList=[f"{ARN}x"]) == "ResourceNotFoundException"


@pytest.fixture
def proved(cloudtrail: Any, quick: Server) -> Iterator[None]:
    """A trail that has delivered what was called in two regions, until it is deleted."""
    cloudtrail.create_trail(
        Name="proved", S3BucketName="entrepot", EnableLogFileValidation=True, IsMultiRegionTrail=True
    )
    cloudtrail.start_logging(Name="proved")
    started = datetime.now(UTC)
    status = cloudtrail.get_trail_status(Name="proved")
    assert status["IsLogging"] is True
    assert abs(status["StartLoggingTime"] - started) < timedelta(seconds=10)
    quick.client().create_repository(repositoryName="proved/app")
    quick.client(region="eu-west-1").create_repository(repositoryName="proved/there")
    quick.client("iam").create_user(UserName="proved")

    def seen(name: str, region: str) -> Callable[[], bool]:
        return lambda: any(each["eventName"] == name for each in records(quick, region))

    wait(lambda: seen("CreateRepository", REGION)() and seen("CreateUser", REGION)(), PATIENCE)
    wait(seen("CreateRepository", "eu-west-1"), PATIENCE)
    (made,) = [each for each in records(quick) if each["eventName"] == "CreateRepository"]
    assert made["requestParameters"]["repositoryName"] == "proved/app"
    wait(lambda: len(files(quick, "CloudTrail-Digest")) > 1, PATIENCE)
    status = wait(
        lambda: (found := cloudtrail.get_trail_status(Name="proved")).get("LatestDigestDeliveryTime") and found,
        PATIENCE,
    )
    assert status["LatestDeliveryTime"] >= started - timedelta(seconds=1)
    assert "LatestDeliveryError" not in status
    (key,) = cloudtrail.list_public_keys()["PublicKeyList"]
    assert key["ValidityStartTime"] < started < key["ValidityEndTime"]
    assert len(key["Fingerprint"]) == 32
    yield
    cloudtrail.stop_logging(Name="proved")
    assert cloudtrail.get_trail_status(Name="proved")["IsLogging"] is False
    cloudtrail.delete_trail(Name="proved")
    wait(lambda: verify(quick)[0] == 0, PATIENCE)


@pytest.mark.usefixtures("proved")
def test_what_is_called_is_delivered_proved_and_found_when_it_is_tampered_with(quick: Server):
    assert verify(quick)[0] == 0
    listed = json.loads(forks.run(["trail", "list", "--data", str(quick.data), "--output", "json"]).stdout)
    assert "proved" in [each["name"] for each in listed]
    log = files(quick)[0]
    content = log.read_bytes()
    log.unlink()
    code_, report = verify(quick)
    assert (code_, [each["fault"] for each in report["faults"]]) == (1, ["removed"])
    log.write_bytes(content)
    stranger = log.with_name("notes.txt")
    stranger.write_text("x")
    assert [each["fault"] for each in verify(quick, "--account", ACCOUNT)[1]["faults"]] == ["added"]
    stranger.unlink()
