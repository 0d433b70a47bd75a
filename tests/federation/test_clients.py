"""Real clients do real work with a provider's token and nothing else: no secret is stored anywhere."""

import json
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from tests.clients.engines import stored_layers
from tests.clients.test_docker import Docker, load
from tests.clients.test_skopeo import Skopeo
from tests.clients.workplace import Workplace
from tests.factories.layouts import contents, diff_ids, image, write_layout
from tests.factories.processes import REGION
from tests.federation.parties import Federation

_SECRETS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")


class Job(Workplace):
    """A pipeline's job: a workplace without keys; the platform wrote a token into a file."""

    def __init__(self, federation: Federation, path: Path, repository: str) -> None:
        super().__init__(federation.server, path, repository)
        self.role = federation.pusher(repository, sub="StringLike:repo:team/*")
        self.token = path / "token"
        self.token.write_text(federation.provider.token())
        for name in _SECRETS:
            del self.environment[name]
        self.environment |= {
            "AWS_WEB_IDENTITY_TOKEN_FILE": str(self.token),
            "AWS_ROLE_ARN": self.role.arn,
            "AWS_ROLE_SESSION_NAME": "job-1",
        }


@pytest.fixture
def job(request: pytest.FixtureRequest, federation: Federation, tmp_path) -> Iterator[Job]:
    made = Job(federation, tmp_path, f"jobs/{request.node.name.replace('_', '-')}")
    with made.cleanup:
        yield made


def test_boto3_takes_the_token_file_as_it_does_from_aws(job: Job, monkeypatch: pytest.MonkeyPatch):
    for name in (*_SECRETS, "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HOME", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME", "AWS_ENDPOINT_URL"):
        monkeypatch.setenv(name, job.environment[name])
    ecr = boto3.session.Session(region_name=REGION).client("ecr")
    made = image(31)
    for blob in made.blobs:
        upload = ecr.initiate_layer_upload(repositoryName=job.repository)["uploadId"]
        where = {"repositoryName": job.repository, "uploadId": upload}
        ecr.upload_layer_part(**where, partFirstByte=0, partLastByte=len(blob.data) - 1, layerPartBlob=blob.data)
        ecr.complete_layer_upload(**where, layerDigests=[blob.digest])
    ecr.put_image(repositoryName=job.repository, imageManifest=made.manifest.data.decode(), imageTag="v1")
    ecr.close()
    assert job.registry.pull(job.repository, "v1") == contents(made)


def test_the_aws_command_line_logs_clients_in(job: Job):
    who = json.loads(job.run("aws", "sts", "get-caller-identity", "--output", "json"))
    assert who["Arn"].endswith(f":assumed-role/{job.role.name}/job-1")
    skopeo = Skopeo(job)
    job.run(
        "skopeo", "login", "--tls-verify=false", "-u", "AWS", "--password-stdin", job.server.host, text=job.password()
    )
    made = image(32)
    skopeo.push(write_layout(made, job.path / "made", "made"), f"{job.address}:v1")
    assert skopeo.pull(f"{job.address}:v1", job.path / "pulled") == contents(made)


def test_a_client_logs_in_with_the_role_and_the_token_itself(job: Job):
    skopeo, made = Skopeo(job), image(33)
    login = ("skopeo", "login", "--tls-verify=false", "-u", job.role.arn, "--password-stdin", job.server.host)
    job.run(*login, text=job.token.read_text())
    skopeo.push(write_layout(made, job.path / "made", "made"), f"{job.address}:v1")
    assert skopeo.pull(f"{job.address}:v1", job.path / "pulled") == contents(made)


def test_dockers_helper_needs_no_login_at_all(job: Job):
    (job.path / "home" / "auth.json").write_text(json.dumps({"credHelpers": {job.server.host: "entrepot"}}))
    made = image(34)
    Skopeo(job).push(write_layout(made, job.path / "made", "made"), f"{job.address}:v1")
    assert job.registry.pull(job.repository, "v1") == contents(made)


def test_docker_keeps_a_login_with_a_roles_arn_and_uses_it(job: Job, engine: str):
    """Its file holds user and password joined by a colon, and a role's ARN has colons."""
    docker, made, name = Docker(job, engine), image(35, docker=True), f"{job.address}:v1"
    docker.run("login", "-u", job.role.arn, "--password-stdin", job.server.host, text=job.token.read_text())
    load(docker, made, name)
    docker.run("push", name)
    docker.run("image", "rm", "--force", name)
    docker.run("pull", name)
    assert stored_layers(job, "v1") == diff_ids(made)
