"""Sockets of several workers on one port."""

import contextlib
import socket

import pytest

from entrepot.app import listening
from entrepot.errors.start import AddressUnavailable, PortTaken


@contextlib.contextmanager
def bound(host: str, port: int, workers: int):
    sockets = listening.bind(host, port, workers)
    try:
        yield sockets
    finally:
        for own in sockets:
            for item in own:
                item.close()


def test_workers_share_one_port_with_a_socket_each():
    with bound("127.0.0.1", 0, 3) as sockets:
        assert len({own[0].fileno() for own in sockets}) == 3
        assert len({own[0].getsockname()[1] for own in sockets}) == 1


def test_a_port_that_somebody_listens_on_is_taken_even_one_that_would_share_it():
    with bound("127.0.0.1", 0, 1) as sockets, pytest.raises(PortTaken, match="--port"):
        listening.bind("127.0.0.1", sockets[0][0].getsockname()[1], 1, patience=0.1)


def test_a_port_is_free_again_at_once_after_its_server_closed_connections():
    with bound("127.0.0.1", 0, 1) as sockets:
        port = sockets[0][0].getsockname()[1]
        client = socket.create_connection(("127.0.0.1", port))
        sockets[0][0].setblocking(True)
        accepted, _ = sockets[0][0].accept()
        accepted.close()  # the server's side closes first: TIME_WAIT is its own
        client.close()
    with bound("127.0.0.1", port, 1):
        pass


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host"])
def test_an_address_that_is_not_this_machine_s_is_told(host):
    with pytest.raises(AddressUnavailable):
        listening.bind(host, 5000, 1)
