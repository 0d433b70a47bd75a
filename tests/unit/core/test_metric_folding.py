"""What journals say is counted once, where AWS counts it, and beyond it where docs/metrics.md says."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from entrepot.core.calls import Call
from entrepot.core.metrics import measuring
from entrepot.core.metrics.folding import MetricsFold, Place, fold
from entrepot.core.metrics.points import Window
from entrepot.core.metrics.series import Metric, metric
from entrepot.core.permissions import OPERATIONS
from entrepot.db import metric_series
from entrepot.journal import Journal, batches
from entrepot.metrics import statistics
from tests.factories.callers import ACCOUNT, OTHER_ACCOUNT, REGION
from tests.factories.journal_calls import DIGEST, call, journal
from tests.factories.metric_database import NOON, PULLS, MetricDatabase

PLACE = Place(ACCOUNT, REGION)
MINUTE = Window(NOON, NOON + 60, 60)


class Folded:
    """A metrics' database beside journals."""

    def __init__(self, metrics: MetricDatabase, directory: Path) -> None:
        self.metrics = metrics
        self.directory = directory
        self.fold = MetricsFold(metrics.database, directory, PLACE)
        self._written: list[Journal] = []

    def told(self, *told: Call) -> int:
        """Journal these and fold them; how many records were."""
        self._written.append(journal(self.directory, f"j{len(self._written)}", *told))
        return self.fold.run()

    def count(self, which: Metric, account: str = ACCOUNT) -> float:
        """The sum of the first minute."""
        return self.metrics.sums(MINUTE, which, account=account).get(NOON, 0.0)

    def close(self) -> None:
        for each in self._written:
            each.close()


@pytest.fixture
def folded(metrics: MetricDatabase, tmp_path: Path) -> Iterator[Folded]:
    (tmp_path / "journal").mkdir()
    made = Folded(metrics, tmp_path / "journal")
    yield made
    made.close()


def usage(operation: str) -> Metric:
    return metric("AWS/Usage", "CallCount", {"Service": "ECR", "Type": "API", "Resource": operation, "Class": "None"})


def ours(name: str, **dimensions: str) -> Metric:
    return metric("Entrepot", name, dimensions)


def test_a_pull_is_one_manifest_that_was_handed_out_and_a_head_is_none(folded: Folded):
    folded.told(
        call(NOON),
        call(NOON, pulled=(DIGEST, DIGEST, DIGEST)),
        call(NOON, pulled=(), head=True),
        call(NOON, pulled=(), status=404, error="ImageNotFoundException"),
    )
    assert folded.count(PULLS) == 4.0
    assert folded.count(usage("BatchGetImage")) == 4.0


@pytest.mark.parametrize("operation", sorted(OPERATIONS["ecr"]))
def test_usage_counts_the_eight_documented_operations_and_no_other(folded: Folded, operation):
    folded.told(call(NOON, operation))
    assert folded.count(usage(operation)) == float(operation in measuring.USAGE)
    assert folded.count(ours("RequestCount", Service="ecr", Operation=operation)) == 1.0


def test_a_public_registry_counts_beside_the_private_ones(folded: Folded):
    folded.told(call(NOON, service="ecr-public", region="", identity=None))
    assert folded.count(PULLS) == 0.0
    assert folded.count(usage("BatchGetImage")) == 0.0
    assert folded.count(ours("RepositoryPullCount", Registry="public", RepositoryName="one")) == 1.0


def test_pushes_count_when_they_succeed(folded: Folded):
    folded.told(call(NOON, "PutImage"), call(NOON, "PutImage", status=400, error="ImageTagAlreadyExistsException"))
    assert folded.count(ours("RepositoryPushCount", Registry="private", RepositoryName="one")) == 1.0


def test_bytes_are_summed_for_repositories_and_for_registries(folded: Folded):
    folded.told(
        call(NOON, "UploadLayerPart", received=5_000_000, sent=0),
        call(NOON, "UploadLayerPart", received=7_000_000, sent=0, repository="two"),
        call(NOON, sent=300),
    )
    assert folded.count(ours("BytesIn", Registry="private")) == 12_000_000
    assert folded.count(ours("BytesIn", Registry="private", RepositoryName="two")) == 7_000_000
    assert folded.count(ours("BytesOut", Registry="private", RepositoryName="one")) == 300


