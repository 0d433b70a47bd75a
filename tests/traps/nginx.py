"""nginx before a server: ends TLS, addresses the server by its own name and tells it what the client asked for."""

import contextlib
import dataclasses
import shutil
import socket
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from entrepot.app import certificates
from tests.clients.workplace import absent
from tests.factories.processes import Server, free_port
from tests.factories.waiting import wait

_CONFIGURATION = """
daemon off;
master_process off;
pid {place}/nginx.pid;
error_log {place}/error.log;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {place}/body;
  proxy_temp_path {place}/proxy;
  fastcgi_temp_path {place}/fastcgi;
  uwsgi_temp_path {place}/uwsgi;
  scgi_temp_path {place}/scgi;
  client_max_body_size 0;
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {certificate};
    ssl_certificate_key {key};
    location / {{
      proxy_pass http://127.0.0.1:{upstream};
      proxy_http_version 1.1;
      proxy_request_buffering off;
      proxy_buffering off;
      proxy_set_header Connection "";
      proxy_set_header X-Forwarded-Host $http_host;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }}
  }}
}}
"""


@contextlib.contextmanager
def before(server: Server, place: Path) -> Iterator[Server]:
    """The same server as clients of the proxy see it: another port, TLS, another authority."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
    if program is None:
        absent("nginx")
    place.mkdir()
    certificate, key = certificates.self_signed(place, ["127.0.0.1"], datetime.now(UTC))
    port = free_port()
    configuration = place / "nginx.conf"
    configuration.write_text(
        _CONFIGURATION.format(place=place, port=port, upstream=server.port, certificate=certificate, key=key)
    )
    process = subprocess.Popen(
        [program, "-p", place, "-e", place / "error.log", "-c", configuration], stdin=subprocess.DEVNULL
    )
    try:
        wait(lambda: _listens(process, port))
        yield dataclasses.replace(
            server, base_url=f"https://127.0.0.1:{port}", host=f"127.0.0.1:{port}", port=port, ca=place / "ca.pem"
        )
    finally:
        process.terminate()
        process.wait()


def _listens(process: subprocess.Popen[bytes], port: int) -> bool:
    assert process.poll() is None, "nginx ended"
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
