"""`entrepot vulndb update`, and exchange through registries, as a person uses them beside a server or without one."""

import base64
import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.factories.advisory_files import dump, record
from tests.factories.layouts import image
from tests.factories.origins import body, origin
from tests.factories.processes import Server, serve
from tests.factories.registry import Registry
from tests.factories.upstreams import Ecosystem
from tests.factories.waiting import wait
from tests.operation.commands import Ended, entrepot, refused

SMALL = ("--workers", "1")
LOCAL: dict[str, Any] = {"ENTREPOT_OUTBOUND_ALLOW": "127.0.0.1,localhost"}


@pytest.fixture
def debian(tmp_path: Path) -> Iterator[Ecosystem]:
    with origin(tmp_path / "origin", tls=False) as made:
        ecosystem = Ecosystem(made, "Debian")
        ecosystem.put(record("DSA-1"), record("DSA-2", "q"))
        yield ecosystem


def vulndb(data: Path, *arguments: object, **variables: Any) -> Ended:
    return entrepot("vulndb", *arguments, "--data", data, "--output", "json", **LOCAL, **variables)


def result(ended: Ended, status: int = 0):
    assert ended.status == status, ended
    return ended.result


def settings_of(*sources: str) -> dict[str, Any]:
    return {"ENTREPOT_VULNDB_SOURCES": ",".join(sources)}


def test_an_update_fetches_imports_and_says_so(tmp_path, debian):
    data, sources = tmp_path / "data", settings_of(f"osv={debian.url}")
    first = result(vulndb(data, "update", **sources))
    assert first["changed_packages"] == 2
    (told,) = first["sources"]
    assert (told["outcome"], told["brought"][0]["added"]) == ("taken", 2)
    assert result(vulndb(data, "update", **sources))["generation"] == 0
    status = result(vulndb(data, "status"))
    (update,) = status["updates"]
    assert (update["upstream"], update["fault"], bool(update["taken_at"])) == (f"osv={debian.url}", "", True)
    assert status["generation"] == first["generation"]


def test_an_update_of_which_a_part_failed_ends_so_and_keeps_the_rest(tmp_path, debian):
    data = tmp_path / "data"
    sources = settings_of(f"osv={debian.url}", f"file={debian.origin.url('/none.json')}")
    done = result(vulndb(data, "update", **sources), 1)
    assert [each["outcome"] for each in done["sources"]] == ["taken", "failed"]
    assert "404" in done["sources"][1]["reason"]
    assert [each["fault"] != "" for each in result(vulndb(data, "status"))["updates"]] == [False, True]


def test_addresses_that_are_not_allowed_are_not_asked(tmp_path, debian):
    sources = settings_of(f"osv={debian.url}")
    ended = entrepot("vulndb", "update", "--data", tmp_path / "data", "--output", "json", **sources)
    assert "outbound_allow" in result(ended, 1)["sources"][0]["reason"]
    assert debian.origin.asked == []


def test_the_worker_updates_when_it_is_told_to(tmp_path, debian):
    debian.origin.answers["/none.json"] = body(b"", 404)
    environment = {
        **LOCAL,
        **settings_of(f"osv={debian.url}", f"file={debian.origin.url('/none.json')}"),
        "ENTREPOT_VULNDB_UPDATE_EVERY": "60",
    }
    with serve(tmp_path, extra=SMALL, environment=environment) as server:
        wait(lambda: result(vulndb(server.data, "status"))["usable"])
        wait(lambda: "vulnerability source not updated" in server.log.read_text())

        def caught_up() -> bool:
            status = result(vulndb(server.data, "status"))
            return [each["generation"] for each in status["workers"]] == [status["generation"]]

        wait(caught_up)
        with urllib.request.urlopen(f"{server.base_url}/metrics", timeout=30) as answer:
            page = answer.read().decode()
        assert 'entrepot_vulnerability_source_records{source="Debian"} 2.0' in page
        assert 'entrepot_vulnerability_source_age_seconds{source="Debian"}' in page


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Server]:
    with serve(tmp_path / "registry", extra=SMALL) as server:
        server.client().create_repository(repositoryName="vulndb")
        yield server


def docker_config(folder: Path, server: Server) -> dict[str, Any]:
    auth = base64.b64encode(f"AWS:{server.token()}".encode()).decode()
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"auths": {server.host: {"auth": auth}}}))
    return {"DOCKER_CONFIG": str(folder)}


def test_a_database_travels_through_a_registry(tmp_path, registry):
    here, there = tmp_path / "here", tmp_path / "there"
    result(vulndb(here, "import", dump(tmp_path / "Debian.zip", [record("DSA-1"), record("DSA-2", "q")])))
    docker, at = docker_config(tmp_path / "docker", registry), f"{registry.host}/vulndb:latest"
    done = result(vulndb(here, "export", "--to", at, "--plain-http", **docker))
    assert Registry(registry).pull_manifest("vulndb", "latest").digest == done["digest"]

    anonymous: dict[str, Any] = {"DOCKER_CONFIG": str(tmp_path / "none")}
    arguments = ("vulndb", "import", f"oci://{at}", "--plain-http", "--data", there)
    assert "401" in refused(*arguments, **LOCAL, **anonymous)
    assert "--trust" in refused(*arguments, **LOCAL, **docker)
    trust = ("--trust", done["public_key"])
    taken = result(vulndb(there, "import", f"oci://{at}", "--plain-http", *trust, **docker))
    assert taken["changed_packages"] == 2
    assert result(vulndb(there, "status"))["sources"][0]["records"] == 2
    assert {each.name for each in there.iterdir()} >= {"vulndb"}
    assert not [each for each in (*here.iterdir(), *there.iterdir()) if each.name.startswith((".import", ".export"))]

    source = settings_of(f"oci=http://{at}") | {"ENTREPOT_VULNDB_TRUST": done["public_key"]}
    again = tmp_path / "again"
    assert result(vulndb(again, "update", **docker, **source))["changed_packages"] == 2
    assert result(vulndb(again, "update", **docker, **source))["sources"][0]["outcome"] == "same"


def test_credentials_may_be_given_and_the_password_is_read_from_the_standard_input(tmp_path, registry):
    here = tmp_path / "here"
    result(vulndb(here, "import", dump(tmp_path / "Debian.zip", [record("DSA-1")])))
    command = ("vulndb", "export", "--to", f"{registry.host}/vulndb:1", "--plain-http", "--data", here)
    user = ("--username", "AWS", "--password-stdin")
    assert entrepot(*command, *user, text="wrong\n", **LOCAL).status == 1
    assert entrepot(*command, *user, text=f"{registry.token()}\n", **LOCAL).status == 0


def test_what_is_no_export_is_refused(tmp_path, registry):
    content = image(71)
    Registry(registry).push("vulndb", content, "image")
    docker = docker_config(tmp_path / "docker", registry)
    command = ("vulndb", "import", "--plain-http", "--data", tmp_path / "data")
    said = refused(*command, f"oci://{registry.host}/vulndb:image", **LOCAL, **docker)
    assert "no export of a vulnerability database" in said
    assert "404" in refused(*command, f"oci://{registry.host}/vulndb:none", **LOCAL, **docker)
    assert "expected host" in refused(*command, "oci://nonsense", **LOCAL, **docker)
    export = ("vulndb", "export", "--data", tmp_path / "none", "--to")
    assert "tag" in refused(*export, f"{registry.host}/vulndb", **LOCAL)
    assert "entrepot vulndb import" in refused(*export, f"{registry.host}/vulndb:1", **LOCAL)
