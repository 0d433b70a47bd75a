"""Requests as bytes on a socket, for what no client library would send."""

import socket

from tests.factories.processes import Server

SECONDS = 20.0


def send(server: Server, request: bytes, *more: bytes) -> bytes:
    """What the server says, to the end of the connection."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=SECONDS) as connection:
        for part in (request, *more):
            connection.sendall(part)
        answer = b""
        while data := connection.recv(65536):
            answer += data
        return answer


def head_only(server: Server, request: bytes) -> bytes:
    """The first bytes that the server says to a head whose body is held back."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=SECONDS) as connection:
        connection.sendall(request)
        return connection.recv(65536)


def head(method: str, path: str, *lines: str) -> bytes:
    """A request's head."""
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: localhost", *lines, "", ""]).encode()
