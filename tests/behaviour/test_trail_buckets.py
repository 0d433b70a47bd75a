"""Trails that deliver to buckets: the unmodified `aws cloudtrail validate-logs` is content until something is done to a
file, so is `entrepot trail verify`, and both find what was done.
"""

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pysqlite3
import pytest

from tests.behaviour.test_trails import ACCOUNT, PATIENCE, SETTINGS, code, verify
from tests.factories.buckets import BucketServer, buckets
from tests.factories.processes import REGION, Server, serve
from tests.factories.waiting import wait

BUCKET, PREFIX = "the-logs", "some/prefix"
ARN = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/bucketed"
LOGS, DIGESTS = (f"{PREFIX}/AWSLogs/{ACCOUNT}/{kind}/{REGION}/" for kind in ("CloudTrail", "CloudTrail-Digest"))
pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BucketServer]:
    with buckets(tmp_path_factory.mktemp("buckets")) as running:
        running.client.create_bucket(Bucket=BUCKET)
        yield running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, s3: BucketServer) -> Iterator[Server]:
    with serve(tmp_path_factory.mktemp("bucketed"), environment={**SETTINGS, **s3.settings()}) as running:
        yield running


@pytest.fixture(scope="module")
def cloudtrail(server: Server) -> Any:
    return server.client("cloudtrail")


@pytest.fixture(scope="module")
def delivered(cloudtrail: Any, server: Server, s3: BucketServer) -> datetime:
    """A stopped trail with two log files and more digest files; when it began."""
    began = datetime.now(UTC) - timedelta(seconds=2)
    cloudtrail.create_trail(Name="bucketed", S3BucketName=BUCKET, S3KeyPrefix=PREFIX, EnableLogFileValidation=True)
    cloudtrail.start_logging(Name="bucketed")
    for number in (1, 2):
        server.client().create_repository(repositoryName=f"app{number}")
        wait(partial(_has, s3, LOGS, number), PATIENCE)
        wait(partial(_has, s3, DIGESTS, number + 1), PATIENCE)
    cloudtrail.stop_logging(Name="bucketed")
    wait(lambda: _is_settled(server), PATIENCE)
    return began


def _has(s3: BucketServer, prefix: str, number: int) -> bool:
    """Whether so many objects are there."""
    return len(s3.keys(BUCKET, prefix)) >= number


def _is_settled(server: Server) -> bool:
    """Whether the last digest file of the chain is stored."""
    connection = pysqlite3.connect(f"file:{server.data / 'entrepot.db'}?mode=ro", uri=True)
    rows = connection.execute("SELECT ended_at FROM trail_chain").fetchall()
    connection.close()
    return bool(rows) and all(row[0] is not None for row in rows)


def validated(server: Server, s3: BucketServer, home: Path, began: datetime) -> tuple[int, str]:
    """What `aws cloudtrail validate-logs` says."""
    variables = server.environment(home) | {"AWS_ENDPOINT_URL_S3": s3.url, "AWS_CONFIG_FILE": str(home / "none")}
    command = [
        str(Path(sys.executable).with_name("aws")),
        "cloudtrail",
        "validate-logs",
        "--trail-arn",
        ARN,
        "--verbose",
    ]
    command += ["--start-time", f"{began:%Y-%m-%dT%H:%M:%SZ}"]
    environment = {"PATH": os.environ["PATH"], **variables}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=120)
    return done.returncode, done.stdout + done.stderr


def test_files_in_a_bucket_are_valid(
    server: Server, s3: BucketServer, cloudtrail: Any, delivered: datetime, tmp_path: Path
):
    status, said = validated(server, s3, tmp_path, delivered)
    logs, digests = s3.keys(BUCKET, LOGS), s3.keys(BUCKET, DIGESTS)
    assert status == 0, said
    assert f"{len(logs)}/{len(logs)} log files valid" in said
    assert f"{len(digests)}/{len(digests)} digest files valid" in said
    names = set()
    for key in logs:
        found = s3.client.get_object(Bucket=BUCKET, Key=key)
        names |= {each["eventName"] for each in json.loads(gzip.decompress(found["Body"].read()))["Records"]}
    assert {"CreateRepository", "StartLogging"} <= names
    found = s3.client.head_object(Bucket=BUCKET, Key=digests[0])
    assert found["Metadata"]["signature-algorithm"] == "SHA256withRSA"
    assert found["ContentType"] == "application/gzip"
    ours, report = verify(server, **s3.settings())
    assert (ours, report["faults"], report["log_files"], report["digest_files"]) == (0, [], len(logs), len(digests))
    assert not (server.data / "trails" / BUCKET).exists()


@pytest.mark.parametrize("kind", [LOGS, DIGESTS])
@pytest.mark.parametrize("how", ["changed", "removed", "added"])
def test_what_is_done_to_a_file_in_a_bucket_is_found(
    server: Server, s3: BucketServer, delivered: datetime, tmp_path: Path, kind: str, how: str
):
    key = s3.keys(BUCKET, kind)[0]
    found = s3.client.get_object(Bucket=BUCKET, Key=key)
    body, kept = found["Body"].read(), {"Metadata": found["Metadata"]}
    stranger = key.replace(".json.gz", "x.json.gz")
    if how == "changed":
        content = gzip.decompress(body).replace(b"a", b"b", 1)
        s3.client.put_object(Bucket=BUCKET, Key=key, Body=gzip.compress(content), **kept)
    elif how == "removed":
        s3.client.delete_object(Bucket=BUCKET, Key=key)
    else:
        s3.client.put_object(Bucket=BUCKET, Key=stranger, Body=body, **kept)
    ours, report = verify(server, **s3.settings())
    theirs, said = validated(server, s3, tmp_path, delivered)
    s3.client.delete_object(Bucket=BUCKET, Key=stranger)
    s3.client.put_object(Bucket=BUCKET, Key=key, Body=body, **kept)
    assert ours == 1
    named = f"{BUCKET}/{stranger if how == 'added' else key}"
    assert (named, how) in [(each["file"], each["fault"].partition(":")[0]) for each in report["faults"]]
    if how != "added":  # which the command does not look for
        assert theirs == 1, said
        assert "INVALID" in said


def test_a_bucket_that_is_not_there_is_refused(cloudtrail: Any, delivered: datetime):
    assert code(cloudtrail.create_trail, Name="nowhere", S3BucketName="absent") == "S3BucketDoesNotExistException"
    assert code(cloudtrail.update_trail, Name="bucketed", S3BucketName="absent") == "S3BucketDoesNotExistException"


def test_a_bucket_that_goes_away_is_told_and_made_up_for(
    server: Server, s3: BucketServer, cloudtrail: Any, delivered: datetime
):
    s3.client.create_bucket(Bucket="passing")
    cloudtrail.create_trail(Name="passing", S3BucketName="passing")
    cloudtrail.start_logging(Name="passing")
    s3.client.delete_bucket(Bucket="passing")
    server.client().create_repository(repositoryName="while-away")
    status = wait(
        lambda: (got := cloudtrail.get_trail_status(Name="passing")).get("LatestDeliveryError") and got, PATIENCE
    )
    assert status["LatestDeliveryError"] == "NoSuchBucket"
    s3.client.create_bucket(Bucket="passing")
    wait(lambda: s3.keys("passing"), PATIENCE)
    wait(lambda: "LatestDeliveryError" not in cloudtrail.get_trail_status(Name="passing"), PATIENCE)
    cloudtrail.delete_trail(Name="passing")
