"""The catalogue of every kind of registry pages without loss: names that begin others, addresses with a prefix."""

import json
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from tests.factories.processes import Credentials, Server, serve
from tests.factories.registry import Registry, error_codes
from tests.operation.commands import entrepot

SECOND = "222233334444"
REGIONS = ("us-east-1", "eu-central-1")
NAMES = sorted(
    ["a/b", "a/b-c", "a/b.c", "a/b/c", "a/b/c/d", "a/b_c", "a/b__c", "a/bc", "a-b/c", "a0", "ab", "ab/c", "b0/a"]
)
PREFIXES = ("", f"000000000000/{REGIONS[0]}/", f"000000000000/{REGIONS[1]}/", f"{SECOND}/{REGIONS[1]}/")


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, dict[str, Registry]]]:
    """Three registries, each with its own repositories; for each address a client who may list it."""
    with serve(tmp_path_factory.mktemp("catalog"), extra=("--workers", "1", "--regions", ",".join(REGIONS))) as server:
        made = entrepot("account", "create", "--id", SECOND, "--data", server.data, "--output", "json").result
        keys = Credentials(made["access_key_id"], made["secret_access_key"])
        for number, ecr in enumerate(
            (server.client(), server.client(region=REGIONS[1]), server.client(region=REGIONS[1], credentials=keys))
        ):
            for name in (*NAMES, f"only/in-{number}"):
                ecr.create_repository(repositoryName=name)
        first, second = Registry(server), Registry(server, server.token(keys))
        yield server, dict(zip(PREFIXES, (first, first, first, second), strict=True))


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("size", [1, 2, 5, 13, 14, 15])
def test_pages_join_into_all_names_of_one_registry(filled, prefix: str, size: int) -> None:
    """dist#4904, dist#4931: a page dropped the name that begins another, and the last page was null."""
    server, doors = filled
    only = {PREFIXES[0]: 0, PREFIXES[1]: 0, PREFIXES[2]: 1, PREFIXES[3]: 2}[prefix]
    found: list[str] = []
    path: str | None = f"/v2/{prefix}_catalog?n={size}"
    while path is not None:
        answer = doors[prefix].request("GET", path)
        page = json.loads(answer.data)["repositories"]
        assert 0 < len(page) <= size
        found += page
        link = answer.headers.get("Link")
        path = None if link is None else link.partition(">")[0].removeprefix("<")
        assert path is None or path.startswith(f"{server.base_url}/v2/{prefix}_catalog?")
    assert found == [prefix + name for name in sorted([*NAMES, f"only/in-{only}"])]


@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_page_follows_any_name_as_it_is_listed_or_as_it_is_called(filled, prefix: str) -> None:
    _, doors = filled
    for last in ("a/b", "a/b.", "a/bb", "zz"):
        expected = [prefix + name for name in NAMES if name > last]
        for given in (last, prefix + last):
            answer = doors[prefix].request("GET", f"/v2/{prefix}_catalog?last={quote(given, safe='')}")
            listed = json.loads(answer.data)["repositories"]
            assert [name for name in listed if "only/" not in name] == expected, given


def test_what_is_listed_can_be_asked_for_as_it_is_called(filled) -> None:
    _, doors = filled
    for prefix, door in doors.items():
        for name in json.loads(door.request("GET", f"/v2/{prefix}_catalog").data)["repositories"]:
            assert door.request("GET", f"/v2/{name}/tags/list").status == 200


def test_nobody_lists_the_registry_of_another_account(filled) -> None:
    _, doors = filled
    first, second = doors[""], doors[PREFIXES[3]]
    for door, prefix in ((first, PREFIXES[3]), (second, PREFIXES[0]), (second, PREFIXES[1])):
        answer = door.request("GET", f"/v2/{prefix}_catalog")
        assert (answer.status, error_codes(answer)) == (403, ["DENIED"]), prefix
