"""oras (Python): artifacts pushed, pulled, listed and deleted."""

import random

import oras.client
import pytest

from tests.clients.workplace import Workplace


@pytest.fixture
def client(workplace: Workplace, monkeypatch):
    for name in ("HOME", "DOCKER_CONFIG"):
        monkeypatch.setenv(name, workplace.environment[name])
    if workplace.server.ca:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(workplace.server.ca))
    monkeypatch.chdir(workplace.path)
    made = oras.client.OrasClient(hostname=workplace.server.host, insecure=not workplace.tls, auth_backend="basic")
    made.login(username="AWS", password=workplace.password(), hostname=workplace.server.host)
    workplace.server.resources.callback(made.session.close)
    return made


def artifact(workplace: Workplace, name: str, seed: int) -> bytes:
    data = random.Random(seed).randbytes(250_000)
    (workplace.path / name).write_bytes(data)
    return data


@pytest.mark.parametrize("chunked", [False, True])
def test_an_artifact_comes_back_byte_by_byte(client, workplace: Workplace, chunked):
    made = {name: artifact(workplace, name, 401 + number) for number, name in enumerate(("one.bin", "two.bin"))}
    answer = client.push(
        target=f"{workplace.address}:v1",
        files=[f"{name}:application/vnd.test.part" for name in made],
        do_chunked=chunked,
        chunk_size=100_000,
    )
    assert answer.status_code == 201
    pulled = client.pull(target=f"{workplace.address}:v1", outdir=str(workplace.path / "out"))
    assert len(pulled) == len(made)
    assert {name: (workplace.path / "out" / name).read_bytes() for name in made} == made


def test_an_artifact_is_pulled_by_digest_listed_and_deleted(client, workplace: Workplace):
    data = artifact(workplace, "one.bin", 403)
    answer = client.push(target=f"{workplace.address}:v1", files=["one.bin"])
    digest = answer.headers["Docker-Content-Digest"]
    client.pull(target=f"{workplace.address}@{digest}", outdir=str(workplace.path / "out"))
    assert (workplace.path / "out" / "one.bin").read_bytes() == data
    assert client.get_tags(workplace.address) == ["v1"]
    assert client.delete_tags(workplace.address, ["v1"]) == ["v1"]
    assert workplace.registry.request("GET", f"/v2/{workplace.repository}/manifests/{digest}").status == 404
