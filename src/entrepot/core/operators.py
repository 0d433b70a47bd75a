"""Who acts when the operator runs a command: the account's root, as far as its service control policies let it."""

from datetime import datetime

from entrepot.core import identities
from entrepot.core.access import Caller
from entrepot.core.rights import rights_of
from entrepot.db.database import Transaction

_AGENT = "entrepot"


def root(tx: Transaction, account: str, region: str, request_id: str, at: datetime) -> Caller:
    """The account's root on the command line: AccountNotFound. `request_id` is a UUID of this one command."""
    principal = identities.root_of(tx, account)
    rights = rights_of(tx, principal.subject(), principal.owner_id)
    return Caller(principal, rights, region, "", _AGENT, request_id, secure=True, door="worker", at=at)
