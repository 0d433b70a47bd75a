"""Pages of DescribeImages over a repository with very many images, as one client asks for them in turn.

What is measured is from the last byte of the request to the first of the answer over loopback, which is more than the
server takes. The images are written as rows before it starts: pushing so many takes minutes.
"""

import http.client
import json
import math
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import insert

from benchmarks.report import Gate, Row
from benchmarks.servers import OURS
from entrepot.db import repositories
from entrepot.db.database import Transaction
from entrepot.db.schema import manifest, tag
from entrepot.db.sqlite import SqliteDatabase
from entrepot.policy import sigv4
from entrepot.spec.digest import Digest
from entrepot.spec.manifest import Manifest
from entrepot.spec.moments import micros
from entrepot.spec.repository import RegistryKey, RepositoryKey
from tests.factories.processes import Credentials, serve

_REPOSITORY = "bench/many-images"
_TARGET = "AmazonEC2ContainerRegistry_V20150921.DescribeImages"
_PAGE = 1000
_IMAGES, _TAGS = insert(manifest), insert(tag)
_BATCH = 1000
_AT = datetime(2026, 1, 1, tzinfo=UTC)


def rows(directory: Path, count: int, repeat: int) -> Iterator[Row]:
    """The page's cost, and how flat it is to the end."""
    with serve(directory) as server:
        server.client().create_repository(repositoryName=_REPOSITORY)
    _fill(server.data / "entrepot.db", count)
    gates = {"average": 10.0, "99th percentile": 15.0}
    shown = {
        name: Row(f"DescribeImages, a page of 1000 of {count}, {name}", "ms", lower_is_better=True) for name in gates
    }
    for name, limit in gates.items():
        shown[name].gates = [Gate("", 0.0, limit=limit)]
    flat = Row("cost of the last pages of images by that of the first", "ratio", lower_is_better=True)
    flat.gates = [Gate("", 0.0, limit=1.5)]
    with serve(directory, extra=["--workers", "1"]) as server:
        _walk(server.base_url, server.credentials, {})
        for _ in range(repeat):
            took = _walk(server.base_url, server.credentials, {})
            shown["average"].add(OURS, sum(took) / len(took))
            shown["99th percentile"].add(OURS, sorted(took)[math.ceil(len(took) * 0.99) - 1])
            tenth = max(len(took) // 10, 1)
            flat.add(OURS, sorted(took[-tenth:])[tenth // 2] / sorted(took[:tenth])[tenth // 2])
    yield from (*shown.values(), flat)


def _fill(path: Path, count: int) -> None:
    database = SqliteDatabase(path)
    key = RepositoryKey(RegistryKey("private", "000000000000", "us-east-1"), _REPOSITORY)
    try:
        for first in range(0, count, _BATCH):
            made = [_manifest(number) for number in range(first, min(first + _BATCH, count))]
            database.submit(partial(_add, key=key, made=made, first=first)).result()
    finally:
        database.close()


def _add(tx: Transaction, key: RepositoryKey, made: list[Manifest], first: int) -> None:
    """The rows that a page is made of; what else a push leaves is of no interest here."""
    repository = repositories.find(tx, key)
    if repository is None:
        raise RuntimeError(f"there is no {key.name}")
    named = {"repository_id": repository.id}
    tx.run_many(_IMAGES, [{**named, **_row(each)} for each in made])
    tags = [{**named, "name": f"build-{number:06d}", "digest": each.digest} for number, each in enumerate(made, first)]
    tx.run_many(_TAGS, [{**each, "pointed_at": micros(_AT)} for each in tags])


def _row(made: Manifest) -> dict[str, object]:
    return {
        "digest": made.digest,
        "media_type": made.media_type,
        "kind": made.kind,
        "artifact_type": made.artifact_type,
        "subject": None,
        "annotations": "{}",
        "image_size": made.image_size,
        "body": made.payload,
        "pushed_at": micros(_AT),
        "last_pulled_at": micros(_AT),
        "pull_count": 1,
        "status": "ACTIVE",
        "archived_at": None,
        "activating_since": None,
        "activated_at": None,
        "is_tagged": 1,
    }


def _manifest(number: int) -> Manifest:
    """An image of its own with the eight layers that it has in common with all others."""
    config = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": Digest.of(b"%d" % number), "size": 7}
    layer = {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "size": 3_000_000}
    body = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": config,
        "layers": [{**layer, "digest": Digest.of(b"layer%d" % each)} for each in range(8)],
    }
    return Manifest.parse(json.dumps(body).encode(), None)


def _walk(url: str, credentials: Credentials, wanted: Mapping[str, str]) -> list[float]:
    """Milliseconds of each page, to the last."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    took: list[float] = []
    token: str | None = ""
    while token is not None:
        given = {"repositoryName": _REPOSITORY, "maxResults": _PAGE, **({"nextToken": token} if token else {})}
        body = json.dumps({**given, **({"filter": wanted} if wanted else {})}).encode()
        headers = {"host": connection.host + f":{connection.port}", "x-amz-target": _TARGET}
        headers["content-type"] = "application/x-amz-json-1.1"
        keys = (credentials.access_key_id, credentials.secret_access_key)
        signed = sigv4.sign("POST", "/", headers, body, *keys, "us-east-1", "ecr", datetime.now(UTC))
        began = time.perf_counter()
        connection.request("POST", "/", body, {**headers, **signed})
        answer = connection.getresponse()
        took.append((time.perf_counter() - began) * 1000)
        told = json.loads(answer.read())
        token = told.get("nextToken")
    connection.close()
    return took
