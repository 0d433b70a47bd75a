"""How long images are scanned continuously (Inspector user guide, "Configuring Amazon ECR re-scan duration")."""

from entrepot.core.access import Caller
from entrepot.core.inspector import places
from entrepot.db import accounts
from entrepot.db import inspector_configuration as rows
from entrepot.db.database import Transaction
from entrepot.db.inspector_setting_records import RescanWindows
from entrepot.errors import InspectorInputInvalid

__all__ = ["RescanWindows", "get", "update"]


def get(tx: Transaction, caller: Caller, of: str | None = None) -> RescanWindows:
    """What is set for the caller's account in its region, or what holds where nothing is: InspectorInputInvalid where
    `of` is another account.
    """
    key = places.require(caller, "GetConfiguration")
    _require_own(key.account, of)
    return rows.find(tx, key)


def update(tx: Transaction, caller: Caller, of: str | None, pushed: str, pulled: str | None, mode: str | None) -> None:
    """Replace the window after a push; the one after a pull or use stays where none is given: InspectorInputInvalid
    where `of` is another account.
    """
    key = places.require(caller, "UpdateConfiguration")
    _require_own(key.account, of)
    accounts.lock(tx, key.account)
    before = rows.find(tx, key)
    new = RescanWindows(
        pushed, pulled or before.pull_date_rescan_duration, mode or before.pull_date_rescan_mode, caller.at
    )
    rows.put(tx, key, new)
    told = {
        "ecrConfiguration": {
            "rescanDuration": new.rescan_duration,
            "pullDateRescanDuration": new.pull_date_rescan_duration,
            "pullDateRescanMode": new.pull_date_rescan_mode,
        }
    }
    places.told(tx, caller, "UpdateConfiguration", told)


def _require_own(account: str, of: str | None) -> None:
    if of not in (None, account):
        raise InspectorInputInvalid(reason=f"accountId: {of} is not an account that this one administers")
