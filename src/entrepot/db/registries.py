"""Rows of `registry`: what was set for a registry as a whole; one where nothing was set has no row."""

from sqlalchemy import bindparam, select, text

from entrepot.db.database import Reader, Row, Transaction
from entrepot.db.records import Registry
from entrepot.db.schema import registry
from entrepot.spec.repository import RegistryKey

FIND = select(registry).where(
    registry.c.account_id == bindparam("account"),
    registry.c.kind == bindparam("kind"),
    registry.c.region == bindparam("region"),
)
_PUT = text(
    "INSERT INTO registry (account_id, kind, region, policy, policy_scope, display_name, stamp, blob_mounting) "
    "VALUES (:account, :kind, :region, :policy, :policy_scope, :display_name, :stamp, :blob_mounting) "
    "ON CONFLICT (account_id, kind, region) DO UPDATE SET policy = excluded.policy, "
    "policy_scope = excluded.policy_scope, display_name = excluded.display_name, stamp = excluded.stamp, "
    "blob_mounting = excluded.blob_mounting"
)
SCOPE = "V2"  # of a registry where nothing was set


def find(tx: Reader, key: RegistryKey) -> Registry:
    """What was set, or what holds where nothing was."""
    return record(tx.one(FIND, account=key.account, kind=key.kind, region=key.region), key)


def put(tx: Transaction, new: Registry) -> None:
    """Replace what was set."""
    tx.run(
        _PUT,
        account=new.key.account,
        kind=new.key.kind,
        region=new.key.region,
        policy=new.policy,
        policy_scope=new.policy_scope,
        display_name=new.display_name,
        stamp=new.stamp,
        blob_mounting=new.blob_mounting,
    )


def record(row: Row | None, key: RegistryKey) -> Registry:
    """A row of `registry`, if there is one, as a record."""
    if row is None:
        return Registry(key, None, SCOPE, "", 0)
    return Registry(key, row.policy, row.policy_scope, row.display_name, row.stamp, row.blob_mounting)
