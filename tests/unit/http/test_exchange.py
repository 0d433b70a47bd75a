"""Circumstances of a request: forwarded headers count from trusted proxies only, a hostile Host counts as none."""

import ipaddress
from datetime import UTC, datetime
from unittest.mock import Mock

import pytest
from aiohttp.test_utils import make_mocked_request
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from entrepot.errors import RangeUnsatisfiable
from entrepot.http.blob_response import matches, select
from entrepot.http.exchange import Exchange, Exchanges, target

PROXIES = (ipaddress.ip_network("10.0.0.0/8"),)
AT = datetime(2026, 1, 1, tzinfo=UTC)


def of(peer: str, headers: dict[str, str], public_url: str | None = None) -> Exchange:
    made = Exchanges(public_url=public_url, trusted_proxies=PROXIES, bound="127.0.0.1:5000", clock=lambda: AT)
    transport = Mock()
    transport.get_extra_info = {"peername": (peer, 1)}.get
    return made.of(make_mocked_request("GET", "/v2/", headers=CIMultiDict(headers), transport=transport))


FORWARDED = {
    "Host": "inside:5000",
    "X-Forwarded-Host": "Registry.example.org:8443",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-For": "203.0.113.9",
}


def test_a_trusted_proxy_says_host_scheme_and_client() -> None:
    seen = of("10.1.2.3", FORWARDED)
    assert (seen.host, seen.secure, seen.source_ip) == ("registry.example.org:8443", True, "203.0.113.9")
    assert seen.base_url.lower() == "https://registry.example.org:8443"
    assert set(seen.hosts) == {"Registry.example.org:8443", "inside:5000"}


def test_nobody_else_says_anything_of_the_kind() -> None:
    seen = of("192.0.2.1", FORWARDED)
    assert (seen.host, seen.secure, seen.source_ip) == ("inside:5000", False, "192.0.2.1")
    assert seen.base_url == "http://inside:5000"
    assert seen.hosts == ("inside:5000",)


@pytest.mark.parametrize(
    ("chain", "client"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("198.51.100.7, 203.0.113.9", "203.0.113.9"),
        ("198.51.100.7, 203.0.113.9, 10.9.9.9", "203.0.113.9"),
        ("10.5.5.5, 10.9.9.9", "10.5.5.5"),
        ("198.51.100.7, nonsense, 10.9.9.9", "10.9.9.9"),
        ("nonsense", "10.1.2.3"),
        ("", "10.1.2.3"),
        ("2001:db8::1", "2001:db8::1"),
    ],
)
def test_the_client_is_the_last_hop_that_no_trusted_proxy_has(chain: str, client: str) -> None:
    assert of("10.1.2.3", {"Host": "inside", "X-Forwarded-For": chain}).source_ip == client


@pytest.mark.parametrize("host", ["", "a b", "evil.org/path", "evil.org?x", "u@evil.org", "a:b:c", "x" * 300, "[::1"])
def test_a_hostile_host_counts_as_none(host: str) -> None:
    assert of("192.0.2.1", {"Host": host}).base_url == "http://127.0.0.1:5000"
    assert of("10.1.2.3", {"Host": "inside:5000", "X-Forwarded-Host": host}).host == "inside:5000"


def test_the_public_url_is_what_answers_are_written_with() -> None:
    assert of("10.1.2.3", FORWARDED, "https://r.example.com/").base_url == "https://r.example.com"


def wanted(text: str, size: int, **more: str) -> tuple[int, int, bool]:
    return select(make_mocked_request("GET", "/", headers=CIMultiDict({"Range": text, **more})), size, '"e"')


@given(st.binary(max_size=40), st.integers(0, 60), st.integers(0, 60))
def test_a_range_is_the_slice_of_the_bytes(data: bytes, first: int, last: int) -> None:
    for text, expected in (
        (f"bytes={first}-{last}", data[first : last + 1] if first <= last else b""),
        (f"bytes={first}-", data[first:]),
        (f"bytes=-{last}", data[-last:] if last else b""),
    ):
        try:
            start, count, partial = wanted(text, len(data))
        except RangeUnsatisfiable:
            assert expected == b""
            continue
        assert partial
        assert data[start : start + count] == expected
        assert count == len(expected) > 0


@pytest.mark.parametrize(
    "text", ["", "bytes=-", "bytes=0-1,3-4", "items=0-1", "bytes=a-b", "bytes=0-" + "9" * 20, "bytes=\u0661-", "bytes"]
)
def test_what_is_no_single_range_gives_the_whole(text: str) -> None:
    assert wanted(text, 10) == (0, 10, False)


def test_a_range_of_other_content_gives_the_whole() -> None:
    assert wanted("bytes=1-2", 10, **{"If-Range": '"other"'}) == (0, 10, False)
    assert wanted("bytes=1-2", 10, **{"If-Range": '"e"'}) == (1, 2, True)


@pytest.mark.parametrize(
    ("text", "same"), [('"e"', True), ('W/"e"', True), ('"a", "e"', True), ("*", True), ('"a"', False), ("e", False)]
)
def test_a_client_that_has_the_content_need_not_get_it(text: str, same: bool) -> None:
    assert matches(make_mocked_request("GET", "/", headers=CIMultiDict({"If-None-Match": text})), '"e"') is same


@pytest.mark.parametrize(
    ("sent", "path"),
    [
        ("/v2/a?n=1", "/v2/a?n=1"),
        ("//a/v2/?x=http://b/c", "//a/v2/?x=http://b/c"),
        ("http://a/v2/a?n=1", "/v2/a?n=1"),
        ("HTTPS://user@a:5000/v2/%2e", "/v2/%2e"),
        ("http://a", "/"),
        ("http://a?n=/v2/", "/?n=/v2/"),
    ],
)
def test_a_target_is_path_and_query_as_they_were_sent(sent: str, path: str) -> None:
    assert target(make_mocked_request("GET", sent)) == path
