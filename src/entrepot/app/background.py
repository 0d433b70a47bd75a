"""The worker process, from the fork to its end: an event loop with the job loop and nothing else."""

import asyncio
import signal
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TypedDict

from entrepot.app import parts
from entrepot.app.adapter_parts import adapter_scans
from entrepot.app.audit_jobs import AuditJobs, audit_jobs
from entrepot.app.event_jobs import event_jobs
from entrepot.app.inspector_parts import excepting, reporting, suppression_walks
from entrepot.app.parts import Databases
from entrepot.app.peer_parts import ToPeers
from entrepot.app.scan_parts import rematching, scanner
from entrepot.app.signing_parts import image_signer
from entrepot.app.trail_parts import trail_delivery, trail_destinations
from entrepot.app.vulnerability_parts import following, generations
from entrepot.app.vulnerability_updates import updates
from entrepot.core.activation import Activation
from entrepot.core.audit.delivering import Delivering
from entrepot.core.keys.remote_watch import RemoteKeyWatch
from entrepot.core.keys.upkeep import KeyUpkeep
from entrepot.core.lifecycle.executor import LifecycleJob, Pace
from entrepot.core.metrics.alarm_evaluation import AlarmEvaluator
from entrepot.core.metrics.folding import Listener, MetricsFold, Place
from entrepot.core.metrics.gauges import Gauges
from entrepot.core.metrics.metering import Metering
from entrepot.core.metrics.rollup import RollUp
from entrepot.core.peers.tidying import PeerTidying
from entrepot.core.pull_through.tidying import Tidying
from entrepot.core.pulse import Pulse
from entrepot.core.replication.backfilling import Backfilling
from entrepot.core.replication.bearing import Bearer
from entrepot.core.replication.engine import Replication
from entrepot.core.replication.gauges import ReplicationGauges
from entrepot.core.replication.repairing import Repairing
from entrepot.core.scanning.coverage_sweep import CoverageSweep
from entrepot.core.secrets.upkeep import SecretUpkeep
from entrepot.core.units import Units
from entrepot.core.upkeep import JournalFold, expire_uploads
from entrepot.db.sqlite import SqliteDatabase
from entrepot.db.vulnerability_generations import Generations
from entrepot.seal import Seal
from entrepot.settings import Settings
from entrepot.worker.loop import Loop
from entrepot.worker.measures import Measures
from entrepot.worker.schedule import Task
from entrepot.worker.tasks import (
    Jobs,
    activations,
    endings,
    peers,
    rematches,
    remote_keys,
    replications,
    signatures,
    tasks,
    tidying,
)
from entrepot.worker.witness import JobSpans, Witness

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
    databases = Databases.of(settings)
    units = Units(databases.metadata, ThreadPoolExecutor(1, "reader"))
    tracing, measures = parts.tracing(settings, "worker"), Measures()
    witnesses: list[Witness] = [measures] if tracing is None else [measures, JobSpans(tracing)]
    known = generations(settings)
    pulse = Pulse()
    work = tasks(jobs(settings, databases, known, measures.count, pulse))
    with following(settings, known):
        await Loop(units, work, parts.clock, witnesses=witnesses).run(stop)
    pulse.close()
    databases.close()
    if tracing is not None:
        tracing.close()


