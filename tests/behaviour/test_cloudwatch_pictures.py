"""Pictures of metrics; alarms and dashboards by the aws command line."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from botocore.httpsession import URLLib3Session

from tests.factories.processes import Server

REGION = "us-east-1"


@pytest.fixture(scope="session")
def cloudwatch(server: Server) -> Any:
    return server.client("cloudwatch")


def refused(call: Callable[..., Any], **given: Any) -> tuple[str, int]:
    with pytest.raises(ClientError) as error:
        call(**given)
    return error.value.response["Error"]["Code"], error.value.response["ResponseMetadata"]["HTTPStatusCode"]


def test_a_widget_is_drawn_as_a_picture(cloudwatch: Any):
    datum = {"MetricName": "Drawn", "Value": 5.0}
    cloudwatch.put_metric_data(Namespace="Demo", MetricData=[datum])
    widget = {"metrics": [["Demo", "Drawn"], [{"expression": "TIME_SERIES(4)"}]], "width": 320, "height": 200}
    png = cloudwatch.get_metric_widget_image(MetricWidget=json.dumps(widget), OutputFormat="png")["MetricWidgetImage"]
    assert png.startswith(b"\x89PNG\r\n")
    assert (int.from_bytes(png[16:20]), int.from_bytes(png[20:24])) == (320, 200)
    for wrong in ("{}", "[", json.dumps({"metrics": [["Demo"]]}), json.dumps({"metrics": [[{"expression": "m9"}]]})):
        assert refused(cloudwatch.get_metric_widget_image, MetricWidget=wrong)[1] == 400


def test_a_picture_may_be_the_whole_answer(server: Server):
    widget = json.dumps({"metrics": [["Demo", "Drawn"]], "width": 100, "height": 100})
    form = {"Action": "GetMetricWidgetImage", "Version": "2010-08-01", "OutputFormat": "image/png"}
    request = AWSRequest("POST", server.base_url + "/", data=form | {"MetricWidget": widget})
    keys = Credentials(server.credentials.access_key_id, server.credentials.secret_access_key)
    SigV4Auth(keys, "monitoring", REGION).add_auth(request)
    answer = URLLib3Session().send(request.prepare())
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/png")
    assert answer.content.startswith(b"\x89PNG\r\n")


def test_the_aws_cli_drives_alarms_and_dashboards(server: Server, tmp_path: Path):
    def aws(*words: str) -> Any:
        command = ["aws", "cloudwatch", *words, "--output", "json"]
        done = subprocess.run(command, env=server.environment(tmp_path), capture_output=True, text=True, check=True)
        return json.loads(done.stdout) if done.stdout.strip() else None

    name = "by-the-cli"
    settings = ["--namespace", "Demo", "--metric-name", "Load", "--statistic", "Sum", "--period", "60"]
    judged = ["--evaluation-periods", "1", "--threshold", "1", "--comparison-operator", "GreaterThanThreshold"]
    judged += ["--treat-missing-data", "ignore"]  # what is set stays
    aws("put-metric-alarm", "--alarm-name", name, *settings, *judged)
    aws("set-alarm-state", "--alarm-name", name, "--state-value", "ALARM", "--state-reason", "by hand")
    (found,) = aws("describe-alarms", "--alarm-names", name)["MetricAlarms"]
    assert (found["StateValue"], found["StateReason"], found["Threshold"]) == ("ALARM", "by hand", 1.0)
    body = tmp_path / "body.json"
    body.write_text('{"widgets": []}')
    aws("put-dashboard", "--dashboard-name", name, "--dashboard-body", f"file://{body}")
    assert aws("get-dashboard", "--dashboard-name", name)["DashboardBody"] == body.read_text()
    aws("delete-dashboards", "--dashboard-names", name)
    aws("delete-alarms", "--alarm-names", name)
