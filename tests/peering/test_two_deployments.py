"""Two deployments with data of their own: what is pushed to one comes to the other, as to a Region of its own."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.behaviour.identities import ACCOUNT
from tests.behaviour.looked_up import lookup
from tests.behaviour.replicated import There, replicating, rule, statuses
from tests.factories import peers
from tests.factories.layouts import Image, contents, image, index, manifest, write_layout
from tests.factories.peers import AWAY, HOME, deployment, done, pieces, registry
from tests.factories.processes import Server, create_account
from tests.factories.registry import Registry
from tests.factories.waiting import wait

OTHER = "777700004444"
THERE = {"region": AWAY, "registryId": ACCOUNT}
pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with deployment(tmp_path_factory.mktemp("there"), AWAY, tls=True) as server:
        yield server


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory, there: Server) -> Iterator[Server]:
    trusted = {"ENTREPOT_OUTBOUND_CA": str(there.ca)}
    with deployment(tmp_path_factory.mktemp("here"), HOME, trusted) as server:
        peers.key(there)
        added = done(server, "peer", "add", "there", "--url", there.base_url, "--serves", AWAY, authorities=there.ca)
        assert added["key"] == peers.key(there)  # as its URL shows it
        done(there, "peer", "add", "here", "--url", server.base_url, "--key", peers.key(server), "--account", ACCOUNT)
        yield server


def test_what_skopeo_pushes_here_is_pulled_there(here: Server, there: Server, tmp_path: Path):
    made = image(4101, layers=3, size=300_000)
    layout = write_layout(made, tmp_path / "made", "made")
    here.client().create_repository(repositoryName="slice/app")
    policy = tmp_path / "policy.json"
    policy.write_text('{"default":[{"type":"insecureAcceptAnything"}]}')
    with replicating(here, rule("slice/")) as ecr:
        command = ["skopeo", "--policy", str(policy), "copy", "--dest-tls-verify=false"]
        given = ["--dest-creds", f"AWS:{here.token()}", f"oci:{layout}:made", f"docker://{here.host}/slice/app:v1"]
        subprocess.run([*command, *given], check=True, timeout=60, capture_output=True)
        There(there, "slice/app").comes_to((made.digest, "v1"))
        assert registry(there).pull("slice/app", "v1") == contents(made)
        (status,) = statuses(ecr, "slice/app", imageTag="v1")
    assert status == {**THERE, "status": "COMPLETE"}
    trail = there.client("cloudtrail", region=AWAY)
    (found,) = wait(lambda: lookup(trail, "EventName", "ReplicateImage"), what="its record")
    told = json.loads(found["CloudTrailEvent"])
    assert told["userIdentity"]["accountId"] == ACCOUNT
    assert told["userIdentity"]["sessionContext"]["sessionIssuer"]["userName"] == "AWSServiceRoleForECRReplication"


def test_a_tag_that_moves_and_deletions_go_there_and_nothing_comes_twice(here: Server, there: Server):
    one, two, there_now = image(4102), image(4103), There(there, "moves/app")
    here.client().create_repository(repositoryName="moves/app")
    with replicating(here, rule("moves/", deletes=True)) as ecr:
        pushing = Registry(here)
        pushing.push("moves/app", one, "v1", "keep")
        there_now.comes_to((one.digest, "v1"), (one.digest, "keep"))
        pushing.push("moves/app", two, "v1")
        there_now.comes_to((one.digest, "keep"), (two.digest, "v1"))
        sent = pieces(there)
        pushing.push("moves/app", one, "v1")
        there_now.comes_to((one.digest, "v1"), (one.digest, "keep"), (two.digest, ""))
        assert pieces(there) == sent
        ecr.batch_delete_image(repositoryName="moves/app", imageIds=[{"imageTag": "keep"}])
        there_now.comes_to((one.digest, "v1"), (two.digest, ""))
        ecr.batch_delete_image(repositoryName="moves/app", imageIds=[{"imageDigest": two.digest}])
        there_now.comes_to((one.digest, "v1"))


def test_without_delete_replication_nothing_is_deleted_there(here: Server, there: Server):
    one, mark = image(4104), image(4105)
    here.client().create_repository(repositoryName="stays/app")
    with replicating(here, rule("stays/")) as ecr:
        Registry(here).push("stays/app", one, "v1")
        There(there, "stays/app").comes_to((one.digest, "v1"))
        ecr.batch_delete_image(repositoryName="stays/app", imageIds=[{"imageDigest": one.digest}])
        Registry(here).push("stays/app", mark, "mark")
        There(there, "stays/app").comes_to((one.digest, "v1"), (mark.digest, "mark"))


def test_an_index_comes_with_its_children_and_layers_that_came_before_are_not_sent(here: Server, there: Server):
    made, client = index(4106), here.client()
    first = made.children[0]
    for name in ("whole/one", "whole/two"):
        client.create_repository(repositoryName=name)
    with replicating(here, rule("whole/")):
        Registry(here).push("whole/one", made, "all")
        wait(lambda: (made.digest, "all") in There(there, "whole/one").images(), 20)
        assert registry(there).pull("whole/one", "all") == contents(made)
        sent = pieces(there)
        Registry(here).push("whole/two", first, "v1")  # the same blobs, another repository
        There(there, "whole/two").comes_to((first.digest, "v1"))
        assert pieces(there) == sent
        assert registry(there).pull("whole/two", "v1") == contents(first)


def test_the_settings_of_the_destination_decide(here: Server, there: Server):
    one, two = image(4108), image(4109)
    here.client().create_repository(repositoryName="fixed/app")
    client = there.client(region=AWAY)
    client.create_repository_creation_template(
        prefix="fixed", appliedFor=["REPLICATION"], imageTagMutability="IMMUTABLE"
    )
    with replicating(here, rule("fixed/")) as ecr:
        Registry(here).push("fixed/app", one, "v1")
        There(there, "fixed/app").comes_to((one.digest, "v1"))
        (made,) = client.describe_repositories(repositoryNames=["fixed/app"])["repositories"]
        assert made["imageTagMutability"] == "IMMUTABLE"
        Registry(here).push("fixed/app", two, "v1")
        There(there, "fixed/app").comes_to((one.digest, "v1"), (two.digest, ""))
        (status,) = statuses(ecr, "fixed/app", imageDigest=two.digest)
    assert status == {**THERE, "status": "FAILED", "failureCode": "ImageTagAlreadyExists"}


def test_another_account_there_must_allow_it(here: Server, there: Server):
    made, keys = image(4110), create_account(there, OTHER)
    named = {"region": AWAY, "registryId": OTHER}
    client, other = here.client(), there.client(region=AWAY, credentials=keys)
    client.create_repository(repositoryName="over/app")
    with replicating(here, rule("over/", named)) as ecr:
        Registry(here).push("over/app", made, "v1")
        (status,) = statuses(ecr, "over/app", imageTag="v1")
        assert status == {**named, "status": "FAILED", "failureCode": "AccessDenied"}
        assert other.describe_repositories()["repositories"] == []
        trail = there.client("cloudtrail", region=AWAY)  # of the account that tried
        wait(lambda: "AccessDenied" in errors(trail), what="the record of what was refused")
        other.put_registry_policy(policyText=allowing(ACCOUNT))
        Registry(here).push("over/app", made, "v2")
        There(there, "over/app", AWAY, keys).comes_to((made.digest, "v2"))


def test_what_was_there_before_comes_by_a_backfill(here: Server, there: Server):
    base = image(4111)
    made = [manifest(base.config, base.layers, annotations={"n": str(number)}) for number in range(3)]
    here.client().create_repository(repositoryName="old/app")
    for number, each in enumerate(made):
        Registry(here).push("old/app", Image(each, base.config, base.layers), f"v{number}")
    with replicating(here, rule("old/")) as ecr:
        begun = ecr.start_replication_backfill(destination=THERE)["replicationBackfillId"]
        There(there, "old/app").comes_to(*((each.digest, f"v{number}") for number, each in enumerate(made)))

        def ended() -> Any:
            shown = ecr.describe_replication_backfill_results(replicationBackfillId=begun)
            return shown if shown["status"] == "COMPLETE" else None

        assert wait(ended, 20)["progress"]["completedReplicationCount"] == 3


def test_a_peer_is_asked_what_it_is_and_for_whom(here: Server, there: Server):
    shown = done(here, "peer", "check", "there", authorities=there.ca)
    assert shown == {"name": "there", "regions": [AWAY], "accounts": [ACCOUNT]}


def errors(trail: Any) -> list[str]:
    """How replication failed, as the trail of an account says."""
    found = [json.loads(each["CloudTrailEvent"]) for each in lookup(trail, "EventName", "ReplicateImage")]
    return [each["errorCode"] for each in found if "errorCode" in each]


def allowing(account: str) -> str:
    """A registry policy that lets an account's images come."""
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": ["ecr:ReplicateImage", "ecr:CreateRepository"],
        "Resource": f"arn:aws:ecr:{AWAY}:{OTHER}:repository/*",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
