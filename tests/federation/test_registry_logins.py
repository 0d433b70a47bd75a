"""`docker login -u ROLE -p TOKEN`: the token of a provider is a password for a role that trusts it."""

import pytest
import urllib3

from tests.behaviour.identities import ACCOUNT
from tests.behaviour.sessions import allow, deny, of
from tests.factories.issuers import AUDIENCE, Issuer
from tests.factories.layouts import image
from tests.factories.processes import Server
from tests.factories.registry import Registry, error_codes
from tests.federation.parties import LOGIN, Federation

REPOSITORY = "federation/logins"


class RoleLogin(Registry):
    """The registry as a client sees it that has logged in with a role and a provider's token."""

    def __init__(self, server: Server, role: str, token: str) -> None:
        super().__init__(server, "")
        self._headers = urllib3.make_headers(basic_auth=f"{role}:{token}")

    def ping(self) -> tuple[int, list[str]]:
        """The status of `GET /v2/`, and the codes of its error."""
        answer = self.request("GET", "/v2/")
        return answer.status, [] if answer.status == 200 else error_codes(answer)


@pytest.fixture(scope="module")
def repository(federation: Federation) -> str:
    federation.server.client().create_repository(repositoryName=REPOSITORY)
    return REPOSITORY


@pytest.mark.parametrize("named", ["arn", "name"])
def test_a_role_logs_in_with_a_token_pushes_and_pulls(federation: Federation, repository: str, named: str):
    role, made = federation.role(LOGIN, allow("ecr:*", of(repository))), image(11)
    door = RoleLogin(federation.server, getattr(role, named), federation.provider.token())
    assert door.ping() == (200, [])
    door.push(repository, made, named)
    assert made.digest in door.pull(repository, named)
    assert door.request("GET", "/v2/other/tags/list").status == 403


def test_a_role_below_a_path_is_named_with_it(federation: Federation):
    role = federation.role(LOGIN, Path="/ci/")
    for named, status in ((role.arn, 200), (f"ci/{role.name}", 200), (role.name, 403)):
        assert RoleLogin(federation.server, named, federation.provider.token()).ping()[0] == status


def test_who_may_not_have_a_token_may_not_log_in(federation: Federation, repository: str):
    role = federation.role(allow("ecr:ListImages", of(repository)))
    door = RoleLogin(federation.server, role.arn, federation.provider.token())
    assert door.ping() == (403, ["DENIED"])
    assert door.request("GET", f"/v2/{repository}/tags/list").status == 403
    role.put(LOGIN, name="login")
    assert door.request("GET", f"/v2/{repository}/tags/list").status == 200


def test_a_role_that_does_not_trust_is_refused_the_same_as_one_that_is_absent(federation: Federation):
    stranger = federation.role(LOGIN, trusted=federation.trusting(sub="StringEquals:nobody"))
    token = federation.provider.token()
    answers = [
        RoleLogin(federation.server, arn, token).request("GET", "/v2/")
        for arn in (stranger.arn, f"arn:aws:iam::{ACCOUNT}:role/absent")
    ]
    assert {answer.status for answer in answers} == {403}
    assert answers[0].data == answers[1].data
    assert b"sts:AssumeRoleWithWebIdentity" in answers[0].data


def test_every_change_is_in_force_at_the_next_request_of_every_worker(federation: Federation):
    role = federation.role(LOGIN)
    iam, client = federation.iam.api, "comes-and-goes"
    door = RoleLogin(federation.server, role.arn, federation.provider.token())
    for _ in range(10):
        assert door.ping()[0] == 200
        role.retrust(federation.trusting(sub="StringEquals:nobody"))
        assert door.ping()[0] == 403
        role.retrust(federation.trusting())
        assert door.ping()[0] == 200
        role.put(deny("ecr:GetAuthorizationToken"), name="deny")
        assert door.ping()[0] == 403
        iam.delete_role_policy(RoleName=role.name, PolicyName="deny")
    other = RoleLogin(federation.server, role.arn, federation.provider.token(aud=client))
    provider = {"OpenIDConnectProviderArn": federation.arn, "ClientID": client}
    for _ in range(5):
        iam.add_client_id_to_open_id_connect_provider(**provider)
        assert other.ping()[0] == 200
        iam.remove_client_id_from_open_id_connect_provider(**provider)
        assert other.ping()[0] == 401
    iam.delete_role_policy(RoleName=role.name, PolicyName="p")
    iam.delete_role(RoleName=role.name)
    assert door.ping()[0] == 403


