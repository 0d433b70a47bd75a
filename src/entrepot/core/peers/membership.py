"""Who the peers are: added, granted accounts and removed by the operator, with a key that was shown to be theirs."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from entrepot.core.replication import engine
from entrepot.core.replication.outcomes import Outcome
from entrepot.db import accounts, peers, replication_backfills, replication_configurations, replication_steps
from entrepot.db.database import Transaction
from entrepot.db.peer_records import Peer, PeerKind, Served
from entrepot.errors.peers import PeerAlreadyExists, PeerInvalid, PeerUnknown
from entrepot.seal import Seal
from entrepot.seal.peer_signatures import is_public
from entrepot.spec.moments import moment

__all__ = ["Draft", "Peer", "PeerKind", "Served", "add", "get", "grant", "list_of", "password", "remove", "revoke"]

MOST_PEERS: Final = 100
MOST_GRANTS: Final = 1000
MOST_SERVED: Final = 1000
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_ACCOUNT = re.compile(r"[0-9]{12}")
_REGION = re.compile(r"[a-z]{2}(?:-[a-z]+)+-[0-9]")
_PREFIX = re.compile(r"(?:[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*/)*")
_LONGEST_SECRET: Final = 4096
_SOME: Final = 1000
_NEVER: Final = moment(1 << 55)  # after the last step


@dataclass(frozen=True, slots=True)
class Draft:
    """A peer that is to be; `serves` are accounts, Regions or `account/region`."""

    name: str
    kind: PeerKind
    url: str
    public_key: str = ""
    prefix: str = ""
    username: str = ""
    secret: str = field(default="", repr=False)
    accounts: Sequence[str] = ()
    serves: Sequence[str] = ()


def add(tx: Transaction, seal: Seal, draft: Draft, own: Collection[str], at: datetime) -> Peer:
    """Keep a new peer: PeerInvalid, PeerAlreadyExists. `own` are the Regions that this deployment serves."""
    serves = tuple(_served(tx, each, own) for each in dict.fromkeys(draft.serves))
    _check(draft)
    found = peers.list_of(tx)
    if len(found) >= MOST_PEERS:
        raise PeerInvalid(reason=f"a deployment has at most {MOST_PEERS} peers")
    _require_free(draft, serves, found)
    secret = seal.seal(draft.secret.encode(), _context(draft.name)) if draft.secret else b""
    new = Peer(
        draft.name,
        draft.kind,
        draft.url,
        draft.public_key,
        draft.prefix,
        draft.username,
        secret,
        tuple(sorted(set(draft.accounts))),
        serves,
        at,
    )
    peers.add(tx, new)
    return new


def list_of(tx: Transaction) -> Sequence[Peer]:
    """All peers, by name."""
    return peers.list_of(tx)


def get(tx: Transaction, name: str) -> Peer:
    """A peer by its name: PeerUnknown."""
    found = peers.find(tx, name)
    if found is None:
        raise PeerUnknown(name=name)
    return found


def remove(tx: Transaction, name: str, at: datetime) -> int:
    """Know a peer no more: what it signs is refused from now on, and what waits for it fails; how much did.
    PeerUnknown; PeerInvalid while rules or backfills name what it serves.
    """
    get(tx, name)
    for registry, rules in replication_configurations.find_all(tx):
        for each in {destination for rule in rules for destination in rule.destinations}:
            if peers.at(tx, each) == name:
                here, there = (f"{registry.account}/{registry.region}", f"{each.account}/{each.region}")
                raise PeerInvalid(
                    reason=f"the rules of {here} name {there}, which {name} serves; take it out of them first"
                )
    for backfill in replication_backfills.running(tx):
        if peers.at(tx, backfill.destination) == name:
            raise PeerInvalid(reason=f"the backfill {backfill.id} goes to {name}; stop it first")
    failed = _drop_steps(tx, name, at)
    peers.remove(tx, name)
    return failed


def _drop_steps(tx: Transaction, name: str, at: datetime) -> int:
    outcome, failed = Outcome("FAILED", "PeerRemoved", f"the peer {name} was removed"), 0
    for lane in replication_steps.lanes(tx, _NEVER):
        while peers.at(tx, lane.destination) == name:
            steps = replication_steps.due_on(tx, lane, _NEVER, _SOME)
            for step in steps:
                engine.give_up(tx, step, outcome, at, elsewhere=True)
            failed += len(steps)
            if not steps:
                break
    return failed


def grant(tx: Transaction, name: str, account: str) -> Peer:
    """Let a peer act for an account: PeerUnknown, PeerInvalid."""
    found = get(tx, name)
    _check_accounts([*found.accounts, account])
    _require_deployment(found)
    peers.grant(tx, name, account)
    return get(tx, name)


def revoke(tx: Transaction, name: str, account: str) -> Peer:
    """Let it act for an account no more: PeerUnknown; PeerInvalid where it could not."""
    get(tx, name)
    if not peers.revoke(tx, name, account):
        raise PeerInvalid(reason=f"the peer {name} was not granted the account {account[:64]}")
    return get(tx, name)


def password(seal: Seal, peer: Peer) -> str:
    """The password for a registry; SealBroken where another master key sealed it."""
    return seal.open(peer.secret, _context(peer.name)).decode() if peer.secret else ""


def _context(name: str) -> bytes:
    return f"peer-secret/{name}".encode()


def _require_deployment(peer: Peer) -> None:
    if peer.kind != "deployment":
        raise PeerInvalid(reason=f"{peer.name} is a registry of another make, and acts for nobody here")


def _check(draft: Draft) -> None:
    if not _NAME.fullmatch(draft.name):
        raise PeerInvalid(reason=f"'{draft.name[:64]}' is no name of a peer: a to z, 0 to 9 and -, 63 at most")
    if draft.kind == "registry" and draft.accounts:
        raise PeerInvalid(reason="a registry of another make acts for nobody here")
    if draft.kind == "deployment" and not is_public(draft.public_key):
        raise PeerInvalid(reason="the key is none that `entrepot peer key` shows")
    _check_accounts(draft.accounts)
    if not _PREFIX.fullmatch(draft.prefix) or len(draft.prefix) > 128:
        raise PeerInvalid(reason=f"'{draft.prefix[:64]}' is no beginning of repository names, such as mirror/")
    if len(draft.secret) > _LONGEST_SECRET or len(draft.username) > _LONGEST_SECRET:
        raise PeerInvalid(reason=f"user and password are at most {_LONGEST_SECRET} characters long")
    if draft.serves and not draft.url:
        raise PeerInvalid(reason="what serves destinations has an URL")
    parts = urlsplit(draft.url)
    if draft.url and (parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/")):
        raise PeerInvalid(reason=f"'{draft.url[:128]}' is not https://host[:port]")


def _check_accounts(named: Sequence[str]) -> None:
    if wrong := [each for each in named if not _ACCOUNT.fullmatch(each)]:
        raise PeerInvalid(reason=f"'{wrong[0][:64]}' is no account: 12 digits")
    if len(set(named)) > MOST_GRANTS:
        raise PeerInvalid(reason=f"a peer acts for at most {MOST_GRANTS} accounts")


def _served(tx: Transaction, named: str, own: Collection[str]) -> Served:
    account, slash, region = named.partition("/")
    if not slash and _REGION.fullmatch(named):
        account, region = "", named
    if (account and not _ACCOUNT.fullmatch(account)) or (region and not _REGION.fullmatch(region)):
        raise PeerInvalid(reason=f"'{named[:64]}' is neither an account nor a Region nor account/region")
    if not account and region in own:
        raise PeerInvalid(reason=f"the Region {region} is served here; a peer may serve other accounts of it")
    if account and (not region or region in own) and accounts.find(tx, account) is not None:
        raise PeerInvalid(
            reason=f"the account {account} is one of this deployment; a peer may serve other Regions of it"
        )
    return Served(account, region)


def _require_free(draft: Draft, serves: Sequence[Served], found: Sequence[Peer]) -> None:
    if len(serves) > MOST_SERVED:
        raise PeerInvalid(reason=f"a peer serves at most {MOST_SERVED} destinations")
    for peer in found:
        if peer.name == draft.name:
            raise PeerAlreadyExists(what=f"the name {draft.name}", name=peer.name)
        if draft.public_key and peer.public_key == draft.public_key:
            raise PeerAlreadyExists(what="this key", name=peer.name)
        if taken := set(peer.serves) & set(serves):
            one = min(taken, key=lambda each: (each.account, each.region))
            raise PeerAlreadyExists(what=f"the destination {one.account or '*'}/{one.region or '*'}", name=peer.name)
