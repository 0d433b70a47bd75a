"""Keys at other key services as callers name them: asked for before the unit of work that uses them, for who may, and
known from then on (db/remote_keys.py).

Their policies are their services' matter, and let the operator; which principals of an account may use them, its
identity policies say.
"""

from collections.abc import Sequence
from typing import Final

from entrepot.core import access
from entrepot.core.access import Caller
from entrepot.core.keys import names
from entrepot.core.keys.vault import Vault
from entrepot.core.resources import Resource
from entrepot.core.units import Units
from entrepot.db import remote_keys
from entrepot.db.database import Transaction
from entrepot.db.key_records import RemoteKey
from entrepot.errors import KeyQuotaExceeded, KeyRefused

MOST: Final = 10_000  # of a deployment


async def known(
    units: Units, vault: Vault, caller: Caller, given: str, operations: Sequence[str], via: str
) -> RemoteKey | None:
    """The key that an ARN, an alias's or a name in the caller's account and region stands for, described now by its
    service; None for one that is here: AccessDenied, KeyQuotaExceeded, KeyRefused, KeyUnavailable.
    """
    named = given if given.startswith("arn:") else names.parse(caller, given).arn
    if named.rpartition(":")[2].startswith(names.RESERVED) or not vault.remotes.covers(named):
        return None
    require(caller, named, operations, via)
    if named.split(":")[3] != caller.region:
        raise KeyRefused(arn=named, code="NotFoundException")
    found = await vault.remotes.ask_for(caller.principal.account, named)
    await units.write(_keep, found)
    return found


def require(caller: Caller, arn: str, operations: Sequence[str], via: str) -> None:
    """AccessDenied unless the caller's identity policies let them do all this to a key, through a service."""
    resource = Resource(caller.principal.account, arn, names.SERVICE)
    keys = {
        "kms:calleraccount": (caller.principal.account,),
        "kms:viaservice": (f"{via}.{caller.region}.amazonaws.com",),
    }
    for operation in operations:
        access.require(caller, operation, resource, keys)


def _keep(tx: Transaction, found: RemoteKey) -> None:
    if remote_keys.find(tx, found.arn) is None and remote_keys.count(tx) >= MOST:
        raise KeyQuotaExceeded(reason=f"{MOST} keys of other key services are known already.")
    remote_keys.put(tx, found)
