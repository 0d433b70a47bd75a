"""Temporary credentials of users and roots: as good as their own, within session policies, and never longer."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.behaviour.identities import ACCOUNT, Iam, refusal
from tests.behaviour.sessions import Person, Role, allow, deny, document, keys_of, of, registry
from tests.factories.layouts import image
from tests.factories.processes import Credentials, Server

LOGIN = allow("ecr:GetAuthorizationToken")


@pytest.fixture
def person(server: Server, iam: Iam) -> Person:
    return Person(server, iam, LOGIN, allow("ecr:*"), allow("sts:*"))


def gone(server: Server, keys: Credentials) -> str:
    """The code with which a session is refused."""
    return refusal(server.client("sts", credentials=keys).get_caller_identity)[0]


def test_a_session_token_is_the_user(server: Server, person: Person, repository: str):
    keys = keys_of(person.sts.get_session_token())
    told = server.client("sts", credentials=keys).get_caller_identity()
    own = person.sts.get_caller_identity()
    assert {name: told[name] for name in ("UserId", "Arn", "Account")} == (
        {name: own[name] for name in ("UserId", "Arn", "Account")}
    )
    door = registry(server, keys)
    door.push(repository, image(4), "v1")
    assert door.pull(repository, "v1")
    person.put(LOGIN)
    assert door.request("GET", f"/v2/{repository}/tags/list").status == 403


def test_nobody_can_deny_who_one_is_nor_a_session_of_ones_own(server: Server, iam: Iam):
    person = Person(server, iam, deny("sts:*"))
    person.sts.get_caller_identity()
    person.sts.get_session_token()
    assert refusal(person.sts.get_federation_token, Name="fred")[0] == "AccessDenied"
    assert refusal(person.sts.get_access_key_info, AccessKeyId=person.keys.access_key_id)[0] == "AccessDenied"


def test_a_session_token_is_of_no_use_for_more_of_them(server: Server, iam: Iam, person: Person):
    sts = server.client("sts", credentials=keys_of(person.sts.get_session_token()))
    assert refusal(sts.get_session_token)[0] == "AccessDenied"
    assert refusal(sts.get_federation_token, Name="fred")[0] == "AccessDenied"
    assert refusal(sts.get_access_key_info, AccessKeyId=person.keys.access_key_id)[0] == "AccessDenied"
    Role(iam).assume(sts)


def test_without_mfa_a_session_token_does_not_reach_iam(server: Server, iam: Iam):
    person = Person(server, iam, allow("iam:*"))
    keys = keys_of(person.sts.get_session_token())
    assert refusal(server.client("iam", credentials=keys).list_users)[0] == "AccessDenied"


def test_a_session_of_a_user_ends_with_the_key_that_asked_for_it(server: Server, iam: Iam, person: Person):
    session, federated = keys_of(person.sts.get_session_token()), keys_of(person.sts.get_federation_token(Name="fred"))
    door = registry(server, session)
    key = {"UserName": person.name, "AccessKeyId": person.keys.access_key_id}
    assert door.request("GET", "/v2/").status == 200
    iam.api.update_access_key(Status="Inactive", **key)
    assert door.request("GET", "/v2/").status == 401
    assert gone(server, session) == gone(server, federated) == "InvalidClientTokenId"
    iam.api.update_access_key(Status="Active", **key)
    assert door.request("GET", "/v2/").status == 200
    iam.api.delete_access_key(**key)
    assert door.request("GET", "/v2/").status == 401
    assert gone(server, session) == "InvalidClientTokenId"


@pytest.mark.parametrize(("root", "hours"), [(True, 1), (False, 12)])
def test_how_long_a_session_lasts(server: Server, person: Person, root: bool, hours: int):
    sts = server.client("sts") if root else person.sts
    for answer in (sts.get_session_token(), sts.get_federation_token(Name="fred")):
        left = answer["Credentials"]["Expiration"] - datetime.now(UTC)
        assert abs(left - timedelta(hours=hours)) < timedelta(minutes=1)
    longest = sts.get_session_token(DurationSeconds=129_600)["Credentials"]["Expiration"] - datetime.now(UTC)
    assert abs(longest - timedelta(hours=1 if root else 36)) < timedelta(minutes=1)
    assert refusal(sts.get_session_token, DurationSeconds=129_601)[0] == "ValidationError"


def test_a_session_of_the_root_is_the_root(server: Server, repository: str):
    keys = keys_of(server.client("sts").get_session_token())
    told = server.client("sts", credentials=keys).get_caller_identity()
    assert told["Arn"] == f"arn:aws:iam::{ACCOUNT}:root"
    server.client(credentials=keys).list_images(repositoryName=repository)


def test_a_federated_user_may_do_what_both_the_user_and_the_policy_allow(
    server: Server, person: Person, repository: str
):
    asked = {"Name": "fred", "Policy": document(LOGIN, allow(["ecr:ListImages", "iam:*"]))}
    answer = person.sts.get_federation_token(**asked)
    arn = f"arn:aws:sts::{ACCOUNT}:federated-user/fred"
    assert answer["FederatedUser"] == {"FederatedUserId": f"{ACCOUNT}:fred", "Arn": arn}
    keys = keys_of(answer)
    told = server.client("sts", credentials=keys).get_caller_identity()
    assert (told["UserId"], told["Arn"]) == (f"{ACCOUNT}:fred", arn)
    door = registry(server, keys)
    assert door.request("GET", f"/v2/{repository}/tags/list").status == 200
    answer = door.request("POST", f"/v2/{repository}/blobs/uploads/", b"")
    assert answer.status == 403
    assert f"User: {arn} is not authorized" in answer.data.decode()
    assert refusal(server.client("iam", credentials=keys).list_users)[0] == "AccessDenied"
    person.put(LOGIN)
    assert door.request("GET", f"/v2/{repository}/tags/list").status == 403


def test_a_federated_user_without_a_policy_may_do_nothing(server: Server, person: Person):
    keys = keys_of(person.sts.get_federation_token(Name="fred"))
    assert refusal(server.client(credentials=keys).get_authorization_token)[0] == "AccessDeniedException"
    keys = keys_of(server.client("sts").get_federation_token(Name="fred"))
    assert refusal(server.client(credentials=keys).get_authorization_token)[0] == "AccessDeniedException"


def test_a_federated_user_of_the_root_may_do_what_the_policy_allows(server: Server, repository: str):
    policy = document(allow("ecr:ListImages", of(repository)))
    keys = keys_of(server.client("sts").get_federation_token(Name="fred", Policy=policy))
    ecr = server.client(credentials=keys)
    ecr.list_images(repositoryName=repository)
    assert refusal(ecr.describe_images, repositoryName=repository)[0] == "AccessDeniedException"


def test_federated_users_and_the_root_do_not_share_uploads(server: Server, repository: str):
    """An upload belongs to one principal: to others it does not exist."""
    policy = document(allow("ecr:*"))
    first, second = (
        registry(server, keys_of(server.client("sts").get_federation_token(Name=name, Policy=policy)))
        for name in ("fred", "gina")
    )
    location = first.request("POST", f"/v2/{repository}/blobs/uploads/", b"").headers["Location"]
    assert first.request("GET", location).status == 204
    assert second.request("GET", location).status == 404
    assert registry(server, server.credentials).request("GET", location).status == 404


def test_a_federated_user_calls_nothing_else_of_sts(server: Server, iam: Iam, person: Person):
    keys = keys_of(person.sts.get_federation_token(Name="fred", Policy=document(allow("*"))))
    sts = server.client("sts", credentials=keys)
    sts.get_caller_identity()
    given = {"RoleArn": Role(iam).arn, "RoleSessionName": "run"}
    assert refusal(sts.assume_role, **given)[0] == "AccessDenied"
    assert refusal(sts.get_federation_token, Name="gina")[0] == "AccessDenied"


def test_tags_of_a_federated_user_need_permission_and_decide(server: Server, iam: Iam, repository: str):
    wanted = {"StringEquals": {"aws:PrincipalTag/team": "blue"}}
    person = Person(server, iam, allow("sts:GetFederationToken"), allow("ecr:ListImages", Condition=wanted))
    asked = {"Name": "fred", "Policy": document(allow("ecr:*")), "Tags": [{"Key": "team", "Value": "blue"}]}
    assert refusal(person.sts.get_federation_token, **asked)[0] == "AccessDenied"
    person.put(allow("sts:TagSession"), name="tags")
    keys = keys_of(person.sts.get_federation_token(**asked))
    server.client(credentials=keys).list_images(repositoryName=repository)


def test_a_registry_token_ends_with_its_session(server: Server, person: Person):
    answer = person.sts.get_session_token(DurationSeconds=900)
    ecr = server.client(credentials=keys_of(answer))
    expires = ecr.get_authorization_token()["authorizationData"][0]["expiresAt"]
    assert abs(expires - answer["Credentials"]["Expiration"]) < timedelta(seconds=1)


def test_a_deny_on_the_issue_time_ends_older_sessions_and_their_tokens(
    server: Server, iam: Iam, person: Person, repository: str
):
    role = Role(iam, LOGIN, allow("ecr:*"))
    older = role.assume(person.sts)
    door, path = registry(server, older), f"/v2/{repository}/tags/list"
    assert door.request("GET", path).status == 200
    before = {"DateLessThan": {"aws:TokenIssueTime": datetime.now(UTC).isoformat()}}
    role.put(deny("*", Condition=before), name="revoked")
    assert door.request("GET", path).status == 403
    assert refusal(server.client(credentials=older).list_images, repositoryName=repository)[0] == (
        "AccessDeniedException"
    )
    assert registry(server, role.assume(person.sts)).request("GET", path).status == 200


def test_what_a_key_id_tells(server: Server, person: Person):
    for keys in (person.keys, keys_of(person.sts.get_session_token())):
        assert person.sts.get_access_key_info(AccessKeyId=keys.access_key_id)["Account"] == ACCOUNT
    for unknown in ("AKIAUNKNOWNUNKNOWN12", "ASIA7777777777777777", "ASIAasiaasiaasiaasia"):
        assert refusal(person.sts.get_access_key_info, AccessKeyId=unknown)[0] == "ValidationError"
