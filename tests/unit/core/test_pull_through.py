"""The pull-through cache without a network: names, windows on what is coming, what imports leave behind."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace

import msgspec
import pytest

from entrepot.core.access import Caller
from entrepot.core.pull_through import importing, upstreams
from entrepot.core.pull_through.importing import EVENT, Failure
from entrepot.core.pull_through.routing import Route, match
from entrepot.core.pull_through.window import Window
from entrepot.db import pull_through_cache as rows
from entrepot.errors import UpstreamUnsupported
from entrepot.spec.reference import Tag
from tests.factories.callers import caller, image_manifest, repository
from tests.factories.core_database import CONFIG, CoreDatabase
from tests.factories.pull_through_cases import RULE

ROOT = "ROOT"
ROUTE = Route(RULE, "app")
KEY = repository("quay/app")


@pytest.mark.parametrize(
    ("prefix", "upstream_prefix", "name", "upstream_name"),
    [
        ("ecr-public", ROOT, "ecr-public/nginx/nginx", "nginx/nginx"),
        ("ecr-public/", ROOT, "ecr-public/nginx", "nginx"),
        (ROOT, ROOT, "team/app", "team/app"),
        ("team-a", "team-a", "team-a/app", "team-a/app"),
        ("my-app", "upstream-app", "my-app/one", "upstream-app/one"),
    ],
)
def test_a_name_is_told_upstream_as_ecr_documents_it(prefix: str, upstream_prefix: str, name: str, upstream_name: str):
    found = match([replace(RULE, prefix=prefix, upstream_prefix=upstream_prefix)], name)
    assert found is not None
    assert found.upstream_name == upstream_name


def test_the_longest_prefix_decides_and_root_is_for_the_rest():
    known = [replace(RULE, prefix=each) for each in (ROOT, "hub", "hub/library")]
    routes = {name: match(known, name) for name in ("hub/a", "hub/library/a", "hubs/a", "hub")}
    taken = {name: found.rule.prefix for name, found in routes.items() if found is not None}
    assert taken == {"hub/a": "hub", "hub/library/a": "hub/library", "hubs/a": ROOT, "hub": ROOT}
    assert match(known[1:], "hubs/a") is None


def test_an_upstream_of_the_operators_list_is_one_with_the_scheme_that_it_says():
    allowed = [("registry.example.com", False), ("10.0.0.1:5000", True)]
    assert upstreams.parse("10.0.0.1:5000", "", allowed).url == "http://10.0.0.1:5000"
    assert upstreams.parse("https://Registry.example.com/", "", allowed).url == "https://registry.example.com"
    for url in ("10.0.0.1", "10.0.0.1:5001", "user@registry.example.com", "registry.example.com/path"):
        with pytest.raises(UpstreamUnsupported):
            upstreams.parse(url, "", allowed)


async def pieces(*given: bytes) -> AsyncIterator[bytes]:
    for each in given:
        yield each


def test_readers_see_what_passes_but_for_the_last_byte_and_what_is_gone():
    async def seen() -> list[bytes]:
        window = Window(9, room=6)
        passing = window.passing(pieces(b"abc", b"def", b"ghi"))
        found = [window.read(0) + window.read(3) + window.read(6) async for _ in passing]
        assert window.is_behind(0)
        assert not window.is_behind(3)
        return found

    assert asyncio.run(seen()) == [b"abc", b"abcdef", b"defgh"]


def test_the_last_byte_is_seen_when_the_whole_is_right():
    async def seen() -> list[bytes]:
        window = Window(3)
        async for _ in window.passing(pieces(b"abc")):
            pass
        before = window.read(0), window.read(2)
        window.verified()
        return [*before, window.read(0), window.read(2)]

    assert asyncio.run(seen()) == [b"ab", b"", b"abc", b"c"]


def service() -> Caller:
    """Who acts: a request of its own each time."""
    return msgspec.structs.replace(caller(), request_id=str(uuid.uuid4()))


def told(core: CoreDatabase) -> list[dict[str, object]]:
    """The details of the events of imports."""
    found = [json.loads(row.body) for row in core.outbox("event") if row.name == EVENT]
    assert all(each["source"] == "aws.ecr" and each["resources"] == [KEY.arn] for each in found)
    return [each["detail"] for each in found]


def test_an_image_is_told_of_when_all_of_it_is_here_under_each_tag(core: CoreDatabase):
    manifest = image_manifest([b"layer"], CONFIG)
    for name in ("v1", "v2"):
        came = core.write(importing.note, service(), ROUTE, KEY, Tag(name), manifest, who=service())
        assert came.arriving
    assert told(core) == []
    missing = core.write(importing.complete, ROUTE, KEY, manifest.digest, who=service())
    assert set(missing) == {each.digest for each in manifest.required_blobs}
    for data in (CONFIG, b"layer"):
        core.blob(KEY, data)
    assert core.write(importing.complete, ROUTE, KEY, manifest.digest, who=service()) == []
    shown = {
        "rule-version": "1",
        "ecr-repository-prefix": "quay",
        "repository-name": KEY.name,
        "upstream-registry-url": "quay.io",
        "image-digest": manifest.digest,
        "sync-status": "SUCCESS",
    }
    assert told(core) == [shown | {"image-tag": "v1"}, shown | {"image-tag": "v2"}]
    assert "BatchImportUpstreamImage" in [row.name for row in core.outbox("audit")]


def test_what_does_not_come_is_told_and_leaves_its_tags_to_be_looked_for(core: CoreDatabase):
    manifest, who = image_manifest([b"layer"], CONFIG), service()
    came = core.write(importing.note, service(), ROUTE, KEY, Tag("v1"), manifest, who=who)
    core.write(lambda tx, _: importing.give_up(tx, KEY, manifest.digest))
    core.write(importing.failed, ROUTE, KEY, Failure(Tag("v1"), "UpstreamUnavailable", "gone"), who=service())
    (detail,) = told(core)
    assert (detail["sync-status"], detail["failure-code"], detail["image-tag"]) == (
        "FAILED",
        "UpstreamUnavailable",
        "v1",
    )
    checked = core.database.read(lambda tx: rows.checked_at(tx, came.repository.id, "v1"))
    assert checked is not None
    assert checked < who.at
    assert core.database.read(lambda tx: rows.all_arriving(tx, came.repository.id)) == []
