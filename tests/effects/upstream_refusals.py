"""What provokes the errors of pull-through cache rules, of their secrets, and of upstreams that do not answer."""

import json
from collections.abc import Mapping
from typing import Any

from tests.effects.acts import IMAGE
from tests.effects.refusing import Ask, Ground, call
from tests.factories.layouts import image
from tests.factories.registry import Registry

DEAD = "127.0.0.1:9"  # nothing listens there
_BODILESS = image(4500, layers=1)
_SECRET = "ecr-pullthroughcache/refusals"
_LOGIN = json.dumps({"username": "me", "accessToken": "hidden"})
_QUAY = {"ecrRepositoryPrefix": "refused", "upstreamRegistryUrl": "quay.io"}
_SPARE = "arn:aws:secretsmanager:us-east-1:000000000000:secret:ecr-pullthroughcache/absent-AAAAAA"


def _denied() -> str:
    deny = {"Effect": "Deny", "Principal": "*", "Action": "secretsmanager:GetSecretValue", "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [deny]})


def _with_secret(operation: str, value: str = _LOGIN, *, denied: bool = False) -> Ask:
    """An operation with a secret of this value."""

    def ask(ground: Ground, service: str) -> Any:
        secrets = ground.client("secretsmanager")
        arn = secrets.create_secret(Name=_SECRET, SecretString=value)["ARN"]
        try:
            if denied:
                secrets.put_resource_policy(SecretId=_SECRET, ResourcePolicy=_denied())
            given = {**_QUAY, "ecrRepositoryPrefix": "fresh"} if operation.startswith("Create") else _existing(ground)
            return ground.call(service, operation, **given, credentialArn=arn)
        finally:
            secrets.delete_secret(SecretId=_SECRET, ForceDeleteWithoutRecovery=True)

    return ask


def _existing(ground: Ground) -> dict[str, str]:
    """What names a rule that is there."""
    api = ground.client("ecr")
    if not any(
        each["ecrRepositoryPrefix"] == "there"
        for each in api.describe_pull_through_cache_rules()["pullThroughCacheRules"]
    ):
        api.create_pull_through_cache_rule(ecrRepositoryPrefix="there", upstreamRegistryUrl="quay.io")
    return {"ecrRepositoryPrefix": "there"}


def _absent_secret(ground: Ground, service: str) -> Any:
    return ground.call(service, "UpdatePullThroughCacheRule", **_existing(ground), credentialArn=_SPARE)


def _again(ground: Ground, service: str) -> Any:
    """A rule of a prefix that has one."""
    return ground.call(service, "CreatePullThroughCacheRule", **{**_QUAY, **_existing(ground)})


def _too_many(ground: Ground, service: str) -> None:
    """One more than a registry may have; none is left of them."""
    made = []
    try:
        for number in range(52):
            named = {"ecrRepositoryPrefix": f"many{number}"}
            ground.call(service, "CreatePullThroughCacheRule", **{**_QUAY, **named})
            made.append(named)
    finally:
        for named in made:
            ground.call(service, "DeletePullThroughCacheRule", **named)


def _layer(ground: Ground, service: str) -> Any:
    """A layer that the upstream names, and has not: a HEAD does not have it fetched before it is asked for here."""
    api = ground.client("ecr")
    api.create_pull_through_cache_rule(ecrRepositoryPrefix="bodiless", upstreamRegistryUrl=ground.hub.host)
    ground.hub.put_manifest("app", _BODILESS.manifest, "v1", _BODILESS.digest)
    named = {"repositoryName": "bodiless/app"}
    assert Registry(ground.server).request("HEAD", "/v2/bodiless/app/manifests/v1").status == 200
    return ground.call(service, "GetDownloadUrlForLayer", **named, layerDigest=_BODILESS.layers[0].digest)


def _referrers(ground: Ground, service: str) -> Any:
    """The referrers of an image of an upstream where nothing listens."""
    ground.client("ecr").create_pull_through_cache_rule(ecrRepositoryPrefix="dead", upstreamRegistryUrl=DEAD)
    ground.call(service, "CreateRepository", repositoryName="dead/app")
    return ground.call(
        service, "ListImageReferrers", repositoryName="dead/app", subjectId={"imageDigest": IMAGE.digest}
    )


PROVOKED: Mapping[tuple[str, str], Ask] = {
    ("CreatePullThroughCacheRule", "LimitExceededException"): _too_many,
    ("CreatePullThroughCacheRule", "PullThroughCacheRuleAlreadyExistsException"): _again,
    ("CreatePullThroughCacheRule", "SecretNotFoundException"): call(
        "CreatePullThroughCacheRule", **_QUAY, credentialArn=_SPARE
    ),
    ("CreatePullThroughCacheRule", "UnableToAccessSecretException"): _with_secret(
        "CreatePullThroughCacheRule", denied=True
    ),
    ("CreatePullThroughCacheRule", "UnableToDecryptSecretValueException"): _with_secret(
        "CreatePullThroughCacheRule", "no JSON"
    ),
    ("CreatePullThroughCacheRule", "UnsupportedUpstreamRegistryException"): call(
        "CreatePullThroughCacheRule", ecrRepositoryPrefix="refused", upstreamRegistryUrl="registry.example.com"
    ),
    **{
        (operation, "PullThroughCacheRuleNotFoundException"): call(operation, ecrRepositoryPrefix="refused-absent")
        for operation in (
            *("DeletePullThroughCacheRule", "UpdatePullThroughCacheRule", "ValidatePullThroughCacheRule"),
        )
    },
    ("DescribePullThroughCacheRules", "PullThroughCacheRuleNotFoundException"): call(
        "DescribePullThroughCacheRules", ecrRepositoryPrefixes=["refused-absent"]
    ),
    ("UpdatePullThroughCacheRule", "SecretNotFoundException"): _absent_secret,
    ("UpdatePullThroughCacheRule", "UnableToAccessSecretException"): _with_secret(
        "UpdatePullThroughCacheRule", denied=True
    ),
    ("UpdatePullThroughCacheRule", "UnableToDecryptSecretValueException"): _with_secret(
        "UpdatePullThroughCacheRule", "no JSON"
    ),
    ("GetDownloadUrlForLayer", "UnableToGetUpstreamLayerException"): _layer,
    ("ListImageReferrers", "UnableToListUpstreamImageReferrersException"): _referrers,
}
