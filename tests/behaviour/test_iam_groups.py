"""Groups, and tags on everything that takes them, through boto3."""

from typing import Any

import pytest

from tests.behaviour.identities import ACCOUNT, Iam, refusal


def test_a_group_has_users_page_by_page(iam: Iam):
    group = iam.group(Path="/g/")
    users = sorted(iam.user() for _ in range(3))
    for user in (*users, users[0]):
        iam.api.add_user_to_group(GroupName=group, UserName=user)
    assert iam.api.get_group(GroupName=group)["Group"]["Arn"] == f"arn:aws:iam::{ACCOUNT}:group/g/{group}"
    pages = iam.api.get_paginator("get_group").paginate(GroupName=group, PaginationConfig={"PageSize": 2})
    assert [[user["UserName"] for user in page["Users"]] for page in pages] == [users[:2], users[2:]]
    assert [each["GroupName"] for each in iam.api.list_groups_for_user(UserName=users[0])["Groups"]] == [group]
    first = ("DeleteConflict", "Cannot delete entity, must remove users from group first.")
    assert refusal(iam.api.delete_group, GroupName=group) == first
    assert refusal(iam.api.delete_user, UserName=users[0]) == first
    for user in users:
        iam.api.remove_user_from_group(GroupName=group, UserName=user)
    assert refusal(iam.api.remove_user_from_group, GroupName=group, UserName=users[0])[0] == "NoSuchEntity"
    iam.api.delete_group(GroupName=group)
    assert refusal(iam.api.get_group, GroupName=group) == (
        "NoSuchEntity",
        f"The group with name {group} cannot be found.",
    )


def test_a_renamed_group_keeps_its_users(iam: Iam):
    group, other, user = iam.group(), iam.name(), iam.user()
    iam.api.add_user_to_group(GroupName=group, UserName=user)
    iam.api.update_group(GroupName=group, NewGroupName=other, NewPath="/n/")
    assert [each["UserName"] for each in iam.api.get_group(GroupName=other)["Users"]] == [user]


def test_a_user_is_in_ten_groups_and_no_more(iam: Iam):
    user, groups = iam.user(), [iam.group() for _ in range(11)]
    for group in (*groups[:10], groups[0]):
        iam.api.add_user_to_group(GroupName=group, UserName=user)
    assert refusal(iam.api.add_user_to_group, GroupName=groups[10], UserName=user) == (
        "LimitExceeded",
        "Cannot exceed quota for GroupsPerUser: 10",
    )


def thing(iam: Iam, noun: str) -> dict[str, str]:
    """The parameter that names a new thing of this kind."""
    match noun:
        case "user":
            return {"UserName": iam.user()}
        case "role":
            return {"RoleName": iam.role()}
        case "policy":
            return {"PolicyArn": iam.policy()}
        case "instance_profile":
            name = iam.name()
            iam.api.create_instance_profile(InstanceProfileName=name)
            return {"InstanceProfileName": name}
        case "open_id_connect_provider":
            made = iam.api.create_open_id_connect_provider(Url=f"https://{iam.name()}.example.com")
            return {"OpenIDConnectProviderArn": made["OpenIDConnectProviderArn"]}
        case _:
            made = iam.api.create_virtual_mfa_device(VirtualMFADeviceName=iam.name())
            return {"SerialNumber": made["VirtualMFADevice"]["SerialNumber"]}


TAGGED = ["user", "role", "policy", "instance_profile", "open_id_connect_provider", "mfa_device"]


def tags_of(iam: Iam, noun: str, named: dict[str, str]) -> list[Any]:
    found: list[Any] = getattr(iam.api, f"list_{noun}_tags")(**named)["Tags"]
    return found


@pytest.mark.parametrize("noun", TAGGED)
def test_tags_are_put_listed_and_removed(iam: Iam, noun: str):
    named = thing(iam, noun)
    put, remove = getattr(iam.api, f"tag_{noun}"), getattr(iam.api, f"untag_{noun}")
    assert tags_of(iam, noun, named) == []
    put(**named, Tags=[{"Key": "Team", "Value": "a"}, {"Key": "ключ", "Value": ""}])
    put(**named, Tags=[{"Key": "TEAM", "Value": "b"}])
    assert tags_of(iam, noun, named) == [{"Key": "TEAM", "Value": "b"}, {"Key": "ключ", "Value": ""}]
    remove(**named, TagKeys=["team", "absent"])
    assert tags_of(iam, noun, named) == [{"Key": "ключ", "Value": ""}]
    code, message = refusal(put, **named, Tags=[{"Key": "a", "Value": ""}, {"Key": "A", "Value": ""}])
    assert (code, "Duplicate tag keys found" in message) == ("InvalidInput", True)
    assert refusal(put, **named, Tags=[{"Key": "aws:x", "Value": ""}])[0] == "InvalidInput"
    put(**named, Tags=[{"Key": f"k{number:02d}", "Value": ""} for number in range(49)])
    assert refusal(put, **named, Tags=[{"Key": "k49", "Value": ""}])[0] == "LimitExceeded"
    assert len(tags_of(iam, noun, named)) == 50


def test_what_is_not_there_has_no_tags(iam: Iam):
    assert refusal(iam.api.list_user_tags, UserName="absent")[0] == "NoSuchEntity"
    absent = f"arn:aws:iam::{ACCOUNT}:policy/absent"
    assert refusal(iam.api.tag_policy, PolicyArn=absent, Tags=[{"Key": "a", "Value": ""}])[0] == "NoSuchEntity"


@pytest.mark.parametrize("noun", ["policy", "open_id_connect_provider", "mfa_device"])
def test_an_arn_of_another_account_or_path_names_nothing_here(iam: Iam, noun: str):
    ((parameter, arn),) = thing(iam, noun).items()
    place, _, name = arn.rpartition("/")
    for wrong in (arn.replace(ACCOUNT, "111122223333"), f"{place}/other/{name}", arn.replace("aws:iam", "aws:sts")):
        assert refusal(getattr(iam.api, f"list_{noun}_tags"), **{parameter: wrong})[0] == "NoSuchEntity", wrong
