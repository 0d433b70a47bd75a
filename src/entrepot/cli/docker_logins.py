"""The credentials that `docker login` has left: in Docker's configuration, or with the helper that it names.

https://docs.docker.com/reference/cli/docker/login/ , "Credential stores" ; the helpers' protocol is that of
docker-credential-helpers.
"""

import base64
import binascii
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import msgspec

from entrepot.outbound.registry_logins import ANONYMOUS, Login

_HUB = "https://index.docker.io/v1/"
_HUBS = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io"})
_HELPER = re.compile(r"[A-Za-z0-9._-]+")
_TOKEN_USER = "<token>"  # noqa: S105 - what helpers say in the place of a user
_SECONDS = 30


class _Entry(msgspec.Struct):
    auth: str = ""
    identitytoken: str = ""
    username: str = ""
    password: str = ""


class _Config(msgspec.Struct, rename={"helpers": "credHelpers", "store": "credsStore"}):
    auths: dict[str, _Entry] = {}
    helpers: dict[str, str] = {}
    store: str = ""


def find(host: str) -> Login:
    """The login for a registry (`host` or `host:port`), or nobody's."""
    config = _read()
    key = _HUB if host in _HUBS else host
    helper = config.helpers.get(key) or config.store
    if helper and (login := _asked(helper, key)) is not None:
        return login
    entry = config.auths.get(key) or config.auths.get(f"https://{key}")
    return ANONYMOUS if entry is None else _of_entry(entry)


def _read() -> _Config:
    folder = os.environ.get("DOCKER_CONFIG")
    path = (Path(folder) if folder else Path.home() / ".docker") / "config.json"
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Config)
    except (OSError, msgspec.DecodeError):
        return _Config()


def _of_entry(entry: _Entry) -> Login:
    if entry.identitytoken:
        return Login(identity_token=entry.identitytoken)
    if entry.username:
        return Login(entry.username, entry.password)
    try:
        username, _, password = base64.b64decode(entry.auth, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return ANONYMOUS
    return Login(username, password.rstrip("\0")) if username else ANONYMOUS


def _asked(helper: str, host: str) -> Login | None:
    """What a credential helper knows; None when it knows nothing, or is not there."""
    if not _HELPER.fullmatch(helper):
        return None
    command = [f"docker-credential-{helper}", "get"]
    try:
        done = subprocess.run(command, input=host.encode(), capture_output=True, timeout=_SECONDS, check=True)  # noqa: S603 - the program that Docker itself would start, without a shell
        told: Any = msgspec.json.decode(done.stdout, type=dict[str, Any])
    except (OSError, subprocess.SubprocessError, msgspec.DecodeError):
        return None
    username, secret = str(told.get("Username", "")), str(told.get("Secret", ""))
    if not secret:
        return None
    return Login(identity_token=secret) if username == _TOKEN_USER else Login(username, secret)
