"""`docker login -u ACCESS_KEY_ID -p SECRET_ACCESS_KEY`: a long-term key is a password for who may have a token."""

import base64

import pytest
import urllib3

from tests.behaviour.identities import Iam
from tests.behaviour.sessions import Person, allow, deny, keys_of, of
from tests.factories.layouts import image
from tests.factories.processes import Credentials, Server
from tests.factories.registry import Registry, error_codes
from tests.factories.waiting import wait

LOGIN = allow("ecr:GetAuthorizationToken")


class KeyLogin(Registry):
    """The registry as a client sees it that has logged in with a key and its secret."""

    def __init__(self, server: Server, keys: Credentials) -> None:
        super().__init__(server, "")
        self._headers = urllib3.make_headers(basic_auth=f"{keys.access_key_id}:{keys.secret_access_key}")


@pytest.fixture
def person(server: Server, iam: Iam) -> Person:
    return Person(server, iam, LOGIN, allow("ecr:*"))


def test_a_key_logs_in_pushes_and_pulls(server: Server, person: Person, repository: str):
    door, made = KeyLogin(server, person.keys), image(5)
    assert door.request("GET", "/v2/").status == 200
    door.push(repository, made, "v1")
    assert made.digest in door.pull(repository, "v1")
    root = KeyLogin(server, server.credentials)
    assert made.digest in root.pull(repository, "v1")


def test_who_may_not_have_a_token_may_not_log_in_with_a_key(server: Server, iam: Iam, person: Person, repository: str):
    door, path = KeyLogin(server, person.keys), f"/v2/{repository}/tags/list"
    person.put(allow("ecr:ListImages", of(repository)))
    for asked in ("/v2/", path):
        answer = door.request("GET", asked)
        assert (answer.status, error_codes(answer)) == (403, ["DENIED"])
        assert "ecr:GetAuthorizationToken" in answer.data.decode()
    person.put(LOGIN, name="login")
    assert door.request("GET", path).status == 200
    assert door.request("GET", f"/v2/{repository}/manifests/v1").status == 403
    person.put(deny("ecr:GetAuthorizationToken"), name="login")
    assert door.request("GET", path).status == 403


def test_a_key_is_revoked_at_once(server: Server, iam: Iam, person: Person):
    door = KeyLogin(server, person.keys)
    key = {"UserName": person.name, "AccessKeyId": person.keys.access_key_id}
    assert door.request("GET", "/v2/").status == 200
    iam.api.update_access_key(Status="Inactive", **key)
    assert door.request("GET", "/v2/").status == 401
    iam.api.update_access_key(Status="Active", **key)
    assert door.request("GET", "/v2/").status == 200
    iam.api.delete_access_key(**key)
    assert door.request("GET", "/v2/").status == 401


def test_a_wrong_secret_and_an_unknown_key_are_told_the_same(server: Server, iam: Iam, person: Person):
    own = person.keys
    session = keys_of(person.server.client("sts", credentials=own).get_session_token())
    answers = [
        KeyLogin(server, keys).request("GET", "/v2/")
        for keys in (
            Credentials(own.access_key_id, own.secret_access_key[:-1] + "!"),
            Credentials(own.access_key_id, ""),
            Credentials(own.access_key_id, server.token(own)),
            Credentials(own.access_key_id.lower(), own.secret_access_key),
            Credentials("AKIAUNKNOWNUNKNOWN12", own.secret_access_key),
            Credentials(server.credentials.access_key_id, own.secret_access_key),
            Credentials(session.access_key_id, session.secret_access_key),
            Credentials("no\0key", own.secret_access_key),
            Credentials("A" * 500, own.secret_access_key),
        )
    ]
    assert {(each.status, each.data, each.headers["WWW-Authenticate"]) for each in answers} == {
        (401, answers[0].data, answers[0].headers["WWW-Authenticate"])
    }


def test_the_last_use_of_a_key_that_logs_in_is_noted(server: Server, iam: Iam):
    person = Person(server, iam, LOGIN)
    KeyLogin(server, person.keys).request("GET", "/v2/")

    def used() -> str:
        answer = iam.api.get_access_key_last_used(AccessKeyId=person.keys.access_key_id)
        return str(answer["AccessKeyLastUsed"]["ServiceName"])

    wait(lambda: used() == "ecr", seconds=10)


def test_a_key_gets_a_token_from_a_public_registrys_realm(server: Server, person: Person):
    """Clients that are challenged for a Bearer token bring name and password there."""
    answer = KeyLogin(server, person.keys).request("GET", "/public.ecr/token/?service=public.ecr.aws&scope=aws")
    assert answer.status == 200, answer.data
    bearer = Registry(server, "").request("GET", "/v2/", None, Authorization=f"Bearer {answer.json()['token']}")
    assert bearer.status == 200
    nobody = Credentials(person.keys.access_key_id, "wrong")
    assert KeyLogin(server, nobody).request("GET", "/public.ecr/token/").status == 401


def test_a_public_repository_is_read_by_who_may_not_log_in(server: Server, iam: Iam):
    answer = KeyLogin(server, Person(server, iam).keys).request("GET", "/v2/public.ecr/absent/any/manifests/v1")
    assert answer.status == 404


def test_basic_credentials_are_read_as_they_are_written(server: Server):
    keys = server.credentials
    value = base64.b64encode(f"{keys.access_key_id}:{keys.secret_access_key}".encode()).decode()
    anonymous = Registry(server, "")
    assert anonymous.request("GET", "/v2/", None, Authorization=f"basic  {value} ").status == 200
    assert anonymous.request("GET", "/v2/", None, Authorization=f"Bearer {value}").status == 401
