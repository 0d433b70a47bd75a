"""Rows of `registry_sboms`: the private registries in which each scanned image gets an SBOM."""

from sqlalchemy import bindparam, delete, select, text

from entrepot.db.database import Transaction
from entrepot.db.scan_schema import registry_sboms
from entrepot.spec.repository import RegistryKey

_IS_IT = (registry_sboms.c.account_id == bindparam("account")) & (registry_sboms.c.region == bindparam("in_region"))
_FIND = select(registry_sboms.c.region).where(_IS_IT)
_ADD = text("INSERT INTO registry_sboms (account_id, region) VALUES (:account, :in_region) ON CONFLICT DO NOTHING")
_REMOVE = delete(registry_sboms).where(_IS_IT)


def are_wanted(tx: Transaction, key: RegistryKey) -> bool:
    """Whether images of this registry get SBOMs."""
    return tx.one(_FIND, account=key.account, in_region=key.region) is not None


def put(tx: Transaction, key: RegistryKey, *, wanted: bool) -> None:
    """From now on, or no more."""
    tx.run(_ADD if wanted else _REMOVE, account=key.account, in_region=key.region)
