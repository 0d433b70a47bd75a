"""Records, field by field, as CloudTrail's documentation and ECR's samples of it show them."""

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from entrepot.core.audit.records import LARGEST, encoded, id_of, record
from entrepot.core.calls import Call, Identity
from entrepot.spec.event_ids import event_id, told_at
from entrepot.spec.moments import micros
from tests.factories.callers import ACCOUNT, OTHER_ACCOUNT, REGION
from tests.factories.calls import ALICE, AT, call

REPOSITORY = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/team/app"
DIGEST = "sha256:" + "0" * 64
ROLE = f"arn:aws:iam::{ACCOUNT}:role/service/Deploy"
SESSION = Identity(
    "role session",
    "AROADEPLOY:ci",
    f"arn:aws:sts::{ACCOUNT}:assumed-role/Deploy/ci",
    ACCOUNT,
    "ASIACI",
    ROLE,
    "AROADEPLOY",
    micros(datetime(2018, 7, 11, 21, 15, 45, tzinfo=UTC)),
    mfa=True,
)

SHOWN_SESSION = {
    "type": "AssumedRole",
    "principalId": "AROADEPLOY:ci",
    "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/Deploy/ci",
    "accountId": ACCOUNT,
    "accessKeyId": "ASIACI",
    "sessionContext": {
        "sessionIssuer": {
            "type": "Role",
            "principalId": "AROADEPLOY",
            "arn": ROLE,
            "accountId": ACCOUNT,
            "userName": "Deploy",
        },
        "webIdFederationData": {},
        "attributes": {"creationDate": "2018-07-11T21:15:45Z", "mfaAuthenticated": "true"},
    },
}


def told(made: Call, account: str = ACCOUNT, **settings: Any) -> Any:
    """The record, as who reads it parses it."""
    return json.loads(encoded(record(made, account, REGION, **settings)))


def test_a_record_of_an_api_call_has_every_documented_field():
    made_at = datetime(2018, 7, 11, 22, 17, 44, tzinfo=UTC)
    made = call(
        "CreateRepository",
        micros(datetime(2018, 7, 11, 22, 17, 43, 600_000, tzinfo=UTC)),
        door="aws",
        identity=SESSION,
        user_agent="console.amazonaws.com",
        parameters={"repositoryName": "team/app"},
        response={"repository": {"repositoryArn": REPOSITORY, "createdAt": made_at}},
    )
    assert told(made) == {
        "eventVersion": "1.11",
        "userIdentity": SHOWN_SESSION,
        "eventTime": "2018-07-11T22:17:43Z",
        "eventSource": "ecr.amazonaws.com",
        "eventName": "CreateRepository",
        "awsRegion": REGION,
        "sourceIPAddress": "192.0.2.7",
        "userAgent": "console.amazonaws.com",
        "requestParameters": {"repositoryName": "team/app"},
        "responseElements": {"repository": {"repositoryArn": REPOSITORY, "createdAt": "Jul 11, 2018 10:17:44 PM"}},
        "requestID": made.request_id,
        "eventID": event_id(made.at, made.request_id, "CreateRepository"),
        "readOnly": False,
        "resources": [{"accountId": ACCOUNT, "type": "AWS::ECR::Repository", "ARN": REPOSITORY}],
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
    }


def test_a_pull_by_docker_shows_its_parameters_and_no_response():
    given = {"imageIds": [{"imageTag": "v1"}], "acceptedMediaTypes": ["application/json"]}
    shown = told(call(parameters=given, pulled=(DIGEST,), response={"never": "shown"}))
    assert shown["requestParameters"] == {"registryId": ACCOUNT, "repositoryName": "team/app", **given}
    assert shown["responseElements"] is None
    assert shown["readOnly"] is True


def test_dockers_own_address_and_agent_are_shown_unless_awss_constants_are_asked_for():
    own = told(call())
    assert (own["sourceIPAddress"], own["userAgent"]) == ("192.0.2.7", "docker/27.3.1")
    assert "invokedBy" not in own["userIdentity"]
    constant = told(call(), aws_constants=True)
    assert (constant["sourceIPAddress"], constant["userAgent"]) == ("ecr.amazonaws.com", "ecr.amazonaws.com")
    assert constant["userIdentity"]["invokedBy"] == "ecr.amazonaws.com"
    api = told(call(door="aws"), aws_constants=True)
    assert api["sourceIPAddress"] == "192.0.2.7"


