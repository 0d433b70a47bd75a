"""The worker process, from the fork to its end: an event loop with the job loop and nothing else."""

import asyncio
import signal
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from entrepot.app import parts
from entrepot.core.audit.folding import AuditFold
from entrepot.core.audit.upkeep import AuditUpkeep
from entrepot.core.units import Units
from entrepot.core.upkeep import JournalFold, expire_uploads
from entrepot.db.sqlite import SqliteDatabase
from entrepot.settings import Settings
from entrepot.store.filesystem import Filesystem
from entrepot.worker.loop import Loop
from entrepot.worker.tasks import Jobs, tasks

_LEAST_PAUSE = timedelta(seconds=1)
_LONGEST_PAUSE = timedelta(minutes=5)


def run(settings: Settings) -> int:
    """Work until SIGTERM or SIGINT; the exit status."""
    asyncio.run(_work(settings))
    return 0


async def _work(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    database, audit = parts.database(settings), SqliteDatabase(settings.data / "audit.db")  # takes no ballast
    units = Units(database, ThreadPoolExecutor(1, "reader"))
    await Loop(units, tasks(_jobs(settings, database, audit)), parts.clock).run(stop)
    database.close()
    audit.close()


def _jobs(settings: Settings, database: SqliteDatabase, audit: SqliteDatabase) -> Jobs:
    store = Filesystem(settings.data)
    journals = settings.data / parts.JOURNALS
    idle = timedelta(seconds=settings.upload_expiry_seconds)
    folding = AuditFold(database, audit, journals, settings.regions)
    return Jobs(
        collector=parts.collector(settings, database),
        integrity=parts.integrity(settings, database),
        journals=JournalFold(database, journals, [folding.offsets]),
        audit=folding,
        audit_upkeep=AuditUpkeep(audit, settings.audit_days, lambda: None),
        expire=lambda now: expire_uploads(database, store, now, idle),
        checkpoint=lambda: database.checkpoint() + audit.checkpoint(),
        ballast=lambda: parts.tend_ballast(settings),
        expire_every=min(max(idle, _LEAST_PAUSE), _LONGEST_PAUSE),
        collect_every=timedelta(seconds=settings.gc_interval_seconds),
        scrub_every=timedelta(days=settings.scrub_days),
    )
