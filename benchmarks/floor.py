"""The floor of a push: reads one request's body from a socket, hashes it inline, writes it and syncs it; nothing else.

`python -m benchmarks.floor PORT DIRECTORY`. Same durability as a registry's 201: the file and its directory entry.
"""

import hashlib
import os
import socket
import sys
import time
from pathlib import Path

_CHUNK = 256 * 1024
_ANSWER = b"HTTP/1.1 %d OK\r\nLocation: /floor\r\nContent-Length: 0\r\n\r\n"
_STATUSES = {b"POST": 202, b"PATCH": 202, b"PUT": 201}


def main(port: int, directory: Path) -> None:
    """Serve one connection after the other, until killed."""
    with socket.create_server(("127.0.0.1", port)) as listening:
        while True:
            connection, _ = listening.accept()
            with connection:
                _serve(connection, directory)


def _serve(connection: socket.socket, directory: Path) -> None:
    held = bytearray()
    while True:
        while b"\r\n\r\n" not in held:
            received = connection.recv(_CHUNK)
            if not received:
                return
            held += received
        head, _, rest = bytes(held).partition(b"\r\n\r\n")
        held.clear()
        method = head.partition(b" ")[0]
        length = _length(head)
        if length:
            _store(connection, rest, length, directory / f"blob-{time.monotonic_ns()}")
        connection.sendall(_ANSWER % _STATUSES[method])


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


def _store(connection: socket.socket, begun: bytes, length: int, path: Path) -> None:
    running = hashlib.sha256(begun)
    buffer = bytearray(_CHUNK)
    view = memoryview(buffer)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(descriptor, begun)
        left = length - len(begun)
        while left:
            count = connection.recv_into(view, min(left, _CHUNK))
            if not count:
                return
            running.update(view[:count])
            os.write(descriptor, view[:count])
            left -= count
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    parent = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(parent)
    finally:
        os.close(parent)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
