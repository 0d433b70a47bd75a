"""Bodies as they arrive: exactly what was announced, never more than is allowed, and none that stalls for ever."""

import asyncio
from unittest.mock import Mock

import pytest
from aiohttp import StreamReader, web
from aiohttp.base_protocol import BaseProtocol
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from entrepot.errors import LengthMismatch, RequestTooLarge
from entrepot.http.body import chunks, expects_body, read
from tests.unit.http.listening import site

SHORT = 0.05
LIMIT = 8
CHUNKED = {"Transfer_Encoding": "chunked"}


class Arriving:
    """A request whose body a test feeds; `written` is what the server sent in the meantime."""

    def __init__(self, **headers: str) -> None:
        self.written: list[bytes] = []
        transport = Mock(spec=asyncio.Transport)
        transport.write = self.written.append
        loop = asyncio.get_running_loop()
        self._protocol = BaseProtocol(loop)
        self._protocol.connection_made(transport)
        self.content = StreamReader(self._protocol, 2**16, loop=loop)
        named = CIMultiDict({name.replace("_", "-"): value for name, value in headers.items()})
        self.request: web.BaseRequest = make_mocked_request(
            "PUT", "/", headers=named, payload=self.content, transport=transport
        )

    def lose(self) -> None:
        """The connection goes, with nobody told yet."""
        self._protocol.connection_lost(None)
        self.request.protocol.transport = None

    def of(self, *parts: bytes) -> "Arriving":
        """The whole body has arrived."""
        for part in parts:
            self.content.feed_data(part)
        self.content.feed_eof()
        return self


async def taken(request: web.BaseRequest, patience: float = 60.0) -> bytes:
    return b"".join([chunk async for chunk in chunks(request, patience)])


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, False),
        ({"Content_Length": "0"}, False),
        ({"Content_Length": " 0 "}, False),
        ({"Content_Length": "1"}, True),
        ({"Transfer_Encoding": "chunked"}, True),
    ],
)
async def test_a_body_is_expected_when_one_is_announced(headers: dict[str, str], expected: bool) -> None:
    assert expects_body(Arriving(**headers).request) is expected


async def test_a_body_comes_whole_and_in_order() -> None:
    assert await taken(Arriving(Content_Length="4").of(b"ab", b"cd").request) == b"abcd"
    assert await taken(Arriving(Transfer_Encoding="chunked").of(b"ab", b"cd").request) == b"abcd"


@pytest.mark.parametrize(("announced", "sent"), [("5", b"abcd"), ("3", b"abcd"), ("4", b"")])
async def test_a_body_of_another_length_than_announced_is_refused(announced: str, sent: bytes) -> None:
    with pytest.raises(LengthMismatch) as refused:
        await taken(Arriving(Content_Length=announced).of(sent).request)
    assert (refused.value.expected, refused.value.actual) == (int(announced), len(sent))


async def test_a_client_that_goes_away_ends_the_body() -> None:
    arriving = Arriving(Content_Length="4")
    arriving.content.feed_data(b"ab")
    arriving.content.set_exception(web.RequestPayloadError("gone"))
    with pytest.raises(ConnectionResetError):
        await taken(arriving.request)


async def test_a_client_that_went_away_before_its_body_was_wanted_is_gone_and_no_failure() -> None:
    async with site() as at, at.client() as client:
        at.door.hold_body.clear()
        await client.send(b"PUT /v2/a HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345")
        await client.end()
        await client.rest()
        at.door.hold_body.set()
        await at.door.failed.wait()
    assert [type(failure) for failure in at.door.failures] == [ConnectionResetError]


async def test_a_body_of_a_connection_that_was_lost_before_it_was_wanted_is_gone() -> None:
    arriving = Arriving(Content_Length="4")
    arriving.lose()
    with pytest.raises(ConnectionResetError):
        await taken(arriving.request)


@pytest.mark.parametrize("first", [b"", b"ab"])
async def test_a_body_that_stalls_is_given_up_after_one_time_of_patience(first: bytes) -> None:
    """A body of which no byte ever came waited twice as long."""
    arriving = Arriving(Content_Length="4")
    if first:
        arriving.content.feed_data(first)
    loop = asyncio.get_running_loop()
    began = loop.time()
    with pytest.raises(ConnectionResetError, match="no byte for"):
        await taken(arriving.request, 0.5)
    if not first:
        assert loop.time() - began < 0.9


async def test_a_body_that_goes_on_slowly_is_not_given_up() -> None:
    arriving = Arriving(Transfer_Encoding="chunked")
    loop = asyncio.get_running_loop()
    for number in range(1, 9):
        loop.call_later(number * SHORT, arriving.content.feed_data, b"x")
    loop.call_later(9 * SHORT, arriving.content.feed_eof)
    assert await taken(arriving.request, 4 * SHORT) == b"x" * 8


async def test_a_body_that_has_ended_is_watched_no_longer() -> None:
    arriving = Arriving(Content_Length="2").of(b"ab")
    assert await taken(arriving.request, SHORT) == b"ab"
    await asyncio.sleep(3 * SHORT)  # longer than a silent one is waited for: nothing may happen
    assert arriving.content.exception() is None


async def test_a_body_whose_reader_failed_is_watched_no_longer() -> None:
    arriving = Arriving(Content_Length="4")
    arriving.content.feed_data(b"ab")
    body = chunks(arriving.request, SHORT)
    assert await anext(body) == b"ab"
    await body.aclose()  # type: ignore[attr-defined]  # an asynchronous generator, as its users need not know
    await asyncio.sleep(3 * SHORT)  # as above
    assert arriving.content.exception() is None


async def test_a_body_is_read_up_to_its_limit() -> None:
    assert await read(Arriving(Content_Length=str(LIMIT)).of(b"x" * LIMIT).request, LIMIT, "it") == b"x" * LIMIT
    assert await read(Arriving(**CHUNKED).of(b"x" * LIMIT).request, LIMIT, "it") == b"x" * LIMIT


async def test_a_body_announced_as_too_large_is_refused_before_a_byte_of_it() -> None:
    arriving = Arriving(Content_Length=str(LIMIT + 1), Expect="100-continue")
    with pytest.raises(RequestTooLarge) as refused:
        await read(arriving.request, LIMIT, "it")
    assert refused.value.limit == LIMIT
    assert arriving.written == []


async def test_a_body_that_grows_too_large_is_refused_without_waiting_for_its_end() -> None:
    arriving = Arriving(**CHUNKED)
    arriving.content.feed_data(b"x" * (LIMIT + 1))
    with pytest.raises(RequestTooLarge):
        await asyncio.wait_for(read(arriving.request, LIMIT, "it"), 10)


@pytest.mark.parametrize("expect", ["100-continue", "100-Continue"])
async def test_continue_is_said_once_and_only_when_the_body_is_wanted(expect: str) -> None:
    arriving = Arriving(Content_Length="2", Expect=expect).of(b"ab")
    assert arriving.written == []
    assert await taken(arriving.request) == b"ab"
    assert arriving.written == [b"HTTP/1.1 100 Continue\r\n\r\n"]


@pytest.mark.parametrize("headers", [{"Content_Length": "2"}, {"Content_Length": "0", "Expect": "100-continue"}])
async def test_continue_is_not_said_to_who_does_not_wait_for_it(headers: dict[str, str]) -> None:
    arriving = Arriving(**headers).of(b"ab" if headers["Content_Length"] == "2" else b"")
    await taken(arriving.request)
    assert arriving.written == []
