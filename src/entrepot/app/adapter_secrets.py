"""The secrets between Harbor, scanners of others and this server, each in a file."""

import re
from pathlib import Path

from entrepot.errors.start import SecretUnusable
from entrepot.settings import Settings

_LEAST_SECRET = 16
_HEADER = re.compile(r"[\x20-\x7e]{1,8192}")
_LARGEST = 64 * 1024


def harbor_secret(settings: Settings) -> bytes | None:
    """What Harbor proves itself with: SecretUnusable."""
    path = settings.harbor_secret
    if path is None:
        return None
    secret = _text(path, "harbor_secret")
    if len(secret) < _LEAST_SECRET:
        raise SecretUnusable(name="harbor_secret", path=path, reason=f"it has less than {_LEAST_SECRET} characters")
    return secret.encode()


def scanner_header(settings: Settings) -> str:
    """The Authorization header for the scanner that is asked, '' for none: SecretUnusable."""
    path = settings.scanner_adapter_credentials
    return "" if path is None else _text(path, "scanner_adapter_credentials")


def _text(path: Path, name: str) -> str:
    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST).decode().strip()
    except (OSError, UnicodeDecodeError) as fault:
        raise SecretUnusable(name=name, path=path, reason=type(fault).__name__) from None
    if _HEADER.fullmatch(text) is None:
        raise SecretUnusable(name=name, path=path, reason="expected one line of printable ASCII")
    return text
