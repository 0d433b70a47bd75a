"""A role is assumed by who is trusted and allowed, and its session is what the role is, over both doors, at once."""

import base64
import secrets
from datetime import UTC, datetime

import pytest

from tests.behaviour.identities import ACCOUNT, Iam, refusal
from tests.behaviour.sessions import Person, Role, allow, deny, document, keys_of, of, registry, trust
from tests.factories.layouts import image
from tests.factories.processes import Credentials, Server
from tests.factories.registry import error_codes
from tests.factories.waiting import wait
from tests.operation.commands import entrepot

LOGIN = allow("ecr:GetAuthorizationToken")
ASSUME = allow("sts:AssumeRole")


@pytest.fixture
def person(server: Server, iam: Iam) -> Person:
    return Person(server, iam, allow("sts:*"))


def test_a_session_of_a_role_pushes_and_pulls_over_both_doors(
    server: Server, iam: Iam, person: Person, repository: str
):
    role = Role(iam, LOGIN, allow("ecr:*", of(repository)))
    keys = role.assume(person.sts)
    made = image(3)
    door = registry(server, keys)
    door.push(repository, made, "v1")
    assert made.digest in door.pull(repository, "v1")
    listed = server.client(credentials=keys).list_images(repositoryName=repository)["imageIds"]
    assert listed == [{"imageDigest": made.digest, "imageTag": "v1"}]
    assert refusal(server.client(credentials=keys).describe_repositories, repositoryNames=["other"])[0] == (
        "AccessDeniedException"
    )


def test_a_session_says_who_it_is(server: Server, iam: Iam, person: Person):
    role = Role(iam, Path="/ci/")
    answer = person.sts.assume_role(RoleArn=role.arn, RoleSessionName="run@7")
    arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/{role.name}/run@7"
    assert answer["AssumedRoleUser"] == {"AssumedRoleId": f"{role.id}:run@7", "Arn": arn}
    assert answer["Credentials"]["AccessKeyId"].startswith("ASIA")
    assert "PackedPolicySize" not in answer
    told = server.client("sts", credentials=keys_of(answer)).get_caller_identity()
    assert (told["UserId"], told["Account"], told["Arn"]) == (f"{role.id}:run@7", ACCOUNT, arn)
    assert person.sts.get_access_key_info(AccessKeyId=answer["Credentials"]["AccessKeyId"])["Account"] == ACCOUNT


def test_a_denial_names_the_session(server: Server, iam: Iam, person: Person, repository: str):
    role = Role(iam, LOGIN)
    keys = role.assume(person.sts)
    arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/{role.name}/run-7"
    _, message = refusal(server.client(credentials=keys).list_images, repositoryName=repository)
    assert message == (
        f"User: {arn} is not authorized to perform: ecr:ListImages on resource: {of(repository)} "
        "because no identity-based policy allows the ecr:ListImages action"
    )
    answer = registry(server, keys).request("GET", f"/v2/{repository}/tags/list")
    assert (answer.status, error_codes(answer)) == (403, ["DENIED"])
    assert message in answer.data.decode()


def test_both_the_caller_and_the_role_must_allow_it(server: Server, iam: Iam):
    trusting, other = Role(iam), Role(iam, trusted=[trust({"Service": "ec2.amazonaws.com"})])
    nobody, allowed = Person(server, iam), Person(server, iam, ASSUME)
    told = refusal(nobody.sts.assume_role, RoleArn=trusting.arn, RoleSessionName="run")
    assert told[0] == "AccessDenied"
    assert refusal(allowed.sts.assume_role, RoleArn=other.arn, RoleSessionName="run")[0] == "AccessDenied"
    trusting.assume(allowed.sts)
    other.retrust(trust({"AWS": nobody.arn}))
    other.assume(nobody.sts)  # who is named needs no policy of its own in the same account
    nobody.put(deny("sts:AssumeRole"))
    assert refusal(nobody.sts.assume_role, RoleArn=other.arn, RoleSessionName="run")[0] == "AccessDenied"


def test_a_denial_does_not_tell_whether_the_role_exists(server: Server, iam: Iam, person: Person):
    for holder in (person, Person(server, iam)):
        for trusted in ([trust({"Service": "ec2.amazonaws.com"})], [trust({"Service": "ecs.amazonaws.com"})]):
            role = Role(iam, trusted=trusted)
            there = refusal(holder.sts.assume_role, RoleArn=role.arn, RoleSessionName="run")
            absent = refusal(holder.sts.assume_role, RoleArn=role.arn + "-absent", RoleSessionName="run")
            assert there == (absent[0], absent[1].replace("-absent", ""))


