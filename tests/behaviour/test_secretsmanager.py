"""Secrets through boto3: values, versions and labels, who may read them, and what a key's state means for them."""

import itertools
import json
from typing import Any

import pytest

from tests.behaviour.callers import User, allow, policy
from tests.behaviour.identities import ACCOUNT, refusal
from tests.factories.processes import Server, create_account

PLACE = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret"
STRANGER = "655566667777"  # of this module alone: accounts are made once
_numbers = itertools.count()
TOKENS = [f"{number:032}" for number in range(200)]


@pytest.fixture(scope="session")
def secrets(server: Server) -> Any:
    return server.client("secretsmanager")


@pytest.fixture(scope="session")
def kms(server: Server) -> Any:
    return server.client("kms")


@pytest.fixture(scope="session")
def stranger(server: Server) -> Any:
    return create_account(server, STRANGER)


@pytest.fixture
def name() -> str:
    return f"app/secret{next(_numbers)}"


def put(secrets: Any, name: str, number: int, *labels: str) -> Any:
    more = {"VersionStages": list(labels)} if labels else {}
    return secrets.put_secret_value(
        SecretId=name, SecretString=f"value {number}", ClientRequestToken=TOKENS[number], **more
    )


def labels(secrets: Any, name: str) -> dict[str, int]:
    """The number of the version that each label is on."""
    stages = secrets.describe_secret(SecretId=name).get("VersionIdsToStages", {})
    return {label: int(version) for version, on in stages.items() for label in on}


def test_a_secret_is_made_read_described_and_listed(secrets: Any, name: str):
    tags = [{"Key": "team", "Value": "a"}]
    made = secrets.create_secret(Name=name, Description="for tests", SecretString="hidden", Tags=tags)
    assert made["ARN"].startswith(f"{PLACE}:{name}-")
    assert len(made["ARN"].rpartition("-")[2]) == 6
    for named in (name, made["ARN"], made["ARN"][:-7]):
        found = secrets.get_secret_value(SecretId=named)
        assert (found["SecretString"], found["VersionStages"]) == ("hidden", ["AWSCURRENT"])
        assert found["VersionId"] == made["VersionId"]
    described = secrets.describe_secret(SecretId=name)
    assert (described["Description"], described["Tags"]) == ("for tests", tags)
    assert described["VersionIdsToStages"] == {made["VersionId"]: ["AWSCURRENT"]}
    (listed,) = secrets.list_secrets(Filters=[{"Key": "name", "Values": [name]}])["SecretList"]
    assert (listed["ARN"], listed["SecretVersionsToStages"]) == (made["ARN"], described["VersionIdsToStages"])
    taken = f"The operation failed because the secret {name} already exists."
    assert refusal(secrets.create_secret, Name=name, SecretString="x") == ("ResourceExistsException", taken)
    again = secrets.create_secret(Name=name, SecretString="hidden", ClientRequestToken=made["VersionId"])
    assert again["VersionId"] == made["VersionId"]
    wrong = {"Name": name, "SecretString": "other", "ClientRequestToken": made["VersionId"]}
    assert refusal(secrets.create_secret, **wrong)[0] == "ResourceExistsException"


