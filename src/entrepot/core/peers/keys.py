"""The key by which peers know this deployment: one for all its nodes, made when it is first needed, sealed at rest."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from entrepot.db import peers
from entrepot.db.database import Reader, Transaction
from entrepot.db.peer_records import DeploymentKey
from entrepot.errors.peers import PeerInvalid
from entrepot.seal import Seal, SealBroken
from entrepot.seal.peer_signatures import new_key, public_line, sign

_CONTEXT: Final = b"deployment-key/peers"


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs as this deployment."""

    public: str
    private: bytes = field(repr=False)

    def sign(self, text: bytes) -> bytes:
        """The signature of a text."""
        return sign(self.private, text)


def signer(reader: Reader, seal: Seal) -> Signer | None:
    """The key, once it is made: PeerInvalid where the master key is another one than it was sealed by."""
    found = peers.find_key(reader)
    if found is None:
        return None
    try:
        return Signer(found.public, seal.open(found.private, _CONTEXT))
    except SealBroken:
        raise PeerInvalid(reason="the master key is not the one that sealed the key for peers") from None


def ensure(tx: Transaction, seal: Seal, at: datetime) -> Signer:
    """The key, made now unless it is there."""
    found = signer(tx, seal)
    if found is not None:
        return found
    private = new_key()
    made = Signer(public_line(private), private)
    peers.add_key(tx, DeploymentKey(made.public, seal.seal(private, _CONTEXT)), at)
    return signer(tx, seal) or made
