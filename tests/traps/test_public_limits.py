"""Traps of what strangers may ask of public registries, and how often."""

from collections.abc import Iterator

import pytest
import urllib3

from tests.factories.processes import serve
from tests.factories.registry import Registry, error_codes
from tests.traps.public import Public


@pytest.fixture(scope="module")
def stinted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Public]:
    """A server of two workers that allows strangers eight requests, and then one in an hour."""
    flags = ["--workers", "2", "--anonymous-rate", "0.0003", "--anonymous-burst", "8"]
    flags += ["--trusted-proxies", "127.0.0.1"]
    with serve(tmp_path_factory.mktemp("stinted"), extra=flags) as running:
        yield Public(running)


def spent(public: Public, address: str, path: str = "") -> list[urllib3.BaseHTTPResponse]:
    """Twelve requests of one address, each on a connection of its own, so that both workers are asked."""
    where = path or f"/v2/{public.path}/manifests/latest"
    return [Registry(public.server, "").request("GET", where, X_Forwarded_For=address) for _ in range(12)]


def test_an_address_that_asks_too_often_must_wait_and_others_need_not(stinted: Public) -> None:
    answers = spent(stinted, "192.0.2.1")
    assert [answer.status for answer in answers] == [200] * 8 + [429] * 4
    assert error_codes(answers[-1]) == ["TOOMANYREQUESTS"]
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 3600
    assert spent(stinted, "192.0.2.2")[0].status == 200
    assert stinted.anybody.request("GET", "/public.ecr/token/", X_Forwarded_For="192.0.2.1").status == 429


def test_who_has_logged_in_and_what_is_private_is_not_stinted(stinted: Public) -> None:
    spent(stinted, "192.0.2.3")
    for token in (stinted.token, stinted.server.token()):
        door = Registry(stinted.server, token)
        answers = [door.request("GET", f"/v2/{stinted.path}/tags/list", X_Forwarded_For="192.0.2.3") for _ in range(20)]
        assert {answer.status for answer in answers} == {200}
    assert stinted.anybody.request("GET", "/v2/", X_Forwarded_For="192.0.2.3").status == 401


def test_a_network_of_ipv6_is_one_address(stinted: Public) -> None:
    for number in range(8):
        assert spent(stinted, f"2001:db8:0:1::{number + 1}")[0].status in (200, 429)
    assert spent(stinted, "2001:db8:0:1:ffff::1")[0].status == 429
    assert spent(stinted, "2001:db8:0:2::1")[0].status == 200


def test_a_forwarded_address_counts_from_a_trusted_proxy_only(tmp_path) -> None:
    with serve(tmp_path, extra=["--anonymous-rate", "0.0003", "--anonymous-burst", "4"]) as running:
        public = Public(running)
        statuses = [spent(public, f"192.0.2.{number}")[0].status for number in range(2)]
        assert statuses == [200, 429]
