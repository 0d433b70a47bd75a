"""Real server processes for tests: started on a free loopback port, waited for, ended by their own process id.

Owns no assertions. A server's log is printed when the test that uses it fails.
"""

import base64
import configparser
import contextlib
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.config import Config

from entrepot.aws.protocol.errors import COMMON, OF_SERVICE, QUERY_CODES
from tests.factories import clients, forks
from tests.factories.forks import Process
from tests.factories.waiting import comes_up

EXECUTABLE = forks.EXECUTABLE
INSTALLED = (str(EXECUTABLE),)
"""The `program` of a server that is started as its users start it, and shares no memory with another process."""
REGION = clients.REGION
READY_SECONDS = 30.0
DRAIN_SECONDS = 20.0
_ATTEMPTS = 3


@dataclass(frozen=True)
class Credentials:
    """The root keys that the first start wrote, or others; of a session with its token."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Server:
    """One running server: where it listens, its data, its root keys, its process."""

    base_url: str
    host: str
    port: int
    data: Path
    credentials: Credentials
    process: Process
    log: Path
    ca: Path | None = None
    # closed when the server is: an open socket left to the garbage collector is a warning, and so an error
    resources: contextlib.ExitStack = field(default_factory=contextlib.ExitStack, repr=False)
    clients: dict[tuple[object, ...], Any] = field(default_factory=dict, repr=False)

    def client(self, service: str = "ecr", *, region: str = REGION, credentials: Credentials | None = None) -> Any:
        """The boto3 client of these keys, the root's unless others are given: path-style endpoint, no retries."""
        keys = credentials or self.credentials
        known = service, region, keys
        if known not in self.clients:
            self.clients[known] = self._client(service, region, keys)
        return self.clients[known]

    def _client(self, service: str, region: str, keys: Credentials) -> Any:
        made = clients.client(
            service,
            self.base_url,
            keys.access_key_id,
            keys.secret_access_key,
            keys.session_token,
            region_name=region,
            verify=str(self.ca) if self.ca else None,
            config=Config(retries={"total_max_attempts": 1}, inject_host_prefix=False),
        )
        self.resources.callback(made.close)
        made.meta.events.register("after-call", _check_code)
        return made

    def unsigned(self, service: str) -> Any:
        """A client that signs nothing."""
        made = clients.unsigned(service, self.base_url)
        self.resources.callback(made.close)
        return made

    def token(self, credentials: Credentials | None = None) -> str:
        """A registry password for user AWS, from GetAuthorizationToken."""
        answer = self.client(credentials=credentials).get_authorization_token()
        user, _, password = (
            base64.b64decode(answer["authorizationData"][0]["authorizationToken"]).decode().partition(":")
        )
        assert user == "AWS"
        return password

    def public_token(self, credentials: Credentials | None = None) -> str:
        """The same for public registries."""
        answer = self.client("ecr-public", credentials=credentials).get_authorization_token()
        return base64.b64decode(answer["authorizationData"]["authorizationToken"]).decode().partition(":")[2]

    def context(self) -> ssl.SSLContext:
        """TLS settings that trust this server's own authority and no other."""
        return ssl.create_default_context(cafile=str(self.ca) if self.ca else None)

    def environment(self, home: Path) -> dict[str, str]:
        """Variables with which AWS tools and Go clients reach this server and nothing of the machine's own settings."""
        home.mkdir(parents=True, exist_ok=True)
        runtime = home / "run"
        runtime.mkdir(mode=0o700, exist_ok=True)
        variables = {
            "PATH": f"{EXECUTABLE.parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "XDG_RUNTIME_DIR": str(runtime),
            "DOCKER_CONFIG": str(home / ".docker"),
            "REGISTRY_AUTH_FILE": str(home / "auth.json"),
            "AWS_ENDPOINT_URL": self.base_url,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": self.credentials.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.credentials.secret_access_key,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        if self.ca:
            variables |= {name: str(self.ca) for name in ("SSL_CERT_FILE", "AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE")}
        return variables

    def kill(self) -> None:
        """SIGKILL to the server's process group (its workers with it), and wait until it is gone."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def _check_code(parsed: dict[str, Any], model: Any, **_: Any) -> None:
    """Every error of every call of every suite: its code is one of the operation's model, or a common one."""
    if "Error" in parsed:
        modelled = {name for shape in model.error_shapes for name in (shape.name, shape.error_code)}
        code = parsed["Error"]["Code"]
        own = set(OF_SERVICE.get(model.service_model.service_name, {}).values())
        assert code in modelled | COMMON | set(QUERY_CODES.values()) | own, f"{model.name} has no {code} in its model"


running: list[Server] = []
"""The servers that are up now, for the report of a test that fails."""


def free_port() -> int:
    """A loopback port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def read_credentials(data: Path) -> Credentials:
    """The root keys from DATA/credentials."""
    parser = configparser.ConfigParser()
    parser.read(data / "credentials")
    profile = parser["default"]
    return Credentials(profile["aws_access_key_id"], profile["aws_secret_access_key"])


def create_account(server: Server, account_id: str) -> Credentials:
    """The root keys of an account that is made beside the running server."""
    arguments = ["account", "create", "--id", account_id, "--data", str(server.data), "--output", "json"]
    done = forks.run(arguments)
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    return Credentials(made["access_key_id"], made["secret_access_key"])


@contextlib.contextmanager
def serve(
    tmp_path: Path,
    *,
    tls: bool = False,
    extra: Sequence[str] = (),
    port: int | None = None,
    environment: dict[str, str] | None = None,
    program: Sequence[str] = (),
) -> Iterator[Server]:
    """A server over `tmp_path/data`, ready when entered; the same path again restarts over the same data. Without a
    `program` it is forked from one that has imported everything (forks.py).
    """
    tmp_path.mkdir(parents=True, exist_ok=True)
    server = _start(tmp_path, tls, extra, port, environment or {}, program)
    running.append(server)
    try:
        yield server
    except BaseException:
        _print_log(server.log)
        raise
    finally:
        running.remove(server)
        server.resources.close()
        stop(server)


def stop(server: Server, seconds: float = DRAIN_SECONDS) -> int:
    """SIGTERM, wait for the drain; SIGKILL to the whole group when it does not end in time. The exit status."""
    if server.process.poll() is None:
        server.process.terminate()
        try:
            server.process.wait(seconds)
        except subprocess.TimeoutExpired:
            _print_log(server.log)
            server.kill()
            raise AssertionError(f"the server did not end within {seconds} s of SIGTERM") from None
    return server.process.wait()


def _start(
    tmp_path: Path,
    tls: bool,
    extra: Sequence[str],
    port: int | None,
    environment: dict[str, str],
    program: Sequence[str],
) -> Server:
    for attempt in range(_ATTEMPTS):
        chosen = port or free_port()
        log = tmp_path / f"serve-{time.monotonic_ns()}.log"
        data = tmp_path / "data"
        secured = ["--tls-self-signed"] if tls else []
        arguments = ["serve", "--data", str(data), "--port", str(chosen), *extra, *secured]
        process = _spawn(program, arguments, log, environment)
        base_url = f"{'https' if tls else 'http'}://127.0.0.1:{chosen}"
        if _wait_ready(process, base_url):
            return Server(
                base_url=base_url,
                host=f"127.0.0.1:{chosen}",
                port=chosen,
                data=data,
                credentials=read_credentials(data),
                process=process,
                log=log,
                ca=data / "ca.pem" if tls else None,
            )
        ended = process.poll()
        _end(process)
        # another process may have taken the port between the probe and the bind
        if ended is None or port or attempt == _ATTEMPTS - 1:
            _print_log(log)
            raise AssertionError(f"the server was not ready: exit status {ended}, after {READY_SECONDS} s at most")
    raise AssertionError("unreachable")


def _spawn(program: Sequence[str], arguments: Sequence[str], log: Path, environment: dict[str, str]) -> Process:
    variables = {**os.environ, **environment}
    with log.open("wb") as output:
        if not program:
            return forks.start(arguments, stdout=output, stderr=output, environment=variables)
        return subprocess.Popen(
            [*program, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=variables,
            start_new_session=True,
        )


def _end(process: Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _wait_ready(process: Process, base_url: str) -> bool:
    # readiness only: the certificate authority may not be written yet, so this one request does not verify
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE

    def is_ready() -> bool:
        try:
            with urllib.request.urlopen(f"{base_url}/readyz", timeout=5, context=context) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    return comes_up(process, is_ready, READY_SECONDS)


def log_tail(log: Path, limit: int = 20_000) -> str:
    """The end of a server's log."""
    return log.read_bytes()[-limit:].decode(errors="replace")


def _print_log(log: Path) -> None:
    text = log_tail(log)
    sys.stderr.write(f"--- {log} ---\n{text}\n--- end of log ---\n")
