"""Repository creation templates, and repositories that a push creates: what a template says holds in what it makes."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.behaviour.callers import User, allow, of, policy
from tests.behaviour.doors import Door, outcome, push
from tests.behaviour.identities import ACCOUNT, Iam, refusal
from tests.behaviour.looked_up import awaited, lookup
from tests.factories.layouts import image
from tests.factories.lifecycle import rule, text
from tests.factories.processes import Server
from tests.factories.registry import Registry, error_codes

PUSH = [
    *("ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload", "ecr:PutImage", "ecr:BatchGetImage"),
    *("ecr:BatchCheckLayerAvailability", "ecr:GetAuthorizationToken"),
]
EXPIRE = json.dumps(json.loads(text(rule(1, 1))), separators=(",", ":"))  # as ECR prints it


def trust(effect: str = "Allow") -> dict[str, Any]:
    """A trust policy about ECR."""
    statement = {"Effect": effect, "Principal": {"Service": "ecr.amazonaws.com"}, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [statement]}


@pytest.fixture
def prefix(iam: Iam, ecr: Any) -> Iterator[str]:
    """A prefix that no other test uses; its templates go afterwards."""
    name = iam.name()
    yield name
    for found in templates(ecr):
        if found["prefix"].startswith(name) or found["prefix"] == "ROOT":
            ecr.delete_repository_creation_template(prefix=found["prefix"])


def templates(ecr: Any, **given: Any) -> list[dict[str, Any]]:
    pages = ecr.get_paginator("describe_repository_creation_templates").paginate(**given)
    return [each for page in pages for each in page["repositoryCreationTemplates"]]


def on_push(ecr: Any, prefix: str, **settings: Any) -> None:
    ecr.create_repository_creation_template(prefix=prefix, appliedFor=["CREATE_ON_PUSH"], **settings)


def repository(ecr: Any, name: str) -> dict[str, Any]:
    found: dict[str, Any] = ecr.describe_repositories(repositoryNames=[name])["repositories"][0]
    return found


def role(iam: Iam, trusted: dict[str, Any], *statements: dict[str, Any]) -> str:
    name = iam.role()
    iam.api.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trusted))
    iam.api.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy(*statements or [allow("ecr:*")]))
    return str(iam.api.get_role(RoleName=name)["Role"]["Arn"])


def test_a_template_is_shown_as_it_was_given_until_it_is_deleted(ecr: Any, iam: Iam, prefix: str):
    given = {
        "description": "for a team",
        "encryptionConfiguration": {"encryptionType": "AES256"},
        "resourceTags": [{"Key": "team", "Value": "one"}],
        "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
        "imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": "dev-*"}],
        "lifecyclePolicy": EXPIRE,
        "appliedFor": ["REPLICATION", "PULL_THROUGH_CACHE"],
        "customRoleArn": role(iam, trust()),
    }
    made = ecr.create_repository_creation_template(prefix=prefix, **given)["repositoryCreationTemplate"]
    assert made == {"prefix": prefix, **given, "createdAt": made["createdAt"], "updatedAt": made["createdAt"]}
    assert templates(ecr, prefixes=[prefix, f"{prefix}/absent"]) == [made]
    assert made in templates(ecr)
    assert ecr.delete_repository_creation_template(prefix=prefix)["repositoryCreationTemplate"] == made
    assert templates(ecr, prefixes=[prefix]) == []
    assert refusal(ecr.delete_repository_creation_template, prefix=prefix)[0] == "TemplateNotFoundException"


def test_an_update_changes_what_it_names_and_an_empty_text_takes_away(ecr: Any, prefix: str):
    on_push(ecr, prefix, description="before", imageTagMutability="IMMUTABLE", repositoryPolicy=policy_for("*"))
    ecr.update_repository_creation_template(prefix=prefix, description="after", repositoryPolicy="")
    (found,) = templates(ecr, prefixes=[prefix])
    assert (found["description"], found["imageTagMutability"]) == ("after", "IMMUTABLE")
    assert found["appliedFor"] == ["CREATE_ON_PUSH"]
    assert "repositoryPolicy" not in found
    assert found["updatedAt"] > found["createdAt"]
    assert refusal(ecr.update_repository_creation_template, prefix=f"{prefix}/x")[0] == "TemplateNotFoundException"


def policy_for(principal: Any) -> str:
    return policy({"Effect": "Allow", "Principal": principal, "Action": "ecr:BatchGetImage"})


def test_templates_come_page_by_page_in_order_each_once(ecr: Any, prefix: str):
    names = [f"{prefix}/{letter}" for letter in "edcba"]
    for name in names:
        on_push(ecr, name)
    pages = list(ecr.get_paginator("describe_repository_creation_templates").paginate(PaginationConfig={"PageSize": 2}))
    found = [each["prefix"] for page in pages for each in page["repositoryCreationTemplates"]]
    assert [name for name in found if name.startswith(prefix)] == sorted(names)
    assert all(len(page["repositoryCreationTemplates"]) <= 2 for page in pages)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"resourceTags": [{"Key": "k", "Value": "v"}]}, "a custom role is required"),
        ({"customRoleArn": "role"}, "in the account of the registry"),
        ({"imageTagMutability": "MUTABLE_WITH_EXCLUSION"}, "can't be null"),
        ({"lifecyclePolicy": '{"rules": [{}]}'}, "ifecycle policy validation failure"),
        ({"repositoryPolicy": '{"not": "a policy"}'}, "Invalid repository policy provided"),
        ({"encryptionConfiguration": {"encryptionType": "KMS_DSSE"}}, "encryption"),
        ({"resourceTags": [{"Key": "aws:k", "Value": "v"}], "customRoleArn": f"arn:aws:iam::{ACCOUNT}:role/r"}, "aws:"),
    ],
)
def test_a_template_that_no_repository_could_be_made_of_is_refused(ecr: Any, prefix: str, settings: Any, told: str):
    given = {"prefix": prefix, "appliedFor": ["CREATE_ON_PUSH"], **settings}
    code, message = refusal(ecr.create_repository_creation_template, **given)
    assert code == "InvalidParameterException"
    assert told in message
    assert templates(ecr, prefixes=[prefix]) == []


def test_a_prefix_has_one_template_with_or_without_its_slash(ecr: Any, prefix: str):
    on_push(ecr, f"{prefix}/")
    assert templates(ecr, prefixes=[prefix])[0]["prefix"] == f"{prefix}/"
    again = refusal(ecr.create_repository_creation_template, prefix=prefix, appliedFor=["REPLICATION"])
    assert again[0] == "TemplateAlreadyExistsException"


def test_a_push_creates_the_repository_as_the_longest_prefix_says(ecr: Any, door: Door, reader: Door, prefix: str):
    on_push(ecr, prefix, imageTagMutability="MUTABLE")
    on_push(ecr, f"{prefix}/app", imageTagMutability="IMMUTABLE")
    ecr.create_repository_creation_template(
        prefix=f"{prefix}/app/deep", appliedFor=["REPLICATION"], imageTagMutability="MUTABLE"
    )
    name, first, second = f"{prefix}/app/deep/{door.name}-{reader.name}", image(1), image(2)
    push(door, name, first, "v1")
    push(door, name, second, "other")
    assert outcome(door.put, name, second.manifest, "v1") == "tag immutable"
    assert reader.read(name, "v1") == first.manifest
    assert repository(ecr, name)["imageTagMutability"] == "IMMUTABLE"


def test_root_applies_where_no_prefix_does_and_a_prefix_is_whole_segments(ecr: Any, door: Door, prefix: str):
    on_push(ecr, "ROOT", imageTagMutability="IMMUTABLE")
    on_push(ecr, prefix, imageTagMutability="MUTABLE")
    beside, itself, below = f"{prefix}x/{door.name}", prefix + door.name, f"{prefix}/{door.name}"
    for name in (beside, itself, below):
        push(door, name, image(1), "v1")
    modes = [repository(ecr, name)["imageTagMutability"] for name in (beside, itself, below)]
    assert modes == ["IMMUTABLE", "IMMUTABLE", "MUTABLE"]


def test_without_a_template_for_pushes_nothing_is_created(ecr: Any, door: Door, server: Server, prefix: str):
    ecr.create_repository_creation_template(prefix=prefix, appliedFor=["REPLICATION", "PULL_THROUGH_CACHE"])
    name = f"{prefix}/{door.name}"
    assert outcome(door.upload, name, image(1).config) == "repository absent"
    refused = Registry(server).put_manifest(name, "v1", image(1).manifest)
    assert (refused.status, error_codes(refused)) == (404, ["NAME_UNKNOWN"])
    assert refusal(ecr.describe_repositories, repositoryNames=[name])[0] == "RepositoryNotFoundException"


def test_every_way_to_bring_something_creates_and_no_read_does(ecr: Any, server: Server, repository_with: str, prefix):
    on_push(ecr, prefix)
    registry, made = Registry(server), image(1)
    for path in ("manifests/v1", f"blobs/{made.config.digest}", "tags/list", f"referrers/{made.digest}"):
        assert registry.request("GET", f"/v2/{prefix}/read/{path}").status == 404
    mount = f"/v2/{prefix}/mounted/blobs/uploads/?mount={made.config.digest}&from={repository_with}"
    assert registry.request("POST", mount, b"").status == 201
    whole = f"/v2/{prefix}/whole/blobs/uploads/?digest={made.config.digest}"
    assert registry.request("POST", whole, made.config.data).status == 201
    assert registry.put_manifest(f"{prefix}/put", "v1", made.manifest).status == 404  # its layers are not there
    found = {name for page in pages_of(ecr) for name in page if name.startswith(prefix)}
    assert found == {f"{prefix}/{name}" for name in ("mounted", "whole", "put")}


@pytest.fixture
def repository_with(server: Server, repository: str) -> str:
    """A repository with an image."""
    Registry(server).push(repository, image(1), "v1")
    return repository


def pages_of(ecr: Any) -> Iterator[list[str]]:
    for page in ecr.get_paginator("describe_repositories").paginate():
        yield [each["repositoryName"] for each in page["repositories"]]


def test_fifty_first_pushes_at_once_create_one_repository(ecr: Any, server: Server, prefix: str):
    on_push(ecr, prefix, imageTagMutability="IMMUTABLE")
    registry, blob = Registry(server), image(1).config
    name = f"{prefix}/many"

    def begin(_: int) -> int:
        return int(registry.request("POST", f"/v2/{name}/blobs/uploads/", b"").status)

    # fifty that begin, one blob that is pushed whole, and the creation, which the trail is told of last
    with ThreadPoolExecutor(50) as pool:
        assert set(pool.map(begin, range(50))) == {202}
    registry.push_blob(name, blob)
    trail = server.client("cloudtrail")
    told = awaited(lambda: lookup(trail, "ResourceName", f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/{name}"), 53)
    assert [event["EventName"] for event in told].count("CreateRepository") == 1


def test_who_pushes_must_be_allowed_to_create(ecr: Any, user: User, door: Door, prefix: str):
    on_push(ecr, prefix)
    name = f"{prefix}/{door.name}"
    user.put("push", allow([each for each in PUSH if each != "ecr:GetAuthorizationToken"], of(f"{prefix}/*")))
    user.put("token", allow("ecr:GetAuthorizationToken"))
    refused = user.registry().request("POST", f"/v2/{name}/blobs/uploads/", b"")
    assert (refused.status, error_codes(refused)) == (403, ["DENIED"])
    assert b"ecr:CreateRepository" in refused.data
    assert refusal(user.ecr.initiate_layer_upload, repositoryName=name)[0] == "AccessDeniedException"
    user.put("create", allow("ecr:CreateRepository", of(f"{prefix}/*")))
    assert user.registry().request("POST", f"/v2/{name}/blobs/uploads/", b"").status == 202
    assert repository(ecr, name)["repositoryName"] == name


def test_who_may_not_push_creates_nothing(ecr: Any, user: User, prefix: str):
    on_push(ecr, prefix)
    user.put("create", allow(["ecr:CreateRepository", "ecr:GetAuthorizationToken"]))
    refused = user.registry().request("POST", f"/v2/{prefix}/app/blobs/uploads/", b"")
    assert refused.status == 403
    assert b"ecr:InitiateLayerUpload" in refused.data
    assert refusal(ecr.describe_repositories, repositoryNames=[f"{prefix}/app"])[0] == "RepositoryNotFoundException"


def test_policies_and_tags_of_a_template_hold_in_what_it_makes(ecr: Any, iam: Iam, user: User, server: Server, prefix):
    arn = role(iam, trust())
    on_push(
        ecr,
        prefix,
        repositoryPolicy=policy_for({"AWS": user.arn}),
        resourceTags=[{"Key": "team", "Value": "one"}],
        lifecyclePolicy=EXPIRE,
        customRoleArn=arn,
    )
    Registry(server).push(f"{prefix}/app", image(1), "v1")
    made = repository(ecr, f"{prefix}/app")
    assert ecr.list_tags_for_resource(resourceArn=made["repositoryArn"])["tags"] == [{"Key": "team", "Value": "one"}]
    user.put("token", allow("ecr:GetAuthorizationToken"))
    assert user.registry().pull_manifest(f"{prefix}/app", "v1") == image(1).manifest
    assert user.arn in ecr.get_repository_policy(repositoryName=f"{prefix}/app")["policyText"]
    followed = ecr.get_lifecycle_policy(repositoryName=f"{prefix}/app")["lifecyclePolicyText"]
    assert json.loads(followed) == json.loads(EXPIRE)


@pytest.mark.parametrize("wrong", ["absent", "untrusting", "powerless"])
def test_a_custom_role_that_cannot_create_makes_the_push_fail(ecr: Any, iam: Iam, server: Server, prefix: str, wrong):
    arn = {
        "absent": lambda: f"arn:aws:iam::{ACCOUNT}:role/absent",
        "untrusting": lambda: role(iam, trust("Deny")),
        "powerless": lambda: role(iam, trust(), allow("ecr:CreateRepository")),
    }[wrong]()
    on_push(ecr, prefix, customRoleArn=arn, resourceTags=[{"Key": "k", "Value": "v"}])
    refused = Registry(server).request("POST", f"/v2/{prefix}/app/blobs/uploads/", b"")
    assert (refused.status, error_codes(refused)) == (403, ["DENIED"])
    assert ("ecr:TagResource" if wrong == "powerless" else arn).encode() in refused.data
    assert refusal(ecr.describe_repositories, repositoryNames=[f"{prefix}/app"])[0] == "RepositoryNotFoundException"


def test_who_keeps_a_template_must_be_allowed_what_it_does(ecr: Any, iam: Iam, user: User, prefix: str):
    asked: dict[str, Any] = {"prefix": prefix, "appliedFor": ["CREATE_ON_PUSH"], "repositoryPolicy": policy_for("*")}
    asked |= {"customRoleArn": role(iam, trust()), "lifecyclePolicy": EXPIRE}
    needed = [
        allow("ecr:CreateRepositoryCreationTemplate"),
        allow("ecr:CreateRepository", of(f"{prefix}/*")),
        allow("ecr:SetRepositoryPolicy", of(f"{prefix}/*")),
        allow("ecr:PutLifecyclePolicy", of(f"{prefix}/*")),
        allow("iam:PassRole", asked["customRoleArn"]),
    ]
    for number, statement in enumerate(needed):
        code, message = refusal(user.ecr.create_repository_creation_template, **asked)
        assert code == "AccessDeniedException"
        assert statement["Action"] in message
        user.put(f"p{number}", statement)
    user.ecr.create_repository_creation_template(**asked)


def test_a_template_changes_nothing_that_exists_and_no_explicit_creation(ecr: Any, make_repository: Any, prefix: str):
    on_push(ecr, "behaviour", imageTagMutability="IMMUTABLE")
    try:
        assert repository(ecr, make_repository())["imageTagMutability"] == "MUTABLE"
    finally:
        ecr.delete_repository_creation_template(prefix="behaviour")
