"""What a door is given: the core of one worker, composed by app.py."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from entrepot.core.audit.destinations import Destinations
from entrepot.core.audit.lookup import Trail
from entrepot.core.credentials import Credentials
from entrepot.core.events.parts import EventParts
from entrepot.core.inspector.suppression_walks import SuppressionWalks
from entrepot.core.keys.vault import Vault
from entrepot.core.metrics.plotter import Plotter
from entrepot.core.pull_through.seam import PullThrough
from entrepot.core.reads import Reads
from entrepot.core.transfers import Transfers
from entrepot.core.units import Units
from entrepot.core.vulnerabilities.questions import Questions
from entrepot.core.web_identities import WebIdentities


@dataclass(frozen=True, slots=True)
class Core:
    """The parts of core that a door calls, bound to one event loop; `regions[0]` is the default region.

    `units` work on the metadata; `audit`, `metrics` and those of `events` on databases of their own.
    """

    units: Units
    audit: Units
    metrics: Units
    credentials: Credentials
    web_identities: WebIdentities
    transfers: Transfers
    reads: Reads
    pull_through: PullThrough
    trail_destinations: Destinations
    trail: Trail
    events: EventParts
    vault: Vault
    plotter: Plotter
    vulnerabilities: Questions
    suppression_walks: SuppressionWalks
    signing_lists: str  # where it is read which signatures are revoked, '' where there is none
    stores_reports: bool  # whether there is an S3 endpoint that Inspector's reports go to
    regions: tuple[str, ...]
    default_account: str
    clock: Callable[[], datetime]
    faults: Callable[[], Awaitable[tuple[str, ...]]]  # why the node is not ready; empty when it is
