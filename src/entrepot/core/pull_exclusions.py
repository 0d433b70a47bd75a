"""Users and roles whose pulls are not counted, so that what only a backup or a scanner pulls grows old (ECR API
reference, RegisterPullTimeUpdateExclusion). Journals tell who pulled; what counts pulls (core/upkeep.py) asks here.
"""

from collections.abc import Collection
from datetime import datetime

from entrepot.core import changes, lookup
from entrepot.core.access import Caller
from entrepot.core.calls import Common
from entrepot.core.page import Page, cut
from entrepot.core.quotas import catalogue, limits
from entrepot.db import accounts
from entrepot.db import pull_exclusions as rows
from entrepot.db.database import Transaction
from entrepot.db.pull_exclusions import Excluded
from entrepot.errors import PullExclusionAlreadyExists, PullExclusionNotFound, PullExclusionsTooMany
from entrepot.spec.repository import RegistryKey


def register(tx: Transaction, caller: Caller, key: RegistryKey, principal: str) -> datetime:
    """Count the pulls of a user, or of a role's sessions, no more: PullExclusionAlreadyExists, PullExclusionsTooMany.

    Nobody need have the ARN: who is made anew under the same name is meant too.
    """
    lookup.allow_registry(tx, caller, key, "RegisterPullTimeUpdateExclusion")
    accounts.lock(tx, key.account)
    if rows.find(tx, key, principal) is not None:
        raise PullExclusionAlreadyExists(principal=principal, account=key.account)
    most = limits.limit(tx, key, catalogue.EXCLUSIONS)
    if rows.count(tx, key) >= most:
        raise PullExclusionsTooMany(limit=most)
    rows.add(tx, key, principal, caller.at)
    _tell(tx, caller, key, "RegisterPullTimeUpdateExclusion", principal)
    return caller.at


def deregister(tx: Transaction, caller: Caller, key: RegistryKey, principal: str) -> None:
    """Count its pulls again: PullExclusionNotFound."""
    lookup.allow_registry(tx, caller, key, "DeregisterPullTimeUpdateExclusion")
    if not rows.remove(tx, key, principal):
        raise PullExclusionNotFound(principal=principal, account=key.account)
    _tell(tx, caller, key, "DeregisterPullTimeUpdateExclusion", principal)


def list_of(tx: Transaction, caller: Caller, key: RegistryKey, limit: int, after: str) -> Page[str]:
    """A page of ARNs above `after`, in order."""
    lookup.allow_registry(tx, caller, key, "ListPullTimeUpdateExclusions")
    return cut(rows.page(tx, key, after, limit + 1), limit, str)


def is_excluded(common: Common, excluded: Collection[Excluded]) -> bool:
    """Whether calls that have this in common are those of somebody whose pulls are not counted: a user, or the role or
    user behind a session.
    """
    who = common.identity
    if who is None or not excluded:
        return False
    return any(Excluded(common.account, common.region, arn) in excluded for arn in (who.arn, who.issuer))


def _tell(tx: Transaction, caller: Caller, key: RegistryKey, operation: str, principal: str) -> None:
    changes.audit(tx, caller, operation, {"principalArn": principal}, account=key.account, region=key.region)
