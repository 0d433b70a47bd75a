"""Metrics through whichever botocore the interpreter has: prints what it was told. Run by test_sdk_generations.py."""

import json
import os
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

DIMENSIONS = [{"Name": "Sdk", "Value": "python"}]


def refused(client: Any, **parameters: Any) -> dict[str, Any] | None:
    """How a call was refused, if it was."""
    try:
        client.put_metric_data(**parameters)
    except ClientError as error:
        told = error.response
        return {"name": told["Error"]["Code"], "status": told["ResponseMetadata"]["HTTPStatusCode"], "said": str(error)}
    return None


def main() -> None:
    """One round of metrics, as cloudwatch.mjs makes it."""
    given = json.loads(sys.argv[1])
    client = boto3.client(
        "cloudwatch", endpoint_url=os.environ["AWS_ENDPOINT_URL"], config=Config(retries={"total_max_attempts": 1})
    )
    sent: set[str] = set()
    client.meta.events.register("before-send", lambda request, **_: sent.add(_text(request.headers["Content-Type"])))
    packed: set[str] = set()
    client.meta.events.register(
        "before-send", lambda request, **_: packed.add(_text(request.headers.get("Content-Encoding", "")))
    )
    at = datetime.fromtimestamp(given["at"], UTC)
    data = [
        {"MetricName": "Depth", "Dimensions": DIMENSIONS, "Timestamp": at, "Value": value, "Unit": "Count"}
        for value in given["values"] * given.get("repeated", 1)
    ]
    client.put_metric_data(Namespace=given["namespace"], MetricData=data)
    metrics = client.list_metrics(Namespace=given["namespace"])["Metrics"]
    metric = {"Namespace": given["namespace"], "MetricName": "Depth", "Dimensions": DIMENSIONS}
    query = {"Id": "depth", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}}
    around = timedelta(minutes=5)
    found = client.get_metric_data(MetricDataQueries=[query], StartTime=at - around, EndTime=at + around)
    (result,) = found["MetricDataResults"]
    one = [{"MetricName": "x", "Value": 1.0}]
    told = {
        "sent": sorted(sent),
        "packed": sorted(packed),
        "metrics": [metric["MetricName"] for metric in metrics],
        "values": result["Values"],
        "times": [moment.timestamp() for moment in result["Timestamps"]],
        "refused": [
            refused(client, Namespace="AWS/ECR", MetricData=one),
            refused(client, Namespace=":", MetricData=one),
        ],
    }
    sys.stdout.write(json.dumps(told))


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


if __name__ == "__main__":
    main()
