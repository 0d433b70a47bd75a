"""Log lines: whatever a request held, what tells of it is written."""

import io
import json

import structlog

from entrepot.telemetry import configure_logging


def test_what_is_no_text_is_written_all_the_same(monkeypatch):
    written = io.BytesIO()
    monkeypatch.setattr("sys.stderr", io.TextIOWrapper(written, write_through=True))
    configure_logging(as_json=True)
    structlog.get_logger().error("request failed", path="\udc80")
    structlog.reset_defaults()
    assert json.loads(written.getvalue())["path"] == "\udc80"
