"""Rules of the pull-through cache: which upstreams they may name, what these are asked with, how they are kept."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.behaviour.identities import ACCOUNT, Iam, refusal
from tests.factories.processes import Server
from tests.factories.pull_through import Upstream, caching

SECRET = "ecr-pullthroughcache/login"


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory, hub: Upstream) -> Iterator[Server]:
    with caching(tmp_path_factory.mktemp("cache"), hub.host) as running:
        yield running


@pytest.fixture(scope="module")
def ecr(cache: Server) -> Any:
    return cache.client()


@pytest.fixture(scope="module")
def iam(cache: Server) -> Iam:
    return Iam(cache)


@pytest.fixture
def prefix(iam: Iam, ecr: Any) -> Iterator[str]:
    """A prefix that no other test uses; its rule goes afterwards."""
    name = iam.name()[:30].lower()
    yield name
    for each in ecr.describe_pull_through_cache_rules()["pullThroughCacheRules"]:
        ecr.delete_pull_through_cache_rule(ecrRepositoryPrefix=each["ecrRepositoryPrefix"])


@pytest.fixture
def secret(cache: Server) -> Iterator[str]:
    """The ARN of a secret with a login."""
    value = json.dumps({"username": "me", "accessToken": "hidden"})
    arn = cache.client("secretsmanager").create_secret(Name=SECRET, SecretString=value)["ARN"]
    yield arn
    cache.client("secretsmanager").delete_secret(SecretId=SECRET, ForceDeleteWithoutRecovery=True)


def test_a_rule_is_kept_as_it_was_made_and_found_until_it_is_deleted(ecr: Any, prefix: str):
    made = ecr.create_pull_through_cache_rule(ecrRepositoryPrefix=prefix, upstreamRegistryUrl="quay.io")
    made.pop("ResponseMetadata")
    shown = {
        "ecrRepositoryPrefix": prefix,
        "upstreamRegistryUrl": "quay.io",
        "registryId": ACCOUNT,
        "upstreamRegistry": "quay",
        "upstreamRepositoryPrefix": "ROOT",
        "createdAt": made["createdAt"],
    }
    assert made == shown
    (found,) = ecr.describe_pull_through_cache_rules(ecrRepositoryPrefixes=[prefix])["pullThroughCacheRules"]
    assert found == shown | {"updatedAt": made["createdAt"]}
    gone = ecr.delete_pull_through_cache_rule(ecrRepositoryPrefix=prefix)
    assert (gone["ecrRepositoryPrefix"], gone["createdAt"]) == (prefix, made["createdAt"])
    code, _ = refusal(ecr.describe_pull_through_cache_rules, ecrRepositoryPrefixes=[prefix])
    assert code == "PullThroughCacheRuleNotFoundException"
    assert ecr.describe_pull_through_cache_rules()["pullThroughCacheRules"] == []


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("public.ecr.aws", "ecr-public"),
        ("registry.k8s.io", "k8s"),
        ("https://quay.io", "quay"),
        (f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com", "ecr"),
    ],
)
def test_an_upstream_that_needs_no_secret_is_told_by_its_host(ecr: Any, prefix: str, url: str, kind: str):
    made = ecr.create_pull_through_cache_rule(ecrRepositoryPrefix=prefix, upstreamRegistryUrl=url)
    assert (made["upstreamRegistry"], made["upstreamRegistryUrl"]) == (kind, url.removeprefix("https://"))


@pytest.mark.parametrize(
    "url",
    [
        *("registry-1.docker.io", "ghcr.io", "registry.gitlab.com", "cgr.dev", "things.azurecr.io"),
    ],
)
def test_an_upstream_that_wants_a_log_in_needs_a_secret(ecr: Any, prefix: str, secret: str, url: str):
    given = {"ecrRepositoryPrefix": prefix, "upstreamRegistryUrl": url}
    assert refusal(ecr.create_pull_through_cache_rule, **given)[0] == "InvalidParameterException"
    assert ecr.create_pull_through_cache_rule(**given, credentialArn=secret)["credentialArn"] == secret


@pytest.mark.parametrize(
    "url", ["registry.example.com", "127.0.0.1:1", "quay.io.example.com", "quay.io/path", "not a host"]
)
def test_what_nobody_lists_is_no_upstream(ecr: Any, prefix: str, url: str):
    code, _ = refusal(ecr.create_pull_through_cache_rule, ecrRepositoryPrefix=prefix, upstreamRegistryUrl=url)
    assert code == "UnsupportedUpstreamRegistryException"


@pytest.mark.parametrize(
    "more",
    [
        {"upstreamRegistryUrl": "quay.io", "upstreamRegistry": "k8s"},
        {"upstreamRegistryUrl": "quay.io", "customRoleArn": f"arn:aws:iam::{ACCOUNT}:role/r"},
        {"upstreamRegistryUrl": "111122223333.dkr.ecr.us-east-1.amazonaws.com"},
        {
            "upstreamRegistryUrl": "111122223333.dkr.ecr.us-east-1.amazonaws.com",
            "customRoleArn": "arn:aws:iam::111122223333:role/r",
        },
    ],
)
def test_what_does_not_go_together_makes_no_rule(ecr: Any, prefix: str, more: dict[str, str]):
    assert (
        refusal(ecr.create_pull_through_cache_rule, ecrRepositoryPrefix=prefix, **more)[0]
        == "InvalidParameterException"
    )


def test_a_secret_that_cannot_be_used_makes_no_rule(cache: Server, ecr: Any, prefix: str, secret: str):
    given = {"ecrRepositoryPrefix": prefix, "upstreamRegistryUrl": "ghcr.io"}
    absent = secret[:-6] + "Absent"
    assert refusal(ecr.create_pull_through_cache_rule, **given, credentialArn=absent)[0] == "SecretNotFoundException"
    cache.client("secretsmanager").put_secret_value(SecretId=SECRET, SecretString="no JSON")
    code, _ = refusal(ecr.create_pull_through_cache_rule, **given, credentialArn=secret)
    assert code == "UnableToDecryptSecretValueException"
    deny = {"Effect": "Deny", "Principal": "*", "Action": "secretsmanager:GetSecretValue", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    cache.client("secretsmanager").put_resource_policy(SecretId=SECRET, ResourcePolicy=policy)
    code, _ = refusal(ecr.create_pull_through_cache_rule, **given, credentialArn=secret)
    assert code == "UnableToAccessSecretException"


def test_a_prefix_has_one_rule_and_its_slash_is_assumed(ecr: Any, prefix: str):
    ecr.create_pull_through_cache_rule(ecrRepositoryPrefix=prefix, upstreamRegistryUrl="quay.io")
    code, _ = refusal(
        ecr.create_pull_through_cache_rule, ecrRepositoryPrefix=f"{prefix}/", upstreamRegistryUrl="registry.k8s.io"
    )
    assert code == "PullThroughCacheRuleAlreadyExistsException"


def test_only_a_rule_with_a_prefix_narrows_the_upstream(ecr: Any, prefix: str):
    given = {"upstreamRegistryUrl": "quay.io", "upstreamRepositoryPrefix": "team"}
    code, _ = refusal(ecr.create_pull_through_cache_rule, ecrRepositoryPrefix="ROOT", **given)
    assert code == "InvalidParameterException"
    assert ecr.create_pull_through_cache_rule(ecrRepositoryPrefix=prefix, **given)["upstreamRepositoryPrefix"] == "team"


def test_an_update_changes_what_the_upstream_is_asked_with(cache: Server, ecr: Any, prefix: str, secret: str):
    ecr.create_pull_through_cache_rule(ecrRepositoryPrefix=prefix, upstreamRegistryUrl="quay.io")
    changed = ecr.update_pull_through_cache_rule(ecrRepositoryPrefix=prefix, credentialArn=secret)
    assert changed["credentialArn"] == secret
    (found,) = ecr.describe_pull_through_cache_rules()["pullThroughCacheRules"]
    assert (found["credentialArn"], found["updatedAt"]) == (secret, changed["updatedAt"])
    code, _ = refusal(ecr.update_pull_through_cache_rule, ecrRepositoryPrefix="absent")
    assert code == "PullThroughCacheRuleNotFoundException"


def test_rules_come_page_by_page_and_are_fifty_at_most(ecr: Any, prefix: str):
    names = [f"{prefix[:24]}{number:02}" for number in range(50)]
    for name in names:
        ecr.create_pull_through_cache_rule(ecrRepositoryPrefix=name, upstreamRegistryUrl="quay.io")
    pages = ecr.get_paginator("describe_pull_through_cache_rules").paginate(PaginationConfig={"PageSize": 7})
    assert [each["ecrRepositoryPrefix"] for page in pages for each in page["pullThroughCacheRules"]] == names
    code, _ = refusal(ecr.create_pull_through_cache_rule, ecrRepositoryPrefix="more", upstreamRegistryUrl="quay.io")
    assert code == "LimitExceededException"


def test_validating_asks_the_upstream(hub: Upstream, ecr: Any, prefix: str):
    ecr.create_pull_through_cache_rule(ecrRepositoryPrefix=prefix, upstreamRegistryUrl=hub.host)
    valid = ecr.validate_pull_through_cache_rule(ecrRepositoryPrefix=prefix)
    assert (valid["isValid"], valid.get("failure")) == (True, None)
    answer = hub.origin.answers.pop("/v2/")
    try:
        invalid = ecr.validate_pull_through_cache_rule(ecrRepositoryPrefix=prefix)
        assert invalid["isValid"] is False
        assert invalid["failure"]
    finally:
        hub.origin.answers["/v2/"] = answer


def test_how_long_a_tag_is_believed_is_set_by_rule(cache: Server, ecr: Any, prefix: str):
    own = cache.client("entrepot")
    ecr.create_pull_through_cache_rule(ecrRepositoryPrefix=prefix, upstreamRegistryUrl="quay.io")
    assert own.get_pull_through_cache_settings(ecrRepositoryPrefix=prefix)["ttlSeconds"] == 86_400
    own.put_pull_through_cache_settings(ecrRepositoryPrefix=prefix, ttlSeconds=60)
    assert own.get_pull_through_cache_settings(ecrRepositoryPrefix=prefix)["ttlSeconds"] == 60
    code, _ = refusal(own.put_pull_through_cache_settings, ecrRepositoryPrefix=prefix, ttlSeconds=-1)
    assert code == "InvalidParameterException"
