"""AWS-compatible queues, topics and streams on loopback: moto's server as a process of its own.

Owns no assertions.
"""

import contextlib
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3

from tests.factories.processes import free_port

REGION = "us-east-1"
_READY_SECONDS = 60.0


@dataclass(frozen=True)
class Moto:
    """A running server."""

    url: str
    resources: contextlib.ExitStack = field(default_factory=contextlib.ExitStack, repr=False)

    def client(self, service: str) -> Any:
        made = boto3.session.Session().client(
            service,
            region_name=REGION,
            endpoint_url=self.url,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        self.resources.callback(made.close)
        return made

    def queue(self, name: str, **attributes: str) -> tuple[str, str]:
        """A new queue: (URL, ARN)."""
        sqs = self.client("sqs")
        url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        return url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    def messages(self, url: str, number: int) -> list[dict[str, Any]]:
        """What is in a queue, at most so many messages; each is taken out."""
        sqs = self.client("sqs")
        found: list[dict[str, Any]] = []
        while len(found) < number:
            answer = sqs.receive_message(
                QueueUrl=url, MaxNumberOfMessages=1, MessageAttributeNames=["All"], AttributeNames=["All"]
            )
            if not answer.get("Messages"):
                break
            for message in answer["Messages"]:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                found.append(message)
        return found


@contextlib.contextmanager
def moto_server() -> Iterator[Moto]:
    """A server, ready when entered, gone when left."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(
        command,
        env={**os.environ, "MOTO_EC2_LOAD_DEFAULT_AMIS": "false"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    made = Moto(f"http://localhost:{port}")
    try:
        _wait(made.url, process)
        yield made
    finally:
        made.resources.close()
        process.terminate()
        process.wait(20)


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/moto-api/", timeout=5):
                return
        except (OSError, urllib.error.URLError):
            time.sleep(0.05)
    raise RuntimeError("moto's server is not there")
