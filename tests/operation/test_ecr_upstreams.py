"""Rules whose upstream is ECR elsewhere, between two deployments that know nothing of each other but names as AWS gives
them: who has the rule's account there may have its role there, whose token pulls what a repository policy lets it.
"""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.clients.workplace import needs_root
from tests.factories.layouts import image
from tests.factories.processes import INSTALLED, Credentials, Server, create_account, serve
from tests.factories.pull_through import rule
from tests.factories.registry import Registry
from tests.factories.waiting import wait

DOMAIN, THERE, HERE, REGION = "elsewhere.example", "000000000000", "111122223333", "us-east-1"
HOST, API = f"{THERE}.dkr.ecr.{REGION}.{DOMAIN}", f"api.ecr.{REGION}.{DOMAIN}"
ROLE = f"arn:aws:iam::{HERE}:role/puller"
PULL = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"]
SERVICE = {"Service": "pullthroughcache.ecr.amazonaws.com"}


def statement(action: str | list[str], **more: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, **more}]})


@dataclass(frozen=True)
class Elsewhere:
    """A deployment under its own domain, and the keys that the account of the rules has there."""

    server: Server
    keys: Credentials

    @property
    def host(self) -> str:
        return f"{HOST}:{self.server.port}"

    def put(self, name: str, number: int, *, shared: bool = True) -> None:
        """A repository with an image `v1`, which the account of the rules may pull if it is shared."""
        ecr = self.server.client()
        ecr.create_repository(repositoryName=name)
        if shared:
            policy = statement(PULL, Principal={"AWS": f"arn:aws:iam::{HERE}:root"})
            ecr.set_repository_policy(repositoryName=name, policyText=policy)
        Registry(self.server).push(name, image(number), "v1")


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Elsewhere]:
    with serve(tmp_path_factory.mktemp("elsewhere"), extra=["--workers", "1", "--domain", DOMAIN]) as running:
        keys = create_account(running, HERE)
        iam = running.client("iam", credentials=keys)
        trust = statement("sts:AssumeRole", Principal={"AWS": f"arn:aws:iam::{HERE}:root"})
        iam.create_role(RoleName="puller", AssumeRolePolicyDocument=trust)
        policy = statement([*PULL, "ecr:GetAuthorizationToken"], Resource="*")
        iam.put_role_policy(RoleName="puller", PolicyName="pull", PolicyDocument=policy)
        yield Elsewhere(running, keys)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory, elsewhere: Elsewhere) -> Iterator[Server]:
    """A deployment where the names of the other one lead to it."""
    needs_root()
    folder = tmp_path_factory.mktemp("cache")
    hosts = folder / "hosts"
    hosts.write_text(f"127.0.0.1 localhost {HOST} {API}\n")
    bound = f'mount --bind "{hosts}" /etc/hosts && exec "$@"'
    program = ["unshare", "--mount", "sh", "-c", bound, "sh", *INSTALLED]
    settings = {
        "ENTREPOT_PULL_THROUGH_ALLOW": f"http://{elsewhere.host}",
        "ENTREPOT_OUTBOUND_ALLOW": f"{HOST},{API}",
        "ENTREPOT_AWS_CREDENTIALS": str(written(folder, elsewhere.keys)),
    }
    with serve(folder, extra=["--account-id", HERE], environment=settings, program=program) as running:
        trust = statement("sts:AssumeRole", Principal=SERVICE)
        running.client("iam").create_role(RoleName="puller", AssumeRolePolicyDocument=trust)
        rule(running, "far", elsewhere.host, upstreamRegistry="ecr", customRoleArn=ROLE)
        yield running


def written(folder: Path, keys: Credentials) -> Path:
    path = folder / "aws-credentials"
    path.write_text(
        f"[default]\naws_access_key_id = {keys.access_key_id}\naws_secret_access_key = {keys.secret_access_key}\n"
    )
    path.chmod(0o600)
    return path


def images(cache: Server, name: str) -> list[str]:
    found = cache.client().list_images(repositoryName=name)["imageIds"]
    return sorted(each["imageDigest"] for each in found)


def test_an_image_of_ecr_elsewhere_is_pulled_by_the_role_of_the_rule(elsewhere: Elsewhere, cache: Server):
    made = image(401)
    elsewhere.put("team/app", 401)
    held = Registry(cache).pull("far/team/app", "v1")
    assert held[made.digest] == made.manifest.data
    assert all(held[each.digest] == each.data for each in made.blobs)
    wait(lambda: images(cache, "far/team/app") == [made.digest])


def test_many_first_pulls_of_ecr_elsewhere_at_once_are_whole(elsewhere: Elsewhere, cache: Server):
    made = image(402)
    elsewhere.put("team/busy", 402)
    token = cache.token()
    with ThreadPoolExecutor(16) as pool:
        pulled = list(pool.map(lambda _: Registry(cache, token).pull("far/team/busy", "v1"), range(16)))
    assert all(set(each) == {made.digest, *(blob.digest for blob in made.blobs)} for each in pulled)


def test_what_is_pulled_there_is_pulled_as_the_role(elsewhere: Elsewhere, cache: Server):
    elsewhere.put("team/told", 403)
    Registry(cache).pull("far/team/told", "v1")
    trail = elsewhere.server.client("cloudtrail", credentials=elsewhere.keys)

    def names() -> set[str]:
        found = trail.lookup_events(
            LookupAttributes=[{"AttributeKey": "EventSource", "AttributeValue": "sts.amazonaws.com"}]
        )
        return {each["EventName"] for each in found["Events"]}

    wait(lambda: "AssumeRole" in names())


def test_a_repository_that_is_not_shared_is_denied_there(elsewhere: Elsewhere, cache: Server):
    elsewhere.put("team/private", 404, shared=False)
    answer = cache.client().batch_get_image(repositoryName="far/team/private", imageIds=[{"imageTag": "v1"}])
    assert [each["failureCode"] for each in answer["failures"]] == ["UpstreamAccessDenied"]


def test_the_rule_is_valid_as_long_as_its_role_may_be_had(elsewhere: Elsewhere, cache: Server):
    ecr = cache.client()
    assert ecr.validate_pull_through_cache_rule(ecrRepositoryPrefix="far")["isValid"]
    trust = statement("sts:AssumeRole", Principal=SERVICE)
    role = cache.client("iam").create_role(RoleName="unknown-there", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    rule(cache, "farther", elsewhere.host, upstreamRegistry="ecr", customRoleArn=role)
    found = ecr.validate_pull_through_cache_rule(ecrRepositoryPrefix="farther")
    assert not found["isValid"]
    assert found["failure"]