def test_a_login_ends_with_its_token(federation: Federation):
    role, token = federation.role(LOGIN), federation.provider.token
    assert RoleLogin(federation.server, role.arn, token(exp=1)).ping() == (401, ["UNAUTHORIZED"])
    assert RoleLogin(federation.server, role.arn, token(aud="another")).ping() == (401, ["UNAUTHORIZED"])
    assert RoleLogin(federation.server, role.arn, token(sub="")).ping() == (401, ["UNAUTHORIZED"])


@pytest.mark.parametrize(
    ("user", "password"),
    [
        ("arn:aws:iam::000000000000:role/x", "eyJhbGciOiJub25lIn0.e30."),
        ("arn:aws:iam::000000000000:role/x", "eyJhbGciOiJFUzI1NiJ9.e30.AAAA"),
        ("arn:aws:iam::1:role/x", "eyJhbGciOiJFUzI1NiJ9.e30.AAAA"),
        ("arn:aws:iam::000000000000:user/x", "eyJhbGciOiJFUzI1NiJ9.e30.AAAA"),
        ("arn:", "eyJhbGciOiJFUzI1NiJ9.e30.AAAA"),
        ("", "eyJhbGciOiJFUzI1NiJ9.e30.AAAA"),
        ("role with spaces", "eyJhbGciOiJFUzI1NiJ9.e30.AAAA"),
        ("a" * 600, "eyJhbGciOiJFUzI1NiJ9.e30.AAAA"),
        ("x", "eyJ" + "a" * 5000 + ".e30.AAAA"),
        ("AWS", "eyJhbGciOiJFUzI1NiJ9.e30.AAAA"),
    ],
)
def test_a_hostile_login_is_a_401_with_a_challenge(server: Server, user: str, password: str):
    answer = RoleLogin(server, user, password).request("GET", "/v2/")
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")


def test_a_bearer_of_the_token_alone_is_nobody(federation: Federation):
    answer = Registry(federation.server, "").request(
        "GET", "/v2/", Authorization=f"Bearer {federation.provider.token()}"
    )
    assert answer.status == 401


def test_the_realm_of_public_registries_gives_a_token_of_the_role(federation: Federation, repository: str):
    role = federation.role(LOGIN, allow("ecr:ListImages", of(repository)))
    answer = RoleLogin(federation.server, role.arn, federation.provider.token()).request("GET", "/public.ecr/token/")
    assert answer.status == 200
    assert answer.json()["expires_in"] <= 600  # no longer than the provider's token
    door = Registry(federation.server, answer.json()["token"])
    assert door.request("GET", f"/v2/{repository}/tags/list").status == 200


def test_the_provider_is_asked_once_and_not_on_every_request(federation: Federation, provider: Issuer):
    role = federation.role(LOGIN)
    door = RoleLogin(federation.server, role.arn, provider.token())
    for _ in range(10):
        door.ping()
    before = len(provider.origin.asked)
    for _ in range(50):
        assert door.ping()[0] == 200
    assert len(provider.origin.asked) == before


def test_the_audience_is_one_of_the_providers(federation: Federation, provider: Issuer):
    role = federation.role(LOGIN, trusted=federation.trusting(aud=f"StringEquals:{AUDIENCE}"))
    for audience, status in ((AUDIENCE, 200), ("other-client", 403)):
        assert RoleLogin(federation.server, role.arn, provider.token(aud=audience)).ping()[0] == status
