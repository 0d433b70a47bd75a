"""Traps of session tokens: cut, altered, expired, of others, with another key; and what answers let infer."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from botocore.exceptions import ClientError

from entrepot.seal import Seal, sessions, tokens
from entrepot.seal.sessions import Session
from tests.factories.processes import Credentials, Server
from tests.factories.registry import Registry
from tests.traps.door import fresh
from tests.traps.test_tokens import seal_of, told

ACCOUNT = "000000000000"
ALL = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}],
    }
)
UNKNOWN = {"ecr": "UnrecognizedClientException", "sts": "InvalidClientTokenId", "iam": "InvalidClientTokenId"}
EXPIRED = {"ecr": "ExpiredTokenException", "sts": "ExpiredToken", "iam": "ExpiredToken"}
CALLS = {"ecr": "describe_repositories", "sts": "get_caller_identity", "iam": "list_users"}


@pytest.fixture(scope="module")
def role(server: Server) -> Iterator[str]:
    """The ARN of a role that may do everything."""
    iam = server.client("iam")
    made = iam.create_role(RoleName="session-traps", AssumeRolePolicyDocument=TRUST)["Role"]
    iam.put_role_policy(RoleName="session-traps", PolicyName="all", PolicyDocument=ALL)
    yield str(made["Arn"])
    iam.delete_role_policy(RoleName="session-traps", PolicyName="all")
    iam.delete_role(RoleName="session-traps")


def assumed(server: Server, role: str) -> Credentials:
    made = server.client("sts").assume_role(RoleArn=role, RoleSessionName="run")["Credentials"]
    return Credentials(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])


def with_token(keys: Credentials, token: str | None) -> Credentials:
    return Credentials(keys.access_key_id, keys.secret_access_key, token)


def session_of(server: Server, keys: Credentials) -> Session:
    return sessions.read(seal_of(server), keys.session_token or "")


def changed(server: Server, keys: Credentials, **values: Any) -> Credentials:
    """A session that this server could have made, but for these values."""
    session = msgspec.structs.replace(session_of(server, keys), **values)
    return Credentials(session.key_id, session.secret, sessions.issue(seal_of(server), session))


def code(server: Server, service: str, keys: Credentials) -> str:
    """The code of a call's refusal, '' where there is none; it is never our fault."""
    try:
        getattr(server.client(service, credentials=keys), CALLS[service])()
    except ClientError as refused:
        if refused.response["ResponseMetadata"]["HTTPStatusCode"] not in {400, 403}:
            raise
        return str(refused.response["Error"]["Code"])
    return ""


@pytest.mark.parametrize("service", CALLS)
def test_a_token_that_is_not_good_is_no_credential(
    server: Server, stranger: Credentials, role: str, service: str
) -> None:
    keys, other = assumed(server, role), assumed(server, role)
    token = keys.session_token or ""
    middle = len(token) // 2
    bad = {
        "none": None,
        "cut short": token[:-4],
        "cut to nothing": token[:1],
        "one bit": token[:middle] + ("A" if token[middle] != "A" else "B") + token[middle + 1 :],
        "longer": token + "AAAA",
        "very long": "A" * 6000,
        "nonsense": "nonsense",
        "another session's": other.session_token,
        "a registry token": server.token(keys),
        "another deployment's": sessions.issue(Seal(bytes(32)), session_of(server, keys)),
        "of another owner": changed(server, keys, owner_id="AROAGONEGONEGONEGONE").session_token,
        "of a user's id": changed(server, keys, owner_id=ACCOUNT).session_token,
    }
    assert code(server, service, keys) == ""
    for name, each in bad.items():
        assert code(server, service, with_token(keys, each)) == UNKNOWN[service], name
    wrong = Credentials(keys.access_key_id, other.secret_access_key, token)
    assert code(server, service, wrong) in {"InvalidSignatureException", "SignatureDoesNotMatch"}
    for own in (server.credentials, stranger):
        assert code(server, service, with_token(own, token)) == UNKNOWN[service]
    assert code(server, service, keys) == ""


@pytest.mark.parametrize("service", CALLS)
def test_an_expired_session_is_told_so(server: Server, role: str, service: str) -> None:
    keys = changed(server, assumed(server, role), expires_at=datetime.now(UTC) - timedelta(seconds=1))
    assert code(server, service, keys) == EXPIRED[service]


def test_a_session_that_was_accepted_expires_all_the_same(server: Server, role: str) -> None:
    """And its registry token with it, which may not say a later time."""
    keys = changed(server, assumed(server, role), expires_at=datetime.now(UTC) + timedelta(seconds=30))
    claims = tokens.read(seal_of(server), server.token(keys))
    assert claims.session is not None
    assert claims.expires_at == claims.session.expires_at
    past = msgspec.structs.replace(claims, expires_at=datetime.now(UTC) - timedelta(seconds=1))
    answer = Registry(server, tokens.issue(seal_of(server), past)).request("GET", "/v2/")
    assert answer.status == 403


def test_a_registry_token_holds_no_secret_of_its_session(server: Server, role: str) -> None:
    """Registry tokens lie in clients' files; whoever finds one must not be able to sign with it."""
    claims = tokens.read(seal_of(server), server.token(assumed(server, role)))
    assert claims.session is not None
    assert claims.session.secret == ""


def test_a_registry_token_of_a_session_that_is_void_is_told_as_any_other(server: Server, role: str) -> None:
    good = tokens.read(seal_of(server), server.token(assumed(server, role)))
    assert good.session is not None
    gone = msgspec.structs.replace(good, session=msgspec.structs.replace(good.session, owner_id="AROAGONE"))
    void = tokens.issue(seal_of(server), gone)
    for path in ("/v2/", f"/v2/{fresh(server)}/tags/list", "/v2/never/was/tags/list"):
        assert told(Registry(server, void).request("GET", path)) == told(
            Registry(server, "nonsense").request("GET", path)
        )


def test_a_presigned_url_carries_a_session_in_its_query(server: Server, role: str) -> None:
    keys = assumed(server, role)
    url = server.client("sts", credentials=keys).generate_presigned_url("get_caller_identity", HttpMethod="GET")
    path = "/?" + url.partition("?")[2]
    anonymous = Registry(server, "")
    answer = anonymous.request("GET", path)
    assert answer.status == 200, answer.data
    assert b"assumed-role/session-traps/run" in answer.data
    token = "X-Amz-Security-Token="
    cut = path[: path.index(token) + len(token)] + "AAAA" + path[path.index("&", path.index(token)) :]
    assert anonymous.request("GET", cut).status == 403


def test_what_a_denial_says_of_a_role_is_the_same_in_every_header(server: Server, stranger: Credentials) -> None:
    sts = server.client("sts", credentials=stranger)
    answers = []
    for name in ("session-traps", "never-was"):
        with pytest.raises(ClientError) as refused:
            sts.assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{name}", RoleSessionName="run")
        response = refused.value.response
        headers = {key for key in response["ResponseMetadata"]["HTTPHeaders"] if key != "content-length"}
        answers.append((response["Error"]["Message"].replace(name, "NAME"), headers))
    assert answers[0] == answers[1]
