"""Log lines: whatever a request held, what tells of it is written."""

import io
import json
from collections.abc import Iterator

import pytest
import structlog

from entrepot.telemetry import configure_logging


@pytest.fixture
def written() -> Iterator[io.BytesIO]:
    """Where lines of JSON go."""
    lines = io.BytesIO()
    stream = io.TextIOWrapper(lines, write_through=True)  # closes what it wraps when it goes
    configure_logging(as_json=True, stream=stream)
    yield lines
    structlog.reset_defaults()


def test_what_is_no_text_is_written_all_the_same(written: io.BytesIO):
    log = structlog.get_logger()
    log.error("request failed", path="\udc80")
    log.error("request failed", path="/v2/")
    assert [json.loads(line)["path"] for line in written.getvalue().splitlines()] == ["\udc80", "/v2/"]
