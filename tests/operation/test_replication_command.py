"""`entrepot replication status` beside a running server, and the gauges that say the same."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from tests.behaviour.identities import ACCOUNT
from tests.behaviour.replicated import There, replicating, rule
from tests.factories.layouts import image
from tests.factories.processes import Server, serve
from tests.factories.registry import Registry
from tests.factories.waiting import wait
from tests.operation.commands import entrepot

REPOSITORY = "told/app"
FOREIGN = {"region": "us-east-1", "registryId": "777788884444"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    regions = {"ENTREPOT_REGIONS": "us-east-1,eu-west-1"}
    with serve(tmp_path_factory.mktemp("replication"), environment=regions) as running:
        yield running


def status(server: Server, *more: object) -> Any:
    ended = entrepot("replication", "status", *more, "--data", server.data, "--output", "json")
    assert (ended.status, ended.complaint) == (0, ""), ended
    return ended.result


def test_what_waits_and_what_failed_is_told_with_its_reason(server: Server):
    assert status(server) == {"destinations": [], "failures": []}
    made = image(3201)
    server.client().create_repository(repositoryName=REPOSITORY)
    with replicating(server, rule(REPOSITORY), rule(REPOSITORY, FOREIGN)):
        Registry(server).push(REPOSITORY, made, "v1")
        told = status(server, "--wait")
    There(server, REPOSITORY).comes_to((made.digest, "v1"))
    place = {"source": f"{ACCOUNT}/us-east-1", "waiting": 0, "retried": 0, "lag_seconds": 0.0}
    failed = {**place, "destination": "777788884444/us-east-1", "failed": 1}
    assert told["destinations"] == [{**place, "destination": f"{ACCOUNT}/eu-west-1", "failed": 0}, failed]
    (failure,) = told["failures"]
    assert failure["digest"] == made.digest
    assert (failure["repository"], failure["tag"], failure["state"]) == (REPOSITORY, "v1", "failed")
    assert (failure["code"], "ecr:ReplicateImage" in failure["reason"]) == ("AccessDenied", True)
    assert status(server)["destinations"] == [failed]
    ended = entrepot("replication", "status", "--data", server.data)
    assert "not authorized to perform: ecr:ReplicateImage" in ended.out


def test_the_gauges_of_a_destination_are_metrics_of_the_source(server: Server):
    with replicating(server, rule("nothing")):
        metrics = server.client("cloudwatch")
        dimensions = [
            {"Name": "DestinationRegion", "Value": "eu-west-1"},
            {"Name": "DestinationRegistryId", "Value": ACCOUNT},
        ]

        def values(name: str) -> list[float]:
            now = datetime.now(UTC)
            answer = metrics.get_metric_statistics(
                Namespace="Entrepot",
                MetricName=name,
                Dimensions=dimensions,
                StartTime=now - timedelta(minutes=10),
                EndTime=now + timedelta(minutes=1),
                Period=60,
                Statistics=["Maximum"],
            )
            return [point["Maximum"] for point in answer["Datapoints"]]

        for name in ("ReplicationBacklog", "ReplicationLag", "ReplicationFailures"):
            wait(partial(values, name), 60, name)
            assert set(values(name)) == {0.0}
