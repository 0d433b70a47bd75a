"""The job of scanning from settings: who looks at images, and at what pace."""

from concurrent.futures import ThreadPoolExecutor

from entrepot.app import parts
from entrepot.core.events.measures import Meter
from entrepot.core.events.watching import Watch
from entrepot.core.scanning.engine import Engine
from entrepot.core.scanning.layer_programs import LayerPrograms
from entrepot.core.scanning.scanner import Scanner
from entrepot.core.scanning.suppressions import Source
from entrepot.core.units import Units
from entrepot.db.sqlite import SqliteDatabase
from entrepot.db.vulnerability_generations import Generations
from entrepot.store.blobs import BlobStore

SUPPRESSIONS: tuple[Source, ...] = ()  # who suppresses findings


def scanner(metadata: SqliteDatabase, store: BlobStore, generations: Generations, meter: Meter) -> Scanner:
    """What scans the images of a deployment."""
    units = Units(metadata, ThreadPoolExecutor(1, "scans"))
    engine = Engine(units, store, generations, LayerPrograms(), parts.clock)
    return Scanner(units, engine, meter, lambda: Watch([metadata.snapshot()]), parts.clock, sources=SUPPRESSIONS)
