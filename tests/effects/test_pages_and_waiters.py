"""botocore's paginators and waiters of ECR and ECR Public, each used on what it is for."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from botocore import xform_name

from entrepot.app.services import SERVICES
from tests.effects.case import ACCOUNT
from tests.effects.private import EXPIRE
from tests.factories import forks
from tests.factories.advisory_files import dump, record
from tests.factories.layouts import archive, image, image_of
from tests.factories.processes import Server, serve
from tests.factories.registry import Registry
from tests.factories.shown import Shows
from tests.factories.waiting import wait

APP = "pages/app"
SCANNED = {"imageTag": "scanned"}
QUICK = {"Delay": 1, "MaxAttempts": 60}
DEBIAN = image_of(
    archive(
        {
            "etc/os-release": b'ID=debian\nVERSION_ID="12"\n',
            "var/lib/dpkg/status": b"Package: p\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n\n",
        }
    )
)
VULNERABILITIES = [record(f"DSA-{number}", fixed="2", related=[f"CVE-2024-000{number}"]) for number in (1, 2, 3)]
PAGINATORS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "ecr": {
        "DescribeImageScanFindings": {"repositoryName": APP, "imageId": SCANNED},
        "DescribeImages": {"repositoryName": APP},
        "DescribeReplicationBackfillResults": {},  # of the last backfill
        "DescribeRepositories": {},
        "DescribeRepositoryCreationTemplates": {},
        "GetLifecyclePolicyPreview": {"repositoryName": APP},
        "ListImages": {"repositoryName": APP},
        "ListReplicationBackfills": {},
    },
    "ecr-public": {
        "DescribeImageTags": {"repositoryName": APP},
        "DescribeImages": {"repositoryName": APP},
        "DescribeRegistries": {},
        "DescribeRepositories": {},
    },
}
WAITERS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "image_scan_complete": ("DescribeImageScanFindings", {"repositoryName": APP, "imageId": SCANNED}),
    "lifecycle_policy_preview_complete": ("GetLifecyclePolicyPreview", {"repositoryName": APP}),
}
NOT_YET = {"DescribePullThroughCacheRules"}
REGIONS = ("us-east-1", "eu-west-1", "eu-west-2", "eu-west-3")
ALONE = {"DescribeRegistries"}  # an account has one


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("pages")
    with serve(folder, environment={"ENTREPOT_REGIONS": ",".join(REGIONS)}) as running:
        _known(running, folder)
        for service in PAGINATORS:
            _furnish(running, service)
        ecr = running.client()
        for letter in "abc":
            ecr.create_repository_creation_template(prefix=f"pages/{letter}", appliedFor=["CREATE_ON_PUSH"])
        ecr.start_image_scan(repositoryName=APP, imageId=SCANNED)
        ecr.start_lifecycle_policy_preview(repositoryName=APP, lifecyclePolicyText=EXPIRE)
        _replicate(running)
        yield running


def _known(server: Server, folder: Path) -> None:
    """The server knows vulnerabilities."""
    path = dump(folder / "Debian" / "all.zip", VULNERABILITIES)
    done = forks.run(["vulndb", "import", str(path), "--data", str(server.data)])
    assert done.returncode == 0, done.stderr


def _furnish(server: Server, service: str) -> None:
    """Three repositories, and four images in one of them."""
    api = server.client(service)
    for name in (APP, "pages/b", "pages/c"):
        api.create_repository(repositoryName=name)
    registry, name = Registry(server), APP
    if service == "ecr-public":
        (told,) = api.describe_registries()["registries"]
        registry, name = Registry(server, server.public_token()), f"public.ecr/{told['aliases'][0]['name']}/{APP}"
    registry.push(name, DEBIAN, "scanned")
    for number in (1, 2, 3):
        registry.push(name, image(4200 + number, layers=1, size=64), f"v{number}")


def _replicate(server: Server) -> None:
    """Backfills to three Regions, to their ends."""
    ecr = server.client()
    there = [{"region": region, "registryId": ACCOUNT} for region in REGIONS[1:]]
    rules = [{"destinations": there, "repositoryFilters": [{"filter": APP, "filterType": "PREFIX_MATCH"}]}]
    ecr.put_replication_configuration(replicationConfiguration={"rules": rules})
    for each in there:
        ecr.start_replication_backfill(destination=each)
    wait(lambda: all("endedAt" in each for each in ecr.list_replication_backfills()["backfills"]), 60, "the ends")


def asked(server: Server, service: str, operation: str) -> dict[str, Any]:
    """The input of a paginator."""
    given = dict(PAGINATORS[service][operation])
    if operation == "DescribeReplicationBackfillResults":
        given |= {"replicationBackfillId": newest(server)}
    return given


def newest(server: Server) -> str:
    return str(server.client().list_replication_backfills()["backfills"][0]["replicationBackfillId"])


@pytest.mark.parametrize("waiter", WAITERS)
def test_a_waiter_returns_when_what_it_waits_for_is_done(server: Server, shows: Shows, waiter: str):
    operation, given = WAITERS[waiter]
    server.client().get_waiter(waiter).wait(**given, WaiterConfig=QUICK)
    told = getattr(server.client(), xform_name(operation))(**given)
    assert "COMPLETE" in {told.get("status"), told.get("imageScanStatus", {}).get("status")}
    shows("ecr", operation, "waiter")


@pytest.mark.parametrize(
    ("service", "operation"), [(service, name) for service in PAGINATORS for name in PAGINATORS[service]]
)
def test_a_paginator_reads_all_of_it_whatever_the_size_of_its_pages(
    server: Server, shows: Shows, service: str, operation: str
):
    for waiter, (waited, wanted) in WAITERS.items():
        if service == "ecr" and waited == operation:
            server.client().get_waiter(waiter).wait(**wanted, WaiterConfig=QUICK)
    given, paginator = asked(server, service, operation), server.client(service).get_paginator(xform_name(operation))
    (key, *_) = paginator.result_keys
    whole = key.search(paginator.paginate(**given).build_full_result())
    pages = list(paginator.paginate(**given, PaginationConfig={"PageSize": 1}))
    items = [item for page in pages for item in key.search(page)]
    assert items == whole
    assert len(items) >= (1 if operation in ALONE else 3)
    assert [len(key.search(page)) for page in pages if key.search(page)] == [1] * len(items)
    shows(service, operation, "paginator")


def test_every_paginator_and_every_waiter_of_what_is_built_is_used(server: Server):
    for service, used in PAGINATORS.items():
        api = server.client(service)
        known = {name for name in SERVICES[service] if api.can_paginate(xform_name(name))}
        assert set(used) == known - NOT_YET
        assert api.waiter_names == (list(WAITERS) if service == "ecr" else [])
