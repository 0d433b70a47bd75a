"""Buckets of somebody else: moto's server, in a process of its own."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.factories.moto_server import moto_server

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
    with moto_server("127.0.0.1") as moto:
        yield BucketServer(moto.url, moto.client("s3", KEY_ID, SECRET), credentials)