def test_a_session_policy_limits_a_session_and_never_widens_it(
    server: Server, iam: Iam, person: Person, repository: str
):
    role = Role(iam, LOGIN, allow(["ecr:ListImages", "ecr:DescribeImages"]))
    answer = person.sts.assume_role(
        RoleArn=role.arn,
        RoleSessionName="run",
        Policy=document(allow(["ecr:ListImages", "ecr:PutImage", "ecr:GetAuthorizationToken"])),
    )
    assert 0 < answer["PackedPolicySize"] < 100
    ecr = server.client(credentials=keys_of(answer))
    ecr.list_images(repositoryName=repository)
    _, message = refusal(ecr.describe_images, repositoryName=repository)
    assert message.endswith("because no session policy allows the ecr:DescribeImages action")
    assert refusal(ecr.put_image, repositoryName=repository, imageManifest="{}")[0] == "AccessDeniedException"
    door = registry(server, keys_of(answer))
    assert door.request("GET", f"/v2/{repository}/tags/list").status == 200
    assert door.request("GET", f"/v2/{repository}/manifests/v1").status == 403


def test_managed_policies_limit_a_session_as_well(server: Server, iam: Iam, person: Person, repository: str):
    role = Role(iam, allow("ecr:*"))
    pull = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly"
    ecr = server.client(credentials=role.assume(person.sts, PolicyArns=[{"arn": pull}]))
    ecr.get_authorization_token()
    assert refusal(ecr.delete_repository, repositoryName=repository)[0] == "AccessDeniedException"
    absent = f"arn:aws:iam::{ACCOUNT}:policy/absent"
    given = {"RoleArn": role.arn, "RoleSessionName": "run", "PolicyArns": [{"arn": absent}]}
    assert refusal(person.sts.assume_role, **given)[0] == "ValidationError"


def test_a_changed_role_is_changed_in_its_sessions(server: Server, iam: Iam, person: Person, repository: str):
    role = Role(iam, LOGIN, allow("ecr:*"))
    keys = role.assume(person.sts)
    ecr, door = server.client(credentials=keys), registry(server, keys)
    path = f"/v2/{repository}/tags/list"
    assert door.request("GET", path).status == 200
    role.put(LOGIN)
    assert door.request("GET", path).status == 403
    assert refusal(ecr.list_images, repositoryName=repository)[0] == "AccessDeniedException"
    role.put(LOGIN, allow("ecr:*"))
    bound = iam.api.create_policy(PolicyName=iam.name(), PolicyDocument=document(LOGIN))["Policy"]["Arn"]
    iam.api.put_role_permissions_boundary(RoleName=role.name, PermissionsBoundary=bound)
    assert door.request("GET", path).status == 403
    iam.api.delete_role_permissions_boundary(RoleName=role.name)
    assert door.request("GET", path).status == 200


def test_a_deleted_role_takes_its_sessions_and_their_tokens_with_it(
    server: Server, iam: Iam, person: Person, repository: str
):
    role = Role(iam, LOGIN, allow("ecr:*"))
    keys = role.assume(person.sts)
    door, sts = registry(server, keys), server.client("sts", credentials=keys)
    assert door.request("GET", "/v2/").status == 200
    iam.api.delete_role_policy(RoleName=role.name, PolicyName="p")
    iam.api.delete_role(RoleName=role.name)
    assert door.request("GET", "/v2/").status == 401
    assert refusal(sts.get_caller_identity)[0] == "InvalidClientTokenId"
    trusted = document(trust({"AWS": ACCOUNT}))
    iam.api.create_role(RoleName=role.name, AssumeRolePolicyDocument=trusted)  # one of the same name is another
    assert door.request("GET", "/v2/").status == 401
    assert refusal(sts.get_caller_identity)[0] == "InvalidClientTokenId"


def test_a_session_is_not_the_root_where_no_user_is_named(server: Server, iam: Iam, person: Person):
    keys = Role(iam, allow("iam:*")).assume(person.sts)
    api = server.client("iam", credentials=keys)
    for operation in (api.create_access_key, api.get_user, api.list_access_keys):
        assert refusal(operation)[0] == "ValidationError"
    api.list_access_keys(UserName=person.name)


