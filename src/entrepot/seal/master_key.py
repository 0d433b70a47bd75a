"""The master key's file: 32 random bytes in hex, mode 0600, made once and durable before it is used."""

import contextlib
import os
import secrets
from pathlib import Path

KEY_BYTES = 32


class MasterKeyUnusable(Exception):
    """The file is not a master key, or others may read it; the message says which and what to do."""


def load_master_key(path: Path, *, create: bool) -> bytes:
    """The key in this file; made first when it is absent and `create` is set: MasterKeyUnusable."""
    try:
        return _read(path)
    except FileNotFoundError:
        if not create or path.is_symlink():  # what a link names is not ours to make
            reason = f"the master key {path} is not there; put it back, or name it in ENTREPOT_SECRET_KEY_FILE"
            raise MasterKeyUnusable(reason) from None
    _make(path)
    return _read(path)


def _read(path: Path) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    with os.fdopen(descriptor, "r", encoding="ascii", errors="replace") as file:
        if os.fstat(file.fileno()).st_mode & 0o077:
            raise MasterKeyUnusable(f"others may read the master key {path}; run: chmod 600 {path}")
        text = file.read(KEY_BYTES * 4).strip()
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise MasterKeyUnusable(f"{path} is not a master key: it must hold {KEY_BYTES} bytes in hex")
    return key


def _make(path: Path) -> None:
    """Write beside, then link: nobody ever sees half a key; who comes second makes the first one's durable too."""
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(KEY_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(temporary, path)
    finally:
        temporary.unlink()
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
