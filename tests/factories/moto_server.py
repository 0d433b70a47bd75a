"""AWS-compatible queues, topics and streams on loopback: moto's server as a process of its own.

Owns no assertions.
"""

import contextlib
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.factories import clients
from tests.factories.processes import free_port
from tests.factories.waiting import wait

_READY_SECONDS = 60.0


@dataclass(frozen=True)
class Moto:
    """A running server."""

    url: str
    resources: contextlib.ExitStack = field(default_factory=contextlib.ExitStack, repr=False)

    def client(self, service: str, key_id: str = "test", secret: str = "test") -> Any:
        made = clients.client(service, self.url, key_id, secret)
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
def moto_server(host: str = "localhost") -> Iterator[Moto]:
    """A server, ready when entered, gone when left."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(
        command,
        env={**os.environ, "MOTO_EC2_LOAD_DEFAULT_AMIS": "false"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    made = Moto(f"http://{host}:{port}")
    try:
        wait(lambda: process.poll() is not None or _is_ready(made.url), _READY_SECONDS, "moto's server")
        assert process.poll() is None, "moto's server has ended"
        yield made
    finally:
        made.resources.close()
        process.terminate()
        process.wait(20)


def _is_ready(url: str) -> bool:
    with contextlib.suppress(OSError, urllib.error.URLError), urllib.request.urlopen(f"{url}/moto-api/", timeout=5):
        return True
    return False
