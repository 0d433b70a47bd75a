"""Logins of ECR's registries against a real server of this project under names as AWS has them: a signed call, a role's
session, and pulls with what they give.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

import pytest

from entrepot.outbound import AnswerUnusable, Destinations, Outbound
from entrepot.outbound.ecr_logins import EcrApi, EcrLogins
from entrepot.outbound.faults import CredentialsRefused, RegistryFailing, RequestsTooMany
from entrepot.outbound.registries import Place, Repository
from entrepot.outbound.signing import Keys
from entrepot.spec.reference import Tag
from tests.factories.layouts import image
from tests.factories.origins import Origin, body, origin
from tests.factories.processes import Server, serve
from tests.factories.registry import Registry
from tests.factories.upstream_registries import Names

DOMAIN = "registry.example"
ACCOUNT, REGION = "000000000000", "us-east-1"
HOST = f"{ACCOUNT}.dkr.ecr.{REGION}.{DOMAIN}"
API = f"api.ecr.{REGION}.{DOMAIN}"
NAME = "mirrored/app"


class Clock:
    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serve(tmp_path_factory.mktemp("ecr"), extra=["--workers", "1", "--domain", DOMAIN]) as running:
        running.client().create_repository(repositoryName=NAME)
        Registry(running).push(NAME, image(41), "v1")
        yield running


def outbound() -> Outbound:
    return Outbound(Destinations([HOST, API]), lookup=Names())


def api_of(server: Server) -> EcrApi:
    api = EcrApi.of(f"http://{HOST}:{server.port}")
    assert api is not None
    return api


def keys_of(server: Server) -> Keys:
    return Keys(server.credentials.access_key_id, server.credentials.secret_access_key)


@pytest.mark.parametrize(
    ("url", "ecr", "sts"),
    [
        ("https://111122223333.dkr.ecr.eu-west-1.amazonaws.com", "https://api.ecr.eu-west-1.amazonaws.com/",
         "https://sts.eu-west-1.amazonaws.com/"),
        ("https://111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn", "https://api.ecr.cn-north-1.amazonaws.com.cn/",
         "https://sts.cn-north-1.amazonaws.com.cn/"),
        (f"http://{HOST}:5000", f"http://{API}:5000/", f"http://{API}:5000/"),
    ],
)  # fmt: skip
def test_a_registrys_name_says_where_its_api_is(url, ecr, sts):
    api = EcrApi.of(url)
    assert api is not None
    assert (api.ecr_url, api.sts_url) == (ecr, sts)


@pytest.mark.parametrize("host", ["registry.example", "1.dkr.ecr.eu-west-1.amazonaws.com", "evil.example/111122223333",
                                  "111122223333.dkr.ecr.EU.amazonaws.com", "public.ecr.aws"])  # fmt: skip
def test_other_names_say_nothing_of_an_api(host):
    assert EcrApi.of(f"https://{host}") is None


async def test_a_signed_call_logs_in_once_until_it_is_nearly_over(server):
    clock = Clock()
    logins = EcrLogins(outbound(), clock)
    login = await logins.login(api_of(server), keys_of(server))
    assert (login.username, login.password != "") == ("AWS", True)
    assert await logins.login(api_of(server), keys_of(server)) is login
    place = Place.parse(f"http://{HOST}:{server.port}/{NAME}")
    assert (await Repository(outbound(), place, login).manifest(Tag("v1"))).digest == image(41).digest
    clock.now += timedelta(hours=11, minutes=56)
    with pytest.raises(CredentialsRefused):  # asked again, with a time that the server does not believe
        await logins.login(api_of(server), keys_of(server))


async def test_a_roles_session_logs_in_as_that_role(server):
    iam = server.client("iam")
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}
    role = iam.create_role(RoleName="puller", AssumeRolePolicyDocument=_policy(trust))["Role"]["Arn"]
    logins = EcrLogins(outbound(), Clock())
    session = await logins.session(api_of(server), role, "cache", keys_of(server))
    assert session.session_token
    assert await logins.session(api_of(server), role, "cache", keys_of(server)) is session
    with pytest.raises(CredentialsRefused):
        await logins.login(api_of(server), session)
    allowed = {"Effect": "Allow", "Action": "ecr:*", "Resource": "*"}
    iam.put_role_policy(RoleName="puller", PolicyName="pull", PolicyDocument=_policy(allowed))
    login = await logins.login(api_of(server), session)
    place = Place.parse(f"http://{HOST}:{server.port}/{NAME}")
    assert await Repository(outbound(), place, login).head(Tag("v1")) == image(41).digest


async def test_wrong_keys_and_other_peoples_roles_are_refused(server):
    logins = EcrLogins(outbound(), Clock())
    with pytest.raises(CredentialsRefused):
        await logins.login(api_of(server), Keys(server.credentials.access_key_id, "wrong"))
    with pytest.raises(CredentialsRefused):
        await logins.session(api_of(server), "arn:aws:iam::999999999999:role/x", "cache", keys_of(server))


def _policy(statement: Mapping[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture
def there(tmp_path) -> Iterator[Origin]:
    with origin(tmp_path, tls=False) as made:
        yield made


@pytest.mark.parametrize(("answer", "fault"), [
    (body(b'{"__type":"ThrottlingException"}', 400), RequestsTooMany), (body(b"", 503), RegistryFailing),
    (body(b'{"__type":"AccessDeniedException"}', 400), CredentialsRefused), (body(b"{}"), AnswerUnusable),
    (body(b'{"authorizationData":[]}'), AnswerUnusable),
    (body(b'{"authorizationData":[{"authorizationToken":"!","expiresAt":1}]}'), AnswerUnusable),
    (body(b'{"authorizationData":[{"authorizationToken":"QQ==","expiresAt":1e300}]}'), AnswerUnusable),
])  # fmt: skip
async def test_an_api_that_does_not_answer_as_ecr_gives_no_login(there, answer, fault):
    there.answers["/"] = answer
    api = EcrApi(there.url("/"), there.url("/"), REGION)
    logins = EcrLogins(Outbound(Destinations(["localhost"])), Clock())
    with pytest.raises(fault):
        await logins.login(api, Keys("AKIA", "secret"))
    if fault is AnswerUnusable:
        with pytest.raises(AnswerUnusable):
            await logins.session(api, "arn:aws:iam::999999999999:role/x", "cache", Keys("AKIA", "secret"))
    assert "secret" not in str(there.asked)
