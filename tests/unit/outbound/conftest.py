"""Laws that hold whether or not a client keeps its connections."""

from collections.abc import AsyncIterator

import pytest

from tests.factories.upstream_registries import connections


@pytest.fixture(params=[0, 8], ids=["a connection each", "kept connections"])
async def kept(request: pytest.FixtureRequest) -> AsyncIterator[None]:
    """Clients of upstream_registries.outbound keep so many connections, and are closed in the end."""
    connections.most_kept = request.param
    yield
    await connections.close()
