"""As whom a peer acts here: a session of the service-linked role of an account that it was granted.

The account may be one of the peer's deployment only. Its role may do what AWS's policy for it says; what it may do with
a repository of another account, that account's registry policy decides, as for replication within a deployment.
"""

import base64
import hashlib
import uuid
from collections.abc import Collection
from datetime import datetime
from typing import Final

from entrepot.core.access import Caller
from entrepot.core.aws_policies import all_policies
from entrepot.core.following import ROLE
from entrepot.core.principals import role_principal
from entrepot.core.replication.arriving import Way, session_of
from entrepot.core.rights import Rights, rights_of
from entrepot.core.service_roles import SERVICE_ROLES
from entrepot.core.stored_policies import compiled
from entrepot.db import accounts, entities, peers
from entrepot.db.database import Transaction
from entrepot.db.peer_records import Peer
from entrepot.db.replication_records import Destination
from entrepot.errors.peers import PeerCallInvalid, PeerNotGranted, PeerUnauthentic
from entrepot.policy.compiled import Policy
from entrepot.policy.evaluation import Policies
from entrepot.spec import peering
from entrepot.spec.repository import RegistryKey, RepositoryKey, parse_name

_ROLE_NAME, _POLICY = SERVICE_ROLES["replication.ecr.amazonaws.com"]
_ID: Final = "AROA"
_ID_LETTERS: Final = 17


def way_of(told: peering.Way) -> Way:
    """The way that a call tells of: PeerCallInvalid, NameInvalid, RepositoryNameReserved."""
    try:
        request_id = str(uuid.UUID(told.request_id))
    except ValueError:
        raise PeerCallInvalid(reason=f"'{told.request_id[:64]}' is no UUID") from None
    source = RepositoryKey(RegistryKey("private", told.from_account, told.from_region), parse_name(told.name))
    return Way(source, Destination(told.region, told.account), request_id)


def require(
    tx: Transaction, peer: Peer, way: Way, served: Collection[str], source_ip: str, at: datetime, what: str = ""
) -> Caller:
    """Who acts for the source's account: PeerNotGranted; PeerCallInvalid for a registry that is not here. What is done
    to different manifests on one way is told apart by `what`.
    """
    account, there = way.source.registry.account, way.destination
    current = peers.find(tx, peer.name)
    if current is None:
        raise PeerUnauthentic(reason="its key is that of no peer")
    if account not in current.accounts:
        raise PeerNotGranted(name=peer.name, account=account[:64])
    if there.region not in served or accounts.find(tx, there.account) is None:
        raise PeerCallInvalid(reason=f"there is no registry {there.account[:64]}/{there.region[:64]} here")
    request_id = str(uuid.uuid5(uuid.UUID(way.request_id), what)) if what else way.request_id
    found = entities.find(tx, account, "role", _ROLE_NAME)
    session = session_of(account, _stand_in(current, account) if found is None else found.id, at)
    principal = role_principal(account, ROLE, 0, session)
    subject = principal.subject()
    rights = (
        Rights(subject, Policies(identity=_allowed())) if found is None else rights_of(tx, subject, found.id, session)
    )
    return Caller(principal, rights, there.region, source_ip, "", request_id, secure=True, door="worker", at=at)


def _allowed() -> tuple[Policy, ...]:
    return tuple(compiled(arn, each.text) for arn, each in all_policies().items() if each.name == _POLICY)


def _stand_in(peer: Peer, account: str) -> str:
    """The unique id of a role that is not here: the same each time, and that of no other peer's account."""
    hashed = hashlib.sha256(f"{peer.public_key}/{account}".encode()).digest()
    return _ID + base64.b32encode(hashed).decode()[:_ID_LETTERS]
