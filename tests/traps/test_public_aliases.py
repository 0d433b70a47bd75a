"""Traps of names in public addresses: who has one, who may have one, and from when."""

from typing import Any

import pytest

from tests.factories.processes import Server
from tests.factories.registry import Registry
from tests.operation.commands import entrepot, refused
from tests.traps.conftest import STRANGER
from tests.traps.public import Public

ACCOUNT = "000000000000"


@pytest.fixture(scope="module")
def public(server: Server) -> Public:
    return Public(server)


def test_an_alias_is_that_of_whoever_has_it_now_on_every_worker(server: Server, public: Public) -> None:
    """A name in an address is looked up each time: nobody pulls from whom an alias used to belong to."""

    def command(*arguments: str) -> dict[str, Any]:
        ended = entrepot("public-alias", *arguments, "--data", server.data, "--output", "json")
        assert ended.status == 0, ended
        found: dict[str, Any] = ended.result
        return found

    def answers(path: str) -> set[int]:
        # each on a connection of its own, so that both workers are asked
        return {Registry(server, "").request("GET", f"/v2/{path}/tags/list").status for _ in range(8)}

    path = f"public.ecr/team-x/{public.name}"
    assert answers(path) == {404}
    added = command("add", "team-x", "--account", ACCOUNT)
    assert added == {"alias": "team-x", "account_id": ACCOUNT, "default": False, "primary": True}
    assert answers(path) == {200}
    try:
        (uri,) = public.api.describe_repositories(repositoryNames=[public.name])["repositories"]
        assert uri["repositoryUri"] == f"{server.host}/{path}"
        (registry,) = public.api.describe_registries()["registries"]
        flags = [(each["name"], each["primaryRegistryAlias"]) for each in registry["aliases"]]
        assert sorted(flags) == sorted([("team-x", True), (public.alias, False)])
        assert answers(public.path) == {200}
    finally:
        command("remove", "team-x", "--account", ACCOUNT)
    assert answers(path) == {404}
    made = entrepot("account", "create", "--data", server.data, "--output", "json").result["account_id"]
    command("add", "team-x", "--account", made)
    assert answers(path) == {404}
    assert f"'{made}'".encode() in Registry(server, "").request("GET", f"/v2/{path}/tags/list").data
    command("remove", "team-x", "--account", made)


@pytest.mark.parametrize(
    ("alias", "words"),
    [
        ("aws", "reserved"),
        ("public.ecr", "reserved"),
        ("Team", "letter first"),
        ("1team", "letter first"),
        ("a", "2 to 50"),
        ("x" * 51, "2 to 50"),
        ("team--x", "2 to 50"),
        ("team/x", "2 to 50"),
        ("000000000000", "letter first"),
        ("tëam", "2 to 50"),
    ],
)
def test_an_alias_that_could_be_mistaken_is_refused(server: Server, alias: str, words: str) -> None:
    assert words in refused("public-alias", "add", alias, "--data", server.data)


@pytest.mark.usefixtures("stranger")
def test_an_alias_has_one_owner(server: Server, public: Public) -> None:
    said = refused("public-alias", "add", public.alias, "--account", STRANGER, "--data", server.data)
    assert "taken by account 000000000000" in said
    assert "no custom alias" in refused("public-alias", "remove", public.alias, "--data", server.data)
    assert "does not exist" in refused(
        "public-alias", "add", "fine", "--account", "999999999999", "--data", server.data
    )
