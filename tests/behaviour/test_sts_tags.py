"""Session tags, source identities and MFA: who may pass them, what they decide, how far they are handed on."""

import base64
import time
from collections.abc import Iterator
from typing import Any

import pytest

from entrepot.seal import totp
from tests.behaviour.identities import ACCOUNT, Iam, refusal
from tests.behaviour.sessions import Person, Role, allow, deny, keys_of, of, registry, trust
from tests.factories.processes import Server

LOGIN = allow("ecr:GetAuthorizationToken")
TAGGING = ["sts:AssumeRole", "sts:TagSession"]
NAMING = ["sts:AssumeRole", "sts:SetSourceIdentity"]
EVERYONE = {"AWS": ACCOUNT}


def tags(**pairs: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in pairs.items()]


def tagged(**pairs: str) -> dict[str, Any]:
    return {"StringEquals": {f"aws:PrincipalTag/{key}": value for key, value in pairs.items()}}


@pytest.fixture
def person(server: Server, iam: Iam) -> Person:
    return Person(server, iam, allow("sts:*"))


def test_a_session_tag_is_a_tag_of_the_principal_above_the_roles_own(
    server: Server, iam: Iam, person: Person, repository: str
):
    role = Role(
        iam,
        LOGIN,
        allow("ecr:ListImages", Condition=tagged(team="blue", cost="7")),
        trusted=[trust(EVERYONE, TAGGING)],
        Tags=tags(team="red", cost="7"),
    )
    plain, blue = role.assume(person.sts), role.assume(person.sts, Tags=tags(TEAM="blue"))
    path = f"/v2/{repository}/tags/list"
    assert registry(server, plain).request("GET", path).status == 403
    assert registry(server, blue).request("GET", path).status == 200
    server.client(credentials=blue).list_images(repositoryName=repository)
    iam.api.untag_role(RoleName=role.name, TagKeys=["cost"])
    assert registry(server, blue).request("GET", path).status == 403


def test_one_role_serves_every_team_by_the_tags_of_its_sessions(
    server: Server, iam: Iam, person: Person, make_repository: Any
):
    blue, red = make_repository(), make_repository()
    own = of("${aws:PrincipalTag/place}")
    role = Role(iam, LOGIN, allow("ecr:ListImages", own), trusted=[trust(EVERYONE, TAGGING)])
    for place, other in ((blue, red), (red, blue)):
        door = registry(server, role.assume(person.sts, Tags=tags(place=place)))
        assert door.request("GET", f"/v2/{place}/tags/list").status == 200
        assert door.request("GET", f"/v2/{other}/tags/list").status == 403


def test_tags_need_their_own_permission_on_both_sides(server: Server, iam: Iam):
    asked: dict[str, Any] = {"RoleSessionName": "run", "Tags": tags(team="blue")}
    person = Person(server, iam, allow("sts:AssumeRole"))
    untagged, role = Role(iam), Role(iam, trusted=[trust(EVERYONE, TAGGING)])
    told = refusal(person.sts.assume_role, RoleArn=role.arn, **asked)
    assert told[0] == "AccessDenied"
    assert "sts:TagSession" in told[1]
    person.put(allow(TAGGING))
    person.sts.assume_role(RoleArn=role.arn, **asked)
    assert refusal(person.sts.assume_role, RoleArn=untagged.arn, **asked)[0] == "AccessDenied"
    untagged.assume(person.sts)


def test_a_trust_policy_may_look_at_the_tags_that_are_passed(iam: Iam, person: Person):
    wanted = {
        "StringEquals": {"aws:RequestTag/team": ["blue", "red"]},
        "ForAllValues:StringEquals": {"aws:TagKeys": ["team"], "sts:TransitiveTagKeys": ["team"]},
    }
    role = Role(iam, trusted=[trust(EVERYONE, TAGGING, Condition=wanted)])
    role.assume(person.sts, Tags=tags(team="blue"), TransitiveTagKeys=["team"])
    for given in (tags(team="green"), tags(team="blue", more="x")):
        told = refusal(person.sts.assume_role, RoleArn=role.arn, RoleSessionName="run", Tags=given)
        assert told[0] == "AccessDenied"


def test_transitive_tags_are_handed_on_and_others_are_not(server: Server, iam: Iam, person: Person, repository: str):
    first = Role(iam, allow("sts:*"), trusted=[trust(EVERYONE, TAGGING)])
    second = Role(
        iam,
        allow("ecr:ListImages", Condition=tagged(team="blue")),
        allow("ecr:DescribeImages", Condition=tagged(run="7")),
        allow("sts:*"),
        trusted=[trust(EVERYONE, TAGGING)],
    )
    keys = first.assume(person.sts, Tags=tags(team="blue", run="7"), TransitiveTagKeys=["Team"])
    sts = server.client("sts", credentials=keys)
    for _ in range(2):  # and from there once more
        keys = second.assume(sts)
        ecr, sts = server.client(credentials=keys), server.client("sts", credentials=keys)
        ecr.list_images(repositoryName=repository)
        assert refusal(ecr.describe_images, repositoryName=repository)[0] == "AccessDeniedException"
    told = refusal(sts.assume_role, RoleArn=second.arn, RoleSessionName="run", Tags=tags(team="red"))
    assert told[0] == "ValidationError"
    untagged = Role(iam)
    assert refusal(sts.assume_role, RoleArn=untagged.arn, RoleSessionName="run")[0] == "AccessDenied"


