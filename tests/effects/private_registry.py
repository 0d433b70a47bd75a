"""Effects of ECR's operations on a registry as a whole, on its templates and on its exclusions."""

import json
from typing import Any

from tests.effects.acts import create
from tests.effects.case import ACCOUNT, Case, Part, Place
from tests.factories.layouts import image

_BLOB = image(4103).config
MOUNTING = "BLOB_MOUNTING"


def _root(operation: str, **given: Any) -> Part:
    """An operation of the root without more to say."""
    return lambda place: getattr(place.root, operation)(**given)


def policy(place: Place) -> str:
    """A registry policy."""
    grant = {"Sid": "s", "Effect": "Allow", "Principal": {"AWS": place.account}, "Action": "ecr:ReplicateImage"}
    everything = f"arn:aws:ecr:{place.region}:{place.account}:repository/*"
    return json.dumps({"Version": "2012-10-17", "Statement": [{**grant, "Resource": everything}]})


def put_policy(place: Place) -> None:
    """It to the registry."""
    place.root.put_registry_policy(policyText=policy(place))


def policy_of(answer: Any) -> object:
    """What a policy in an answer says."""
    return json.loads(answer["policyText"])


_delete_policy = _root("delete_registry_policy")


def shown_policy(place: Place) -> object:
    """The registry's policy."""
    return policy_of(place.root.get_registry_policy())


def put_mounting(value: str) -> Part:
    """Whether blobs are mounted."""
    return _root("put_account_setting", name=MOUNTING, value=value)


def with_blob(place: Place) -> None:
    """The case's repository with a blob."""
    create(place)
    place.door().push_blob(place.repository, _BLOB)


def mounted(place: Place) -> object:
    """What the registry answers to a mount into a new repository."""
    place.kept["mounts"] = place.kept.get("mounts", 0) + 1
    target = f"{place.name}-{place.kept['mounts']}"
    place.root.create_repository(repositoryName=target)
    path = place.repository.removesuffix(place.name) + target
    return (
        place.door().request("POST", f"/v2/{path}/blobs/uploads/?mount={_BLOB.digest}&from={place.repository}").status
    )


def put_rules(place: Place) -> None:
    """A rule that scans all pushes."""
    place.root.put_registry_scanning_configuration(**RULES)


RULES = {
    "scanType": "BASIC",
    "rules": [{"scanFrequency": "SCAN_ON_PUSH", "repositoryFilters": [{"filter": "*", "filterType": "WILDCARD"}]}],
}
_no_rules = _root("put_registry_scanning_configuration", scanType="BASIC", rules=[])


def frequency(place: Place) -> object:
    """How the case's repository is scanned."""
    told = place.root.batch_get_repository_scanning_configuration(repositoryNames=[place.name])
    return told["scanningConfigurations"][0]["scanFrequency"]


def template(place: Place, **more: Any) -> dict[str, Any]:
    """The input that makes the case's template."""
    return {"prefix": place.name, "appliedFor": ["CREATE_ON_PUSH"], "imageTagMutability": "IMMUTABLE", **more}


def make_template(place: Place) -> None:
    """The case's template."""
    place.root.create_repository_creation_template(**template(place))


def delete_template(place: Place) -> None:
    """It away."""
    place.root.delete_repository_creation_template(prefix=place.name)


def templates_of(answer: Any) -> object:
    """The templates in an answer."""
    return [(each["prefix"], each["imageTagMutability"]) for each in answer["repositoryCreationTemplates"]]


def templates(place: Place) -> object:
    """The case's template."""
    return templates_of(place.root.describe_repository_creation_templates(prefixes=[place.name]))


def made_by_push(place: Place) -> object:
    """What becomes of a push to a repository below the prefix that does not exist."""
    place.kept["pushes"] = place.kept.get("pushes", 0) + 1
    name = f"{place.name}/made-{place.kept['pushes']}"
    status = place.door().request("POST", f"/v2/{name}/blobs/uploads/", b"").status
    if status != 202:
        return status
    (found,) = place.root.describe_repositories(repositoryNames=[name])["repositories"]
    return found["imageTagMutability"]


def principal(place: Place) -> dict[str, str]:
    """The principal of the case."""
    return {"principalArn": f"arn:aws:iam::{ACCOUNT}:role/{place.operation}"}


def exclude(place: Place) -> None:
    """Its pulls are not counted."""
    place.root.register_pull_time_update_exclusion(**principal(place))


def include(place: Place) -> None:
    """They are again."""
    place.root.deregister_pull_time_update_exclusion(**principal(place))


def exclusions(place: Place) -> object:
    """Whether its pulls are not counted."""
    told = place.root.list_pull_time_update_exclusions()["pullTimeUpdateExclusions"]
    return principal(place)["principalArn"] in told


CASES = (
    Case(
        "PutRegistryPolicy",
        lambda place: place.call(policyText=policy(place)),
        shown_policy,
        _delete_policy,
        apart=True,
    ),
    Case("GetRegistryPolicy", put_policy, lambda place: policy_of(place.call()), _delete_policy, by="look", apart=True),
    Case("DeleteRegistryPolicy", lambda place: place.call(), shown_policy, put_policy, put_policy, apart=True),
    Case(
        "PutAccountSetting",
        lambda place: place.call(name=MOUNTING, value="DISABLED"),
        mounted,
        put_mounting("ENABLED"),
        with_blob,
        apart=True,
    ),
    Case(
        "GetAccountSetting",
        put_mounting("DISABLED"),
        lambda place: place.call(name=MOUNTING)["value"],
        put_mounting("ENABLED"),
        by="look",
        apart=True,
    ),
    Case(
        "PutRegistryScanningConfiguration",
        lambda place: place.call(**RULES),
        frequency,
        _no_rules,
        create,
        apart=True,
    ),
    Case(
        "GetRegistryScanningConfiguration",
        put_rules,
        lambda place: place.call()["scanningConfiguration"],
        _no_rules,
        by="look",
        apart=True,
    ),
    Case(
        "CreateRepositoryCreationTemplate",
        lambda place: place.call(**template(place)),
        made_by_push,
        delete_template,
        also=("ecr:CreateRepository",),
    ),
    Case(
        "UpdateRepositoryCreationTemplate",
        lambda place: place.call(prefix=place.name, imageTagMutability="MUTABLE"),
        made_by_push,
        lambda place: place.root.update_repository_creation_template(prefix=place.name, imageTagMutability="IMMUTABLE"),
        make_template,
    ),
    Case(
        "DeleteRepositoryCreationTemplate",
        lambda place: place.call(prefix=place.name),
        made_by_push,
        make_template,
        make_template,
    ),
    Case(
        "DescribeRepositoryCreationTemplates",
        make_template,
        lambda place: templates_of(place.call(prefixes=[place.name])),
        delete_template,
        by="look",
    ),
    Case("RegisterPullTimeUpdateExclusion", lambda place: place.call(**principal(place)), exclusions, include),
    Case(
        "DeregisterPullTimeUpdateExclusion", lambda place: place.call(**principal(place)), exclusions, exclude, exclude
    ),
    Case(
        "ListPullTimeUpdateExclusions",
        exclude,
        lambda place: principal(place)["principalArn"] in place.call()["pullTimeUpdateExclusions"],
        include,
        by="look",
    ),
)
