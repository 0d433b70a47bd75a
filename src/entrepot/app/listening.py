"""Listening sockets: one a worker, all on one address (SO_REUSEPORT), bound in the parent and kept by it.

The kernel spreads connections over them; while a crashed worker starts again, its socket keeps those that wait.
"""

import errno
import socket
import time
from collections.abc import Sequence

from entrepot.errors.start import AddressUnavailable, PortTaken

_BACKLOG = 1024
_PATIENCE_SECONDS = 1.0
_PAUSE_SECONDS = 0.05


def bind(host: str, port: int, workers: int, patience: float = _PATIENCE_SECONDS) -> list[list[socket.socket]]:
    """For each worker its sockets, one an address of `host`. PortTaken, AddressUnavailable; port 0 chooses one.

    A server that was just killed has so many seconds of `patience` to be gone.
    """
    addresses = _resolve(host, port)
    chosen = [_free(host, family, address, patience) for family, address in addresses] if port else []
    if not chosen:
        with _open(addresses[0][0], addresses[0][1]) as probe:
            port = probe.getsockname()[1]
        addresses = _resolve(host, port)
    try:
        return [[_listen(family, address) for family, address in addresses] for _ in range(workers)]
    except OSError as fault:
        raise AddressUnavailable(host=host, reason=fault.strerror) from None


def _resolve(host: str, port: int) -> Sequence[tuple[int, tuple[object, ...]]]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as fault:
        raise AddressUnavailable(host=host, reason=fault.strerror) from None
    return list(dict.fromkeys((family, address) for family, _, _, _, address in found))


def _free(host: str, family: int, address: tuple[object, ...], patience: float) -> bool:
    """PortTaken when anybody listens there, also one who would share the port."""
    deadline = time.monotonic() + patience
    while True:
        try:
            _open(family, address).close()
        except OSError as fault:
            if fault.errno != errno.EADDRINUSE:
                raise AddressUnavailable(host=host, reason=fault.strerror) from None
            if time.monotonic() > deadline:
                raise PortTaken(host=host, port=address[1]) from None
            time.sleep(_PAUSE_SECONDS)
        else:
            return True


def _open(family: int, address: tuple[object, ...], *, shared: bool = False) -> socket.socket:
    opened = socket.socket(family, socket.SOCK_STREAM)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        opened.bind(address)
    except OSError:
        opened.close()
        raise
    return opened


def _listen(family: int, address: tuple[object, ...]) -> socket.socket:
    opened = _open(family, address, shared=True)
    opened.listen(_BACKLOG)
    opened.setblocking(False)
    return opened
