"""A world of events, and a webhook on loopback."""

from collections.abc import Iterator

import pytest

from tests.factories.event_world import EventWorld
from tests.factories.origins import Origin, body, origin


@pytest.fixture
def world(tmp_path) -> Iterator[EventWorld]:
    made = EventWorld(tmp_path / "data")
    yield made
    made.close()


@pytest.fixture
def hook(tmp_path) -> Iterator[Origin]:
    with origin(tmp_path / "hook", tls=False) as made:
        made.answers["/"] = body(b"taken")
        yield made