def test_accepted_and_refused_credentials_are_told_apart_from_none(folded: Folded):
    nobody: dict[str, Any] = {
        "identity": None,
        "operation": "",
        "service": "ecr",
        "account": "",
        "region": "",
        "repository_id": "",
    }
    folded.told(
        call(NOON),
        call(NOON, status=403, error="AccessDeniedException", pulled=()),
        call(NOON, **nobody, status=401, error="UnrecognizedClientException"),
        call(NOON, **nobody, status=401, error="MissingAuthenticationTokenException"),
    )
    assert folded.count(ours("AuthenticationSuccessCount", Door="oci")) == 2.0
    assert folded.count(ours("AuthenticationFailureCount", Door="oci")) == 1.0
    assert folded.count(ours("DeniedCount", Service="ecr", Operation="BatchGetImage")) == 1.0


def test_faults_of_the_server_are_not_those_of_clients(folded: Folded):
    folded.told(call(NOON, status=500, error="ServerException"), call(NOON, status=404, error="x", pulled=()))
    place = {"Service": "ecr", "Operation": "BatchGetImage"}
    assert folded.count(ours("ServerErrorCount", **place)) == 1.0
    assert folded.count(ours("ClientErrorCount", **place)) == 1.0


def test_names_that_a_client_makes_up_become_no_metrics(folded: Folded):
    made_up = {"door": "aws", "status": 400, "error": "AccessDeniedException", "pulled": ()}
    folded.told(
        *(
            call(NOON, f"Made{number}", repository=f"up-{number}", account=f"{number:012d}", **made_up)
            for number in range(1, 51)
        )
    )
    listed = folded.metrics.read(metric_series.page, ACCOUNT, REGION, ("", "", ""), 1000, 0)
    assert [row.dimensions for row in listed if "up-" in row.dimensions or "Made" in row.dimensions] == []
    assert folded.count(ours("RequestCount", Service="ecr", Operation="Other")) == 50.0


def test_latency_of_pulls_has_percentiles(folded: Folded):
    folded.told(*(call(NOON, took=1000 * number) for number in range(1, 101)))
    (found,) = folded.metrics.asked(MINUTE, ours("PullLatency", Registry="private")).values()
    assert found.maximum == 100.0
    assert statistics.parse("p90").of(found) == pytest.approx(90.0, rel=0.02)


def test_requests_count_in_the_minute_and_the_account_that_they_belong_to(folded: Folded):
    folded.told(call(NOON + 59), call(NOON + 60), call(NOON, account=OTHER_ACCOUNT))
    assert folded.metrics.sums(Window(NOON, NOON + 120, 60)) == {NOON: 1.0, NOON + 60: 1.0}
    assert folded.count(PULLS, OTHER_ACCOUNT) == 1.0


def test_records_are_counted_once_however_often_they_are_folded(folded: Folded):
    assert folded.told(call(NOON), call(NOON)) == 2
    assert folded.fold.run() == 0
    assert folded.count(PULLS) == 2.0
    (offset,) = folded.fold.offsets().values()
    (batch,) = batches(folded.directory, {})
    told = measuring.told(measuring.grouped(batch.records), ACCOUNT, REGION)
    assert folded.metrics.write(fold, batch, told) is False  # somebody who read them before the other had committed
    assert folded.count(PULLS) == 2.0
    assert offset == batch.offset


def test_what_is_no_record_of_this_version_is_passed_over(folded: Folded):
    written = Journal(folded.directory, "other")
    written.append(b"\xc1 not msgpack")
    written.append(b"\x93\x01\x02\x03")
    written.close()
    assert folded.told(call(NOON)) == 1
    assert folded.count(PULLS) == 1.0


def test_a_journal_that_is_gone_is_forgotten(folded: Folded):
    folded.told(call(NOON))
    (name,) = folded.fold.offsets()
    (folded.directory / name).rename(folded.directory / f"{name}.done")
    folded.fold.run()
    assert set(folded.fold.offsets()) == {name}  # another folder may still hold a batch of it
    (folded.directory / f"{name}.done").unlink()
    folded.fold.run()
    assert folded.fold.offsets() == {}
