"""AssumeRoleWithWebIdentity through boto3, against a provider with real keys."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from entrepot.policy.id_tokens import SOURCE_IDENTITY, TAGS
from tests.behaviour.identities import ACCOUNT, refusal
from tests.behaviour.sessions import allow, deny, document, registry
from tests.factories.issuers import Issuer, issuer
from tests.factories.layouts import image
from tests.factories.processes import Credentials, Server
from tests.federation.parties import ACTION, LOGIN, Federation

SUBJECT = "repo:team/app:ref:refs/heads/main"
REFUSED = ("AccessDenied", f"Not authorized to perform {ACTION}")


def account_of(server: Server, keys: Credentials) -> Any:
    return server.client("sts", credentials=keys).get_caller_identity()


def test_a_token_becomes_credentials_of_the_role(federation: Federation):
    role = federation.role()
    answer = federation.ask(role.arn, federation.provider.token())
    assert answer["SubjectFromWebIdentityToken"] == SUBJECT
    assert (answer["Provider"], answer["Audience"]) == (federation.arn, "sts.amazonaws.com")
    user = {
        "AssumedRoleId": f"{role.id}:run-7",
        "Arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{role.name}/run-7",
    }
    assert answer["AssumedRoleUser"] == user
    left = answer["Credentials"]["Expiration"] - datetime.now(UTC)
    assert 3500 < left.total_seconds() <= 3600
    found = account_of(federation.server, federation.assume(role))
    assert (found["Arn"], found["Account"]) == (user["Arn"], ACCOUNT)


def test_a_pipeline_pushes_without_a_stored_secret(federation: Federation):
    role, made = federation.pusher("federation/app", sub=f"StringEquals:{SUBJECT}"), image(7)
    door = registry(federation.server, federation.assume(role))
    door.push("federation/app", made, "v1")
    assert made.digest in door.pull("federation/app", "v1")


@pytest.mark.parametrize(
    ("conditions", "claims", "allowed"),
    [
        ({"sub": "StringLike:repo:team/*"}, {}, True),
        ({"sub": "StringEquals:repo:team/other"}, {}, False),
        ({"sub": "StringLike:repo:team/*"}, {"sub": "repo:evil/team"}, False),
        ({"aud": "StringEquals:sts.amazonaws.com"}, {}, True),
        ({"aud": "StringEquals:sts.amazonaws.com"}, {"aud": "other-client"}, False),
        ({"aud": "StringEquals:other-client"}, {"aud": ["a", "other-client"], "azp": "other-client"}, True),
        ({"oaud": "ForAnyValue:StringEquals:a"}, {"aud": ["a", "other-client"], "azp": "other-client"}, True),
        ({"azp": "StringEquals:other-client"}, {"aud": "other-client"}, False),
        ({"amr": "ForAnyValue:StringEquals:otp"}, {"amr": ["pwd", "otp"]}, True),
        ({"amr": "ForAnyValue:StringEquals:otp"}, {"amr": ["pwd"]}, False),
    ],
)
def test_claims_are_conditions_of_the_trust_policy(federation: Federation, conditions, claims, allowed: bool):
    key, wanted = next(iter(conditions.items()))
    operator, _, value = wanted.rpartition(":") if wanted.startswith("ForAny") else wanted.partition(":")
    trusted = federation.trusting()
    trusted["Condition"] = {operator: {f"{federation.provider.name}:{key}": value}}
    role, token = federation.role(trusted=trusted), federation.provider.token(**claims)
    if allowed:
        federation.assume(role, token)
    else:
        assert refusal(federation.ask, role_arn=role.arn, token=token) == REFUSED


def test_what_is_not_trusted_is_refused_the_same_whether_or_not_the_role_exists(federation: Federation):
    own = federation.role(trusted={"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"})
    other_action = federation.role(trusted={**federation.trusting(), "Action": "sts:AssumeRole"})
    other_provider = federation.role(
        trusted={**federation.trusting(), "Principal": {"Federated": federation.arn + "/other"}}
    )
    denied = federation.role()
    denied.retrust(federation.trusting(), {**federation.trusting(), "Effect": "Deny", "Action": ACTION})
    token = federation.provider.token()
    absent = f"arn:aws:iam::{ACCOUNT}:role/absent"
    for arn in (own.arn, other_action.arn, other_provider.arn, denied.arn, absent):
        assert refusal(federation.ask, role_arn=arn, token=token) == REFUSED


def test_a_provider_counts_in_the_account_only_that_registered_it(federation: Federation):
    code, message = refusal(
        federation.ask, role_arn="arn:aws:iam::111122223333:role/any", token=federation.provider.token()
    )
    assert code == "InvalidIdentityToken"
    assert message == f"No OpenIDConnect provider found in your account for {federation.provider.url}"


def test_a_provider_is_registered_letter_by_letter(federation: Federation):
    url = federation.provider.url
    for other in (url.replace("localhost", "LOCALHOST"), url.replace("/team", "/Team"), url + "/more", url[:-5]):
        token = federation.provider.token(iss=other)
        assert refusal(federation.ask, role_arn=federation.role().arn, token=token)[0] == "InvalidIdentityToken"


def test_a_provider_that_nobody_registered_is_not_even_asked(federation: Federation, tmp_path):
    with issuer(tmp_path) as stranger:
        assert (
            refusal(federation.ask, role_arn=federation.role().arn, token=stranger.token())[0] == "InvalidIdentityToken"
        )
        assert stranger.origin.asked == []


def test_a_provider_and_its_clients_are_forgotten_at_once(
    server: Server, federation: Federation, tmp_path, provider: Issuer
):
    role, client = federation.role(), "soon-gone"
    iam, token = federation.iam.api, provider.token(aud=client)
    assert refusal(federation.ask, role_arn=role.arn, token=token) == (
        "InvalidIdentityToken",
        "Incorrect token audience",
    )
    iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=federation.arn, ClientID=client)
    federation.assume(role, token)
    iam.remove_client_id_from_open_id_connect_provider(OpenIDConnectProviderArn=federation.arn, ClientID=client)
    assert refusal(federation.ask, role_arn=role.arn, token=token)[0] == "InvalidIdentityToken"


def test_an_expired_token_and_a_claim_that_cannot_be_used_have_codes_of_their_own(federation: Federation):
    role, token = federation.role(), federation.provider.token
    assert refusal(federation.ask, role_arn=role.arn, token=token(exp=1))[0] == "ExpiredTokenException"
    assert refusal(federation.ask, role_arn=role.arn, token=token(sub=""))[0] == "IDPRejectedClaim"
    assert refusal(federation.ask, role_arn=role.arn, token="no.token.here")[0] == "InvalidIdentityToken"
    assert (
        refusal(federation.ask, role_arn=role.arn, token=token(), ProviderId="www.amazon.com")[0] == "ValidationError"
    )


def test_a_provider_that_is_down_has_a_code_of_its_own(federation: Federation, tmp_path):
    with issuer(tmp_path) as gone:
        federation.iam.api.create_open_id_connect_provider(Url=gone.url, ClientIDList=["sts.amazonaws.com"])
        token, name = gone.token(), gone.name
    trusted = {**federation.trusting(), "Principal": {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{name}"}}
    code, message = refusal(federation.ask, role_arn=federation.role(trusted=trusted).arn, token=token)
    assert code == "IDPCommunicationError"
    assert name in message


def test_a_session_lasts_as_long_as_the_role_allows(federation: Federation):
    role = federation.role(MaxSessionDuration=7200)
    answer = federation.ask(role.arn, federation.provider.token(), DurationSeconds=7200)
    assert (answer["Credentials"]["Expiration"] - datetime.now(UTC)).total_seconds() > 7000
    assert refusal(federation.ask, role_arn=role.arn, token=federation.provider.token(), DurationSeconds=7201)[0] == (
        "ValidationError"
    )


def test_a_session_policy_limits_the_session(federation: Federation):
    role = federation.role(LOGIN, allow("ecr:DescribeRepositories"))
    limited = federation.assume(role, Policy=document(LOGIN))
    ecr = federation.server.client(credentials=limited)
    assert ecr.get_authorization_token()
    assert refusal(ecr.describe_repositories)[0] == "AccessDeniedException"
    broken = refusal(federation.ask, role_arn=role.arn, token=federation.provider.token(), Policy="{}")
    assert broken[0] == "MalformedPolicyDocument"


def test_claims_bring_session_tags_and_a_source_identity_that_the_trust_policy_must_allow(federation: Federation):
    tagged = allow("ecr:DescribeRepositories", Condition={"StringEquals": {"aws:PrincipalTag/team": "red"}})
    role = federation.role(tagged, deny("*", Condition={"StringNotEquals": {"aws:SourceIdentity": "alice"}}))
    claims: dict[str, Any] = {
        TAGS: {"principal_tags": {"team": ["red"]}, "transitive_tag_keys": ["team"]},
        SOURCE_IDENTITY: "alice",
    }
    token = federation.provider.token(**claims)
    answer = federation.ask(role.arn, token)
    assert answer["SourceIdentity"] == "alice"
    federation.server.client(credentials=federation.assume(role, token)).describe_repositories()
    for missing in ("sts:TagSession", "sts:SetSourceIdentity"):
        statement = federation.trusting()
        role.retrust({**statement, "Action": [each for each in statement["Action"] if each != missing]})
        assert refusal(federation.ask, role_arn=role.arn, token=token) == REFUSED


def test_the_provider_and_its_claims_are_conditions_of_what_the_session_may_do(federation: Federation):
    keys = {f"{federation.provider.name}:sub": SUBJECT, "aws:FederatedProvider": federation.arn}
    role = federation.role(allow("ecr:DescribeRepositories", Condition={"StringEquals": keys}))
    federation.server.client(credentials=federation.assume(role)).describe_repositories()
    other = federation.assume(role, federation.provider.token(sub="someone"))
    assert refusal(federation.server.client(credentials=other).describe_repositories)[0] == "AccessDeniedException"


def test_no_workers_cache_lets_a_changed_trust_policy_wait(federation: Federation):
    role, token = federation.role(), federation.provider.token()
    for _ in range(10):
        role.retrust(federation.trusting(sub="StringEquals:nobody"))
        assert refusal(federation.ask, role_arn=role.arn, token=token) == REFUSED
        role.retrust(federation.trusting())
        federation.assume(role, token)


def test_a_signed_call_is_no_more_than_an_unsigned_one(server: Server, federation: Federation):
    role = federation.role(trusted=federation.trusting(sub="StringEquals:nobody"))
    given = {"RoleArn": role.arn, "RoleSessionName": "run-7", "WebIdentityToken": federation.provider.token()}
    assert refusal(server.client("sts").assume_role_with_web_identity, **given) == REFUSED


def test_the_token_is_in_no_log(federation: Federation):
    token = federation.provider.token(jti="canary")
    federation.assume(federation.role(), token)
    assert token.encode() not in federation.server.log.read_bytes()
    assert json.dumps(token).encode() not in federation.server.log.read_bytes()
