"""What Prometheus is told is what CloudWatch is told; every query of the dashboard and the alerts finds its metric."""

import json
import os
import re
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.factories.layouts import image
from tests.factories.processes import Credentials, Server, serve
from tests.factories.registry import Registry
from tests.factories.waiting import wait
from tests.operation.commands import entrepot

ROOT = Path(__file__).parents[2]
DASHBOARD = ROOT / "deploy" / "grafana" / "entrepot.json"
RULES = ROOT / "deploy" / "prometheus-rules.yml"
PAGE = ROOT / "docs" / "observe.md"
NAME = re.compile(r"\bentrepot_[a-z0-9_]+")
LINE = re.compile(r"^([a-z_0-9]+)(?:\{(.*)\})? (\S+)$")
LABEL = re.compile(r'(\w+)="([^"]*)"')
# counters that no request of these tests makes: they are there as soon as there is something to count
UNSEEN = {"entrepot_job_failures_total", "entrepot_scans_total", "entrepot_server_errors_total"} | {
    f"entrepot_event_{what}_total"
    for what in (*("matches", "invocations", "failed_invocations", "attempts", "retries"), "dead_letters")
}
# nothing is pulled through the cache: no way for a pull to end, no upstream that says how many it answers
UNSEEN |= {"entrepot_pull_through_pulls_total", "entrepot_pull_through_upstream_remaining"}
UNSEEN |= {f"entrepot_vulnerability_source_{what}" for what in ("age_seconds", "records")}  # nothing was imported
REPOSITORY = "observed/app"
PULLS = 7
# nothing that is pushed here goes there
RULE = {
    "destinations": [{"region": "eu-west-1", "registryId": "000000000000"}],
    "repositoryFilters": [{"filter": "elsewhere/", "filterType": "PREFIX_MATCH"}],
}


class Scrape:
    """One look at the page."""

    def __init__(self, server: Server) -> None:
        text = Registry(server, "").request("GET", "/metrics", None).data.decode()
        self.types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE))
        self.samples = [
            (found[1], dict(LABEL.findall(found[2] or "")), float(found[3]))
            for found in map(LINE.match, text.splitlines())
            if found
        ]

    def value(self, name: str, **labels: str) -> float:
        """The sum of a metric where it has these labels."""
        return sum(value for each, has, value in self.samples if each == name and labels.items() <= has.items())

    @property
    def names(self) -> set[str]:
        """Of every sample."""
        return {name for name, _, _ in self.samples}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    regions = {"ENTREPOT_REGIONS": "us-east-1,eu-west-1"}
    with serve(tmp_path_factory.mktemp("observing"), extra=("--workers", "2"), environment=regions) as running:
        assert entrepot("quota", "bytes", "set", "1TiB", "--data", running.data).status == 0
        running.client().put_replication_configuration(replicationConfiguration={"rules": [RULE]})
        on_push = {"scanOnPush": True}
        running.client().create_repository(repositoryName=REPOSITORY, imageScanningConfiguration=on_push)
        registry = Registry(running, running.token())
        registry.push(REPOSITORY, image(1), "v1")
        for _ in range(PULLS):
            registry.pull(REPOSITORY, "v1")
        assert registry.request("GET", f"/v2/{REPOSITORY}/manifests/absent").status == 404
        assert Registry(running, "wrong").request("GET", f"/v2/{REPOSITORY}/manifests/v1").status == 401
        iam = running.client("iam")
        iam.create_user(UserName="nobody")
        key = iam.create_access_key(UserName="nobody")["AccessKey"]
        nobody = running.client(credentials=Credentials(key["AccessKeyId"], key["SecretAccessKey"]))
        with pytest.raises(ClientError, match="AccessDenied"):
            nobody.describe_repositories()
        yield running


@pytest.fixture(scope="module")
def scrape(server: Server) -> Scrape:
    last: list[Scrape] = []

    def is_told() -> bool:
        last[:] = [Scrape(server)]
        return (
            last[0].value("entrepot_repository_pulls_total", repository=REPOSITORY) >= PULLS
            and last[0].value("entrepot_repository_images", repository=REPOSITORY) >= 1
            and last[0].value("entrepot_scans_total") >= 1
        )

    wait(is_told, seconds=90)  # how things stand is told each minute
    return last[0]


def cloudwatch(server: Server, namespace: str, name: str, **dimensions: str) -> float:
    found = server.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=name,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        StartTime=datetime.now(UTC) - timedelta(hours=1),
        EndTime=datetime.now(UTC) + timedelta(minutes=1),
        Period=3600,
        Statistics=["Sum"],
    )
    return float(sum(point["Sum"] for point in found["Datapoints"]))


def test_prometheus_and_cloudwatch_are_told_the_same_numbers(server: Server, scrape: Scrape):
    place = {"account": "000000000000", "region": "us-east-1"}
    of_repository = {"registry": "private", "repository": REPOSITORY}
    dimensions = {"Registry": "private", "RepositoryName": REPOSITORY}
    pulls = scrape.value("entrepot_repository_pulls_total", **place, **of_repository)
    assert pulls == cloudwatch(server, "AWS/ECR", "RepositoryPullCount", RepositoryName=REPOSITORY) == PULLS
    pushes = scrape.value("entrepot_repository_pushes_total", **place, **of_repository)
    assert pushes == cloudwatch(server, "Entrepot", "RepositoryPushCount", **dimensions) == 1
    sent = scrape.value("entrepot_repository_sent_bytes_total", **place, **of_repository)
    assert sent == cloudwatch(server, "Entrepot", "BytesOut", **dimensions) > 0
    failures = scrape.value("entrepot_authentication_failures_total", door="oci")
    assert failures == cloudwatch(server, "Entrepot", "AuthenticationFailureCount", Door="oci") == 1
    gets = scrape.value("entrepot_requests_total", service="ecr", operation="BatchGetImage")
    assert gets == cloudwatch(
        server,
        "AWS/Usage",
        "CallCount",
        Service="ECR",
        Type="API",
        Resource="BatchGetImage",
        Class="None",
    )