def jobs(settings: Settings, databases: Databases, known: Generations, listen: Listener, pulse: Pulse) -> Jobs:
    """What the jobs of a deployment work with, what is known among it; `listen` is told what is added to metrics,
    `pulse` tells of commits.
    """
    database, metrics, journals = databases.metadata, databases.metrics, settings.data / parts.JOURNALS
    meter, place = Metering(metrics, listen), Place(settings.account_id, settings.regions[0])
    measure = MetricsFold(metrics, journals, place, listen)
    about_audit, store = audit_jobs(settings, databases, meter), parts.opening(settings, database)
    about_events = event_jobs(settings, database, databases.events, meter, pulse)
    idle, sealed = timedelta(seconds=settings.upload_expiry_seconds), parts.seal(settings, create=False)
    return Jobs(
        collector=parts.collector(settings, database),
        integrity=parts.integrity(settings, database),
        journals=JournalFold(database, journals, [measure.offsets, about_audit.fold.offsets]),
        feeder=about_events.feeder,
        deliverer=about_events.deliverer,
        retention=about_events.retention,
        scanner=scanner(settings, database, store, known, sealed, meter, pulse.of(database)),
        cover=CoverageSweep(database),
        adapter=adapter_scans(settings, database, sealed, pulse.of(database)),
        excepting=excepting(database, store, known),
        reporting=reporting(settings, database, known),
        suppression_walks=suppression_walks(database, known),
        lifecycle=LifecycleJob(database, parts.clock, Pace(timedelta(seconds=settings.lifecycle_interval_seconds))),
        measure=measure,
        rollup=RollUp(metrics),
        alarms=AlarmEvaluator(database, metrics, databases.events),
        gauges=Gauges(database, metrics, settings.regions[0]),
        expire=lambda now: expire_uploads(database, store, now, idle),
        checkpoint=databases.checkpoint,
        audit=about_audit.fold,
        announcer=about_audit.announcer,
        audit_upkeep=about_audit.upkeep,
        trails=_trails(settings, database, about_audit, sealed),
        further=_further(settings, databases, known, meter, pulse),
        watch=pulse.of(database),
        ballast=lambda: parts.tend_ballast(settings),
        **_periods(settings, idle),
    )


def _further(
    settings: Settings, databases: Databases, known: Generations, meter: Metering, pulse: Pulse
) -> Sequence[Task]:
    """Jobs of their own: updates of what is known, images matched anew, images restored, replication, waits that end,
    signatures.
    """
    database = databases.metadata
    store = parts.opening(settings, database)
    vault = parts.vault_of(settings, parts.seal(settings, create=False))
    bearer = Bearer(store, parts.STORE, settings.disk_reserve, vault)
    to_peers = ToPeers(settings, database, store)
    return [
        *updates(settings, known),
        *rematches(rematching(database, store, known, meter, pulse.of(database))),
        *activations(Activation(database, timedelta(seconds=settings.archive_restore_seconds))),
        *replications(
            Replication(database, bearer),
            Backfilling(database, bearer, elsewhere=to_peers.bring),
            Repairing(database),
            ReplicationGauges(database, databases.metrics),
            pulse.of(database),
        ),
        *peers(to_peers.sending(), PeerTidying(database, parts.STORE), pulse.of(database)),
        *remote_keys(
            RemoteKeyWatch(Units(database, ThreadPoolExecutor(1, "remote-keys")), vault),
            timedelta(seconds=settings.kms_check_seconds),
        ),
        *endings(KeyUpkeep(database, vault), SecretUpkeep(database)),
        *signatures(image_signer(settings, database, store, vault, pulse.of(database))),
        *tidying(Tidying(database, store)),
    ]


class _Periods(TypedDict):
    expire_every: timedelta
    trails_every: timedelta
    collect_every: timedelta
    scrub_every: timedelta


def _periods(settings: Settings, idle: timedelta) -> _Periods:
    """How often what is done at intervals that can be set."""
    return _Periods(
        expire_every=min(max(idle, _LEAST_PAUSE), _LONGEST_PAUSE),
        trails_every=timedelta(seconds=settings.trail_seconds),
        collect_every=timedelta(seconds=settings.gc_interval_seconds),
        scrub_every=timedelta(days=settings.scrub_days),
    )


def _trails(settings: Settings, database: SqliteDatabase, audit: AuditJobs, sealed: Seal) -> Delivering:
    destinations = trail_destinations(settings, parts.outbound(settings), parts.clock)
    return trail_delivery(settings, database, audit.records, destinations, sealed)
