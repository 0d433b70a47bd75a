"""The client against servers on loopback: hops, addresses, bounds, certificates."""

import asyncio
from collections.abc import Iterator, Sequence
from ipaddress import ip_network

import pytest

from entrepot.outbound import (
    AnswerUnusable,
    Bounds,
    DestinationForbidden,
    Destinations,
    DestinationUnreachable,
    Outbound,
    OutboundFault,
)
from tests.factories.origins import Origin, body, origin, redirect

MOST = 10_000
LOCAL = Destinations(["localhost"])


class Names:
    """A resolver under the test's control: each name's answers, one a question; the last one stays."""

    def __init__(self, **answers: Sequence[str]) -> None:
        self._answers = {name.replace("_", "."): list(given) for name, given in answers.items()}
        self.asked: list[str] = []

    async def __call__(self, host: str) -> Sequence[str]:
        self.asked.append(host)
        given = self._answers[host]
        return [given.pop(0) if len(given) > 1 else given[0]]


@pytest.fixture
def secure(tmp_path) -> Iterator[Origin]:
    with origin(tmp_path / "tls") as made:
        yield made


def outbound(destinations: Destinations = LOCAL, **how) -> Outbound:
    return Outbound(destinations, **how)


async def test_a_listed_host_is_asked_over_tls_with_the_operators_authority(secure):
    secure.answers["/a"] = body(b"hello", X_Kind="plain")
    client = outbound(authorities=secure.authority)
    answer = await client.get(secure.url("/a"), most_bytes=MOST, headers={"Accept": "text/plain"})
    assert (answer.status, answer.body, answer.headers["X-Kind"]) == (200, b"hello", "plain")
    assert secure.asked[0].headers["Accept"] == "text/plain"
    assert secure.asked[0].headers["Accept-Encoding"] == "identity"


async def test_a_status_is_no_fault(secure):
    client = outbound(authorities=secure.authority)
    assert (await client.get(secure.url("/none"), most_bytes=MOST)).status == 404


async def test_a_certificate_of_an_unknown_authority_is_refused(secure):
    client = outbound()
    with pytest.raises(DestinationUnreachable, match=r"(?i)certificate"):
        await client.get(secure.url(), most_bytes=MOST)
    assert secure.asked == []


async def test_a_certificate_for_another_name_is_refused(secure):
    names = Names(wrong_example=["127.0.0.1"])
    client = outbound(Destinations(["wrong.example"]), authorities=secure.authority, lookup=names)
    with pytest.raises(DestinationUnreachable, match=r"(?i)certificate"):
        await client.get(secure.url(host="wrong.example"), most_bytes=MOST)


async def test_a_name_with_a_private_address_is_refused_unless_listed(secure):
    names = Names(elsewhere_example=["127.0.0.1"])
    client = outbound(authorities=secure.authority, lookup=names)
    with pytest.raises(DestinationForbidden):
        await client.get(secure.url(host="elsewhere.example"), most_bytes=MOST)
    assert secure.asked == []


async def test_http_is_refused_unless_listed(tmp_path):
    with origin(tmp_path, tls=False) as plain:
        plain.answers["/"] = body(b"plain")
        client = outbound(Destinations())
        with pytest.raises(DestinationForbidden):
            await client.get(plain.url(), most_bytes=MOST)
        assert plain.asked == []
        client = outbound()
        assert (await client.get(plain.url(), most_bytes=MOST)).body == b"plain"


@pytest.mark.parametrize("numeric", ["2130706433", "0x7f000001", "0177.0.0.1", "127.1"])
async def test_numbers_that_a_system_reads_as_loopback_are_refused(secure, numeric):
    client = outbound(Destinations(), authorities=secure.authority)
    with pytest.raises(OutboundFault):
        await client.get(secure.url(host=numeric), most_bytes=MOST)
    assert secure.asked == []


async def test_each_connection_goes_to_an_address_of_the_answer_that_was_checked(secure):
    """A name that is public at first and private afterwards is resolved once for each connection, and refused then."""
    names = Names(elsewhere_example=["127.0.0.1", "127.0.0.2", "127.0.0.1"])
    here = Destinations(networks=[ip_network("127.0.0.1/32")])
    secure.answers["/"] = body(b"here")
    client = outbound(here, authorities=secure.authority, lookup=names)
    url = secure.url(host="elsewhere.example")
    assert (await client.get(url, most_bytes=MOST)).body == b"here"
    assert names.asked == ["elsewhere.example"]
    with pytest.raises(DestinationForbidden):
        await client.get(url, most_bytes=MOST)
    assert secure.paths() == ["/"]


