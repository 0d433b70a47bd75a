"""Where requests may go: public addresses over TLS, and what the operator lists (`outbound_allow`); where
credentials may (`token_services`).

A listed host may have any address, a listed address or range any name; both may be spoken to without TLS.
"""

from collections.abc import Iterable, Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from yarl import URL

from entrepot.outbound.faults import DestinationForbidden

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# what Python's tables of public addresses leave out, or know in newer versions only
_NEVER_PUBLIC = tuple(
    ip_network(text)
    for text in ("192.0.0.0/24", "192.88.99.0/24", "64:ff9b:1::/48", "100::/64", "2001::/23", "3fff::/20", "5f00::/16")
)
_TRANSLATED = ip_network("64:ff9b::/96")  # NAT64 (RFC 6052): the last 32 bits are an IPv4 address
_LOW_32 = (1 << 32) - 1


class Destinations:
    """Decides about URLs and addresses; does no I/O."""

    def __init__(
        self,
        hosts: Iterable[str] = (),
        networks: Iterable[Network] = (),
        token_services: Iterable[tuple[str, str]] = (),
    ) -> None:
        """`token_services` are pairs: a registry's host, and one that may have the credentials for it."""
        self._hosts = frozenset(hosts)
        self._networks = tuple(networks)
        self._token_services = frozenset(token_services)

    def check(self, url: URL) -> None:
        """DestinationForbidden for an URL that is refused whatever its host's addresses are."""
        if url.scheme not in {"http", "https"} or not url.host:
            raise DestinationForbidden(f"'{url.scheme}' is no scheme of requests to elsewhere")
        if url.user is not None or url.password is not None:
            raise DestinationForbidden(f"the URL of {url.host} carries credentials")
        literal = _address(url.host)
        if literal is not None and not self._permits(url.host, literal, secure=url.scheme == "https"):
            raise forbidden(url.host, secure=url.scheme == "https")

    def is_token_service(self, registry: str, host: str) -> bool:
        """Whether the operator lets this host have the credentials for that registry."""
        return (registry, host) in self._token_services

    def refusal(self, url: str) -> str:
        """Why no request will ever go to this URL, '' where its host's addresses are to be looked at first."""
        try:
            self.check(URL(url))
        except (DestinationForbidden, ValueError) as refused:
            return str(refused)
        return ""

    def permitted(self, host: str, addresses: Sequence[str], *, secure: bool) -> Sequence[str]:
        """Those addresses of a host that a connection may go to: DestinationForbidden when none is."""
        known = [(text, _address(text)) for text in addresses]
        kept = [text for text, parsed in known if parsed is not None and self._permits(host, parsed, secure=secure)]
        if not kept:
            raise forbidden(host, secure=secure)
        return kept

    def _permits(self, host: str, address: Address, *, secure: bool) -> bool:
        if host.lower().rstrip(".") in self._hosts or self._lists(address):
            return True
        return secure and all(_is_public(each) for each in _meanings(address))

    def _lists(self, address: Address) -> bool:
        plain = _unmapped(address)
        return any(plain in network for network in self._networks if network.version == plain.version)


def forbidden(host: str, *, secure: bool) -> DestinationForbidden:
    """What is said of a host that no request may go to."""
    what = "has no public address" if secure else "is not reached over TLS"
    return DestinationForbidden(f"{host} {what} and outbound_allow does not list it")


def _address(text: str) -> Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def _unmapped(address: Address) -> Address:
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def _meanings(address: Address) -> Iterator[Address]:
    """The address, and each IPv4 address that a translator would make of it."""
    plain = _unmapped(address)
    yield plain
    if isinstance(plain, IPv6Address):
        if plain.sixtofour is not None:
            yield plain.sixtofour
        if plain in _TRANSLATED or not int(plain) >> 32:  # also the deprecated ::a.b.c.d
            yield IPv4Address(int(plain) & _LOW_32)


def _is_public(address: Address) -> bool:
    special = address.is_multicast or address.is_unspecified or address.is_loopback or address.is_link_local
    if isinstance(address, IPv6Address):
        special = special or address.is_site_local
    elsewhere = any(address in network for network in _NEVER_PUBLIC if network.version == address.version)
    return address.is_global and not special and not elsewhere
