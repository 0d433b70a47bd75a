"""What the worker counts for Prometheus: each metric of CloudWatch once, with bounded labels, a job by its outcome."""

import subprocess
import sys
from pathlib import Path

import pytest

from entrepot.core.metrics import measuring
from entrepot.worker.measures import COUNTED, MOST_LABELS
from tests.factories import calls
from tests.factories.calls import call

PULL = {"pulled": ("sha256:0",), "received": 10, "sent": 20, "took": 500}
# in a process of its own: where prometheus-client counts is settled once, when it is imported
PROGRAM = """
import sys
from pathlib import Path
from entrepot.telemetry import share_metrics
share_metrics(Path(sys.argv[1]), fresh=True)
from entrepot.core.metrics.series import metric
from entrepot.http.metrics import exposition
from entrepot.metrics import summaries
from entrepot.worker.measures import Measures
measures = Measures()
{body}
sys.stdout.write(exposition([]).decode())
"""


def told(folder: Path, body: str) -> list[str]:
    """What the page says after the body has run in a process."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(body=body), str(folder)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [line for line in done.stdout.splitlines() if not line.startswith("#")]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"service": "ecr-public"},
        {"operation": "PutImage", "pulled": ()},
        {"status": 403, "error": "AccessDeniedException", "pulled": ()},
        {"status": 401, "error": "UnrecognizedClientException", "identity": None, "pulled": ()},
        {"status": 500, "error": "ServerException", "pulled": ()},
        {"service": "iam", "operation": "CreateUser", "pulled": (), "repository_id": "", "repository": ""},
    ],
)
def test_every_metric_that_is_measured_of_requests_is_counted_or_is_another_one_of_the_same(changes):
    for found in measuring.told(
        measuring.grouped([calls.told(call(**{**PULL, **changes}))]), "000000000000", "us-east-1"
    ):
        if found.metric.namespace == "AWS/Usage":
            continue  # CallCount is RequestCount of some operations
        dimensions = {name for name, _ in found.metric.dimensions}
        counting = [each for each in COUNTED[found.metric.namespace][found.metric.name] if each.counts(dimensions)]
        assert counting, found.metric


def test_a_metric_is_counted_by_its_sum_and_another_of_it_by_its_samples(tmp_path):
    lines = told(
        tmp_path,
        "measures.count('1', 'r', metric('Entrepot', 'PullLatency', {'Registry': 'private'}),"
        " summaries.of_values((2.0, 4.0), (1.0, 2.0)))",
    )
    labels = '{account="1",region="r",registry="private"}'
    assert f"entrepot_pulls_total{labels} 3.0" in lines
    assert f"entrepot_pull_seconds_total{labels} 0.01" in lines


def test_pulls_of_private_and_public_registries_are_one_metric(tmp_path):
    lines = told(
        tmp_path,
        "one = summaries.of_set(1.0, 1.0, 1.0, 1.0)\n"
        "measures.count('1', 'r', metric('AWS/ECR', 'RepositoryPullCount', {'RepositoryName': 'a'}), one)\n"
        "measures.count('1', 'r', metric('Entrepot', 'RepositoryPullCount',"
        " {'Registry': 'public', 'RepositoryName': 'a'}), one)",
    )
    for registry in ("private", "public"):
        labels = f'{{account="1",region="r",registry="{registry}",repository="a"}}'
        assert f"entrepot_repository_pulls_total{labels} 1.0" in lines


def test_a_metric_of_other_dimensions_and_one_that_is_unknown_are_not_counted(tmp_path):
    body = (
        "one = summaries.of_set(1.0, 1.0, 1.0, 1.0)\n"
        "measures.count('1', 'r', metric('Entrepot', 'RequestCount', {'Service': 'ecr'}), one)\n"
        "measures.count('1', 'r', metric('Custom', 'Anything'), one)"
    )
    assert [line for line in told(tmp_path, body) if "entrepot_requests" in line] == []


def test_beyond_so_many_labels_repositories_are_told_together(tmp_path):
    number = MOST_LABELS + 50
    lines = told(
        tmp_path,
        "one = summaries.of_set(1.0, 1.0, 1.0, 1.0)\n"
        f"for number in range({number}):\n"
        "    place = {'Registry': 'private', 'RepositoryName': f'r{number}'}\n"
        "    measures.count('1', 'r', metric('Entrepot', 'RepositoryPushCount', place), one)",
    )
    pushes = [line for line in lines if line.startswith("entrepot_repository_pushes_total")]
    assert len(pushes) == MOST_LABELS + 1
    assert sum(float(line.split()[-1]) for line in pushes) == number
    assert any('account="other"' in line and 'repository="other"' in line and line.endswith(" 50.0") for line in pushes)


def test_jobs_are_counted_by_how_they_ended(tmp_path):
    lines = told(
        tmp_path,
        "measures.job('fold', 0.01, {}, failed=False)\nmeasures.job('fold', 3.0, {'failed': 'OSError'}, failed=True)",
    )
    assert 'entrepot_job_seconds_count{job="fold"} 2.0' in lines
    assert 'entrepot_job_failures_total{job="fold"} 1.0' in lines
    assert 'entrepot_job_seconds_bucket{job="fold",le="0.025"} 1.0' in lines


def test_scans_are_counted_by_how_they_ended_and_by_what_they_took(tmp_path):
    lines = told(
        tmp_path,
        "took = summaries.of_values((2000.0,), (1.0,))\n"
        "measures.count('1', 'r', metric('Entrepot', 'ScanCount', {'ScanStatus': 'COMPLETE', 'ScanType': 'BASIC'}),"
        " summaries.of_value(1.0))\n"
        "measures.count('1', 'r', metric('Entrepot', 'ScanDuration', {'ScanType': 'BASIC'}), took)\n"
        "measures.count('1', 'r', metric('Entrepot', 'ScanLag', {'ScanType': 'BASIC'}), took)",
    )
    place = 'account="1",region="r"'
    assert f'entrepot_scans_total{{{place},status="COMPLETE",type="BASIC"}} 1.0' in lines
    assert f'entrepot_scan_seconds_total{{{place},type="BASIC"}} 2.0' in lines
    assert f'entrepot_scan_lag_seconds_total{{{place},type="BASIC"}} 2.0' in lines
