"""What a pull through the cache costs: the first one beside the same pull straight from that upstream and beside a push
of as much, a later one beside a pull of what was pushed here. Both servers and the client share the machine.
"""

import contextlib
import json
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import urllib3

from benchmarks import cpu
from benchmarks.report import Row
from tests.factories.layouts import Content, Image, manifest
from tests.factories.processes import Server, serve
from tests.factories.pull_through import rule, settings_for
from tests.factories.registry import Registry
from tests.factories.waiting import wait

THROUGH, STRAIGHT, PUSHED = "entrepot", "straight", "push"
_SECRET = "ecr-pullthroughcache/bench"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar"
_CHUNK = 1 << 20


def rows(scratch: Path, repeat: int, size: int) -> Iterator[Row]:
    """Seconds of an image with one layer of so many bytes: a client's, and those of processors that the server spends
    until the image is stored.
    """
    first = Row(f"first pull of {size >> 20} MiB through the cache", "s", lower_is_better=True)
    spent = Row(f"what it costs the server whose images they become, {size >> 20} MiB", "CPU s", lower_is_better=True)
    later = Row(f"cached pull of {size >> 20} MiB", "s", lower_is_better=True)
    with serve(scratch / "upstream") as upstream:
        host = f"127.0.0.1:{upstream.port}"
        with serve(scratch / "cache", environment=settings_for(host)) as cache:
            _rule(cache, upstream, host)
            upstream.client().create_repository(repositoryName="app")
            cache.client().create_repository(repositoryName="own")
            for number in range(repeat):
                made = _image(number, size)
                Registry(upstream).push("app", made, f"v{number}")
                with _spending(cache, spent, PUSHED):
                    Registry(cache).push("own", made, f"v{number}")
                with _spending(upstream, spent, STRAIGHT):
                    first.add(STRAIGHT, _seconds(upstream, "app", made, number))
                with _spending(cache, spent, THROUGH):
                    first.add(THROUGH, _seconds(cache, "up/app", made, number))
                    wait(lambda: cache.client().list_images(repositoryName="up/app")["imageIds"])
                later.add(STRAIGHT, _seconds(cache, "own", made, number))
                later.add(THROUGH, _seconds(cache, "up/app", made, number))
    yield from (first, spent, later)


@contextlib.contextmanager
def _spending(server: Server, row: Row, name: str) -> Iterator[None]:
    """Add what a server's processes spend meanwhile."""
    before = cpu.usage(server.process.pid)
    yield
    row.add(name, (cpu.usage(server.process.pid) - before).total)


def _rule(cache: Server, upstream: Server, host: str) -> None:
    login = json.dumps({"username": "AWS", "accessToken": upstream.token()})
    arn = cache.client("secretsmanager").create_secret(Name=_SECRET, SecretString=login)["ARN"]
    rule(cache, "up", host, credentialArn=arn)


def _image(number: int, size: int) -> Image:
    config = Content(_CONFIG, b'{"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers"}}')
    layer = Content(_LAYER, number.to_bytes(8, "big") * (size // 8))
    return Image(manifest(config, (layer,)), config, (layer,))


def _seconds(server: Server, repository: str, made: Image, number: int) -> float:
    """From the first request to the last byte."""
    headers = urllib3.make_headers(basic_auth=f"AWS:{server.token()}")
    with urllib3.PoolManager(headers=headers, retries=False) as pool:
        root = f"{server.base_url}/v2/{repository}"
        begun = time.perf_counter()
        _taken(pool, f"{root}/manifests/v{number}")
        for blob in (made.config, *made.layers):
            assert _taken(pool, f"{root}/blobs/{blob.digest}") == len(blob.data)
        return time.perf_counter() - begun


def _taken(pool: urllib3.PoolManager, url: str) -> int:
    answer = pool.request("GET", url, preload_content=False)
    assert answer.status == 200, answer.status
    taken = sum(len(piece) for piece in iter(partial(answer.read, _CHUNK), b""))
    answer.release_conn()
    return taken
