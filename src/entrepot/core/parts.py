"""What a door is given: the core of one worker, composed by app.py."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from entrepot.core.credentials import Credentials
from entrepot.core.reads import Reads
from entrepot.core.transfers import Transfers
from entrepot.core.units import Units
from entrepot.core.web_identities import WebIdentities


@dataclass(frozen=True, slots=True)
class Core:
    """The parts of core that a door calls, bound to one event loop; `regions[0]` is the default region.

    `units` work on the metadata; those of `events`, `audit` and `metrics` on databases of their own.
    """

    units: Units
    events: Units
    audit: Units
    metrics: Units
    credentials: Credentials
    web_identities: WebIdentities
    transfers: Transfers
    reads: Reads
    alarm_services: frozenset[str]  # with endpoints where the actions of alarms can be: sns, lambda
    regions: tuple[str, ...]
    default_account: str
    clock: Callable[[], datetime]
    faults: Callable[[], Awaitable[tuple[str, ...]]]  # why the node is not ready; empty when it is
