"""Each request of both doors is one record of the journal: who, what, with what result; no secret is among it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.exceptions
import pytest
from sqlalchemy import text

from entrepot.core.calls import Call
from entrepot.db.sqlite import SqliteDatabase
from entrepot.journal.frames import unframed
from entrepot.spec.event_ids import event_id
from tests.factories.calls import calls_in
from tests.factories.layouts import image
from tests.factories.processes import Server, serve
from tests.factories.registry import Registry
from tests.factories.waiting import wait

_AUDITED = text("SELECT id, name FROM outbox WHERE kind = 'audit'")
IMAGE = image(91)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """Without background jobs, so that journals and outbox keep what they are told."""
    with serve(tmp_path, extra=("--workers", "1", "--role", "api")) as started:
        started.client().create_repository(repositoryName="told", tags=[{"Key": "team", "Value": "a"}])
        yield started


def told(server: Server) -> list[Call]:
    found = []
    for path in sorted((server.data / "journal").iterdir()):
        records, length = unframed(path.read_bytes())
        assert length == path.stat().st_size
        found += [call for record in records for call in calls_in(record)]
    return found


def told_of(server: Server, operation: str, count: int = 1) -> list[Call]:
    def of() -> list[Call]:
        return [call for call in told(server) if call.common.operation == operation]

    wait(lambda: len(of()) >= count)
    assert len(of()) == count
    return of()


def test_a_push_and_a_pull_are_told_as_the_actions_that_they_perform(server: Server):
    registry = Registry(server)
    registry.push("told", IMAGE, "v1")
    registry.pull("told", "v1")
    (put,) = told_of(server, "PutImage")
    assert (put.common.service, put.common.door, put.common.repository, put.common.status, put.common.error) == (
        "ecr",
        "oci",
        "told",
        201,
        "",
    )
    assert put.asked is not None
    assert put.asked["imageManifest"] == IMAGE.manifest.data.decode()
    assert put.received == len(IMAGE.manifest.data)
    (pulled,) = told_of(server, "BatchGetImage")
    assert (pulled.common.pulled, pulled.common.head) == ((IMAGE.digest,), False)
    assert pulled.asked is not None
    assert pulled.asked["imageIds"] == [{"imageTag": "v1"}]
    assert pulled.common.repository_id
    assert pulled.sent == len(IMAGE.manifest.data)
    assert pulled.common.identity is not None
    assert pulled.common.identity.arn == "arn:aws:iam::000000000000:root"
    assert {call.common.operation for call in told(server)} >= {
        "InitiateLayerUpload",
        "CompleteLayerUpload",
        "GetDownloadUrlForLayer",
    }


def test_head_is_told_as_a_call_that_hands_nothing_out(server: Server):
    registry = Registry(server)
    registry.push("told", IMAGE, "v1")
    registry.request("HEAD", "/v2/told/manifests/v1")
    (asked,) = told_of(server, "BatchGetImage")
    assert (asked.common.head, asked.common.pulled, asked.sent) == (True, (), 0)


def test_a_request_that_fails_is_told_with_awss_code(server: Server):
    Registry(server).request("GET", "/v2/absent/manifests/v1")
    with pytest.raises(botocore.exceptions.ClientError):
        server.client().describe_images(repositoryName="absent")
    for operation in ("BatchGetImage", "DescribeImages"):
        (call,) = told_of(server, operation)
        assert (call.common.error, call.common.repository) == ("RepositoryNotFoundException", "absent")
        assert "absent" in call.message


def test_what_nobody_is_known_to_have_asked_is_no_operation(server: Server):
    Registry(server, "").request("GET", "/v2/told/manifests/v1")  # how clients begin: it is not told
    Registry(server, "wrong").request("GET", "/v2/told/manifests/v1")
    Registry(server).request("GET", "/v2/")
    wait(lambda: len([call for call in told(server) if not call.common.operation]) == 2)
    refused, welcome = sorted(
        (call for call in told(server) if not call.common.operation), key=lambda call: -call.common.status
    )
    assert (refused.common.status, refused.common.error, refused.common.identity) == (
        401,
        "UnrecognizedClientException",
        None,
    )
    assert (welcome.common.status, welcome.common.error) == (200, "")
    assert welcome.common.identity is not None


def test_every_change_is_audited_under_the_id_that_its_door_tells_it_by(server: Server):
    ecr, iam, registry = server.client(), server.client("iam"), Registry(server)
    registry.push("told", IMAGE, "v1", "v2")
    registry.request("DELETE", "/v2/told/manifests/v2")
    ecr.put_image(repositoryName="told", imageManifest=IMAGE.manifest.data.decode(), imageTag="v3")
    ecr.batch_delete_image(repositoryName="told", imageIds=[{"imageTag": "v3"}])
    ecr.set_repository_policy(repositoryName="told", policyText=POLICY)
    iam.create_user(UserName="ann")
    iam.create_access_key(UserName="ann")
    wait(lambda: any(call.common.operation == "CreateAccessKey" for call in told(server)))
    database = SqliteDatabase(server.data / "entrepot.db")
    audited = {row[0]: row[1] for row in database.read(lambda tx: tx.all(_AUDITED))}
    database.close()
    known = {event_id(call.at, call.request_id, call.common.operation) for call in told(server)}
    assert {name for of, name in audited.items() if of not in known} == set()
    assert {"PutImage", "BatchDeleteImage", "SetRepositoryPolicy", "CreateUser"} <= set(audited.values())


def test_answers_are_told_without_their_secrets(server: Server):
    server.client("iam").create_user(UserName="bob")
    made = server.client("iam").create_access_key(UserName="bob")["AccessKey"]
    (call,) = told_of(server, "CreateAccessKey")
    assert call.response is not None
    shown: Any = call.response["AccessKey"]
    assert shown["AccessKeyId"] == made["AccessKeyId"]
    raw = b"".join(path.read_bytes() for path in (server.data / "journal").iterdir())
    assert made["SecretAccessKey"].encode() not in raw


POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"}],
    }
)
