"""Conditions on images, tags and circumstances decide over both doors."""

from typing import Any

from tests.behaviour.callers import User, allow, deny, of
from tests.behaviour.identities import Iam, refusal
from tests.behaviour.test_resource_policies import LOGIN, PUSHES, READS, grant, pulls, refuse, set_policy
from tests.factories.layouts import Image, image
from tests.factories.processes import Server
from tests.factories.registry import Registry


def test_a_policy_protects_tags_against_every_way_of_moving_or_removing_them(
    server: Server, ecr: Any, user: User, repository: str
):
    protected, other = image(4), image(5)
    root = Registry(server)
    root.push(repository, protected, "prod-1", "dev-1")
    root.push(repository, other, "dev-2")
    prod = {"StringLike": {"ecr:ImageTag": "prod-*"}}
    user.put("all", allow("ecr:*"), deny(["ecr:PutImage", "ecr:BatchDeleteImage"], Condition=prod))
    registry = user.registry()
    assert registry.put_manifest(repository, "prod-1", other.manifest).status == 403
    assert registry.put_manifest(repository, "prod-2", other.manifest).status == 403
    manifest = other.manifest.data.decode()
    put = user.ecr.put_image
    assert (
        refusal(put, repositoryName=repository, imageManifest=manifest, imageTag="prod-1")[0] == "AccessDeniedException"
    )
    for reference in ("prod-1", protected.digest):
        assert registry.request("DELETE", f"/v2/{repository}/manifests/{reference}").status == 403
    delete = user.ecr.batch_delete_image
    for ids in (
        [{"imageTag": "prod-1"}],
        [{"imageDigest": protected.digest}],
        [{"imageTag": "dev-2"}, {"imageTag": "prod-1"}],
    ):
        assert refusal(delete, repositoryName=repository, imageIds=ids)[0] == "AccessDeniedException"
    assert root.tags(repository) == ["dev-1", "dev-2", "prod-1"]
    assert registry.put_manifest(repository, "dev-3", other.manifest).status == 201
    assert registry.request("DELETE", f"/v2/{repository}/manifests/dev-1").status == 202
    assert registry.request("DELETE", f"/v2/{repository}/manifests/{other.digest}").status == 202
    assert root.tags(repository) == ["prod-1"]


def test_a_policy_lets_pull_by_tag_what_it_names_and_the_same_by_digest(server: Server, user: User, repository: str):
    named, other = image(6), image(7)
    root = Registry(server)
    root.push(repository, named, "prod-1", "also")
    root.push(repository, other, "dev-1")
    user.put("login", allow([LOGIN, "ecr:GetDownloadUrlForLayer"]))
    user.put("prod", allow("ecr:BatchGetImage", Condition={"StringLike": {"ecr:ImageTag": ["prod-*", "also"]}}))
    assert pulls(user, repository, "prod-1")
    assert pulls(user, repository, named.digest)
    assert not pulls(user, repository, "dev-1")
    assert not pulls(user, repository, other.digest)
    assert not pulls(user, repository, "absent")


def test_a_policy_allows_a_digest_alone_to_become_a_tag(server: Server, user: User, repository: str):
    approved, other = image(8), image(9)
    root = Registry(server)
    root.push(repository, approved, "build-1")
    root.push(repository, other, "build-2")
    only = {"StringEquals": {"ecr:ImageDigest": approved.digest}}
    user.put("promote", allow(LOGIN), allow("ecr:PutImage", Condition=only))
    registry = user.registry()
    assert registry.put_manifest(repository, "prod", other.manifest).status == 403
    assert registry.put_manifest(repository, "prod", approved.manifest).status == 201


def test_resource_tags_decide_from_the_moment_they_are_set(ecr: Any, user: User, repository: str, pushed: Image):
    user.put("login", allow(LOGIN))
    user.put("team", allow(READS, Condition={"StringEquals": {"aws:ResourceTag/team": "blue"}}))
    user.put("old", deny("ecr:BatchGetImage", Condition={"StringEquals": {"ecr:ResourceTag/state": "frozen"}}))
    assert not pulls(user, repository)
    ecr.tag_resource(resourceArn=of(repository), tags=[{"Key": "team", "Value": "blue"}])
    assert pulls(user, repository)
    ecr.tag_resource(resourceArn=of(repository), tags=[{"Key": "state", "Value": "frozen"}])
    assert not pulls(user, repository)
    ecr.untag_resource(resourceArn=of(repository), tagKeys=["state"])
    assert pulls(user, repository)


def test_request_tags_decide_what_may_be_created_and_tagged(ecr: Any, user: User, iam: Iam, repository: str):
    user.put(
        "team",
        allow(["ecr:CreateRepository", "ecr:TagResource"], Condition={"StringEquals": {"aws:RequestTag/team": "blue"}}),
        deny("ecr:UntagResource", Condition={"ForAnyValue:StringEquals": {"aws:TagKeys": "team"}}),
        allow("ecr:UntagResource"),
    )
    blue, red = ({"Key": "team", "Value": value} for value in ("blue", "red"))
    name = f"tagged/{iam.name()}"
    create = user.ecr.create_repository
    assert refusal(create, repositoryName=name)[0] == "AccessDeniedException"
    assert refusal(create, repositoryName=name, tags=[red])[0] == "AccessDeniedException"
    assert create(repositoryName=name, tags=[blue])["repository"]["repositoryName"] == name
    tag, untag = user.ecr.tag_resource, user.ecr.untag_resource
    assert refusal(tag, resourceArn=of(name), tags=[red])[0] == "AccessDeniedException"
    tag(resourceArn=of(name), tags=[blue, {"Key": "more", "Value": "x"}])
    assert refusal(untag, resourceArn=of(name), tagKeys=["team"])[0] == "AccessDeniedException"
    untag(resourceArn=of(name), tagKeys=["more"])
    ecr.delete_repository(repositoryName=name)


def test_a_policy_that_speaks_of_the_address_or_the_transport_decides_each_request(
    ecr: Any, user: User, repository: str, pushed: Image
):
    user.put("login", allow([LOGIN, *READS]))
    set_policy(ecr, repository, refuse("*", READS, Condition={"NotIpAddress": {"aws:SourceIp": "127.0.0.0/8"}}))
    assert pulls(user, repository)
    set_policy(ecr, repository, refuse("*", READS, Condition={"Bool": {"aws:SecureTransport": "false"}}))
    assert not pulls(user, repository)


def test_a_mount_asks_the_sources_policy(server: Server, ecr: Any, user: User, make_repository: Any):
    source, target = make_repository(), make_repository()
    made = image(10)
    Registry(server).push(source, made, "v1")
    digest = made.blobs[0].digest
    user.put("push", allow(LOGIN), allow(PUSHES, of(target)))
    place = f"/v2/{target}/blobs/uploads/?mount={digest}&from={source}"
    assert user.registry().request("POST", place).status == 202
    set_policy(ecr, source, grant({"AWS": user.arn}, "ecr:GetDownloadUrlForLayer"))
    assert user.registry().request("POST", place).status == 201
