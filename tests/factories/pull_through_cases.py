"""Every use case of the pull-through cache with arguments for one furnished account, for tests that walk them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from entrepot.core.hot import Hot
from entrepot.core.pull_through import importing, rules
from entrepot.core.pull_through.cache import Cache
from entrepot.core.pull_through.claims import Claims
from entrepot.core.pull_through.flights import Flights
from entrepot.core.pull_through.importer import Importer
from entrepot.core.pull_through.known import Known
from entrepot.core.pull_through.listing import Listing
from entrepot.core.pull_through.routing import Route
from entrepot.core.pull_through.rules import Allowed, Rule, RuleDraft, Terms
from entrepot.core.pull_through.sources import Sources
from entrepot.core.reads import Reads
from entrepot.core.transfers import Transfers
from entrepot.core.units import Units
from entrepot.db.sqlite import SqliteDatabase
from entrepot.outbound import Destinations, Outbound
from entrepot.outbound.signing import Keys
from entrepot.spec.reference import Tag
from entrepot.spec.repository import RegistryKey, RepositoryKey
from tests.factories.callers import ACCOUNT, REGION, image_manifest, repository
from tests.factories.key_cases import VAULT
from tests.factories.use_cases import Case

REGISTRY = RegistryKey("private", ACCOUNT, REGION)
TERMS = Terms((), VAULT)
DRAFT = RuleDraft("quay", "quay.io")
NEW = RuleDraft("k8s", "registry.k8s.io")
MINE = RuleDraft("mine", f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com")
ROLE = f"arn:aws:iam::{ACCOUNT}:role/reader"
KEY = repository("quay/kept")
_AT = datetime(2026, 1, 1, tzinfo=UTC)
RULE = Rule(REGISTRY, "quay", "quay", "quay.io", "ROOT", "", "", timedelta(hours=24), _AT, _AT)
MANIFEST = image_manifest([b"layer"])
# what is not authorised by itself: by those that have cases, or before the upstream is asked
PARTS = {
    *("pull_through.importing.complete", "pull_through.importing.failed", "pull_through.importing.may_import"),
    *("pull_through.importing.note", "pull_through.importing.require", "pull_through.batches.coming"),
    *("pull_through.merging.list_referrers", "pull_through.merging.require_downloadable"),
}
# use case -> how it is called in the house below
CASES: dict[str, Case] = {
    "pull_through.importing.refresh": Case((KEY, None, 10), "RefreshCachedImages", service="entrepot"),
    "pull_through.rules.create": Case((TERMS, REGISTRY, NEW), "CreatePullThroughCacheRule"),
    "pull_through.rules.delete": Case((REGISTRY, "quay"), "DeletePullThroughCacheRule"),
    "pull_through.rules.describe": Case((REGISTRY, None, 10, "")),
    "pull_through.rules.get": Case((REGISTRY, "quay", "ValidatePullThroughCacheRule")),
    "pull_through.rules.set_ttl": Case((REGISTRY, "quay", 60), "PutPullThroughCacheSettings", service="entrepot"),
    "pull_through.rules.settings": Case((REGISTRY, "quay")),
    "pull_through.rules.update": Case(
        (TERMS, REGISTRY, RuleDraft("mine", custom_role_arn=ROLE)), "UpdatePullThroughCacheRule"
    ),
}


# the same for what answers on the event loop
LOOP: dict[str, Callable[[RepositoryKey], tuple[Any, ...]]] = {
    "Cache.blob": lambda key: (key, MANIFEST.digest),
    "Cache.manifest": lambda key: (key, MANIFEST.digest),
    "Cache.open_blob": lambda key: (key, MANIFEST.digest),
    "Listing.refresh": lambda key: (key, None),
}
# what is given a caller whose permission has been checked; what says only what others do
CHECKED = {
    *("Importer.again", "Importer.first", "Reads.admit", "Listing.upstream_referrers", "Lists.refresh"),
    *(
        "Lists.upstream_referrers",
        "Pulls.blob",
        "Pulls.manifest",
        "Pulls.open_blob",
        "Pulls.mirrored",
        "Cache.mirrored",
    ),
}


def furnish(write: Callable[..., Any]) -> None:
    """A rule, and an image of its upstream that is on its way."""
    write(rules.create, TERMS, REGISTRY, DRAFT)
    write(rules.create, TERMS, REGISTRY, MINE)
    write(note)


@dataclass(frozen=True)
class Asking:
    """Whom the parts ask: nobody, unless they are told whom they may."""

    outbound: Outbound = field(default_factory=lambda: Outbound(Destinations()))
    clock: Callable[[], datetime] = lambda: _AT
    allowed: Allowed = ()
    keys: Keys | None = None


def parts(
    database: SqliteDatabase,
    reads: Reads,
    transfers: Transfers,
    hot: Hot,
    units: Units,
    asking: Asking | None = None,
) -> dict[str, Any]:
    """What answers on the event loop, by its class."""
    asking = asking or Asking()
    snapshot, clock = database.snapshot(), asking.clock
    known, measures = Known(snapshot), Untold()
    claims = Claims(units, known, clock)
    flights = Flights(claims, transfers, reads)
    sources = Sources(asking.outbound, units, VAULT, clock, allowed=asking.allowed, measures=measures, keys=asking.keys)
    importer = Importer(units, hot, known, reads, claims, flights, sources, clock)
    return {
        "Cache": Cache(units, hot, known, reads, importer, flights, measures),
        "Listing": Listing(units, hot, known, importer, measures),
        "snapshot": snapshot,
    }


class Untold:
    """Measures that nobody reads."""

    def hit(self) -> None:
        """Nothing."""

    miss = stale = hit

    def fetched(self, size: int) -> None:
        """Nothing."""

    def allowance(self, host: str, remaining: int) -> None:
        """Nothing."""


def note(tx: Any, caller: Any) -> None:
    """An image is on its way."""
    importing.note(tx, caller, caller, Route(RULE, "kept"), KEY, Tag("v1"), MANIFEST)
