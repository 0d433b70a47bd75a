"""The default account and its root keys: made at the first start, written to DATA/credentials.

The file is durable before the account is committed: an account without a file would be one that nobody can use.
"""

import configparser
import io
import os
from datetime import datetime
from pathlib import Path

from entrepot.core import identities
from entrepot.core.credentials import secret_context
from entrepot.core.identities import RootCredentials
from entrepot.db import accounts
from entrepot.db.database import Database, Transaction
from entrepot.errors.start import CredentialsWeak, MasterKeyWrong
from entrepot.seal import Seal, SealBroken
from entrepot.settings import Settings, is_weak

CREDENTIALS = "credentials"


def ensure(database: Database, seal: Seal, settings: Settings, now: datetime) -> bool:
    """Make the default account, or give it the root keys that the settings name; whether it was made now.

    MasterKeyWrong when the seal does not open its keys, CredentialsWeak when keys made for loopback would be exposed.
    """
    wanted = _wanted(settings)
    present = database.read(lambda tx: _present(tx, seal, settings))
    if present is None:
        fresh = wanted or identities.fresh_credentials(settings.account_id)
        write_credentials(settings.data, fresh)
        database.submit(lambda tx: identities.create_account(tx, seal, fresh, "default", now)).result()
        return True
    if wanted is not None and wanted not in present:
        database.submit(lambda tx: identities.rotate_root_key(tx, seal, wanted, now)).result()
        write_credentials(settings.data, wanted)
        return False
    for keys in present:
        if not settings.loopback and is_weak(keys.access_key_id, keys.secret_access_key):
            raise CredentialsWeak(account=keys.account, host=settings.host)
    return False


def write_credentials(data: Path, credentials: RootCredentials) -> None:
    """DATA/credentials: a shared credentials file as AWS's tools read it, for its owner alone; all of it or nothing."""
    profile = configparser.ConfigParser(interpolation=None)
    profile["default"] = {
        "aws_access_key_id": credentials.access_key_id,
        "aws_secret_access_key": credentials.secret_access_key,
    }
    content = io.StringIO()
    profile.write(content)
    path = data / CREDENTIALS
    fresh = path.with_name(f".{CREDENTIALS}.new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(content.getvalue())
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    directory = os.open(data, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _wanted(settings: Settings) -> RootCredentials | None:
    if settings.root_access_key_id is None or settings.root_secret_access_key is None:
        return None
    return RootCredentials(settings.account_id, settings.root_access_key_id, settings.root_secret_access_key)


def _present(tx: Transaction, seal: Seal, settings: Settings) -> list[RootCredentials] | None:
    """The active root keys of the default account; None when there is no such account."""
    if accounts.find(tx, settings.account_id) is None:
        return None
    found = []
    for key in accounts.keys_of(tx, settings.account_id):
        if key.status != "Active" or key.principal_kind != "root":
            continue
        try:
            secret = seal.open(key.secret, secret_context(key.id)).decode()
        except SealBroken as fault:
            path = settings.secret_key_file or settings.data / "secret.key"
            raise MasterKeyWrong(path=path, reason=str(fault) or "a key does not open") from None
        found.append(RootCredentials(key.account, key.id, secret))
    return found
