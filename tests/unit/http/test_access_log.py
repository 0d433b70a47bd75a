"""The access log's lines, and that those of one write are never mixed with others'."""

import io
import json
import os
import select

from entrepot.http.access_log import AccessLog

LINE = {
    "timestamp": "2026-01-01T00:00:00+00:00",
    "request_id": "id",
    "source_ip": "127.0.0.1",
    "method": "GET",
    "path": "/v2/",
    "status": 200,
    "size": 2,
    "seconds": 0.0012345678,
    "user_agent": "tests",
}


def add(log: AccessLog, **changes: object) -> None:
    log.add(**{**LINE, **changes})  # type: ignore[arg-type]  # fields of a table


async def test_a_line_holds_what_was_asked_and_answered_and_nothing_else():
    stream = io.BytesIO()
    log = AccessLog(stream)
    add(log)
    log.flush()
    line = json.loads(stream.getvalue())
    assert line.pop("event") == "request"
    assert line.pop("bytes") == 2
    assert line.pop("seconds") == 0.001235
    assert line == {name: LINE[name] for name in LINE if name not in {"size", "seconds"}}


async def test_text_cannot_be_forged_by_a_path_that_is_not_utf_8():
    stream = io.BytesIO()
    log = AccessLog(stream, as_json=False)
    add(log, path="/v2/\udcff")
    log.flush()
    assert stream.getvalue() == b"2026-01-01T00:00:00+00:00 127.0.0.1 GET /v2/\\udcff 200 2 1.2 ms\n"


async def test_a_log_that_is_left_out_writes_nothing():
    stream = io.BytesIO()
    log = AccessLog(stream, enabled=False)
    add(log)
    log.flush()
    assert stream.getvalue() == b""


class Writes(io.BytesIO):
    """Remembers each write; says that it is the file of this descriptor."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self.each: list[bytes] = []

    def fileno(self) -> int:
        return self._descriptor

    def write(self, data) -> int:
        self.each.append(bytes(data))
        return len(data)


async def test_whole_lines_go_through_a_pipe_in_writes_that_the_kernel_does_not_mix_with_others():
    reader, writer = os.pipe()
    stream = Writes(writer)
    log = AccessLog(stream)
    for number in range(200):
        add(log, path=f"/v2/{number}/" + "x" * (number * 7 % 300))
    add(log, path="/v2/200/" + "x" * select.PIPE_BUF)  # too long for one write: alone, at least
    log.flush()
    os.close(reader)
    os.close(writer)
    assert all(len(write) <= select.PIPE_BUF for write in stream.each[:-1])
    assert len(stream.each) < 50
    lines = [json.loads(line) for write in stream.each for line in write.splitlines()]
    assert [line["path"].split("/")[2] for line in lines] == [str(number) for number in range(201)]
    assert all(write.endswith(b"\n") for write in stream.each)


async def test_a_log_that_nobody_reads_any_more_fails_no_request():
    reader, writer = os.pipe()
    os.close(reader)
    sink = os.fdopen(writer, "wb", buffering=0)
    log = AccessLog(sink)
    add(log)
    log.flush()
    sink.close()
