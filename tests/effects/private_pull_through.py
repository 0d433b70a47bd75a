"""Effects of ECR's operations on pull-through cache rules: what an upstream has is pulled here, or is not."""

import json
from typing import Any

from tests.effects.case import Case, Place
from tests.factories.layouts import image

_LOGIN = json.dumps({"username": "me", "accessToken": "hidden"})


def prefix(place: Place) -> str:
    """The prefix of the case's rule."""
    return f"{place.operation[0]}{place.operation[-1]}-{len(place.operation)}-cache".lower()


def named(place: Place) -> dict[str, str]:
    """What names the case's rule."""
    return {"ecrRepositoryPrefix": prefix(place)}


def create_rule(place: Place, **more: str) -> None:
    """The case's rule."""
    place.root.create_pull_through_cache_rule(**named(place), upstreamRegistryUrl=place.hub.host, **more)


def delete_rule(place: Place) -> None:
    """It away."""
    place.root.delete_pull_through_cache_rule(**named(place))


def pulled(place: Place) -> object:
    """What the registry answers to who pulls an image that only the upstream has; each time another one."""
    number = place.kept["pulls"] = place.kept.get("pulls", 0) + 1
    name = f"{prefix(place)}/app{number}"
    place.hub.put(name.partition("/")[2], image(4400 + number, layers=1), "v1")
    return place.door().request("GET", f"/v2/{name}/manifests/v1").status


def described(client: Any, place: Place) -> object:
    """The rule as it is described."""
    (found,) = client.describe_pull_through_cache_rules(ecrRepositoryPrefixes=[prefix(place)])["pullThroughCacheRules"]
    return found["upstreamRegistryUrl"], found.get("credentialArn")


def secret(place: Place, name: str) -> str:
    """The ARN of a new secret with a log-in."""
    made = place.client("secretsmanager").create_secret(Name=f"ecr-pullthroughcache/{name}", SecretString=_LOGIN)
    return str(made["ARN"])


def with_two_secrets(place: Place) -> None:
    """A rule with a log-in, and another log-in."""
    place.kept |= {"first": secret(place, "first"), "second": secret(place, "second")}
    create_rule(place, credentialArn=place.kept["first"])


def update(place: Place) -> Any:
    """The other log-in to the rule."""
    return place.call(**named(place), credentialArn=place.kept["second"])


def update_back(place: Place) -> None:
    """The first one again."""
    place.root.update_pull_through_cache_rule(**named(place), credentialArn=place.kept["first"])


CASES = (
    Case(
        "CreatePullThroughCacheRule",
        lambda place: place.call(**named(place), upstreamRegistryUrl=place.hub.host),
        pulled,
        delete_rule,
    ),
    Case("DeletePullThroughCacheRule", lambda place: place.call(**named(place)), pulled, create_rule, create_rule),
    Case(
        "DescribePullThroughCacheRules",
        create_rule,
        lambda place: described(place.one, place),
        delete_rule,
        by="look",
    ),
    Case(
        "UpdatePullThroughCacheRule", update, lambda place: described(place.root, place), update_back, with_two_secrets
    ),
    Case(
        "ValidatePullThroughCacheRule",
        create_rule,
        lambda place: place.call(**named(place))["isValid"],
        delete_rule,
        by="look",
    ),
)
