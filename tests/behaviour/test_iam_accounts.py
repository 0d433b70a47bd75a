"""An account as a whole through boto3: alias, numbers, everything at once, the credential report, what is empty."""

import csv
import io

import pytest

from tests.behaviour.identities import ACCOUNT, DOCUMENT, Iam, policy, refusal
from tests.factories.processes import Server


def test_an_account_has_one_alias(iam: Iam):
    assert iam.api.list_account_aliases()["AccountAliases"] == []
    for alias in ("first-one", "second-one"):
        iam.api.create_account_alias(AccountAlias=alias)
        assert iam.api.list_account_aliases()["AccountAliases"] == [alias]
    assert refusal(iam.api.delete_account_alias, AccountAlias="first-one")[0] == "NoSuchEntity"
    iam.api.delete_account_alias(AccountAlias="second-one")
    assert iam.api.list_account_aliases()["AccountAliases"] == []
    for wrong in ("UPPER", "-x-", "a--b", "a"):
        assert refusal(iam.api.create_account_alias, AccountAlias=wrong.ljust(3, "-"))[0] == "ValidationError"


def test_the_summary_counts_what_is_there(iam: Iam):
    before = iam.api.get_account_summary()["SummaryMap"]
    iam.user(), iam.group(), iam.role(), iam.policy()
    after = iam.api.get_account_summary()["SummaryMap"]
    for name in ("Users", "Groups", "Roles", "Policies", "PolicyVersionsInUse"):
        assert after[name] == before[name] + 1, name
    assert (after["AccessKeysPerUserQuota"], after["VersionsPerPolicyQuota"]) == (2, 5)
    assert (after["PolicySizeQuota"], after["AssumeRolePolicySizeQuota"]) == (6144, 2048)
    assert after["AccountAccessKeysPresent"] == 1


def test_everything_is_told_at_once_page_by_page(iam: Iam):
    user, group, role, arn = iam.user(), iam.group(), iam.role(), iam.policy()
    iam.api.add_user_to_group(GroupName=group, UserName=user)
    iam.api.put_user_policy(UserName=user, PolicyName="own", PolicyDocument=DOCUMENT)
    iam.api.attach_role_policy(RoleName=role, PolicyArn=arn)
    iam.api.put_group_policy(GroupName=group, PolicyName="own", PolicyDocument=policy("ecr:*"))
    paginator = iam.api.get_paginator("get_account_authorization_details")
    pages = list(paginator.paginate(PaginationConfig={"PageSize": 7}))
    assert len(pages) > 1
    users = {each["UserName"]: each for page in pages for each in page["UserDetailList"]}
    groups = {each["GroupName"]: each for page in pages for each in page["GroupDetailList"]}
    roles = {each["RoleName"]: each for page in pages for each in page["RoleDetailList"]}
    policies = {each["Arn"]: each for page in pages for each in page["Policies"]}
    assert users[user]["GroupList"] == [group]
    assert users[user]["UserPolicyList"][0]["PolicyName"] == "own"
    assert groups[group]["GroupPolicyList"][0]["PolicyDocument"]["Statement"][0]["Action"] == "ecr:*"
    assert [each["PolicyArn"] for each in roles[role]["AttachedManagedPolicies"]] == [arn]
    assert policies[arn]["PolicyVersionList"][0]["VersionId"] == "v1"
    assert "arn:aws:iam::aws:policy/AdministratorAccess" in policies
    only = iam.api.get_account_authorization_details(Filter=["Group"])
    assert not only["UserDetailList"] + only["RoleDetailList"] + only["Policies"]


def test_the_credential_report_tells_who_has_what(server: Server, iam: Iam):
    user = iam.user()
    key = iam.api.create_access_key(UserName=user)["AccessKey"]["AccessKeyId"]
    iam.api.update_access_key(UserName=user, AccessKeyId=key, Status="Inactive")
    iam.api.create_login_profile(UserName=user, Password="correct horse battery")
    assert iam.api.generate_credential_report()["State"] == "COMPLETE"
    report = iam.api.get_credential_report()
    assert report["ReportFormat"] == "text/csv"
    rows = {row["user"]: row for row in csv.DictReader(io.StringIO(report["Content"].decode()))}
    assert rows["<root_account>"]["arn"] == f"arn:aws:iam::{ACCOUNT}:root"
    assert rows["<root_account>"]["access_key_1_active"] == "true"
    found = rows[user]
    assert (found["password_enabled"], found["mfa_active"]) == ("true", "false")
    assert (found["access_key_1_active"], found["access_key_1_last_used_date"]) == ("false", "N/A")
    assert found["access_key_2_active"] == "false"


@pytest.mark.parametrize(
    ("operation", "member"),
    [
        ("list_ssh_public_keys", "SSHPublicKeys"),
        ("list_signing_certificates", "Certificates"),
        ("list_service_specific_credentials", "ServiceSpecificCredentials"),
        ("list_mfa_devices", "MFADevices"),
        ("list_groups_for_user", "Groups"),
    ],
)
def test_what_a_user_does_not_have_is_an_empty_list(iam: Iam, operation: str, member: str):
    user = iam.user()
    assert getattr(iam.api, operation)(UserName=user)[member] == []
    assert refusal(getattr(iam.api, operation), UserName="absent")[0] == "NoSuchEntity"


def test_what_an_account_does_not_have_is_empty_or_not_there(iam: Iam):
    assert iam.api.list_saml_providers()["SAMLProviderList"] == []
    assert iam.api.list_server_certificates()["ServerCertificateMetadataList"] == []
    absent = ("NoSuchEntity", f"The Password Policy with domain name {ACCOUNT} cannot be found.")
    assert refusal(iam.api.get_account_password_policy) == absent
    assert refusal(iam.api.delete_account_password_policy) == absent


def test_an_oidc_provider_is_named_by_its_url(iam: Iam):
    host = f"{iam.name()}.example.com/path"
    arn = iam.api.create_open_id_connect_provider(
        Url=f"https://{host}", ClientIDList=["one"], ThumbprintList=["a" * 40], Tags=[{"Key": "a", "Value": "b"}]
    )["OpenIDConnectProviderArn"]
    assert arn == f"arn:aws:iam::{ACCOUNT}:oidc-provider/{host}"
    iam.api.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="two")
    iam.api.remove_client_id_from_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="one")
    iam.api.update_open_id_connect_provider_thumbprint(OpenIDConnectProviderArn=arn, ThumbprintList=["b" * 40])
    found = iam.api.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert (found["Url"], found["ClientIDList"], found["ThumbprintList"]) == (host, ["two"], ["b" * 40])
    assert {"Arn": arn} in iam.api.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    assert refusal(iam.api.create_open_id_connect_provider, Url=f"https://{host}") == (
        "EntityAlreadyExists",
        f"Provider with url https://{host} already exists.",
    )
    for wrong in ("http://x.example.com", "https://x.example.com?a=b", "https://", "x"):
        assert refusal(iam.api.create_open_id_connect_provider, Url=wrong)[0] == "InvalidInput"
    iam.api.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert refusal(iam.api.get_open_id_connect_provider, OpenIDConnectProviderArn=arn)[0] == "NoSuchEntity"
