"""Buckets of somebody else: moto's server, in a process of its own."""

import contextlib
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from tests.factories.processes import REGION, free_port

READY_SECONDS = 60.0
KEY_ID, SECRET = "AKIATESTSOFBUCKETS00", "a-secret-of-buckets"


@dataclass(frozen=True)
class BucketServer:
    """A running server of buckets."""

    url: str
    client: Any
    credentials: Path

    def settings(self) -> dict[str, str]:
        """The environment with which a server stores files here."""
        return {
            "ENTREPOT_AWS_ENDPOINTS": f"s3={self.url}",
            "ENTREPOT_AWS_CREDENTIALS": str(self.credentials),
            "ENTREPOT_OUTBOUND_ALLOW": "127.0.0.1",
        }

    def keys(self, bucket: str, prefix: str = "") -> list[str]:
        """The keys of a bucket, in order."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return [found["Key"] for page in pages for found in page.get("Contents", [])]


@contextlib.contextmanager
def buckets(folder: Path) -> Iterator[BucketServer]:
    """A server without any bucket yet."""
    folder.mkdir(parents=True, exist_ok=True)
    credentials = folder / "credentials"
    credentials.write_text(f"[default]\naws_access_key_id = {KEY_ID}\naws_secret_access_key = {SECRET}\n")
    port = free_port()
    command = [str(Path(sys.executable).with_name("moto_server")), "--host", "127.0.0.1", "--port", str(port)]
    with (folder / "moto.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    client = boto3.session.Session().client(
        "s3", region_name=REGION, endpoint_url=url, aws_access_key_id=KEY_ID, aws_secret_access_key=SECRET
    )
    try:
        _wait(process, url)
        yield BucketServer(url, client, credentials)
    finally:
        client.close()
        process.terminate()
        process.wait()


def _wait(process: subprocess.Popen[bytes], url: str) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/moto-api/", timeout=5):
                return
        except (OSError, urllib.error.URLError):
            time.sleep(0.05)
    raise AssertionError(f"no server of buckets at {url}")
