"""Requests with a body: they go where they are sent and nowhere else; pools keep their connections."""

import contextlib
from collections.abc import Iterator

import pytest

from entrepot.outbound import DestinationForbidden, Destinations, DestinationUnreachable, Outbound
from tests.factories.origins import Origin, body, origin, redirect

LOCAL = Destinations(["localhost"])


@pytest.fixture
def plain(tmp_path) -> Iterator[Origin]:
    with origin(tmp_path, tls=False) as made:
        yield made


async def test_a_request_arrives_with_its_method_body_headers_and_url_as_written(plain):
    plain.answers["/a%3Ab/%2F?q=%20&r=+"] = body(b"taken", 202)
    url = plain.url("/a%3Ab/%2F?q=%20&r=+")
    answer = await Outbound(LOCAL).send("PUT", url, most_bytes=99, body=b"\x00data", headers={"X-One": "1"})
    assert (answer.status, answer.body) == (202, b"taken")
    (asked,) = plain.asked
    assert (asked.method, asked.body, asked.headers["X-One"]) == ("PUT", b"\x00data", "1")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_an_answer_and_is_not_followed(plain, status):
    plain.answers |= {"/": redirect("/other", status), "/other": body(b"")}
    answer = await Outbound(LOCAL).send("POST", plain.url(), most_bytes=99, body=b"secret")
    assert (answer.status, plain.paths()) == (status, ["/"])


@pytest.mark.parametrize("url", ["http://localhost/a b", "http://localhost/\r\nX-Injected: 1", "http://localhost/é"])
async def test_an_url_that_is_not_encoded_is_refused(url):
    with pytest.raises(DestinationForbidden):
        await Outbound(LOCAL).send("POST", url, most_bytes=99)


async def test_a_pool_refuses_what_a_request_alone_is_refused(plain):
    async with Outbound(Destinations()).pool(4) as pool:
        with pytest.raises(DestinationForbidden):
            await pool.send("POST", plain.url(), most_bytes=99)
        with pytest.raises(DestinationForbidden):
            await pool.send("POST", "https://169.254.169.254/", most_bytes=99)
    assert plain.asked == []


async def test_a_pool_uses_a_connection_again(plain):
    plain.answers["/"] = body(b"ok")
    async with Outbound(LOCAL).pool(4) as pool:
        for number in range(5):
            answer = await pool.send("POST", plain.url(), most_bytes=99, body=str(number).encode())
            assert answer.body == b"ok"
    assert len({asked.connection for asked in plain.asked}) == 1
    assert [asked.body for asked in plain.asked] == [b"0", b"1", b"2", b"3", b"4"]


async def test_a_pool_that_is_left_keeps_nothing(plain):
    plain.answers["/"] = body(b"ok")
    async with contextlib.AsyncExitStack() as stack:
        pool = await stack.enter_async_context(Outbound(LOCAL).pool(1))
        await pool.send("GET", plain.url(), most_bytes=99)
    with pytest.raises(RuntimeError):
        await pool.send("GET", plain.url(), most_bytes=99)


async def test_a_slow_answer_is_given_up(plain):
    plain.answers["/"] = lambda _: plain.closing.wait(10)
    async with Outbound(LOCAL, total_seconds=0.2).pool(1) as pool:
        with pytest.raises(DestinationUnreachable, match=r"0\.2 seconds"):
            await pool.send("POST", plain.url(), most_bytes=99, body=b"x")