def test_names_and_values_that_cannot_be_are_refused(secrets: Any, name: str):
    assert refusal(secrets.create_secret, Name="a b")[0] == "InvalidParameterException"
    both = {"Name": name, "SecretString": "a", "SecretBinary": b"a"}
    assert refusal(secrets.create_secret, **both)[0] == "InvalidParameterException"
    large = {"Name": name, "SecretString": "é" * 40_000}
    assert refusal(secrets.create_secret, **large)[0] == "InvalidParameterException"
    regions = {"Name": name, "AddReplicaRegions": [{"Region": "eu-west-1"}]}
    assert refusal(secrets.create_secret, **regions)[0] == "InvalidRequestException"
    absent = ("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
    assert refusal(secrets.get_secret_value, SecretId=name) == absent
    secrets.create_secret(Name=name)
    assert refusal(secrets.get_secret_value, SecretId=name) == (
        "ResourceNotFoundException",
        "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT",
    )
    assert refusal(secrets.put_secret_value, SecretId=name)[0] == "InvalidParameterException"


def test_versions_move_their_labels_as_aws_does(secrets: Any, name: str):
    secrets.create_secret(Name=name)
    put(secrets, name, 0, "mine")
    assert labels(secrets, name) == {"AWSCURRENT": 0, "mine": 0}  # the first is the current one, whatever it says
    put(secrets, name, 1)
    assert labels(secrets, name) == {"AWSCURRENT": 1, "AWSPREVIOUS": 0, "mine": 0}
    put(secrets, name, 2, "AWSPENDING")
    assert labels(secrets, name) == {"AWSCURRENT": 1, "AWSPREVIOUS": 0, "mine": 0, "AWSPENDING": 2}
    assert secrets.get_secret_value(SecretId=name, VersionStage="AWSPENDING")["SecretString"] == "value 2"
    assert secrets.get_secret_value(SecretId=name, VersionId=TOKENS[0])["SecretString"] == "value 0"
    both = {"SecretId": name, "VersionId": TOKENS[0], "VersionStage": "AWSPENDING"}
    assert refusal(secrets.get_secret_value, **both)[0] == "InvalidRequestException"
    move = {"SecretId": name, "VersionStage": "AWSCURRENT"}
    there = {"MoveToVersionId": TOKENS[2]}
    assert refusal(secrets.update_secret_version_stage, **move, **there)[0] == "InvalidParameterException"
    gone = {"RemoveFromVersionId": TOKENS[1]}
    assert refusal(secrets.update_secret_version_stage, **move, **gone)[0] == "InvalidParameterException"
    secrets.update_secret_version_stage(**move, **there, **gone)
    assert labels(secrets, name) == {"AWSCURRENT": 2, "AWSPREVIOUS": 1, "mine": 0, "AWSPENDING": 2}
    secrets.update_secret_version_stage(SecretId=name, VersionStage="mine", RemoveFromVersionId=TOKENS[0])
    listed = secrets.list_secret_version_ids(SecretId=name)["Versions"]
    assert sorted(each["VersionId"] for each in listed) == [TOKENS[1], TOKENS[2]]
    every = secrets.list_secret_version_ids(SecretId=name, IncludeDeprecated=True, MaxResults=2)
    rest = secrets.list_secret_version_ids(
        SecretId=name, IncludeDeprecated=True, MaxResults=2, NextToken=every["NextToken"]
    )
    assert [each["VersionId"] for each in (*every["Versions"], *rest["Versions"])] == TOKENS[:3]


def test_the_same_put_once_more_changes_nothing_and_another_value_is_refused(secrets: Any, name: str):
    secrets.create_secret(Name=name)
    put(secrets, name, 0)
    put(secrets, name, 1)
    assert put(secrets, name, 0)["VersionStages"] == ["AWSPREVIOUS"]
    assert labels(secrets, name) == {"AWSCURRENT": 1, "AWSPREVIOUS": 0}
    given = {"SecretId": name, "SecretString": "other", "ClientRequestToken": TOKENS[0]}
    assert refusal(secrets.put_secret_value, **given)[0] == "ResourceExistsException"


def test_old_versions_without_labels_make_room(secrets: Any, name: str):
    secrets.create_secret(Name=name)
    for number in range(104):
        put(secrets, name, number)
    pages = secrets.list_secret_version_ids(SecretId=name, IncludeDeprecated=True, MaxResults=100)
    assert len(pages["Versions"]) == 100
    assert "NextToken" not in pages
    assert labels(secrets, name) == {"AWSCURRENT": 103, "AWSPREVIOUS": 102}


def test_updates_change_what_they_name(secrets: Any, name: str):
    secrets.create_secret(Name=name, Description="before", SecretString="one")
    assert "VersionId" not in secrets.update_secret(SecretId=name, Description="after")
    secrets.update_secret(SecretId=name, SecretBinary=b"\x00two")
    assert secrets.describe_secret(SecretId=name)["Description"] == "after"
    assert secrets.get_secret_value(SecretId=name)["SecretBinary"] == b"\x00two"
    assert secrets.get_secret_value(SecretId=name, VersionStage="AWSPREVIOUS")["SecretString"] == "one"
    secrets.tag_resource(SecretId=name, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    secrets.untag_resource(SecretId=name, TagKeys=["a"])
    assert secrets.describe_secret(SecretId=name)["Tags"] == [{"Key": "b", "Value": "2"}]


def test_a_deleted_secret_answers_so_and_can_be_restored(secrets: Any, name: str):
    secrets.create_secret(Name=name, SecretString="kept")
    wrong = {"SecretId": name, "RecoveryWindowInDays": 7, "ForceDeleteWithoutRecovery": True}
    assert refusal(secrets.delete_secret, **wrong)[0] == "InvalidParameterException"
    assert refusal(secrets.delete_secret, SecretId=name, RecoveryWindowInDays=6)[0] == "InvalidParameterException"
    gone = secrets.delete_secret(SecretId=name, RecoveryWindowInDays=7)
    assert gone["ARN"].startswith(f"{PLACE}:{name}")
    marked = "You can't perform this operation on the secret because it was marked for deletion."
    for work in (secrets.get_secret_value, secrets.delete_secret, secrets.get_resource_policy):
        assert refusal(work, SecretId=name) == ("InvalidRequestException", marked)
    waiting = secrets.describe_secret(SecretId=name)
    assert (gone["DeletionDate"] - waiting["DeletedDate"]).days == 7
    filters = [{"Key": "name", "Values": [name]}]
    assert secrets.list_secrets(Filters=filters)["SecretList"] == []
    assert len(secrets.list_secrets(Filters=filters, IncludePlannedDeletion=True)["SecretList"]) == 1
    assert refusal(secrets.create_secret, Name=name)[0] == "InvalidRequestException"
    secrets.restore_secret(SecretId=name)
    assert secrets.get_secret_value(SecretId=name)["SecretString"] == "kept"
    before = secrets.describe_secret(SecretId=name)["ARN"]
    secrets.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
    secrets.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)  # what is not there is fine
    assert refusal(secrets.describe_secret, SecretId=name)[0] == "ResourceNotFoundException"
    secrets.create_secret(Name=name, SecretString="anew")
    assert refusal(secrets.get_secret_value, SecretId=before)[0] == "ResourceNotFoundException"


def test_lists_are_filtered_sorted_and_paged(secrets: Any):
    stem = f"listed{next(_numbers)}"
    for letter in "cab":
        more = {"Description": "Payment Gateway", "Tags": [{"Key": f"{stem}", "Value": letter}]}
        secrets.create_secret(Name=f"{stem}/{letter}", **more)

    def names(**given: Any) -> list[str]:
        pages = secrets.get_paginator("list_secrets").paginate(PaginationConfig={"PageSize": 1}, **given)
        return [each["Name"][-1] for page in pages for each in page["SecretList"]]

    def by(key: str, *values: str) -> dict[str, Any]:
        return {"Key": key, "Values": list(values)}

    own = by("name", stem)
    assert names(Filters=[own]) == ["c", "a", "b"]
    assert names(Filters=[own], SortBy="name") == ["a", "b", "c"]
    assert names(Filters=[own], SortBy="name", SortOrder="desc") == ["c", "b", "a"]
    assert names(Filters=[own], SortOrder="desc") == ["b", "a", "c"]
    assert names(Filters=[own, by("tag-value", "a", "b")], SortBy="name") == ["a", "b"]
    assert names(Filters=[own, by("name", f"!{stem}/a")], SortBy="name") == ["b", "c"]
    assert names(Filters=[own, by("description", "gateway")], SortBy="name") == ["a", "b", "c"]
    assert names(Filters=[own, by("description", "ateway")]) == []
    assert names(Filters=[by("tag-key", stem), by("all", "payment B")]) == ["b"]
    assert refusal(secrets.list_secrets, NextToken="x")[0] == "InvalidNextTokenException"
    page = secrets.batch_get_secret_value(Filters=[own])
    assert {each["ErrorCode"] for each in page["Errors"]} == {"ResourceNotFoundException"}


def test_many_values_are_read_at_once_each_for_who_may(secrets: Any, server: Server, user: User, name: str):
    mine, other = secrets.create_secret(Name=name, SecretString="one")["ARN"], f"{name}-other"
    secrets.create_secret(Name=other, SecretString="two")
    own = server.client("secretsmanager", credentials=user.keys)
    user.put("p", allow("secretsmanager:BatchGetSecretValue"), allow("secretsmanager:GetSecretValue", mine))
    answer = own.batch_get_secret_value(SecretIdList=[name, other, "absent"])
    assert [each["SecretString"] for each in answer["SecretValues"]] == ["one"]
    assert {each["ErrorCode"] for each in answer["Errors"]} == {"AccessDeniedException"}
    assert len(answer["Errors"]) == 2


def test_a_resource_policy_lets_another_account_read_what_is_under_a_key_that_does_too(
    secrets: Any, kms: Any, server: Server, stranger: Any, name: str
):
    key_statements = [
        {"Effect": "Allow", "Principal": {"AWS": account}, "Action": action, "Resource": "*"}
        for account, action in ((ACCOUNT, "kms:*"), (STRANGER, "kms:Decrypt"))
    ]
    key = kms.create_key(Policy=policy(*key_statements))["KeyMetadata"]["Arn"]
    arn = secrets.create_secret(Name=name, SecretString="shared", KmsKeyId=key)["ARN"]
    theirs = server.client("secretsmanager", credentials=stranger)
    assert refusal(theirs.get_secret_value, SecretId=arn)[0] == "AccessDeniedException"
    grant = {"Effect": "Allow", "Principal": {"AWS": STRANGER}, "Action": "secretsmanager:GetSecretValue"}
    secrets.put_resource_policy(SecretId=name, ResourcePolicy=policy({**grant, "Resource": "*"}))
    assert theirs.get_secret_value(SecretId=arn)["SecretString"] == "shared"
    assert refusal(theirs.describe_secret, SecretId=arn)[0] == "AccessDeniedException"
    shown = json.loads(secrets.get_resource_policy(SecretId=name)["ResourcePolicy"])
    assert shown["Statement"][0]["Principal"] == {"AWS": STRANGER}
    secrets.update_secret(SecretId=name, KmsKeyId="alias/aws/secretsmanager")
    refused = refusal(theirs.get_secret_value, SecretId=arn)  # that key is used within its account alone
    assert refused[0] == "AccessDeniedException"
    assert "kms:Decrypt" in refused[1]
    secrets.delete_resource_policy(SecretId=name)
    assert "ResourcePolicy" not in secrets.get_resource_policy(SecretId=name)
    public = policy({**grant, "Principal": "*", "Resource": "*"})
    blocked = {"SecretId": name, "ResourcePolicy": public, "BlockPublicPolicy": True}
    assert refusal(secrets.put_resource_policy, **blocked)[0] == "PublicPolicyException"
    checked = secrets.validate_resource_policy(SecretId=name, ResourcePolicy=public)
    assert (checked["PolicyValidationPassed"], checked["ValidationErrors"][0]["CheckName"]) == (
        False,
        "PublicPolicyCheck",
    )
    assert secrets.validate_resource_policy(ResourcePolicy=policy({**grant, "Resource": "*"}))["PolicyValidationPassed"]
    broken = {"SecretId": name, "ResourcePolicy": '{"not": "a policy"}'}
    assert refusal(secrets.put_resource_policy, **broken)[0] == "MalformedPolicyDocumentException"


def test_conditions_look_at_labels_names_and_tags(secrets: Any, server: Server, user: User, name: str):
    secrets.create_secret(Name=name, SecretString="one", Tags=[{"Key": "team", "Value": "a"}])
    put(secrets, name, 1)
    own = server.client("secretsmanager", credentials=user.keys)
    current = {"StringEquals": {"secretsmanager:VersionStage": "AWSCURRENT"}}
    user.put("p", allow("secretsmanager:GetSecretValue", Condition=current))
    assert own.get_secret_value(SecretId=name)["SecretString"] == "value 1"
    previous = {"SecretId": name, "VersionStage": "AWSPREVIOUS"}
    assert refusal(own.get_secret_value, **previous)[0] == "AccessDeniedException"
    for key in ("aws:ResourceTag/team", "secretsmanager:ResourceTag/team"):
        for value, code in (("a", ""), ("b", "AccessDeniedException")):
            user.put("p", allow("secretsmanager:DescribeSecret", Condition={"StringEquals": {key: value}}))
            if code:
                assert refusal(own.describe_secret, SecretId=name)[0] == code
            else:
                assert own.describe_secret(SecretId=name)["Name"] == name
    user.put("p", allow("secretsmanager:CreateSecret", Condition={"StringLike": {"secretsmanager:Name": "mine/*"}}))
    assert refusal(own.create_secret, Name=f"{name}x")[0] == "AccessDeniedException"
    assert own.create_secret(Name=f"mine/{name}")["Name"] == f"mine/{name}"


def test_a_denial_is_the_same_whether_or_not_there_is_such_a_secret(
    secrets: Any, server: Server, user: User, name: str
):
    secrets.create_secret(Name=name, SecretString="one")
    own = server.client("secretsmanager", credentials=user.keys)
    told = {refusal(own.get_secret_value, SecretId=each)[1].replace(each, "X") for each in (name, f"{name}/absent")}
    assert len(told) == 1


def test_a_key_of_ones_own_encrypts_and_its_state_decides(secrets: Any, kms: Any, name: str):
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    secrets.create_secret(Name=name, SecretString="under it", KmsKeyId=key)
    assert secrets.describe_secret(SecretId=name)["KmsKeyId"] == key
    (version,) = secrets.list_secret_version_ids(SecretId=name)["Versions"]
    assert version["KmsKeyIds"] == [key]
    kms.disable_key(KeyId=key)
    assert refusal(secrets.get_secret_value, SecretId=name)[0] == "DecryptionFailure"
    assert refusal(secrets.put_secret_value, SecretId=name, SecretString="x")[0] == "EncryptionFailure"
    kms.enable_key(KeyId=key)
    assert secrets.get_secret_value(SecretId=name)["SecretString"] == "under it"
    other = kms.create_key()["KeyMetadata"]["KeyId"]
    secrets.update_secret(SecretId=name, KmsKeyId=other)
    kms.disable_key(KeyId=key)
    assert secrets.get_secret_value(SecretId=name)["SecretString"] == "under it"
    absent = {"Name": f"{name}x", "SecretString": "x", "KmsKeyId": "alias/absent"}
    assert refusal(secrets.create_secret, **absent)[0] == "EncryptionFailure"
    assert refusal(secrets.describe_secret, SecretId=f"{name}x")[0] == "ResourceNotFoundException"


def test_who_may_not_use_the_key_may_not_read_the_secret(secrets: Any, kms: Any, server: Server, user: User, name: str):
    key = kms.create_key()["KeyMetadata"]["Arn"]
    secrets.create_secret(Name=name, SecretString="under it", KmsKeyId=key)
    own = server.client("secretsmanager", credentials=user.keys)
    user.put("p", allow("secretsmanager:GetSecretValue"))
    code, message = refusal(own.get_secret_value, SecretId=name)
    assert (code, "kms:Decrypt" in message) == ("AccessDeniedException", True)
    via = {"StringEquals": {"kms:ViaService": "secretsmanager.us-east-1.amazonaws.com"}}
    user.put("p", allow("secretsmanager:GetSecretValue"), allow("kms:Decrypt", key, Condition=via))
    assert own.get_secret_value(SecretId=name)["SecretString"] == "under it"


def test_the_managed_key_is_used_through_the_service_alone(secrets: Any, kms: Any, name: str):
    secrets.create_secret(Name=name, SecretString="x")
    found = kms.describe_key(KeyId="alias/aws/secretsmanager")["KeyMetadata"]
    assert found["KeyManager"] == "AWS"
    for work, more in ((kms.encrypt, {"Plaintext": b"x"}), (kms.disable_key, {}), (kms.schedule_key_deletion, {})):
        assert refusal(work, KeyId=found["KeyId"], **more)[0] == "AccessDeniedException"
    assert "alias/aws/secretsmanager" in [each["AliasName"] for each in kms.list_aliases(Limit=1000)["Aliases"]]


def test_random_passwords_have_what_was_asked_for(secrets: Any):
    default = secrets.get_random_password()["RandomPassword"]
    assert len(default) == 32
    assert any(each.isdigit() for each in default)
    plain = secrets.get_random_password(
        PasswordLength=64, ExcludePunctuation=True, ExcludeNumbers=True, ExcludeCharacters="abc"
    )["RandomPassword"]
    assert plain.isalpha()
    assert not set("abc") & set(plain)
    nothing = dict.fromkeys(("ExcludePunctuation", "ExcludeNumbers", "ExcludeUppercase", "ExcludeLowercase"), True)
    assert refusal(secrets.get_random_password, **nothing)[0] == "InvalidParameterException"
    assert refusal(secrets.get_random_password, PasswordLength=3)[0] == "InvalidParameterException"
