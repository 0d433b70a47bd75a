"""Rates over the wire: AWS's codes at both doors, clients that try again, processes that share what is left."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config

from tests.behaviour.identities import refusal
from tests.factories import clients
from tests.factories.layouts import image
from tests.factories.processes import REGION, Server, serve
from tests.factories.registry import Registry, error_codes

SELDOM = 0.001  # a second: what is spent is spent for the time of a test
SPENT = 3
TRIES = 3


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    rates = {"CreateRepository": 3, "DescribeRepositories": 3, "ListImages": 3, "PutImage": 3, "DescribeRegistry": 1}
    environment = {
        "ENTREPOT_RATES": ",".join(f"{name}={SELDOM}/{burst}" for name, burst in rates.items()),
        "ENTREPOT_WORKERS": "2",
    }
    with serve(tmp_path_factory.mktemp("rates"), environment=environment) as running:
        running.client().create_repository(repositoryName="one")
        yield running


def test_the_api_says_so_with_awss_code_and_when_to_come_back(server: Server):
    ecr = server.client()
    for _ in range(SPENT):
        ecr.describe_repositories()
    told: list[dict[str, Any]] = []
    ecr.meta.events.register("after-call.ecr.DescribeRepositories", lambda parsed, **_: told.append(parsed))
    assert refusal(ecr.describe_repositories) == ("ThrottlingException", "Rate exceeded")
    answer = told[0]["ResponseMetadata"]
    assert answer["HTTPStatusCode"] == 400
    assert 1 <= int(answer["HTTPHeaders"]["retry-after"]) <= 1 / SELDOM


def test_the_registry_says_so_as_its_clients_know_it(server: Server):
    registry = Registry(server)
    answers = [registry.request("GET", "/v2/one/tags/list") for _ in range(SPENT + 1)]
    assert [each.status for each in answers] == [200] * SPENT + [429]
    assert error_codes(answers[-1]) == ["TOOMANYREQUESTS"]
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 1 / SELDOM


def test_a_request_to_the_registry_waits_for_a_turn_that_comes_soon(tmp_path: Path):
    rates = {"ENTREPOT_RATES": "ListImages=10/1", "ENTREPOT_RATE_WAIT_SECONDS": "10"}
    with serve(tmp_path, extra=("--workers", "1"), environment=rates) as own, ThreadPoolExecutor(6) as pool:
        own.client().create_repository(repositoryName="one")
        registries = [Registry(own) for _ in range(6)]
        began = time.monotonic()
        answers = list(pool.map(lambda each: each.request("GET", "/v2/one/tags/list").status, registries))
        assert answers == [200] * 6
        assert time.monotonic() - began >= 0.45  # the last one's turn
        assert refusal(own.client().list_images, repositoryName="one")[0] == "ThrottlingException"


def test_both_doors_spend_one_rate(server: Server):
    registry, ecr, made = Registry(server), server.client(), image(1)
    registry.push("one", made, "a", "b")
    ecr.put_image(repositoryName="one", imageManifest=made.manifest.data.decode(), imageTag="c")
    assert registry.put_manifest("one", "d", made.manifest).status == 429
    code, _ = refusal(ecr.put_image, repositoryName="one", imageManifest=made.manifest.data.decode(), imageTag="d")
    assert code == "ThrottlingException"


def test_other_regions_and_operations_are_not_touched(server: Server):
    ecr = server.client()
    for _ in range(20):
        ecr.describe_images(repositoryName="one")


def test_an_sdk_takes_it_for_throttling_and_tries_again(server: Server):
    keys = server.credentials
    patient = clients.client(
        "ecr",
        server.base_url,
        keys.access_key_id,
        keys.secret_access_key,
        None,
        region_name=REGION,
        config=Config(retries={"mode": "standard", "total_max_attempts": TRIES}),
    )
    patient.describe_registry()
    with pytest.raises(patient.exceptions.ClientError) as refused:
        patient.describe_registry()
    patient.close()
    assert refused.value.response["ResponseMetadata"]["RetryAttempts"] == TRIES - 1


def test_a_rate_that_comes_back_lets_who_waits_pass(tmp_path: Path):
    with serve(tmp_path, extra=("--workers", "1", "--principal-rate", "50", "--principal-burst", "5")) as own:
        keys = own.credentials
        patient = clients.client(
            "ecr",
            own.base_url,
            keys.access_key_id,
            keys.secret_access_key,
            None,
            region_name=REGION,
            config=Config(retries={"mode": "standard", "total_max_attempts": 10}),
        )
        for number in range(30):
            patient.create_repository(repositoryName=f"r{number}")
        assert len(patient.describe_repositories()["repositories"]) == 30
        patient.close()
