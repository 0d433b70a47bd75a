"""Connections: heads are bounded in time, a client that has finished sending gets its answer, nobody fills the log."""

import asyncio
import contextlib
import logging

import pytest
from structlog.testing import capture_logs

from entrepot.http.connection import Patience
from tests.factories.waiting import until
from tests.unit.http.listening import QUICK, Client, Site, site

GET = b"GET /v2/a HTTP/1.1\r\nHost: a\r\n\r\n"
PATIENT = Patience(head=60.0, idle=60.0, refused_body=0.2)


async def trickle(client: Client, every: float) -> float:
    """Send header lines until the server has had enough; how long that took."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    await client.send(b"GET /v2/a HTTP/1.1\r\n")
    ended = asyncio.create_task(client.rest())
    while not ended.done():
        with contextlib.suppress(ConnectionError):
            await client.send(b"X: y\r\n")
        await asyncio.wait([ended], timeout=every)
    assert ended.result() == b""
    return loop.time() - began


async def test_a_first_head_that_comes_slowly_is_cut_off() -> None:
    async with site(Patience(head=0.2, idle=60.0)) as at, at.client() as client:
        assert await trickle(client, 0.02) < 5


async def test_a_later_head_that_comes_slowly_is_cut_off_counted_from_its_first_byte() -> None:
    async with site(Patience(head=0.2, idle=60.0)) as at, at.client() as client:
        for _ in range(2):
            await client.send(GET)
            assert (await client.answer())[0] == 200
        assert await trickle(client, 0.02) < 5
        assert at.counted.statuses == [200, 200]


async def test_a_head_that_has_begun_may_outlast_the_idle_time() -> None:
    async with site(Patience(head=60.0, idle=0.15)) as at, at.client() as client:
        await client.send(GET)
        await client.answer()
        await client.send(GET[:20])
        await asyncio.sleep(0.4)  # longer than the idle time: nothing may happen
        await client.send(GET[20:])
        assert (await client.answer())[0] == 200


async def test_a_connection_that_says_nothing_is_cut_off() -> None:
    async with site(Patience(head=0.1, idle=60.0)) as at, at.client() as client:
        assert await client.rest() == b""


async def test_an_idle_connection_is_closed_after_its_time_and_not_after_that_of_a_head() -> None:
    async with site(Patience(head=0.05, idle=0.5)) as at, at.client() as client:
        await client.send(GET)
        await client.answer()
        began = asyncio.get_running_loop().time()
        assert await client.rest() == b""
        assert asyncio.get_running_loop().time() - began > 0.3


async def test_a_request_that_is_handled_longer_than_a_head_may_take_is_answered() -> None:
    async with site(Patience(head=0.05, idle=0.05)) as at, at.client() as client:
        at.door.open.clear()
        await client.send(GET)
        await at.door.started.wait()
        asyncio.get_running_loop().call_later(0.2, at.door.open.set)
        assert (await client.answer())[0] == 200


async def test_a_body_that_stalls_ends_the_request_and_its_connection() -> None:
    async with site() as at, at.client() as client:
        await client.send(b"PUT /v2/a HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345")
        assert await client.rest() == b""
        assert [type(failure) for failure in at.door.failures] == [ConnectionResetError]
        assert at.counted.statuses == [499]


async def test_pipelined_requests_are_answered_in_order() -> None:
    async with site() as at, at.client() as client:
        put = b"PUT /v2/%d HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n%d"
        await client.send(b"".join(put % (n, n % 10) for n in range(100)))
        for n in range(100):
            assert (await client.answer())[2] == b"PUT /v2/%d %d" % (n, n % 10)


@pytest.mark.parametrize(
    ("asked", "told"), [("", "close"), ("Connection: keep-alive\r\n", "keep-alive"), ("Connection: close\r\n", "close")]
)
async def test_http_1_0_closes_unless_it_is_asked_to_keep_alive(asked: str, told: str) -> None:
    async with site() as at, at.client() as client:
        await client.send(f"GET /v2/a HTTP/1.0\r\nHost: a\r\n{asked}\r\n".encode())
        status, headers, _ = await client.answer()
        assert (status, headers["connection"]) == (200, told)
        if told == "keep-alive":
            await client.send(GET)
            assert (await client.answer())[0] == 200
        else:
            assert await client.rest() == b""


@pytest.mark.parametrize(
    "request_bytes",
    [
        GET,
        b"GET /v2/a HTTP/1.0\r\n\r\n",
        b"PUT /v2/a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n12345",
        b"PUT /v2/a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n0\r\n\r\n",
    ],
)
async def test_a_client_that_has_finished_sending_gets_its_answer(request_bytes: bytes) -> None:
    async with site(PATIENT) as at, at.client() as client:
        at.door.open.clear()
        await client.send(request_bytes)
        await client.end()
        await at.door.started.wait()
        await until(lambda: at.door.protocol.sends_no_more)
        at.door.open.set()
        status, headers, _ = await client.answer()
        assert (status, headers["connection"]) == (200, "close")
        assert await client.rest() == b""


async def test_every_pipelined_request_is_answered_to_a_client_that_has_finished_sending() -> None:
    async with site(PATIENT) as at, at.client() as client:
        at.door.open.clear()
        await client.send(GET * 3)
        await client.end()
        await at.door.started.wait()
        at.door.open.set()
        assert [(await client.answer())[0] for _ in range(3)] == [200, 200, 200]
        assert await client.rest() == b""


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"",
        GET[:-2],
        b"PUT /v2/a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n1234",
        b"PUT /v2/a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n",
    ],
)
async def test_a_client_that_ends_in_the_middle_is_let_go_at_once(request_bytes: bytes) -> None:
    async with site(PATIENT) as at, at.client() as client:
        await client.send(request_bytes)
        await client.end()
        assert await client.rest() == b""
        assert 200 not in at.counted.statuses


MALFORMED = [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64),
    b"GET /v2/a HTTP/9.9\r\n\r\n",
    b"GET /v2/a HTTP/1.1\r\nHost: a\r\nX: a\x00b\r\n\r\n",
    b"GET /v2/a HTTP/1.1\r\nHost: a\r\nX: a\x01b\r\nY : c\r\n\r\n",
    b"GET /v2/a HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 40_000 + b"\r\n\r\n",
    b"GET /v2/a HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 2000 + b"\r\n",
    b"GET /" + b"y" * 40_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET ftp:v2 HTTP/1.1\r\nHost: a\r\n\r\n",
    b"PUT /v2/a HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
]
BROKEN_CHUNKS = [b"zz\r\nabc\r\n0\r\n\r\n", b"3\r\nabcdef\r\n0\r\n\r\n", b"-1\r\n\r\n", b"3;\x00\r\nabc\r\n0\r\n\r\n"]


async def exchange_quietly(request_bytes: bytes, caplog: pytest.LogCaptureFixture, warm: bytes = b"") -> bytes:
    """What the server says to these bytes, on a connection that it closes then, without a line in its log."""
    with caplog.at_level(logging.INFO):
        async with site() as at, at.client() as client:
            if warm:
                await client.send(warm)
                await client.answer()
            await client.send(request_bytes)
            said = await client.rest()
            await still_serves(at)
    assert not caplog.records
    return said


async def still_serves(at: Site) -> None:
    async with at.client() as client:
        await client.send(GET)
        assert (await client.answer())[0] == 200


@pytest.mark.parametrize("warm", [b"", GET])
@pytest.mark.parametrize("request_bytes", MALFORMED)
async def test_bytes_that_are_no_request_are_answered_400_and_not_logged(
    request_bytes: bytes, warm: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    said = await exchange_quietly(request_bytes, caplog, warm)
    assert said.split(b" ")[1] in {b"400", b"414", b"431"}, said


@pytest.mark.parametrize("framing", BROKEN_CHUNKS)
async def test_broken_chunk_framing_ends_the_connection_and_is_not_logged(
    framing: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    head = b"PUT /v2/a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    said = await exchange_quietly(head + framing, caplog)
    assert b" 200 " not in said


async def test_a_failure_of_ours_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async with site(QUICK) as at, at.client() as client:
        at.counted.broken = True
        await client.send(GET)
        await client.rest()
    assert "broken" in caplog.text


@pytest.mark.parametrize("origin", ["http://a", "HTTP://other:5000", "https://user@a"])
async def test_a_target_in_absolute_form_is_its_path(origin: str) -> None:
    async with site() as at, at.client() as client:
        await client.send(f"GET {origin}/v2/b/tags/list?n=1 HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        status, _, said = await client.answer()
        assert (status, said) == (200, b"GET /v2/b/tags/list ")


async def test_a_door_that_breaks_is_told_as_that_and_says_nothing_of_the_inside():
    async with site() as server, server.client() as client:
        with capture_logs() as logs:
            await client.send(b"GET /broken HTTP/1.1\r\nHost: a\r\n\r\n")
            status, headers, answer = await client.answer()
        (exchange,) = server.door.exchanges
    assert (status, exchange.telling.error) == (500, "ServerException")
    assert headers["x-amzn-requestid"] == exchange.request_id
    assert b"on purpose" not in answer
    assert [entry["event"] for entry in logs] == ["request failed"]