def test_external_id_and_session_name_are_conditions_of_a_trust_policy(iam: Iam, person: Person):
    wanted = {"StringEquals": {"sts:ExternalId": "partner-7"}, "StringLike": {"sts:RoleSessionName": "ci-*"}}
    role = Role(iam, trusted=[trust({"AWS": ACCOUNT}, Condition=wanted)])
    role.assume(person.sts, "ci-1", ExternalId="partner-7")
    for name, given in (("ci-1", {}), ("ci-1", {"ExternalId": "partner-8"}), ("me", {"ExternalId": "partner-7"})):
        told = refusal(person.sts.assume_role, RoleArn=role.arn, RoleSessionName=name, **given)
        assert told[0] == "AccessDenied"


def test_a_session_lasts_as_long_as_is_asked_and_as_its_role_lets_it(iam: Iam, person: Person):
    role, asked = Role(iam, MaxSessionDuration=7200), {"RoleSessionName": "run"}
    for given, seconds in (({}, 3600), ({"DurationSeconds": 900}, 900), ({"DurationSeconds": 7200}, 7200)):
        before = datetime.now(UTC)
        ends = person.sts.assume_role(RoleArn=role.arn, **asked, **given)["Credentials"]["Expiration"]
        assert abs((ends - before).total_seconds() - seconds) < 30
    for seconds in (7201, 43_201):
        told = refusal(person.sts.assume_role, RoleArn=role.arn, DurationSeconds=seconds, **asked)
        assert told[0] == "ValidationError"


def test_a_chained_session_lasts_an_hour_at_most(server: Server, iam: Iam, person: Person):
    second = Role(iam, MaxSessionDuration=43_200)
    chained = server.client("sts", credentials=Role(iam, ASSUME).assume(person.sts))
    second.assume(chained, DurationSeconds=3600)
    told = refusal(chained.assume_role, RoleArn=second.arn, RoleSessionName="run", DurationSeconds=3601)
    assert told[0] == "ValidationError"
    assert "role chaining" in told[1]


def test_a_role_is_trusted_by_its_arn_or_its_session(server: Server, iam: Iam, person: Person):
    first = Role(iam)
    by_role = Role(iam, trusted=[trust({"AWS": first.arn})])
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/{first.name}/run-7"
    by_session = Role(iam, trusted=[trust({"AWS": session})])
    chained = server.client("sts", credentials=first.assume(person.sts))
    other = server.client("sts", credentials=first.assume(person.sts, "another"))
    by_role.assume(chained)
    by_session.assume(chained)
    by_role.assume(other)
    assert refusal(other.assume_role, RoleArn=by_session.arn, RoleSessionName="run")[0] == "AccessDenied"


def test_sessions_of_roles_get_no_sessions_of_users(server: Server, iam: Iam, person: Person):
    sts = server.client("sts", credentials=Role(iam, allow("sts:*")).assume(person.sts))
    assert refusal(sts.get_session_token)[0] == "AccessDenied"
    assert refusal(sts.get_federation_token, Name="fred")[0] == "AccessDenied"


def test_a_role_of_another_account_needs_both_sides(server: Server, iam: Iam):
    made = entrepot("account", "create", "--data", server.data, "--output", "json").result
    theirs = Credentials(made["access_key_id"], made["secret_access_key"])
    far = server.client("iam", credentials=theirs)
    arn = far.create_role(RoleName="far", AssumeRolePolicyDocument=document(trust({"AWS": ACCOUNT})))["Role"]["Arn"]
    nobody, allowed = Person(server, iam), Person(server, iam, allow("sts:AssumeRole", arn))
    assert refusal(nobody.sts.assume_role, RoleArn=arn, RoleSessionName="run")[0] == "AccessDenied"
    keys = keys_of(allowed.sts.assume_role(RoleArn=arn, RoleSessionName="run"))
    told = server.client("sts", credentials=keys).get_caller_identity()
    assert told["Account"] == made["account_id"]
    assert (
        server.client("sts", credentials=theirs).get_access_key_info(AccessKeyId=keys.access_key_id)["Account"]
        == (made["account_id"])
    )
    far.update_assume_role_policy(RoleName="far", PolicyDocument=document(trust({"AWS": made["account_id"]})))
    assert refusal(allowed.sts.assume_role, RoleArn=arn, RoleSessionName="run")[0] == "AccessDenied"


