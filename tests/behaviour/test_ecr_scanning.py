"""Basic scanning through boto3, where nothing is known of vulnerabilities yet: it says so, never that all is well."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, WaiterError

from tests.behaviour.callers import User, allow, of
from tests.behaviour.looked_up import awaited, lookup
from tests.behaviour.test_ecr_images import ABSENT, ACCOUNT, refusal
from tests.factories.layouts import Image, image, index
from tests.factories.processes import Server
from tests.factories.registry import Registry
from tests.factories.waiting import wait

QUICK = {"Delay": 1, "MaxAttempts": 20}
V1 = {"imageTag": "v1"}


@pytest.fixture
def rules(ecr: Any) -> Iterator[None]:
    """A registry whose rules are what they were when the test has ended."""
    yield
    ecr.put_registry_scanning_configuration(scanType="BASIC", rules=[])


def put_rules(ecr: Any, *filters: str) -> dict[str, Any]:
    named = [{"filter": text, "filterType": "WILDCARD"} for text in filters]
    rule = {"scanFrequency": "SCAN_ON_PUSH", "repositoryFilters": named}
    told = ecr.put_registry_scanning_configuration(scanType="BASIC", rules=[rule])
    new: dict[str, Any] = told["registryScanningConfiguration"]
    return new


def ended(ecr: Any, repository: str, image_id: dict[str, str] = V1) -> dict[str, Any]:
    """The answer about a scan that has ended."""

    def look() -> dict[str, Any] | None:
        found: dict[str, Any] = ecr.describe_image_scan_findings(repositoryName=repository, imageId=image_id)
        return None if found["imageScanStatus"]["status"] == "IN_PROGRESS" else found

    return wait(look) or {}


def test_before_any_scan_there_is_none_to_be_told_of(ecr, repository, pushed: Image):
    code, message = refusal(ecr.describe_image_scan_findings, repositoryName=repository, imageId=V1)
    assert code == "ScanNotFoundException"
    assert message == (
        f"Image scan does not exist for the image with '{{imageDigest:'{pushed.digest}', imageTag:'v1'}}' in the "
        f"repository with name '{repository}' in the registry with id '{ACCOUNT}'"
    )


def test_a_scan_that_is_started_ends_at_once_and_says_what_is_missing(ecr, repository, pushed: Image):
    told = ecr.start_image_scan(repositoryName=repository, imageId=V1)
    assert {name: value for name, value in told.items() if name != "ResponseMetadata"} == {
        "registryId": ACCOUNT,
        "repositoryName": repository,
        "imageId": {"imageDigest": pushed.digest, "imageTag": "v1"},
        "imageScanStatus": {"status": "IN_PROGRESS"},
    }
    found = ended(ecr, repository)
    assert found["imageId"] == {"imageDigest": pushed.digest, "imageTag": "v1"}
    assert found["imageScanStatus"]["status"] == "FAILED"
    assert "`entrepot vulndb import`" in found["imageScanStatus"]["description"]
    assert found["imageScanFindings"]["findings"] == []
    assert found["imageScanFindings"]["findingSeverityCounts"] == {}
    assert found["imageScanFindings"]["imageScanCompletedAt"]
    assert "nextToken" not in found


def test_the_waiter_raises_for_a_scan_that_failed(ecr, repository, pushed: Image):
    ecr.start_image_scan(repositoryName=repository, imageId={"imageDigest": pushed.digest})
    waiter = ecr.get_waiter("image_scan_complete")
    with pytest.raises(WaiterError, match="FAILED"):
        waiter.wait(repositoryName=repository, imageId={"imageDigest": pushed.digest}, WaiterConfig=QUICK)


@pytest.mark.usefixtures("pushed")
def test_the_paginator_reads_findings_where_there_are_none(ecr, repository):
    ecr.start_image_scan(repositoryName=repository, imageId=V1)
    ended(ecr, repository)
    pages = ecr.get_paginator("describe_image_scan_findings").paginate(repositoryName=repository, imageId=V1)
    assert pages.build_full_result()["imageScanFindings"]["findings"] == []


@pytest.mark.usefixtures("pushed")
def test_an_image_is_scanned_once_in_24_hours(ecr, repository):
    ecr.start_image_scan(repositoryName=repository, imageId=V1)
    asked = {"repositoryName": repository, "imageId": V1}
    told = ("LimitExceededException", "The scan quota per image has been exceeded. Wait and try again.")
    assert refusal(ecr.start_image_scan, **asked) == told
    ended(ecr, repository)
    assert refusal(ecr.start_image_scan, **asked) == told


@pytest.mark.parametrize("operation", ["start_image_scan", "describe_image_scan_findings"])
@pytest.mark.usefixtures("pushed")
def test_what_is_not_there_cannot_be_scanned(ecr, repository, operation: str):
    ask = getattr(ecr, operation)
    for image_id in ({"imageTag": "absent"}, {"imageDigest": ABSENT}, {"imageDigest": ABSENT, "imageTag": "v1"}):
        assert refusal(ask, repositoryName=repository, imageId=image_id)[0] == "ImageNotFoundException"
    assert refusal(ask, repositoryName="behaviour/absent", imageId=V1)[0] == "RepositoryNotFoundException"
    assert refusal(ask, repositoryName=repository, imageId={})[0] == "InvalidParameterException"
    bad = {"imageDigest": "sha256:abc"}
    assert refusal(ask, repositoryName=repository, imageId=bad)[0] == "InvalidParameterException"


def test_what_is_no_image_cannot_be_scanned(server: Server, ecr, repository):
    artifact = image(950, artifactType="application/vnd.test")
    Registry(server).push(repository, artifact, "v1")
    asked = {"repositoryName": repository, "imageId": V1}
    assert refusal(ecr.start_image_scan, **asked)[0] == "UnsupportedImageTypeException"


@pytest.mark.usefixtures("pushed")
def test_pages_have_their_bounds(ecr, repository):
    ecr.start_image_scan(repositoryName=repository, imageId=V1)
    for wrong in ({"maxResults": 1001}, {"nextToken": "nonsense"}):
        asked = {"repositoryName": repository, "imageId": V1, **wrong}
        assert refusal(ecr.describe_image_scan_findings, **asked)[0] == "InvalidParameterException"


@pytest.mark.parametrize("by", ["oci", "aws"])
def test_a_push_through_either_door_has_its_image_scanned(ecr, doors, make_repository, by: str):
    repository = make_repository(imageScanningConfiguration={"scanOnPush": True})
    made = image(960)
    for blob in made.blobs:
        doors[by].upload(repository, blob)
    doors[by].put(repository, made.manifest, "v1")
    assert ended(ecr, repository)["imageScanStatus"]["status"] == "FAILED"


def test_an_index_is_scanned_with_its_images(server: Server, ecr, repository):
    made = index(970)
    Registry(server).push(repository, made, "v1")
    ecr.start_image_scan(repositoryName=repository, imageId=V1)
    found = ended(ecr, repository)
    assert found["imageScanStatus"]["status"] == "FAILED"
    for child in made.children:
        assert child.digest in found["imageScanStatus"]["description"]
        assert ended(ecr, repository, {"imageDigest": child.digest})["imageScanStatus"]["status"] == "FAILED"


def test_the_end_of_a_scan_is_in_the_audit_trail(server: Server, ecr, repository, pushed: Image):
    ecr.start_image_scan(repositoryName=repository, imageId=V1)
    client = server.client("cloudtrail")

    def look() -> list[dict[str, Any]]:
        found = (json.loads(each["CloudTrailEvent"]) for each in lookup(client, "ResourceName", repository))
        return [record for record in found if record["eventName"] in {"StartImageScan", "ImageScanEvent"}]

    told = {record["eventName"]: record for record in awaited(look, 2)}
    assert told["StartImageScan"]["requestParameters"]["imageId"] == V1
    ended_as = told["ImageScanEvent"]
    assert (ended_as["eventType"], ended_as["userIdentity"]["invokedBy"]) == ("AwsServiceEvent", "AWS Internal")
    assert ended_as["serviceEventDetails"] == {
        "repositoryName": repository,
        "imageDigest": pushed.digest,
        "scanType": "BASIC",
        "scanStatus": "FAILED",
        "findingSeverityCounts": {},
    }


@pytest.mark.usefixtures("pushed")
def test_images_are_described_without_their_scans_as_with_awss_own_engine(ecr, repository):
    ecr.start_image_scan(repositoryName=repository, imageId=V1)
    ended(ecr, repository)
    (told,) = ecr.describe_images(repositoryName=repository)["imageDetails"]
    assert not {"imageScanStatus", "imageScanFindingsSummary"} & told.keys()


def test_a_repositorys_setting_is_changed_and_shown(ecr, repository):
    told = ecr.put_image_scanning_configuration(
        repositoryName=repository, imageScanningConfiguration={"scanOnPush": True}
    )
    assert (told["registryId"], told["repositoryName"]) == (ACCOUNT, repository)
    assert told["imageScanningConfiguration"] == {"scanOnPush": True}
    (shown,) = ecr.describe_repositories(repositoryNames=[repository])["repositories"]
    assert shown["imageScanningConfiguration"] == {"scanOnPush": True}
    (found,) = configurations(ecr, repository)
    assert (found["scanOnPush"], found["scanFrequency"], found["appliedScanFilters"]) == (True, "SCAN_ON_PUSH", [])


def configurations(ecr: Any, *names: str) -> list[dict[str, Any]]:
    told = ecr.batch_get_repository_scanning_configuration(repositoryNames=list(names))
    found: list[dict[str, Any]] = told["scanningConfigurations"]
    return found


def test_a_registry_begins_with_basic_scanning_and_no_rules(ecr):
    told = ecr.get_registry_scanning_configuration()
    assert told["registryId"] == ACCOUNT
    assert told["scanningConfiguration"] == {"scanType": "BASIC", "rules": []}


@pytest.mark.usefixtures("rules")
def test_rules_are_kept_as_they_are_put_and_decide_for_repositories(server: Server, ecr, make_repository):
    matched, other = make_repository(), make_repository(imageScanningConfiguration={"scanOnPush": True})
    new = put_rules(ecr, matched, "nothing-has-this-*")
    assert ecr.get_registry_scanning_configuration()["scanningConfiguration"] == new
    told = configurations(ecr, matched, other)
    assert [(each["repositoryName"], each["scanFrequency"], each["scanOnPush"]) for each in told] == [
        (matched, "SCAN_ON_PUSH", True),
        (other, "MANUAL", False),
    ]
    assert told[0]["appliedScanFilters"] == [{"filter": matched, "filterType": "WILDCARD"}]
    assert told[0]["repositoryArn"] == f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/{matched}"
    for name in (matched, other):
        Registry(server).push(name, image(980), "v1")
    assert ended(ecr, matched)["imageScanStatus"]["status"] == "FAILED"
    with pytest.raises(ClientError, match="ScanNotFoundException"):
        ended(ecr, other)


def test_a_repository_that_is_not_there_is_a_failure_of_the_batch(ecr, repository):
    told = ecr.batch_get_repository_scanning_configuration(repositoryNames=[repository, "behaviour/absent"])
    assert [each["repositoryName"] for each in told["scanningConfigurations"]] == [repository]
    assert told["failures"] == [
        {
            "repositoryName": "behaviour/absent",
            "failureCode": "REPOSITORY_NOT_FOUND",
            "failureReason": f"The repository with name 'behaviour/absent' does not exist in the registry with id "
            f"'{ACCOUNT}'",
        }
    ]


def test_basic_scanning_is_never_continuous(ecr):
    continuous = [
        {"scanFrequency": "CONTINUOUS_SCAN", "repositoryFilters": [{"filter": "*", "filterType": "WILDCARD"}]}
    ]
    refused = refusal(ecr.put_registry_scanning_configuration, scanType="BASIC", rules=continuous)
    assert refused[0] == "ValidationException"
    assert ecr.get_registry_scanning_configuration()["scanningConfiguration"]["rules"] != continuous


@pytest.mark.parametrize("text", ["", "UPPER", "a" * 256])
def test_a_filter_that_could_match_no_name_is_refused(ecr, text: str):
    rule = {"scanFrequency": "SCAN_ON_PUSH", "repositoryFilters": [{"filter": text or "-", "filterType": "WILDCARD"}]}
    assert refusal(ecr.put_registry_scanning_configuration, rules=[rule])[0] == "InvalidParameterException"


def test_the_engine_of_basic_scanning_is_awss_own_and_no_other(ecr):
    name = "BASIC_SCAN_TYPE_VERSION"
    assert ecr.get_account_setting(name=name)["value"] == "AWS_NATIVE"
    assert ecr.put_account_setting(name=name, value="AWS_NATIVE")["value"] == "AWS_NATIVE"
    assert refusal(ecr.put_account_setting, name=name, value="CLAIR")[0] == "InvalidParameterException"
    assert ecr.get_account_setting(name="REGISTRY_POLICY_SCOPE")["value"] == "V2"


@pytest.mark.usefixtures("pushed")
def test_who_may_start_scans_need_not_be_who_may_read_findings(user: User, ecr, repository):
    user.put("start", allow("ecr:StartImageScan", of(repository)))
    asked = {"repositoryName": repository, "imageId": V1}
    user.ecr.start_image_scan(**asked)
    ended(ecr, repository)
    assert refusal(user.ecr.describe_image_scan_findings, **asked)[0] == "AccessDeniedException"
    for denied, given in (
        (user.ecr.get_registry_scanning_configuration, {}),
        (user.ecr.put_registry_scanning_configuration, {"rules": []}),
        (user.ecr.batch_get_repository_scanning_configuration, {"repositoryNames": [repository]}),
        (
            user.ecr.put_image_scanning_configuration,
            {"repositoryName": repository, "imageScanningConfiguration": {"scanOnPush": False}},
        ),
    ):
        assert refusal(denied, **given)[0] == "AccessDeniedException"
