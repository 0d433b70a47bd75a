"""Credentials for registries as docker keeps them: `config.json`, and the helpers that it names
(https://docs.docker.com/reference/cli/docker/login/ "Credential stores", "Credential helpers").
"""

import base64
import binascii
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from entrepot.outbound.registries import Place
from entrepot.outbound.registry_logins import ANONYMOUS, Login

_FILE = "config.json"
_MOST_BYTES = 4 * 1024 * 1024
_HELPER = re.compile(r"[A-Za-z0-9._-]{1,64}")
_HUB = "https://index.docker.io/v1/"
_HUB_HOST = "registry-1.docker.io"
_OF_TOKENS = "<token>"  # the user's name that says that the secret is a token
_SECONDS = 30


def login(place: Place) -> Login:
    """What docker would log in with there; nobody where it knows nothing."""
    host = urlsplit(place.url).netloc
    names = [_HUB, "docker.io"] if host == _HUB_HOST else [host, f"{place.url}", f"https://{host}", f"http://{host}"]
    config = _config()
    helper = _part(config, "credHelpers").get(host) or config.get("credsStore")
    if isinstance(helper, str) and (found := _helped(helper, names[0])) is not None:
        return found
    entries = _part(config, "auths")
    return next((_entry(entries[name]) for name in names if isinstance(entries.get(name), dict)), ANONYMOUS)


def _config() -> dict[str, Any]:
    folder = os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker"
    try:
        with (Path(folder) / _FILE).open("rb") as file:
            return msgspec.json.decode(file.read(_MOST_BYTES), type=dict[str, Any])
    except (OSError, msgspec.MsgspecError):
        return {}


def _part(config: dict[str, Any], name: str) -> dict[str, Any]:
    found = config.get(name)
    return found if isinstance(found, dict) else {}


def _entry(entry: dict[str, Any]) -> Login:
    try:
        decoded = base64.b64decode(str(entry.get("auth") or ""), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ANONYMOUS
    username, _, password = decoded.partition(":")
    return Login(username, password.rstrip("\0"), str(entry.get("identitytoken") or ""))


def _helped(helper: str, server: str) -> Login | None:
    """What a helper program knows of a server; None where it knows nothing."""
    program = shutil.which(f"docker-credential-{helper}") if _HELPER.fullmatch(helper) else None
    if program is None:
        return None
    try:
        done = subprocess.run(  # noqa: S603 - a program that docker's configuration names
            [program, "get"], input=server.encode(), capture_output=True, timeout=_SECONDS, check=False
        )
        told = msgspec.json.decode(done.stdout[:_MOST_BYTES], type=dict[str, Any]) if not done.returncode else {}
    except (OSError, subprocess.TimeoutExpired, msgspec.MsgspecError):
        return None
    username, secret = str(told.get("Username") or ""), str(told.get("Secret") or "")
    if not secret:
        return None
    return Login(identity_token=secret) if username == _OF_TOKENS else Login(username, secret)
