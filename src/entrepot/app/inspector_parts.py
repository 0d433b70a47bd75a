"""The jobs of Inspector from settings: what writes reports, and what decides on suppressions anew."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from entrepot.app import parts
from entrepot.app.trail_parts import buckets
from entrepot.core.inspector import intelligence
from entrepot.core.inspector.reporting import Reporting
from entrepot.core.inspector.suppression_walks import SuppressionWalks
from entrepot.core.scanning.enhanced_shown import Texts
from entrepot.core.scanning.excepting import Excepting
from entrepot.core.units import Units
from entrepot.core.vulnerabilities.questions import Questions
from entrepot.db.sqlite import SqliteDatabase
from entrepot.db.vulnerability_generations import Generations
from entrepot.settings import Settings
from entrepot.store.blobs import BlobStore


def reporting(settings: Settings, metadata: SqliteDatabase, generations: Generations) -> Reporting:
    """What writes SBOM exports and reports of findings: AwsCredentialsUnusable."""
    threads = ThreadPoolExecutor(1, "reports")
    places = buckets(settings, parts.outbound(settings), parts.clock)
    return Reporting(Units(metadata, threads), Questions(generations, threads), places)


def suppression_walks(metadata: SqliteDatabase, generations: Generations) -> SuppressionWalks:
    """What goes over findings after filters have changed."""
    threads = ThreadPoolExecutor(1, "suppressions")
    return SuppressionWalks(Units(metadata, threads), Questions(generations, threads), parts.SUPPRESSIONS)


def excepting(metadata: SqliteDatabase, store: BlobStore, generations: Generations) -> Excepting:
    """What has images stand as exceptions from their findings want it."""
    threads = ThreadPoolExecutor(1, "exceptions")
    known = Questions(generations, threads)

    async def texts(advisories: Sequence[str]) -> Mapping[str, Texts]:
        return await known.ask(intelligence.texts_of, advisories)

    return Excepting(Units(metadata, threads), store, texts, parts.SUPPRESSIONS)