def test_a_role_of_a_service_is_assumed_by_nobody(server: Server, iam: Iam):
    made = iam.api.create_service_linked_role(AWSServiceName="ecr.amazonaws.com")["Role"]
    root = server.client("sts")
    assert refusal(root.assume_role, RoleArn=made["Arn"], RoleSessionName="run")[0] == "AccessDenied"
    iam.api.delete_service_linked_role(RoleName=made["RoleName"])


def test_the_last_use_of_a_role_is_noted(server: Server, iam: Iam, person: Person):
    role = Role(iam, LOGIN)
    assert "LastUsedDate" not in iam.api.get_role(RoleName=role.name)["Role"].get("RoleLastUsed", {})
    registry(server, role.assume(person.sts))
    wait(lambda: "LastUsedDate" in iam.api.get_role(RoleName=role.name)["Role"]["RoleLastUsed"], seconds=10)
    assert iam.api.get_role(RoleName=role.name)["Role"]["RoleLastUsed"]["Region"] == "us-east-1"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"Policy": "{}"}, "MalformedPolicyDocument"),
        ({"Policy": document(trust("*"))}, "MalformedPolicyDocument"),
        ({"Policy": document(allow("ecr:*", "arn:aws:ecr:::" + "x" * 2048))}, "PackedPolicyTooLarge"),
        ({"PolicyArns": [{"arn": f"arn:aws:iam::aws:policy/p{n}"} for n in range(11)]}, "ValidationError"),
        ({"Tags": [{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}]}, "ValidationError"),
        ({"Tags": [{"Key": "aws:a", "Value": "1"}]}, "ValidationError"),
        ({"TransitiveTagKeys": ["team"]}, "ValidationError"),
        ({"SerialNumber": "arn:aws:iam::000000000000:mfa/phone"}, "ValidationError"),
        ({"RoleArn": "arn:aws:iam::000000000000:user/alice"}, "ValidationError"),
        ({"RoleSessionName": "no spaces"}, "ValidationError"),
    ],
)
def test_what_makes_no_sense_is_refused(iam: Iam, person: Person, given, code: str):
    role = Role(iam, trusted=[trust({"AWS": ACCOUNT}, ["sts:AssumeRole", "sts:TagSession"])])
    asked = {"RoleArn": role.arn, "RoleSessionName": "run", **given}
    assert refusal(person.sts.assume_role, **asked)[0] == code


def test_policies_and_tags_that_do_not_fit_into_a_token_are_too_large(iam: Iam, person: Person):
    role = Role(iam, trusted=[trust({"AWS": ACCOUNT}, ["sts:AssumeRole", "sts:TagSession"])])
    tags = [{"Key": f"key-{n}", "Value": secrets.token_hex(100)} for n in range(50)]
    code, message = refusal(person.sts.assume_role, RoleArn=role.arn, RoleSessionName="run", Tags=tags)
    assert code == "PackedPolicyTooLarge"
    assert "% of allotted space" in message


def test_the_largest_session_still_has_a_short_registry_token(server: Server, iam: Iam, person: Person):
    """Proxies cut headers at 8 KB, some at 4; what is refused must be refused when the session is asked for."""
    role = Role(iam, LOGIN, trusted=[trust({"AWS": ACCOUNT}, "sts:*")], Path="/" + "p" * 100 + "/")
    asked = {"RoleSessionName": "n" * 64, "SourceIdentity": "s" * 64, "TransitiveTagKeys": ["k0"]}
    for count in range(1, 50):
        tags = [{"Key": f"k{n}", "Value": secrets.token_hex(64)} for n in range(count)]
        try:
            made = person.sts.assume_role(RoleArn=role.arn, Tags=tags, **asked)
        except person.sts.exceptions.PackedPolicyTooLargeException:
            break
        largest = made
    assert largest["PackedPolicySize"] > 90
    token = server.token(keys_of(largest))
    assert len(base64.b64encode(f"AWS:{token}".encode())) < 4096 - len("Authorization: Basic ")


def test_sessions_of_one_role_do_not_lend_each_other_their_rights(
    server: Server, iam: Iam, person: Person, repository: str
):
    """What is remembered of one session decides for no other, not even of the same name, in whatever order they ask."""
    role = Role(iam, LOGIN, allow("ecr:*"))
    narrow = document(LOGIN)
    doors = [
        (registry(server, role.assume(person.sts)), 200),
        (registry(server, role.assume(person.sts, Policy=narrow)), 403),
    ]
    for door, status in (*doors, *reversed(doors), *doors, *reversed(doors)):
        assert door.request("GET", f"/v2/{repository}/tags/list").status == status
