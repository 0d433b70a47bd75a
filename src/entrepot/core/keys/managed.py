"""Keys that an account has for a service of the deployment, `alias/aws/…`: made when they are first needed, and used
through that service alone (KMS developer guide, "AWS managed keys").
"""

import uuid
from datetime import datetime, timedelta

from entrepot.core.keys import names, policies
from entrepot.core.keys.keeping import ROTATION_DAYS
from entrepot.core.keys.places import AWS, ENABLED
from entrepot.core.keys.vault import SYMMETRIC, Vault
from entrepot.db import accounts
from entrepot.db import keys as rows
from entrepot.db.database import Reader, Transaction
from entrepot.db.key_records import Alias, Key

_DESCRIPTION = "Default key that protects what {service} keeps when no other key is defined"


def find(tx: Reader, account: str, region: str, service: str) -> Key | None:
    """The key that an account has for a service, if it is there."""
    alias = rows.alias(tx, account, region, f"{names.RESERVED}{service}")
    return None if alias is None else rows.find(tx, alias.key_id)


def ensure(tx: Transaction, vault: Vault, service: str, account: str, region: str, at: datetime) -> Key:
    """The key that an account has for a service, made where it is not there. Not authorised here."""
    accounts.lock(tx, account)
    found = find(tx, account, region, service)
    if found is not None:
        return found
    made = Key(
        str(uuid.uuid4()),
        account,
        region,
        AWS,
        SYMMETRIC,
        "ENCRYPT_DECRYPT",
        _DESCRIPTION.format(service=service),
        ENABLED,
        policies.of_service(account, region, service),
        ROTATION_DAYS,
        at + timedelta(days=ROTATION_DAYS),
        at,
    )
    rows.add(tx, made)
    rows.add_material(tx, vault.fresh(made.id, SYMMETRIC, at))
    rows.add_alias(tx, Alias(account, region, f"{names.RESERVED}{service}", made.id, at, at))
    return made
