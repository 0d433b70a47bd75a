"""The pull-through cache of one API process, from settings."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from entrepot.app.aws_keys import aws_keys
from entrepot.core.hot import Hot
from entrepot.core.keys.vault import Vault
from entrepot.core.pull_through.cache import Cache
from entrepot.core.pull_through.claims import Claims
from entrepot.core.pull_through.flights import Flights
from entrepot.core.pull_through.importer import Importer
from entrepot.core.pull_through.known import Known
from entrepot.core.pull_through.listing import Listing
from entrepot.core.pull_through.measures import Measures
from entrepot.core.pull_through.rules import Terms
from entrepot.core.pull_through.seam import PullThrough
from entrepot.core.pull_through.sources import Sources
from entrepot.core.reads import Reads
from entrepot.core.transfers import Transfers
from entrepot.core.units import Units
from entrepot.db.snapshot import Snapshot
from entrepot.outbound import Outbound
from entrepot.settings import Settings


@dataclass(frozen=True, slots=True)
class Around:
    """What the cache stands among."""

    units: Units
    snapshot: Snapshot
    hot: Hot
    reads: Reads
    transfers: Transfers
    vault: Vault
    outbound: Outbound
    clock: Callable[[], datetime]


def pull_through(settings: Settings, around: Around, measures: Measures) -> PullThrough:
    """Call it on the event loop that will use it."""
    allowed = [(host.removeprefix("http://"), host.startswith("http://")) for host in settings.pull_through_allow]
    known = Known(around.snapshot)
    claims = Claims(around.units, known, around.clock)
    flights = Flights(claims, around.transfers, around.reads)
    sources = Sources(
        around.outbound,
        around.units,
        around.vault,
        around.clock,
        allowed=allowed,
        domain=settings.domain,
        measures=measures,
        keys=aws_keys(settings),
    )
    importer = Importer(around.units, around.hot, known, around.reads, claims, flights, sources, around.clock)
    pulls = Cache(around.units, around.hot, known, around.reads, importer, flights, measures)
    listing = Listing(around.units, around.hot, known, importer, measures)
    return PullThrough(pulls, listing, Terms(allowed, around.vault))
