"""How long images are scanned continuously (Inspector user guide, "Configuring Amazon ECR re-scan duration")."""

from collections.abc import Sequence
from typing import NamedTuple

from entrepot.core.access import Caller
from entrepot.core.inspector import places
from entrepot.db import accounts
from entrepot.db import inspector_configuration as rows
from entrepot.db.database import Transaction
from entrepot.db.inspector_setting_records import RescanWindows
from entrepot.errors import InspectorInputInvalid

__all__ = ["RescanWindows", "WindowsChange", "get", "update"]

_NOT_HERE = "{} cannot be set here: images of registries have an ecrConfiguration"


def get(tx: Transaction, caller: Caller, of: str | None = None) -> RescanWindows:
    """What is set for the caller's account in its region, or what holds where nothing is: InspectorInputInvalid where
    `of` is another account.
    """
    key = places.require(caller, "GetConfiguration")
    _require_own(key.account, of)
    return rows.find(tx, key)


class WindowsChange(NamedTuple):
    """The window after a push, and those after a pull or use, where they are to be others."""

    pushed: str
    pulled: str | None = None
    mode: str | None = None


def update(
    tx: Transaction, caller: Caller, of: str | None, change: WindowsChange | None, others: Sequence[str] = ()
) -> None:
    """Replace the windows that are given: InspectorInputInvalid where `of` is another account, or something other than
    windows is to be set.
    """
    key = places.require(caller, "UpdateConfiguration")
    _require_own(key.account, of)
    if others or change is None:
        raise InspectorInputInvalid(reason=_NOT_HERE.format(", ".join(others) or "nothing"))
    accounts.lock(tx, key.account)
    before = rows.find(tx, key)
    new = RescanWindows(
        change.pushed,
        change.pulled or before.pull_date_rescan_duration,
        change.mode or before.pull_date_rescan_mode,
        caller.at,
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
