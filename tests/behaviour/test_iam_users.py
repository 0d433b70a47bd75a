"""Users and access keys through boto3: who a key names, what it may have, what its removal ends."""

import re
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.behaviour.identities import ACCOUNT, Iam, refusal
from tests.factories.processes import Credentials, Server
from tests.factories.waiting import wait


def keys_of(answer: dict[str, Any]) -> Credentials:
    return Credentials(answer["AccessKey"]["AccessKeyId"], answer["AccessKey"]["SecretAccessKey"])


def test_a_key_of_a_user_signs_as_the_user(server: Server, iam: Iam):
    name = iam.user(Path="/team/")
    made = iam.api.get_user(UserName=name)["User"]
    keys = keys_of(iam.api.create_access_key(UserName=name))
    who = server.client("sts", credentials=keys).get_caller_identity()
    assert who["Arn"] == made["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/team/{name}"
    assert who["UserId"] == made["UserId"]
    assert re.fullmatch("AIDA[A-Z2-7]{17}", who["UserId"])
    assert who["Account"] == ACCOUNT


def test_a_renamed_user_keeps_its_id_and_its_keys(server: Server, iam: Iam):
    name, other = iam.user(), iam.name()
    keys = keys_of(iam.api.create_access_key(UserName=name))
    before = iam.api.get_user(UserName=name)["User"]
    iam.api.update_user(UserName=name, NewUserName=other, NewPath="/moved/")
    who = server.client("sts", credentials=keys).get_caller_identity()
    assert (who["Arn"], who["UserId"]) == (f"arn:aws:iam::{ACCOUNT}:user/moved/{other}", before["UserId"])
    assert refusal(iam.api.get_user, UserName=name) == (
        "NoSuchEntity",
        f"The user with name {name} cannot be found.",
    )


def test_a_key_that_is_inactive_or_gone_signs_nothing(server: Server, iam: Iam):
    name = iam.user()
    keys = keys_of(iam.api.create_access_key(UserName=name))
    sts = server.client("sts", credentials=keys)
    sts.get_caller_identity()
    iam.api.update_access_key(UserName=name, AccessKeyId=keys.access_key_id, Status="Inactive")
    assert refusal(sts.get_caller_identity)[0] == "InvalidClientTokenId"
    iam.api.update_access_key(UserName=name, AccessKeyId=keys.access_key_id, Status="Active")
    sts.get_caller_identity()
    iam.api.delete_access_key(UserName=name, AccessKeyId=keys.access_key_id)
    assert refusal(sts.get_caller_identity)[0] == "InvalidClientTokenId"


def test_a_user_without_policies_may_do_nothing(server: Server, iam: Iam):
    keys = keys_of(iam.api.create_access_key(UserName=iam.user()))
    code, message = refusal(server.client("iam", credentials=keys).list_users)
    assert code == "AccessDenied"
    assert f"is not authorized to perform: iam:ListUsers on resource: arn:aws:iam::{ACCOUNT}:user/" in message
    assert refusal(server.client("ecr", credentials=keys).describe_repositories)[0] == "AccessDeniedException"


def test_a_denial_says_nothing_of_what_exists(server: Server, iam: Iam):
    keys = keys_of(iam.api.create_access_key(UserName=iam.user()))
    stranger = server.client("iam", credentials=keys)
    there, absent = iam.user(Path="/secret/"), iam.name()
    code, message = refusal(stranger.get_user, UserName=there)
    assert (code, message.replace(there, absent)) == refusal(stranger.get_user, UserName=absent)


def test_a_user_has_two_keys_and_no_third(iam: Iam):
    name = iam.user()
    made = [iam.api.create_access_key(UserName=name)["AccessKey"] for _ in range(2)]
    assert all(re.fullmatch("AKIA[A-Z2-7]{16}", key["AccessKeyId"]) for key in made)
    assert refusal(iam.api.create_access_key, UserName=name) == (
        "LimitExceeded",
        "Cannot exceed quota for AccessKeysPerUser: 2",
    )
    listed = iam.api.list_access_keys(UserName=name)["AccessKeyMetadata"]
    assert {key["AccessKeyId"] for key in listed} == {key["AccessKeyId"] for key in made}
    assert {(key["UserName"], key["Status"]) for key in listed} == {(name, "Active")}


def test_a_key_of_another_user_is_not_found(iam: Iam):
    name, other = iam.user(), iam.user()
    key = iam.api.create_access_key(UserName=name)["AccessKey"]["AccessKeyId"]
    expected = ("NoSuchEntity", f"The Access Key with id {key} cannot be found.")
    assert refusal(iam.api.delete_access_key, UserName=other, AccessKeyId=key) == expected
    assert refusal(iam.api.update_access_key, UserName=other, AccessKeyId=key, Status="Inactive") == expected


def test_the_last_use_of_a_key_is_told(server: Server, iam: Iam):
    name = iam.user()
    keys = keys_of(iam.api.create_access_key(UserName=name))
    before = iam.api.get_access_key_last_used(AccessKeyId=keys.access_key_id)
    assert before["UserName"] == name
    assert before["AccessKeyLastUsed"] == {"ServiceName": "N/A", "Region": "N/A"}
    server.client("sts", credentials=keys).get_caller_identity()

    def used() -> dict[str, Any]:
        told: dict[str, Any] = iam.api.get_access_key_last_used(AccessKeyId=keys.access_key_id)["AccessKeyLastUsed"]
        return told if "LastUsedDate" in told else {}

    last = wait(used, what="the last use")
    assert (last["ServiceName"], last["Region"]) == ("sts", "us-east-1")


def test_a_name_is_taken_whatever_its_case(iam: Iam):
    name = iam.user()
    assert refusal(iam.api.create_user, UserName=name.upper()) == (
        "EntityAlreadyExists",
        f"User with name {name.upper()} already exists.",
    )
    other = iam.user()
    assert refusal(iam.api.update_user, UserName=other, NewUserName=name.upper())[0] == "EntityAlreadyExists"
    iam.api.update_user(UserName=name, NewUserName=name.upper())
    assert iam.api.get_user(UserName=name.upper())["User"]["UserName"] == name.upper()


def test_users_are_listed_by_name_below_a_path_page_by_page(iam: Iam):
    path = f"/{iam.name()}/"
    names = sorted(iam.user(Path=path) for _ in range(5))
    iam.user(Path="/elsewhere/")
    pages = iam.api.get_paginator("list_users").paginate(PathPrefix=path, PaginationConfig={"PageSize": 2})
    found = [[user["UserName"] for user in page["Users"]] for page in pages]
    assert found == [names[:2], names[2:4], names[4:]]
    first = iam.api.list_users(PathPrefix=path, MaxItems=2)
    assert first["IsTruncated"]
    assert refusal(iam.api.list_users, PathPrefix="/other/", Marker=first["Marker"])[0] == "ValidationError"


@pytest.mark.parametrize(
    "given",
    [
        {"UserName": "a b"},
        {"UserName": "ü"},
        {"UserName": "x" * 65},
        {"UserName": "x", "Path": "team"},
        {"UserName": "x", "Tags": [{"Key": "a\t", "Value": ""}]},
    ],
)
def test_input_outside_the_model_is_refused(iam: Iam, given: dict[str, Any]):
    assert refusal(iam.api.create_user, **given)[0] == "ValidationError"


def test_the_root_is_told_as_a_user_and_has_keys_of_its_own(server: Server, iam: Iam):
    found = iam.api.get_user()["User"]
    assert (found["Arn"], found["UserId"]) == (f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT)
    listed = iam.api.list_access_keys()["AccessKeyMetadata"]
    assert server.credentials.access_key_id in {key["AccessKeyId"] for key in listed}


def test_a_user_with_keys_is_not_removed(iam: Iam):
    name = iam.user()
    key = iam.api.create_access_key(UserName=name)["AccessKey"]["AccessKeyId"]
    expected = ("DeleteConflict", "Cannot delete entity, must delete access keys first.")
    assert refusal(iam.api.delete_user, UserName=name) == expected
    iam.api.delete_access_key(UserName=name, AccessKeyId=key)
    iam.api.delete_user(UserName=name)
    with pytest.raises(ClientError) as refused:
        iam.api.get_user(UserName=name)
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404