def test_a_failed_call_shows_its_error_and_no_response():
    shown = told(call("PutImage", error="AccessDeniedException", message="no", response={"image": {}}))
    assert (shown["errorCode"], shown["errorMessage"], shown["responseElements"]) == (
        "AccessDeniedException",
        "no",
        None,
    )
    assert list(shown).index("errorCode") < list(shown).index("requestParameters")


@pytest.mark.parametrize(
    ("who", "shown"),
    [
        (
            Identity("root", ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT, "AKIAROOT"),
            {"type": "Root", "principalId": ACCOUNT, "arn": f"arn:aws:iam::{ACCOUNT}:root", "accessKeyId": "AKIAROOT"},
        ),
        (
            ALICE,
            {
                "type": "IAMUser",
                "principalId": "AIDAALICE",
                "arn": ALICE.arn,
                "accessKeyId": "AKIAALICE",
                "userName": "alice",
            },
        ),
        (
            msgspec.structs.replace(ALICE, access_key_id="ASIAALICE", issued_at=AT),
            {
                "type": "IAMUser",
                "principalId": "AIDAALICE",
                "arn": ALICE.arn,
                "accessKeyId": "ASIAALICE",
                "userName": "alice",
                "sessionContext": {
                    "attributes": {"creationDate": "2026-01-01T00:00:00Z", "mfaAuthenticated": "false"},
                },
            },
        ),
        (
            Identity(
                "federated user",
                f"{ACCOUNT}:bob",
                f"arn:aws:sts::{ACCOUNT}:federated-user/bob",
                ACCOUNT,
                "ASIABOB",
                ALICE.arn,
                "AIDAALICE",
                AT,
            ),
            {
                "type": "FederatedUser",
                "principalId": f"{ACCOUNT}:bob",
                "arn": f"arn:aws:sts::{ACCOUNT}:federated-user/bob",
                "accessKeyId": "ASIABOB",
                "sessionContext": {
                    "sessionIssuer": {
                        "type": "IAMUser",
                        "principalId": "AIDAALICE",
                        "arn": ALICE.arn,
                        "accountId": ACCOUNT,
                        "userName": "alice",
                    },
                    "attributes": {"creationDate": "2026-01-01T00:00:00Z", "mfaAuthenticated": "false"},
                },
            },
        ),
    ],
    ids=["root", "user", "user's session", "federated"],
)
def test_each_kind_of_identity_has_its_own_shape(who: Identity, shown: dict[str, Any]):
    assert told(call(identity=who))["userIdentity"] == {"accountId": ACCOUNT, **shown}


def test_a_session_shows_its_source_identity_and_who_vouched_for_it():
    vouched = msgspec.structs.replace(SESSION, source_identity="carol", provider="https://issuer.test")
    context = told(call(identity=vouched))["userIdentity"]["sessionContext"]
    assert context["sourceIdentity"] == "carol"
    assert context["webIdFederationData"] == {"federatedProvider": "https://issuer.test", "attributes": {}}


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        ("service", {"type": "AWSService", "invokedBy": "ecr.amazonaws.com"}),
        ("anonymous", {"type": "AWSAccount", "principalId": "", "accountId": "anonymous"}),
    ],
)
def test_who_is_of_no_account_is_shown_to_every_reader(kind: str, shown: dict[str, Any]):
    who = Identity(kind, "ecr.amazonaws.com", "", "", "")
    assert told(call(identity=who))["userIdentity"] == shown


