"""Requests are counted once, whichever process is killed at whichever moment; the aws CLI reads the numbers."""

import fcntl
import json
import random
import subprocess
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.factories.layouts import image
from tests.factories.processes import EXECUTABLE, Server, serve
from tests.factories.registry import Registry
from tests.factories.waiting import wait

ROUNDS = 4
PULLS = 20
FLUSHED = 0.8  # seconds after which a read has left the process that answered it
SOON = 5.0


def span() -> dict[str, datetime]:
    """The last hour, and the minute that has begun."""
    now = datetime.now(UTC)
    return {"StartTime": now - timedelta(hours=1), "EndTime": now + timedelta(minutes=1)}


def pulls(server: Server, name: str = "counted") -> float:
    """The sum of RepositoryPullCount."""
    found = server.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/ECR",
        MetricName="RepositoryPullCount",
        Dimensions=[{"Name": "RepositoryName", "Value": name}],
        Period=3600,
        Statistics=["Sum"],
        **span(),
    )["Datapoints"]
    return float(sum(each["Sum"] for each in found))


def test_pulls_are_counted_once_through_kills_at_any_moment(tmp_path: Path):
    content, chance, total = image(91), random.Random(4), 0
    for round_ in range(ROUNDS):
        with serve(tmp_path, extra=("--workers", "2")) as server:
            registry = Registry(server)
            if round_ == 0:
                server.client().create_repository(repositoryName="counted")
                registry.push("counted", content, "v1")
            for _ in range(PULLS):
                registry.pull_manifest("counted", "v1")
            total += PULLS
            time.sleep(FLUSHED + chance.uniform(0, 2.5))  # the kill comes before, while or after they are folded
            server.kill()
    with serve(tmp_path, extra=("--workers", "1")) as server:
        wait(lambda: pulls(server) >= total)
        time.sleep(2.5)  # another round of the fold finds nothing more
        assert pulls(server) == total


def counted(server: Server, number: int) -> bool:
    return pulls(server) == number


@pytest.mark.serial
def test_a_pull_is_seen_within_five_seconds(tmp_path: Path):
    chance = random.Random(5)
    with serve(tmp_path, extra=("--workers", "1")) as server:
        server.client().create_repository(repositoryName="counted")
        registry = Registry(server)
        registry.push("counted", image(94), "v1")
        for number in range(1, 7):
            time.sleep(chance.uniform(0, 2))  # at any moment between two folds
            registry.pull_manifest("counted", "v1")
            wait(partial(counted, server, number), SOON)


def test_a_metrics_database_that_is_held_up_holds_up_no_pull_and_no_push(tmp_path: Path):
    with serve(tmp_path, extra=("--workers", "1")) as server:
        server.client().create_repository(repositoryName="counted")
        registry = Registry(server)
        registry.push("counted", image(93), "v1")
        with (server.data / "metrics.db.turn").open("ab") as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)  # who writes there waits
            for number in range(PULLS):
                registry.pull_manifest("counted", "v1")
                registry.push("counted", image(100 + number), f"more-{number}")
            time.sleep(FLUSHED + 2.5)  # a fold would have come by now
            assert pulls(server) == 0.0
        wait(lambda: pulls(server) == PULLS)


def test_the_aws_cli_reads_what_the_registry_did(tmp_path: Path):
    content = image(92)
    with serve(tmp_path, extra=("--workers", "1")) as server:
        server.client().create_repository(repositoryName="counted")
        registry = Registry(server)
        registry.push("counted", content, "v1")
        registry.pull_manifest("counted", "v1")
        wait(lambda: pulls(server) == 1.0)
        metric = {
            "Namespace": "AWS/ECR",
            "MetricName": "RepositoryPullCount",
            "Dimensions": [{"Name": "RepositoryName", "Value": "counted"}],
        }
        queries = [{"Id": "m1", "MetricStat": {"Metric": metric, "Period": 3600, "Stat": "Sum"}}]
        moments = {name: moment.isoformat() for name, moment in span().items()}
        told = aws(
            server,
            tmp_path,
            "get-metric-data",
            *("--metric-data-queries", json.dumps(queries)),
            *("--start-time", moments["StartTime"], "--end-time", moments["EndTime"]),
        )
        assert sum(told["MetricDataResults"][0]["Values"]) == 1.0
        listed = aws(server, tmp_path, "list-metrics", "--namespace", "Entrepot")["Metrics"]
        pushed = [each for each in listed if each["MetricName"] == "RepositoryPushCount"]
        assert {"Name": "RepositoryName", "Value": "counted"} in pushed[0]["Dimensions"]


def aws(server: Server, home: Path, *arguments: str) -> dict[str, Any]:
    """What `aws cloudwatch …` prints."""
    command = [str(EXECUTABLE.with_name("aws")), "cloudwatch", *arguments, "--output", "json"]
    done = subprocess.run(
        command, env=server.environment(home / "home"), capture_output=True, text=True, timeout=60, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found
