"""How soon an image is in another Region after it was pushed, beside `skopeo copy` of the same image between the same
two registries; and how soon a burst of images is, beside copying them one after another.
"""

import concurrent.futures
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import urllib3

from benchmarks.report import Gate, Row
from tests.behaviour.identities import ACCOUNT
from tests.factories.layouts import Content, Image, image, manifest
from tests.factories.processes import Server, serve
from tests.factories.registry import Registry

OURS, COPIED = "entrepot", "skopeo copy"
_HOME, _ABROAD = "us-east-1", "eu-west-1"
_REPLICATED, _BY_HAND = "bench/replicated", "bench/by-hand"
_LAYER = "application/vnd.oci.image.layer.v1.tar"
_LAG, _DRAIN = 1 / 1.1, 1 / 1.5  # how many times better at least
_PUSHERS = 8
_PATIENCE = 120.0


def rows(scratch: Path, repeat: int, sizes: Sequence[int], burst: int, *, peers: bool) -> Iterator[Row]:
    """Two rows, in seconds: the lag of an image with layers of these sizes, and a burst of so many small images."""
    total = sum(sizes) >> 20
    lag = Row(f"lag of an image of {total} MiB", "s", lower_is_better=True, gates=(Gate(COPIED, _LAG),))
    drain = Row(f"burst of {burst} images", "s", lower_is_better=True, gates=(Gate(COPIED, _DRAIN),))
    with serve(scratch, environment={"ENTREPOT_REGIONS": f"{_HOME},{_ABROAD}"}) as server:
        _prepare(server)
        why = "" if peers and shutil.which("skopeo") else "skopeo is not installed, or not asked for"
        for number in range(repeat):
            made = _large(number, sizes)
            Registry(server).push(_BY_HAND, made, f"v{number}")
            lag.add(OURS, _lag(server, made, f"v{number}"))
            small = [image(number * burst + each + 1, layers=1) for each in range(burst)]
            drain.add(OURS, _burst(server, small, number))
            if why:
                continue
            lag.add(COPIED, _copied(server, [f"v{number}"]))
            for each, content in enumerate(small):
                Registry(server).push(_BY_HAND, content, f"b{number}-{each}")
            drain.add(COPIED, _copied(server, [f"b{number}-{each}" for each in range(burst)]))
    for row in (lag, drain):
        if why:
            row.missing[COPIED] = why
        yield row


def _prepare(server: Server) -> None:
    """A repository that is replicated, and one that is copied by hand."""
    ecr, abroad = server.client(), server.client(region=_ABROAD)
    for name in (_REPLICATED, _BY_HAND):
        ecr.create_repository(repositoryName=name)
        abroad.create_repository(repositoryName=name)
    destinations = [{"region": _ABROAD, "registryId": ACCOUNT}]
    filters = [{"filter": _REPLICATED, "filterType": "PREFIX_MATCH"}]
    rules = [{"destinations": destinations, "repositoryFilters": filters}]
    ecr.put_replication_configuration(replicationConfiguration={"rules": rules})


def _large(number: int, sizes: Sequence[int]) -> Image:
    config = image(number, layers=1).config
    layers = tuple(
        Content(_LAYER, (number * 100 + index).to_bytes(8, "big") * (size // 8)) for index, size in enumerate(sizes)
    )
    return Image(manifest(config, layers), config, layers)


def _lag(server: Server, made: Image, tag: str) -> float:
    """From the moment that its push was acknowledged until it is there."""
    Registry(server).push(_REPLICATED, made, tag)
    begun = time.perf_counter()
    _until_there(server, [tag])
    return time.perf_counter() - begun


def _burst(server: Server, made: Sequence[Image], number: int) -> float:
    """From the first manifest that is put until the last image is there; their blobs are here before."""
    for each in made:
        for blob in each.blobs:
            Registry(server).push_blob(_REPLICATED, blob)
    tags = [f"b{number}-{each}" for each in range(len(made))]
    begun = time.perf_counter()
    with concurrent.futures.ThreadPoolExecutor(_PUSHERS) as pushers:
        puts = [
            pushers.submit(Registry(server).put_manifest, _REPLICATED, tag, each.manifest)
            for tag, each in zip(tags, made, strict=True)
        ]
        for put in puts:
            assert put.result().status == 201
    _until_there(server, tags)
    return time.perf_counter() - begun


def _until_there(server: Server, tags: Sequence[str]) -> None:
    headers = urllib3.make_headers(basic_auth=f"AWS:{server.token()}")
    until = time.perf_counter() + _PATIENCE
    with urllib3.PoolManager(headers=headers, retries=False) as pool:
        for tag in tags:
            url = f"{server.base_url}/v2/{ACCOUNT}/{_ABROAD}/{_REPLICATED}/manifests/{tag}"
            while pool.request("HEAD", url).status != 200:
                assert time.perf_counter() < until, f"{tag} has not come in {_PATIENCE} s"
                time.sleep(0.005)  # between two looks: nothing tells a client that an image has come


def _copied(server: Server, tags: Sequence[str]) -> float:
    """One after another, each by a process of its own, as a script does it."""
    source = f"docker://{server.host}/{_BY_HAND}"
    target = f"docker://{server.host}/{ACCOUNT}/{_ABROAD}/{_BY_HAND}"
    login = f"AWS:{server.token()}"
    flags = ["--src-tls-verify=false", "--dest-tls-verify=false", f"--src-creds={login}", f"--dest-creds={login}"]
    begun = time.perf_counter()
    for tag in tags:
        subprocess.run(
            ["skopeo", "--insecure-policy", "copy", "-q", *flags, f"{source}:{tag}", f"{target}:{tag}"], check=True
        )
    return time.perf_counter() - begun
