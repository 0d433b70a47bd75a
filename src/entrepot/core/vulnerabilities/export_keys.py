"""The key that exports of this deployment are signed with, and those that an import trusts.

DATA/vulndb/export.key    the private half, sealed
DATA/vulndb/export.pub    the public half, for those who import elsewhere
"""

import contextlib
import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from entrepot.errors.scanning import VulnerabilityFileUnknown
from entrepot.seal import Seal
from entrepot.seal.export_signatures import is_public_pem, new_key, public_pem

_PRIVATE: Final = "export.key"
_PUBLIC: Final = "export.pub"
_CONTEXT: Final = b"vulndb-export-key"
_MOST_BYTES: Final = 16_384


def private_key(directory: Path, seal: Seal) -> bytes:
    """The private half; made when it is first asked for: SealBroken where another master key sealed it."""
    path = directory / _PRIVATE
    if not path.exists():
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            _put(path, seal.seal(new_key(), _CONTEXT), replace=False)
    private = seal.open(path.read_bytes(), _CONTEXT)
    _put(directory / _PUBLIC, public_pem(private).encode(), replace=True)
    return private


def public(private: bytes) -> str:
    """The public half of a key, as PEM."""
    return public_pem(private)


def trusted(directory: Path, others: Sequence[Path]) -> Sequence[str]:
    """The public halves of this deployment's key and of those in files that an operator names:
    VulnerabilityFileUnknown for one that is none.
    """
    own = directory / _PUBLIC
    return [_public(path) for path in [*([own] if own.exists() else []), *others]]


def _public(path: Path) -> str:
    try:
        with path.open("rb") as file:
            pem = file.read(_MOST_BYTES).decode("ascii", "replace")
    except OSError as fault:
        raise VulnerabilityFileUnknown(path=path, reason=fault.strerror) from None
    if not is_public_pem(pem):
        raise VulnerabilityFileUnknown(path=path, reason="it is not the public half of a key for exports")
    return pem


def _put(path: Path, data: bytes, *, replace: bool) -> None:
    """Write durably, for the owner alone; nobody ever sees half a key."""
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            temporary.replace(path)
        else:
            os.link(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
