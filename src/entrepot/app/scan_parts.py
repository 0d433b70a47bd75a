"""The job of scanning from settings: who looks at images, and at what pace."""

from concurrent.futures import ThreadPoolExecutor

from entrepot.app import parts
from entrepot.core.events.measures import Meter
from entrepot.core.events.watching import Watch
from entrepot.core.scanning.analysis import NoDatabase
from entrepot.core.scanning.scanner import Scanner
from entrepot.core.units import Units
from entrepot.db.sqlite import SqliteDatabase


def scanner(metadata: SqliteDatabase, meter: Meter) -> Scanner:
    """What scans the images of a deployment."""
    units = Units(metadata, ThreadPoolExecutor(1, "scans"))
    return Scanner(units, NoDatabase(), meter, lambda: Watch([metadata.snapshot()]), parts.clock)