async def test_a_redirect_is_followed_and_checked_like_the_first_request(secure):
    names = Names(elsewhere_example=["127.0.0.1"], other_example=["169.254.169.254"], localhost=["127.0.0.1"])
    secure.answers |= {
        "/fine": redirect("/there"),
        "/there": body(b"there"),
        "/metadata": redirect("https://169.254.169.254/latest/"),
        "/named": redirect(secure.url("/", host="other.example")),
        "/file": redirect("file:///etc/passwd"),
        "/downgrade": redirect(secure.url("/there").replace("https", "http")),
        "/credentials": redirect("https://a:b@localhost/"),
    }
    client = outbound(authorities=secure.authority, lookup=names)
    answer = await client.get(secure.url("/fine"), most_bytes=MOST)
    assert (answer.body, answer.url) == (b"there", secure.url("/there"))
    for path in ("/metadata", "/named", "/file", "/downgrade", "/credentials"):
        with pytest.raises(DestinationForbidden):
            await client.get(secure.url(path), most_bytes=MOST)


async def test_redirects_end(secure):
    secure.answers["/loop"] = redirect("/loop")
    client = outbound(authorities=secure.authority)
    with pytest.raises(AnswerUnusable, match="redirects"):
        await client.get(secure.url("/loop"), most_bytes=MOST)
    assert len(secure.asked) == 4


@pytest.mark.parametrize("to_other", ["host", "port"])
async def test_credentials_never_follow_a_redirect_to_another_origin(tmp_path, secure, to_other):
    names = Names(localhost=["127.0.0.1"], other_example=["127.0.0.1"])
    with origin(tmp_path / "tls") as second:
        target = secure.url("/b", host="other.example") if to_other == "host" else second.url("/b")
        asked = secure if to_other == "host" else second
        secure.answers |= {"/same": redirect("/b"), "/away": redirect(target), "/b": body(b"")}
        rules = Destinations(["localhost", "other.example"])
        client = outbound(rules, authorities=secure.authority, lookup=names)
        secret = {"Authorization": "Bearer canary", "X-Api-Key": "canary", "Cookie": "canary"}
        await client.get(secure.url("/same"), most_bytes=MOST, headers=secret)
        assert secure.asked[-1].headers["Authorization"] == "Bearer canary"
        await client.get(secure.url("/away"), most_bytes=MOST, headers=secret)
    assert asked.asked[-1].path == "/b"
    assert "canary" not in str(asked.asked[-1].headers)


async def test_a_cookie_is_not_kept(secure):
    secure.answers["/"] = body(b"", Set_Cookie="a=b; Path=/")
    client = outbound(authorities=secure.authority)
    for _ in range(2):
        await client.get(secure.url(), most_bytes=MOST)
    assert "Cookie" not in secure.asked[1].headers


async def test_no_proxy_and_no_credentials_come_from_the_environment(secure, monkeypatch, tmp_path):
    (tmp_path / ".netrc").write_text("machine localhost login a password canary\n")
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    client = outbound(authorities=secure.authority)
    await client.get(secure.url(), most_bytes=MOST)
    assert "Authorization" not in secure.asked[0].headers


