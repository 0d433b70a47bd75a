"""Which calls are those of a peer: signed with its key for this deployment, of now, and never made before.

The header is judged before a byte of the body is read, the body before anything is done with it. Nonces are rows: a
call that one worker has seen is known to all, and after a restart.
"""

from datetime import datetime
from typing import NamedTuple

from entrepot.core.peers.keys import Signer
from entrepot.db import peers
from entrepot.db.database import Reader, Transaction
from entrepot.db.peer_records import Peer
from entrepot.errors.peers import PeerUnauthentic
from entrepot.seal.peer_signatures import signed_by
from entrepot.spec.moments import moment
from entrepot.spec.peering import WINDOW, Signed, call_text, digest_of


class Asked(NamedTuple):
    """The head of a call as it was sent."""

    method: str
    target: str
    signed: Signed
    body_digest: str


def verify(tx: Reader, own: Signer, asked: Asked, at: datetime) -> Peer:
    """Whose call this is: PeerUnauthentic."""
    signed = asked.signed
    found = peers.by_key(tx, signed.key)
    if found is None:
        raise PeerUnauthentic(reason="its key is that of no peer")
    text = call_text(asked.method, asked.target, own.public, signed.at, signed.nonce, asked.body_digest)
    if not signed_by(found.public_key, text, signed.signature):
        raise PeerUnauthentic(reason="its signature does not fit")
    if abs(moment(signed.at) - at) > WINDOW:
        minutes = int(WINDOW.total_seconds() // 60)
        raise PeerUnauthentic(reason=f"the clocks are more than {minutes} minutes apart; it is {at.isoformat()} here")
    return found


def require_body(asked: Asked, body: bytes) -> None:
    """PeerUnauthentic for another body than the one that was signed."""
    if digest_of(body) != asked.body_digest:
        raise PeerUnauthentic(reason="its body is not the one that was signed")


def require_first(tx: Transaction, peer: Peer, signed: Signed) -> None:
    """PeerUnauthentic for a call that was made before; from now on it was."""
    if peers.find(tx, peer.name) is None:
        raise PeerUnauthentic(reason="its key is that of no peer")
    if not peers.use_nonce(tx, peer.name, signed.nonce, moment(signed.at) + 2 * WINDOW):
        raise PeerUnauthentic(reason="it was made before")
