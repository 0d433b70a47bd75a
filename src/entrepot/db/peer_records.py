"""What is kept of peers, as the rest of the house sees it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from entrepot.db.replication_records import Destination

PeerKind = Literal["deployment", "registry"]


@dataclass(frozen=True, slots=True)
class DeploymentKey:
    """The key of this deployment; the private half is sealed."""

    public: str
    private: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Served:
    """Registries that are reached at a peer: of one account or ('') of all, in one Region or ('') in all."""

    account: str
    region: str

    def covers(self, destination: Destination) -> bool:
        """Whether a destination is one of them."""
        return self.account in ("", destination.account) and self.region in ("", destination.region)


@dataclass(frozen=True, slots=True)
class Peer:
    """Another deployment, or a registry of another make; `secret` is the password for it, sealed."""

    name: str
    kind: PeerKind
    url: str
    public_key: str
    prefix: str
    username: str
    secret: bytes = field(repr=False)
    accounts: tuple[str, ...]
    serves: tuple[Served, ...]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Arrival:
    """The last thing that a peer did to a repository: when it had looked, which request, what it was answered."""

    looked_at: int
    request_id: str
    result: str