def test_a_source_identity_stays_through_every_chain(server: Server, iam: Iam, person: Person, repository: str):
    known = {"StringEquals": {"aws:SourceIdentity": "alice"}}
    first, second, third = (
        Role(iam, allow("sts:*"), allow("ecr:ListImages", Condition=known), trusted=[trust(EVERYONE, actions)])
        for actions in (NAMING, NAMING, ["sts:AssumeRole"])
    )
    answer = person.sts.assume_role(RoleArn=first.arn, RoleSessionName="run", SourceIdentity="alice")
    assert answer["SourceIdentity"] == "alice"
    sts = server.client("sts", credentials=keys_of(answer))
    answer = sts.assume_role(RoleArn=second.arn, RoleSessionName="run")
    assert answer["SourceIdentity"] == "alice"
    server.client(credentials=keys_of(answer)).list_images(repositoryName=repository)
    given = {"RoleSessionName": "run", "SourceIdentity": "mallory"}
    assert refusal(sts.assume_role, RoleArn=second.arn, **given)[0] == "AccessDenied"
    assert refusal(sts.assume_role, RoleArn=third.arn, RoleSessionName="run")[0] == "AccessDenied"
    third.assume(person.sts)


def test_a_source_identity_needs_its_own_permission_and_is_a_condition(server: Server, iam: Iam):
    person = Person(server, iam, allow("sts:AssumeRole"))
    wanted = {"StringLike": {"sts:SourceIdentity": "a*"}}
    role = Role(iam, trusted=[trust(EVERYONE, NAMING, Condition=wanted)])
    asked = {"RoleArn": role.arn, "RoleSessionName": "run"}
    assert refusal(person.sts.assume_role, SourceIdentity="alice", **asked)[0] == "AccessDenied"
    person.put(allow(NAMING))
    person.sts.assume_role(SourceIdentity="alice", **asked)
    assert refusal(person.sts.assume_role, SourceIdentity="bob", **asked)[0] == "AccessDenied"
    assert refusal(person.sts.assume_role, **asked)[0] == "AccessDenied"


class Phone:
    """A user's enabled MFA device; each code is given once."""

    def __init__(self, iam: Iam, person: Person) -> None:
        made = iam.api.create_virtual_mfa_device(VirtualMFADeviceName=person.name)["VirtualMFADevice"]
        self.serial = made["SerialNumber"]
        self._seed = base64.b32decode(made["Base32StringSeed"])
        now = int(time.time()) // 30
        self._steps = iter(range(now, now + 2))
        codes = {f"AuthenticationCode{n}": totp.code(self._seed, now + n - 4) for n in (1, 2)}
        iam.api.enable_mfa_device(UserName=person.name, SerialNumber=self.serial, **codes)

    def code(self) -> str:
        return totp.code(self._seed, next(self._steps))

    def given(self) -> dict[str, str]:
        """What a call is given."""
        return {"SerialNumber": self.serial, "TokenCode": self.code()}


@pytest.fixture
def phone(iam: Iam, person: Person) -> Iterator[Phone]:
    yield Phone(iam, person)
    iam.api.deactivate_mfa_device(UserName=person.name, SerialNumber=f"arn:aws:iam::{ACCOUNT}:mfa/{person.name}")


def test_a_role_may_ask_for_mfa_and_a_code_is_good_once(
    server: Server, iam: Iam, person: Person, phone: Phone, repository: str
):
    shown = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    role = Role(iam, allow("ecr:ListImages", Condition=shown), trusted=[trust(EVERYONE, Condition=shown)])
    asked = {"RoleArn": role.arn, "RoleSessionName": "run"}
    assert refusal(person.sts.assume_role, **asked)[0] == "AccessDenied"
    given = phone.given()
    keys = keys_of(person.sts.assume_role(**asked, **given))
    server.client(credentials=keys).list_images(repositoryName=repository)
    code, message = refusal(person.sts.assume_role, **asked, **given)
    assert (code, message) == (
        "AccessDenied",
        "MultiFactorAuthentication failed with invalid MFA one time pass code.",
    )


def test_a_device_of_another_user_proves_nothing(server: Server, iam: Iam, phone: Phone):
    other = Person(server, iam, allow("sts:*"))
    asked = {"RoleArn": Role(iam).arn, "RoleSessionName": "run"}
    assert "MultiFactor" in refusal(other.sts.assume_role, **asked, **phone.given())[1]


def test_wrong_codes_are_not_looked_at_for_ever(iam: Iam, person: Person, phone: Phone):
    """One is right in 300,000: whoever has the key would find it within minutes."""
    for _ in range(12):  # five for each worker
        refusal(person.sts.get_session_token, SerialNumber=phone.serial, TokenCode="000000")
    code, message = refusal(person.sts.get_session_token, **phone.given())
    assert (code, "MultiFactor" in message) == ("AccessDenied", True)


def test_the_age_of_mfa_is_that_of_its_session(server: Server, iam: Iam, person: Person, phone: Phone):
    person.put(
        allow("ecr:GetAuthorizationToken"),
        deny("ecr:*", Condition={"NumericGreaterThan": {"aws:MultiFactorAuthAge": "3600"}}),
        deny("ecr:*", Condition={"Bool": {"aws:MultiFactorAuthPresent": "false"}}),
    )
    keys = keys_of(person.sts.get_session_token(**phone.given()))
    server.client(credentials=keys).get_authorization_token()
    without = keys_of(person.sts.get_session_token())
    told = refusal(server.client(credentials=without).get_authorization_token)
    assert told[0] == "AccessDeniedException"
    server.client(credentials=person.keys).get_authorization_token()  # a long-term key has no such key at all
    person.put(allow("ecr:GetAuthorizationToken", Condition={"NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}}))
    server.client(credentials=keys).get_authorization_token()
    assert refusal(server.client(credentials=person.keys).get_authorization_token)[0] == "AccessDeniedException"
