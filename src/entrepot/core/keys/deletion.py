"""Deletion of keys, after a waiting period in which it can be taken back (KMS developer guide, "Deleting keys")."""

from dataclasses import replace
from datetime import timedelta

from entrepot.core.access import Caller
from entrepot.core.keys import places
from entrepot.core.keys.places import DISABLED, PENDING, Asked
from entrepot.db import keys as rows
from entrepot.db.database import Transaction
from entrepot.db.key_records import Key
from entrepot.errors import KeyStateInvalid, ParameterInvalid

LEAST_DAYS, MOST_DAYS = 7, 30


def schedule(tx: Transaction, caller: Caller, given: str, days: int) -> Key:
    """Use it no more, and destroy its material after so many days: KeyNotFound, KeyStateInvalid."""
    asked = Asked("ScheduleKeyDeletion", keys={"kms:schedulekeydeletionpendingwindowindays": (str(days),)})
    key = places.require_kept(places.require_locked(tx, caller, given, asked))
    if not LEAST_DAYS <= days <= MOST_DAYS:
        reason = f"the waiting period has {LEAST_DAYS} to {MOST_DAYS} days"
        raise ParameterInvalid(parameter="pendingWindowInDays", reason=reason)
    waiting = replace(key, state=PENDING, deletes_at=caller.at + timedelta(days=days))
    rows.change(tx, waiting)
    told = {"keyId": given, "pendingWindowInDays": days}
    places.changed(tx, caller, "ScheduleKeyDeletion", told, key.account)
    return waiting


def cancel(tx: Transaction, caller: Caller, given: str) -> Key:
    """Keep it after all, disabled: KeyNotFound, KeyStateInvalid for one that does not wait."""
    key = places.require_locked(tx, caller, given, Asked("CancelKeyDeletion"))
    if key.state != PENDING:
        raise KeyStateInvalid(arn=key.arn, state="not pending deletion")
    kept = replace(key, state=DISABLED, deletes_at=None)
    rows.change(tx, kept)
    places.changed(tx, caller, "CancelKeyDeletion", {"keyId": given}, key.account)
    return kept
