"""Rows of `inspector_configuration`: how long images are scanned continuously."""

from sqlalchemy import bindparam, select, text

from entrepot.db.database import Reader, Transaction
from entrepot.db.inspector_schema import inspector_configuration
from entrepot.db.inspector_setting_records import RescanWindows
from entrepot.spec.moments import micros_or_none, moment
from entrepot.spec.repository import RegistryKey

# what accounts begin with since May 2025
NOTHING_SET = RescanWindows("DAYS_14", "DAYS_14", "LAST_IN_USE_AT", None)
_FIND = select(inspector_configuration).where(
    inspector_configuration.c.account_id == bindparam("account"),
    inspector_configuration.c.region == bindparam("in_region"),
)
_PUT = text(
    "INSERT INTO inspector_configuration (account_id, region, rescan_duration, pull_date_rescan_duration, "
    "pull_date_rescan_mode, updated_at) VALUES (:account, :in_region, :pushed, :pulled, :mode, :at) "
    "ON CONFLICT (account_id, region) DO UPDATE SET rescan_duration = excluded.rescan_duration, "
    "pull_date_rescan_duration = excluded.pull_date_rescan_duration, "
    "pull_date_rescan_mode = excluded.pull_date_rescan_mode, updated_at = excluded.updated_at"
)


def find(tx: Reader, key: RegistryKey) -> RescanWindows:
    """What was set, or what holds where nothing was."""
    row = tx.one(_FIND, account=key.account, in_region=key.region)
    if row is None:
        return NOTHING_SET
    return RescanWindows(
        row.rescan_duration, row.pull_date_rescan_duration, row.pull_date_rescan_mode, moment(row.updated_at)
    )


def put(tx: Transaction, key: RegistryKey, new: RescanWindows) -> None:
    """Replace what was set."""
    tx.run(
        _PUT,
        account=key.account,
        in_region=key.region,
        pushed=new.rescan_duration,
        pulled=new.pull_date_rescan_duration,
        mode=new.pull_date_rescan_mode,
        at=micros_or_none(new.updated_at),
    )
