"""Pulls through the cache: what an upstream has is pulled here, once, whole or not at all."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.behaviour.looked_up import awaited
from tests.factories.layouts import image
from tests.factories.processes import Server
from tests.factories.pull_through import Upstream, caching, rule, upstream
from tests.factories.registry import Registry


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upstream]:
    with upstream(tmp_path_factory.mktemp("hub")) as running:
        yield running


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory, hub: Upstream) -> Iterator[Server]:
    with caching(tmp_path_factory.mktemp("cache"), hub.host) as running:
        rule(running, "hub", hub.host)
        yield running


def test_the_first_pull_brings_the_image_and_makes_its_repository(hub: Upstream, cache: Server):
    made = image(1)
    hub.put("library/one", made, "v1")
    held = Registry(cache).pull("hub/library/one", "v1")
    assert held[made.digest] == made.manifest.data
    assert all(held[each.digest] == each.data for each in made.blobs)


def test_what_was_pulled_is_an_image_of_the_repository_and_is_not_asked_for_again(hub: Upstream, cache: Server):
    made = image(2)
    hub.put("library/two", made, "v1")
    Registry(cache).pull("hub/library/two", "v1")
    kept = eventually(lambda: details(cache, "hub/library/two"))
    assert [(each["imageDigest"], each["imageTags"]) for each in kept] == [(made.digest, ["v1"])]
    before = len(hub.origin.asked)
    assert set(Registry(cache).pull("hub/library/two", "v1")) == {made.digest, *(each.digest for each in made.blobs)}
    assert len(hub.origin.asked) == before
    assert all(hub.asked("library/two", f"blobs/{each.digest}") == 1 for each in made.blobs)


def details(server: Server, repository: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = server.client().describe_images(repositoryName=repository)["imageDetails"]
    return found


def eventually(look: Callable[[], Any]) -> Any:
    """What there is to see, once there is something."""
    return awaited(look)