def test_how_repositories_stand_is_told(scrape: Scrape):
    for name, value in (("images", 1), ("tags", 1)):
        assert scrape.value(f"entrepot_repository_{name}", repository=REPOSITORY) == value
        assert scrape.value(f"entrepot_{name}") == value
    assert scrape.value("entrepot_repository_unique_bytes", repository=REPOSITORY) > 1000
    assert 0 <= scrape.value("entrepot_repository_newest_image_age_seconds", repository=REPOSITORY) < 120
    assert scrape.value("entrepot_repositories") == 1
    assert scrape.value("entrepot_repositories_left_out") == 0
    assert scrape.value("entrepot_gauges_known") == 1


def test_jobs_and_what_waits_are_told(scrape: Scrape):
    assert scrape.value("entrepot_job_seconds_count", job="measure") > 0
    assert scrape.value("entrepot_job_late_seconds") < 60
    assert {has["database"] for name, has, _ in scrape.samples if name == "entrepot_journal_behind_bytes"} == {
        *("metadata", "audit", "metrics")
    }
    assert {has["kind"] for name, has, _ in scrape.samples if name == "entrepot_outbox_rows"} == {"event", "audit"}


def test_scans_are_told(server: Server, scrape: Scrape):
    ended = {"status": "FAILED", "type": "BASIC"}  # nothing is known of vulnerabilities here
    assert scrape.value("entrepot_scans_total", account="000000000000", region="us-east-1", **ended) == 1
    assert scrape.value("entrepot_scan_lag_seconds_total", type="BASIC") < 60
    assert {has["state"] for name, has, _ in scrape.samples if name == "entrepot_scan_queue_rows"} == {
        *("waiting", "running", "matching")
    }
    assert scrape.value("entrepot_scan_queue_rows") == 0
    assert cloudwatch(server, "Entrepot", "ScanCount", ScanStatus="FAILED", ScanType="BASIC") == 1


def test_what_was_counted_survives_the_worker(server: Server, scrape: Scrape):
    (file,) = (path for path in (server.data / "metrics").glob("counter_*.db") if path.stat().st_size > 1024 * 1024)
    os.kill(int(file.stem.partition("_")[2]), signal.SIGKILL)
    runs = Scrape(server).value("entrepot_job_seconds_count", job="measure")
    wait(lambda: Scrape(server).value("entrepot_job_seconds_count", job="measure") > runs, seconds=40)
    again = Scrape(server)
    assert again.value("entrepot_repository_pulls_total", repository=REPOSITORY) == PULLS
    denied = {"service": "ecr", "operation": "DescribeRepositories"}
    assert again.value("entrepot_denied_requests_total", **denied) == 1


def asked() -> dict[str, set[str]]:
    """The metrics of every query, by where it stands."""
    found: dict[str, set[str]] = {}
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        for target in panel.get("targets", ()):
            found[f"{panel['title']}: {target['expr']}"] = set(NAME.findall(target["expr"]))
    for expression in re.findall(r"^ +expr: (.+)$", RULES.read_text(), re.MULTILINE):
        found[expression] = set(NAME.findall(expression))
    return found


def test_every_query_of_the_dashboard_and_the_alerts_names_what_is_exported(scrape: Scrape):
    assert len(asked()) > 40
    there = scrape.names | UNSEEN
    assert {where: names - there for where, names in asked().items() if names - there or not names} == {}


def test_labels_that_queries_ask_for_are_those_of_their_metrics(scrape: Scrape):
    labels: dict[str, set[str]] = {}
    for name, has, _ in scrape.samples:
        labels.setdefault(name, set()).update(has)
    strays = {}
    for where in asked():
        expression = where.partition(": ")[2] or where
        for name, selector in re.findall(r"\b(entrepot_[a-z0-9_]+)\{([^}]*)\}", expression):
            wanted = set(re.findall(r"(\w+)\s*[=!]~?", selector))
            if name in labels and wanted - labels[name]:
                strays[where] = wanted - labels[name]
    assert strays == {}


def test_the_dashboard_can_be_imported():
    dashboard: dict[str, Any] = json.loads(DASHBOARD.read_text())
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(ids) == len(set(ids))
    assert {variable["name"] for variable in dashboard["templating"]["list"]} == {
        *("source", "account", "region", "repository")
    }
    places = [panel["gridPos"] for panel in dashboard["panels"]]
    assert all(place["x"] + place["w"] <= 24 for place in places)
    cells = [
        (x, y)
        for place in places
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(cells) == len(set(cells))  # no panel lies on another


def test_the_page_of_metrics_names_every_metric_and_no_other(scrape: Scrape):
    named = set(NAME.findall(PAGE.read_text()))
    families = {re.sub(r"_(bucket|sum|count)$", "", name) if "seconds_" in name else name for name in scrape.names}
    assert families - named == set()
    assert named - families - UNSEEN - {"entrepot_event_failed_dead_letters_total"} == set()


def test_counting_takes_a_bounded_time_to_tell(server: Server, scrape: Scrape):
    began = time.monotonic()
    for _ in range(10):
        Scrape(server)
    assert time.monotonic() - began < 10