def test_the_owner_of_a_resource_reads_only_the_account_of_a_caller_from_elsewhere():
    made = call(account=OTHER_ACCOUNT)
    of_owner, of_caller = told(made, OTHER_ACCOUNT), told(made, ACCOUNT)
    assert of_owner["userIdentity"] == {"type": "AWSAccount", "principalId": "AIDAALICE", "accountId": ACCOUNT}
    assert of_caller["userIdentity"]["userName"] == "alice"
    assert of_owner["sharedEventID"] == of_caller["sharedEventID"]
    assert of_owner["eventID"] != of_caller["eventID"]
    assert (of_owner["recipientAccountId"], of_caller["recipientAccountId"]) == (OTHER_ACCOUNT, ACCOUNT)
    assert "sharedEventID" not in told(call())


def test_an_id_is_the_same_each_time_and_says_when():
    made = call(at=AT + 1_234_567)
    assert id_of(made, ACCOUNT) == id_of(made, ACCOUNT)
    assert told_at(id_of(made, ACCOUNT)) == AT + 1_234_000


def test_members_begin_in_lower_case_and_maps_keep_their_keys():
    given = {"RoleName": "Deploy", "Tags": [{"Key": "Team", "Value": "A"}], "inputPathsMap": {"Upper": "$.x"}}
    shown = told(call("TagRole", service="iam", door="aws", repository="", parameters=given))
    assert shown["requestParameters"] == {
        "roleName": "Deploy",
        "tags": [{"key": "Team", "value": "A"}],
        "inputPathsMap": {"Upper": "$.x"},
    }
    assert shown["eventSource"] == "iam.amazonaws.com"


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2020, 4, 1, 0, 5, 9, tzinfo=UTC), "Apr 1, 2020 12:05:09 AM"),
        (datetime(2020, 12, 31, 12, 0, 0, tzinfo=UTC), "Dec 31, 2020 12:00:00 PM"),
        (datetime(2020, 1, 2, 13, 1, 1, tzinfo=UTC), "Jan 2, 2020 1:01:01 PM"),
    ],
)
def test_moments_are_written_as_cloudtrail_does(moment: datetime, text: str):
    assert told(call("PutImage", response={"at": moment}))["responseElements"] == {"at": text}


def test_a_record_is_capped_and_says_what_was_cut():
    manifest = "x" * (150 * 1024)
    both = {"imageManifest": manifest}
    shown = told(call("PutImage", parameters=both, response=both))
    assert list(shown["responseElements"]) == ["entrepot:cut"]
    assert shown["requestParameters"]["imageManifest"] == manifest
    assert len(json.dumps(shown)) <= LARGEST
    huge = told(call("PutImage", parameters={"imageManifest": "x" * LARGEST}, response=both))
    assert list(huge["requestParameters"]) == ["entrepot:cut"]
    assert huge["eventName"] == "PutImage"


@pytest.mark.parametrize(
    ("operation", "service", "reads"),
    [
        ("BatchGetImage", "ecr", True),
        ("BatchCheckLayerAvailability", "ecr", True),
        ("ListImageReferrers", "ecr", True),
        ("InitiateLayerUpload", "ecr", False),
        ("BatchDeleteImage", "ecr", False),
        ("AssumeRole", "sts", True),
        ("TestEventPattern", "events", True),
        ("CreateUser", "iam", False),
    ],
)
def test_what_only_reads_says_so(operation: str, service: str, reads: bool):
    assert told(call(operation, service=service))["readOnly"] is reads


def test_metrics_and_public_registries_have_sources_and_arns_of_their_own():
    assert told(call("PutMetricData", service="cloudwatch"))["eventSource"] == "monitoring.amazonaws.com"
    (resource,) = told(call(service="ecr-public"))["resources"]
    assert resource["ARN"] == f"arn:aws:ecr-public::{ACCOUNT}:repository/team/app"


def test_what_a_job_did_by_itself_is_an_event_of_the_service():
    details = {"repositoryName": "team/app", "lifecycleEventPolicy": {"policyVersion": 1}}
    made = call("PolicyExecutionEvent", door="worker", parameters=details, identity=None)
    shown = told(made)
    assert shown["eventType"] == "AwsServiceEvent"
    assert shown["userIdentity"] == {"accountId": ACCOUNT, "invokedBy": "AWS Internal"}
    assert shown["serviceEventDetails"] == details
    assert (shown["requestParameters"], shown["responseElements"], shown["readOnly"]) == (None, None, True)
