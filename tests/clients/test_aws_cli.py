"""The aws command line, unmodified: from an empty registry to an image and back, by its own words."""

import base64
import json
import urllib.request
from typing import Any

from tests.clients.workplace import Workplace
from tests.factories.layouts import Content, contents, image
from tests.factories.registry import Registry


def ecr(workplace: Workplace, operation: str, *arguments: str, repository: bool = True, **kwargs: Any) -> Any:
    place = ["--repository-name", workplace.repository] if repository else []
    said = workplace.run("aws", "ecr", operation, *place, *arguments, "--output", "json", **kwargs)
    return json.loads(said) if said.startswith("{") else said


def upload(workplace: Workplace, blob: Content) -> None:
    path = workplace.path / "part"
    path.write_bytes(blob.data)
    session = ecr(workplace, "initiate-layer-upload")["uploadId"]
    last = str(len(blob.data) - 1)
    part = ["--part-first-byte", "0", "--part-last-byte", last, "--layer-part-blob", f"fileb://{path}"]
    assert ecr(workplace, "upload-layer-part", "--upload-id", session, *part)["lastByteReceived"] == int(last)
    done = ecr(workplace, "complete-layer-upload", "--upload-id", session, "--layer-digests", blob.digest)
    assert done["layerDigest"] == blob.digest


def test_the_life_of_a_repository(workplace: Workplace):
    name = f"{workplace.repository}-made"
    made = ecr(workplace, "create-repository", "--repository-name", name, repository=False)["repository"]
    assert made["repositoryUri"] == f"{workplace.server.host}/{name}"
    again = ecr(workplace, "create-repository", "--repository-name", name, repository=False, succeeds=False)
    assert "RepositoryAlreadyExistsException" in again
    arn = made["repositoryArn"]
    ecr(workplace, "tag-resource", "--resource-arn", arn, "--tags", "Key=team,Value=a b", repository=False)
    assert ecr(workplace, "list-tags-for-resource", "--resource-arn", arn, repository=False)["tags"] == [
        {"Key": "team", "Value": "a b"}
    ]
    names = ecr(workplace, "describe-repositories", "--query", "repositories[].repositoryName", repository=False)
    assert name in json.loads(names)
    ecr(workplace, "delete-repository", "--repository-name", name, repository=False)
    gone = ecr(workplace, "describe-repositories", "--repository-names", name, repository=False, succeeds=False)
    assert "RepositoryNotFoundException" in gone


def test_an_image_put_and_read_by_the_command_line(workplace: Workplace):
    content = image(601, layers=1)
    for blob in content.blobs:
        upload(workplace, blob)
    manifest = workplace.path / "manifest.json"
    manifest.write_bytes(content.manifest.data)
    put = ecr(workplace, "put-image", "--image-tag", "v1", "--image-manifest", f"file://{manifest}")
    assert put["image"]["imageId"]["imageDigest"] == content.digest
    got = ecr(workplace, "batch-get-image", "--image-ids", "imageTag=v1")
    assert got["images"][0]["imageManifest"].encode() == content.manifest.data
    url = ecr(workplace, "get-download-url-for-layer", "--layer-digest", content.layers[0].digest)["downloadUrl"]
    with urllib.request.urlopen(url, context=workplace.server.context()) as stream:
        assert stream.read() == content.layers[0].data
    assert workplace.registry.pull(workplace.repository, "v1") == contents(content)
    deleted = ecr(workplace, "batch-delete-image", "--image-ids", f"imageDigest={content.digest}")
    assert deleted["imageIds"] == [{"imageDigest": content.digest, "imageTag": "v1"}]
    assert ecr(workplace, "list-images")["imageIds"] == []


def test_the_authorization_token_is_a_log_in(workplace: Workplace):
    data = ecr(workplace, "get-authorization-token", repository=False)["authorizationData"][0]
    assert data["proxyEndpoint"] == workplace.server.base_url
    user, _, password = base64.b64decode(data["authorizationToken"]).decode().partition(":")
    assert (user, ":" in password) == ("AWS", False)
    assert len(password) < 4096


def test_a_wrong_secret_is_refused_with_awss_words(workplace: Workplace):
    said = ecr(workplace, "list-images", succeeds=False, AWS_SECRET_ACCESS_KEY="wrong")
    assert "SignatureDoesNotMatch" in said or "InvalidSignatureException" in said
    said = ecr(workplace, "list-images", succeeds=False, AWS_ACCESS_KEY_ID="AKIAXXXXXXXXXXXXXXXX")
    assert "UnrecognizedClientException" in said or "InvalidClientTokenId" in said


def test_sts_says_who_is_calling(workplace: Workplace):
    who = json.loads(workplace.run("aws", "sts", "get-caller-identity", "--output", "json"))
    assert who["Account"] == "000000000000"
    assert who["Arn"] == "arn:aws:iam::000000000000:root"


def test_a_profile_assumes_a_role_and_its_password_pulls_and_does_not_push(workplace: Workplace):
    """As CI does it: the role is in the profile, keys are in the environment, and the tools do the rest."""
    content, name = image(602, layers=1), workplace.path.name.replace("_", "-")[-50:]
    workplace.registry.push(workplace.repository, content, "v1")
    trust = {"Effect": "Allow", "Principal": {"AWS": "000000000000"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    made = workplace.run("aws", "iam", "create-role", "--role-name", name, "--assume-role-policy-document", document)
    arn = json.loads(made)["Role"]["Arn"]
    pull = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly"
    workplace.run("aws", "iam", "attach-role-policy", "--role-name", name, "--policy-arn", pull)
    config = workplace.path / "home" / ".aws" / "config"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(f"[profile pull]\nrole_arn = {arn}\ncredential_source = Environment\nregion = us-east-1\n")
    who = json.loads(workplace.run("aws", "sts", "get-caller-identity", "--profile", "pull"))
    assert f":assumed-role/{name}/" in who["Arn"]
    password = workplace.run("aws", "ecr", "get-login-password", "--profile", "pull").strip()
    door = Registry(workplace.server, password)
    assert door.pull(workplace.repository, "v1") == contents(content)
    assert door.put_manifest(workplace.repository, "v2", content.manifest).status == 403