async def test_a_body_is_bounded_whether_or_not_its_length_is_announced(secure):
    def endless(handler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while not secure.closing.is_set():
            handler.wfile.write(b"x" * 65_536)

    secure.answers |= {"/announced": body(b"", Content_Length="10001"), "/endless": endless, "/most": body(b"x" * MOST)}
    client = outbound(authorities=secure.authority)
    assert len((await client.get(secure.url("/most"), most_bytes=MOST)).body) == MOST
    for path in ("/announced", "/endless"):
        with pytest.raises(AnswerUnusable, match="more than 10000 bytes"):
            await client.get(secure.url(path), most_bytes=MOST)


async def test_a_body_that_is_shorter_than_announced_is_no_answer(secure):
    secure.answers["/"] = body(b"short", Content_Length="100")
    client = outbound(authorities=secure.authority)
    with pytest.raises(AnswerUnusable):
        await client.get(secure.url(), most_bytes=MOST)


async def test_a_compressed_answer_is_not_unpacked(secure):
    secure.answers["/"] = body(b"\x1f\x8b", Content_Encoding="gzip")
    client = outbound(authorities=secure.authority)
    with pytest.raises(AnswerUnusable, match="compresses"):
        await client.get(secure.url(), most_bytes=MOST)


async def test_what_is_no_http_is_no_answer(secure):
    secure.answers["/"] = lambda handler: handler.wfile.write(b"SSH-2.0-OpenSSH\r\n\r\n")
    client = outbound(authorities=secure.authority)
    with pytest.raises(OutboundFault):
        await client.get(secure.url(), most_bytes=MOST)


async def test_a_slow_answer_is_given_up_in_all_though_bytes_trickle(secure):
    def trickle(handler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while not secure.closing.wait(0.02):
            handler.wfile.write(b"x")

    secure.answers["/"] = trickle
    client = outbound(authorities=secure.authority, total_seconds=0.3)
    with pytest.raises(DestinationUnreachable, match=r"0\.3 seconds"):
        await client.get(secure.url(), most_bytes=MOST)


async def test_nobody_there_is_told_by_host_and_reason():
    client = outbound()
    with pytest.raises(DestinationUnreachable, match="localhost cannot be reached"):
        await client.get("https://localhost:1/secret?token=canary", most_bytes=MOST)


async def test_a_name_that_does_not_exist_is_unreachable():
    async def nowhere(_: str) -> Sequence[str]:
        raise OSError(-2, "Name or service not known")

    client = outbound(lookup=nowhere)
    with pytest.raises(DestinationUnreachable):
        await client.get("https://nowhere.example/", most_bytes=MOST)


async def test_cancelling_a_request_is_no_fault_of_the_other_side(secure):
    loop, arrived = asyncio.get_running_loop(), asyncio.Event()

    def hold(_) -> None:
        loop.call_soon_threadsafe(arrived.set)
        secure.closing.wait(10)

    secure.answers["/"] = hold
    client = outbound(authorities=secure.authority)
    asking = asyncio.create_task(client.get(secure.url(), most_bytes=MOST))
    await arrived.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking


async def test_connections_are_kept_for_what_is_read_and_go_with_the_client(secure):
    secure.answers["/a"] = body(b"hello")
    client = outbound(authorities=secure.authority, most_kept=4)
    for _ in range(3):
        assert (await client.get(secure.url("/a"), most_bytes=MOST)).body == b"hello"
        async with client.download(secure.url("/a"), Bounds(MOST)) as answer:
            assert await answer.whole() == b"hello"
        await client.send("HEAD", secure.url("/a"), most_bytes=MOST)
    assert len({each.connection for each in secure.asked}) == 1
    await client.send("POST", secure.url("/a"), most_bytes=MOST, body=b"x")
    assert secure.asked[-1].connection != secure.asked[0].connection
    await client.close()
    await client.get(secure.url("/a"), most_bytes=MOST)
    assert len({each.connection for each in secure.asked}) == 3
    await client.close()


async def test_a_connection_whose_body_was_left_is_not_used_again(secure):
    secure.answers["/a"] = body(b"x" * (32 << 20))
    client = outbound(authorities=secure.authority, most_kept=4)
    for _ in range(2):
        async with client.download(secure.url("/a"), Bounds(32 << 20)) as answer:
            assert answer.status == 200
    assert len({each.connection for each in secure.asked}) == 2
    await client.close()


async def test_a_kept_connection_is_for_its_own_name_only(secure):
    secure.answers["/a"] = body(b"hello")
    names = Names(localhost=["127.0.0.1"], other_example=["127.0.0.1", "10.0.0.1"])
    listed = Destinations(["localhost"], [ip_network("127.0.0.0/8")])
    client = outbound(listed, authorities=secure.authority, lookup=names, most_kept=4)
    for host in ("localhost", "other.example", "other.example"):
        await client.get(secure.url("/a", host=host), most_bytes=MOST)
    assert names.asked == ["localhost", "other.example"]
    assert len({each.connection for each in secure.asked}) == 2
    await client.close()
    with pytest.raises(DestinationForbidden):
        await client.get(secure.url("/a", host="other.example"), most_bytes=MOST)
    await client.close()
