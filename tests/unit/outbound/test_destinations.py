"""Where requests may go, decided on addresses and URLs alone."""

import pytest
from yarl import URL

from entrepot.outbound import DestinationForbidden, Destinations
from entrepot.settings import load

PUBLIC = Destinations()
LISTED = load({}, {"ENTREPOT_OUTBOUND_ALLOW": "idp.internal, 10.1.0.0/16, fd00:1::/32, 127.0.0.1"}).outbound_allow
ALLOWING = Destinations(
    [each for each in LISTED if isinstance(each, str)], [each for each in LISTED if not isinstance(each, str)]
)


def permitted(rules: Destinations, host: str, address: str, *, secure: bool = True) -> bool:
    try:
        return rules.permitted(host, [address], secure=secure) == [address]
    except DestinationForbidden:
        return False


def checked(rules: Destinations, url: str) -> bool:
    try:
        rules.check(URL(url))
    except DestinationForbidden:
        return False
    return True


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "::ffff:8.8.8.8"])
def test_public_addresses_are_permitted_over_tls_only(address):
    assert permitted(PUBLIC, "example.com", address)
    assert not permitted(PUBLIC, "example.com", address, secure=False)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.255.0.1", "169.254.169.254", "172.16.0.1", "192.0.0.8",
        "192.88.99.1", "192.168.0.1", "198.18.0.1", "224.0.0.1", "233.252.0.1", "240.0.0.1", "255.255.255.255",
        "::", "::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1",
        "2002:7f00:1::", "2002:a9fe:a9fe::1", "2001:0:7f00:1::", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%1",
        "fec0::1", "ff02::1", "ff0e::1", "3fff::1", "5f00::1", "2001:db8::1", "not an address",
    ],
)  # fmt: skip
def test_addresses_that_are_not_public_are_refused_whatever_their_writing(address):
    assert not permitted(PUBLIC, "example.com", address)


def test_only_the_permitted_ones_of_several_addresses_are_kept():
    assert PUBLIC.permitted("a.example", ["10.0.0.1", "8.8.8.8", "::1"], secure=True) == ["8.8.8.8"]


@pytest.mark.parametrize("secure", [True, False])
def test_a_listed_host_may_have_any_address_and_a_listed_range_any_name(secure):
    assert permitted(ALLOWING, "idp.internal", "192.168.0.1", secure=secure)
    assert permitted(ALLOWING, "IDP.internal.", "192.168.0.1", secure=secure)
    assert permitted(ALLOWING, "any.example", "10.1.2.3", secure=secure)
    assert permitted(ALLOWING, "any.example", "::ffff:10.1.2.3", secure=secure)
    assert permitted(ALLOWING, "any.example", "fd00:1::9", secure=secure)
    assert not permitted(ALLOWING, "any.example", "10.2.0.1", secure=secure)
    assert not permitted(ALLOWING, "evil.idp.internal", "192.168.0.1", secure=secure)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/", "file:///etc/passwd", "//example.com/", "/path", "https://u:p@example.com/",
        "https://u@example.com/", "https://127.0.0.2/", "https://[::1]/", "https://[::ffff:10.9.0.1]/",
        "http://8.8.8.8/", "https:///path",
    ],
)  # fmt: skip
def test_urls_that_are_refused_before_anything_is_resolved(url):
    assert not checked(ALLOWING, url)


@pytest.mark.parametrize(
    "url", ["https://8.8.8.8/", "https://127.0.0.1:8443/x", "http://10.1.9.9/", "https://a.example"]
)
def test_urls_whose_host_may_be_asked(url):
    assert checked(ALLOWING, url)


@pytest.mark.parametrize("listed", ["10.0.0.0/40", "a b", "http://idp.internal", "*.example.com"])
def test_what_is_neither_a_host_nor_a_range_is_a_fault_of_the_settings(listed):
    with pytest.raises(Exception, match="ENTREPOT_OUTBOUND_ALLOW"):
        load({}, {"ENTREPOT_OUTBOUND_ALLOW": listed})
