"""The jobs of Inspector from settings: what writes reports."""

from concurrent.futures import ThreadPoolExecutor

from entrepot.app import parts
from entrepot.app.trail_parts import buckets
from entrepot.core.inspector.reporting import Reporting
from entrepot.core.units import Units
from entrepot.core.vulnerabilities.questions import Questions
from entrepot.db.sqlite import SqliteDatabase
from entrepot.db.vulnerability_generations import Generations
from entrepot.settings import Settings


def reporting(settings: Settings, metadata: SqliteDatabase, generations: Generations) -> Reporting:
    """What writes SBOM exports and reports of findings: AwsCredentialsUnusable."""
    threads = ThreadPoolExecutor(1, "reports")
    places = buckets(settings, parts.outbound(settings), parts.clock)
    return Reporting(Units(metadata, threads), Questions(generations, threads), places)
