"""The job of scanning from settings: who looks at images, and at what pace."""

from concurrent.futures import ThreadPoolExecutor

from entrepot.app import parts
from entrepot.app.adapter_parts import adapter_analyst
from entrepot.core.claiming import Pace
from entrepot.core.events.measures import Meter
from entrepot.core.made_referrers import Keeping
from entrepot.core.pulse import Watching
from entrepot.core.sbom_referrers import EnhancedSbomReferrers, SbomReferrers
from entrepot.core.scanning.engine import Engine
from entrepot.core.scanning.enhanced_scanner import EnhancedScans
from entrepot.core.scanning.layer_programs import LayerPrograms
from entrepot.core.scanning.rematch_plan import RematchPlan
from entrepot.core.scanning.rematcher import Rematcher
from entrepot.core.scanning.scanner import Scanner
from entrepot.core.units import BlockingUnits, Units
from entrepot.db.sqlite import SqliteDatabase
from entrepot.db.vulnerability_generations import Generations
from entrepot.seal import Seal
from entrepot.settings import Settings
from entrepot.store.blobs import BlobStore

_ELSEWHERE = Pace(at_once=8)  # another scanner works, and has a queue of its own


def scanner(
    settings: Settings,
    metadata: SqliteDatabase,
    store: BlobStore,
    generations: Generations,
    seal: Seal,
    meter: Meter,
    watch: Watching,
) -> Scanner:
    """What scans the images of a deployment: its own engine, or another scanner that it asks."""
    units = Units(metadata, ThreadPoolExecutor(1, "scans"))
    other = adapter_analyst(settings, metadata, seal, units)
    engine = Engine(units, store, generations, LayerPrograms(), parts.clock)
    keeping = Keeping(store, parts.STORE, settings.disk_reserve, parts.vault_of(settings, seal))
    pace = None if other is None else _ELSEWHERE
    return Scanner(
        units,
        SbomReferrers(other or engine, units, keeping, parts.clock),
        EnhancedSbomReferrers(engine, units, keeping, parts.clock),
        meter,
        watch,
        parts.clock,
        pace,
        parts.SUPPRESSIONS,
    )


def rematching(
    metadata: SqliteDatabase, store: BlobStore, generations: Generations, meter: Meter, watch: Watching
) -> tuple[RematchPlan, Rematcher]:
    """What says which images are to be matched anew, and what does it."""
    units = Units(metadata, ThreadPoolExecutor(2, "rematches"))
    engine = Engine(units, store, generations, LayerPrograms(), parts.clock)
    scans = EnhancedScans(units, engine, meter, parts.clock, parts.SUPPRESSIONS)
    rematcher = Rematcher(
        units,
        generations,
        scans.match_anew,
        parts.SUPPRESSIONS,
        watch,
        parts.clock,
    )
    return RematchPlan(BlockingUnits(metadata), generations, parts.clock), rematcher
