"""`entrepot replication` beside a running server: how things stand, which gauges say too, options and repairs."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
import urllib3

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


def test_the_page_of_metrics_tells_of_each_destination(server: Server):
    labels = f'account="{ACCOUNT}",destination_account="{ACCOUNT}",destination_region="eu-west-1",region="us-east-1"'
    names = ("entrepot_replication_backlog", "entrepot_replication_lag_seconds", "entrepot_replication_failed")

    def told() -> dict[str, str]:
        page = urllib3.request("GET", f"{server.base_url}/metrics").data.decode()
        return dict(line.rsplit(" ", 1) for line in page.splitlines() if line.startswith("entrepot_replication_"))

    with replicating(server, rule("nothing")):
        found = wait(lambda: told() if f"{names[0]}{{{labels}}}" in told() else {}, 10, "samples of the destination")
        assert {name: found[f"{name}{{{labels}}}"] for name in names} == dict.fromkeys(names, "0.0")


def replication(server: Server, *arguments: object) -> Any:
    ended = entrepot("replication", *arguments, "--data", server.data, "--output", "json")
    assert (ended.status, ended.complaint) == (0, ""), ended
    return ended.result


def test_a_repair_shows_what_differs_and_closes_it(server: Server):
    name, made = "told/repaired", image(3202)
    server.client().create_repository(repositoryName=name)
    Registry(server).push(name, made, "v1")
    with replicating(server, rule(name)):
        asked = ("repair", "--destination", f"{ACCOUNT}/eu-west-1", "--repository", name)
        told = replication(server, *asked, "--dry-run")
        (repair,) = told["repairs"]
        assert (repair["compared"], repair["differences"], repair["kept"]) == (1, 1, 0)
        place = {"destination": f"{ACCOUNT}/eu-west-1", "repository": name, "kept": False}
        missing = {**place, "difference": "missing", "digest": made.digest, "tag": "v1"}
        assert told["differences"] == [missing]
        assert There(server, name).images() == set()
        assert replication(server, "repair", "--wait")["differences"] == [missing]
        assert There(server, name).images() == {(made.digest, "v1")}
        assert replication(server, *asked)["differences"] == []
    wrong = entrepot("replication", "repair", "--destination", "eu-west-1", "--data", server.data)
    assert (wrong.status, "'eu-west-1' is not 12 digits" in wrong.complaint) == (1, True)


def test_options_are_set_for_a_destination_and_taken_away(server: Server):
    place = f"{ACCOUNT}/eu-west-1"
    set_ = ("options", "set", place, "--repository-prefix", "told/")
    shown = {"destination": place, "repository_prefixes": ["told/"], "tags": ["v*"], "settings": ["SCAN_ON_PUSH"]}
    assert replication(server, *set_, "--tag", "v*", "--setting", "SCAN_ON_PUSH") == [shown]
    assert replication(server, "options", "show") == [shown]
    assert replication(server, *set_) == []
    assert server.client("entrepot").get_replication_options()["options"] == []
