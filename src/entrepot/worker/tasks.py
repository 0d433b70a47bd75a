"""The only list of background jobs."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from entrepot.core.activation import Activation
from entrepot.core.adapter.runner import AdapterScans
from entrepot.core.audit.announcing import Announcer
from entrepot.core.audit.delivering import Delivering
from entrepot.core.audit.folding import AuditFold
from entrepot.core.audit.upkeep import AuditUpkeep
from entrepot.core.collection import Collector
from entrepot.core.events.delivery import Deliverer
from entrepot.core.events.feeding import Feeder
from entrepot.core.events.retention import Retention
from entrepot.core.image_signer import ImageSigner
from entrepot.core.inspector import reporting, suppression_walks
from entrepot.core.inspector.reporting import Reporting
from entrepot.core.inspector.suppression_walks import SuppressionWalks
from entrepot.core.integrity import Integrity
from entrepot.core.keys.remote_watch import RemoteKeyWatch
from entrepot.core.keys.upkeep import KeyUpkeep
from entrepot.core.lifecycle import executor
from entrepot.core.lifecycle.executor import LifecycleJob
from entrepot.core.metrics.alarm_evaluation import AlarmEvaluator
from entrepot.core.metrics.folding import MetricsFold
from entrepot.core.metrics.gauges import Gauges
from entrepot.core.metrics.rollup import RollUp
from entrepot.core.peers import sending
from entrepot.core.peers.sending import Sending
from entrepot.core.peers.tidying import PeerTidying
from entrepot.core.pull_through.tidying import Tidying
from entrepot.core.pulse import Watching
from entrepot.core.replication import backfilling, engine, repairing
from entrepot.core.replication.backfilling import Backfilling
from entrepot.core.replication.engine import Replication
from entrepot.core.replication.gauges import ReplicationGauges
from entrepot.core.replication.repairing import Repairing
from entrepot.core.scanning import coverage_sweep, excepting
from entrepot.core.scanning.coverage_sweep import CoverageSweep
from entrepot.core.scanning.excepting import Excepting
from entrepot.core.scanning.rematch_plan import RematchPlan
from entrepot.core.scanning.rematcher import Rematcher
from entrepot.core.scanning.scanner import Scanner
from entrepot.core.secrets.upkeep import SecretUpkeep
from entrepot.core.upkeep import JournalFold
from entrepot.worker.schedule import Task

_FOLD_EVERY = timedelta(seconds=1)
_FOLD_AT_LEAST = timedelta(seconds=3)  # metrics are to be seen within five
_COMPACT_EVERY = timedelta(minutes=1)
_EXPIRE_AUDIT_EVERY = timedelta(minutes=10)
_ROLL_UP_EVERY = timedelta(minutes=10)
_GAUGES_EVERY = timedelta(minutes=1)
_REPLICATION_GAUGES_EVERY = timedelta(seconds=15)
_ALARMS_EVERY = timedelta(seconds=10)
_EVENTS_AGAIN = timedelta(milliseconds=50)  # the pause between turns of jobs that run all the time
_COVER_EVERY = timedelta(seconds=1)  # what is set has changed
_EXCEPT_EVERY = timedelta(seconds=1)
_SUPPRESS_EVERY = timedelta(seconds=1)
_REPORT_EVERY = timedelta(seconds=2)
_PLAN_EVERY = timedelta(milliseconds=500)  # one look at a file while nothing else is known
_ACTIVATE_EVERY = timedelta(milliseconds=500)
_LIFECYCLE_EVERY = timedelta(seconds=2)  # what is due by then
_ENDINGS_EVERY = timedelta(minutes=1)  # what waits for its end waits for days
_TIDY_EVERY = timedelta(seconds=10)
_TIDY_PEERS_EVERY = timedelta(minutes=10)
_RETAIN_EVERY = timedelta(hours=1)
_CHECKPOINT_EVERY = timedelta(seconds=30)
_BALLAST_EVERY = timedelta(seconds=5)
_SWEEP_EVERY = timedelta(hours=6)
_SCRUB_EVERY = timedelta(minutes=1)
_SCRUB_BYTES = 2 * 1024 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Jobs:
    """What the jobs work with; `expire` ends idle uploads, `checkpoint` shortens the database's log, `ballast` is made
    again where there is room for it; `watch` tells of commits to the metadata; `further` are jobs of their own, also
    those that a setting asks for.
    """

    collector: Collector
    integrity: Integrity
    journals: JournalFold
    audit: AuditFold
    announcer: Announcer
    audit_upkeep: AuditUpkeep
    trails: Delivering
    measure: MetricsFold
    rollup: RollUp
    gauges: Gauges
    alarms: AlarmEvaluator
    feeder: Feeder
    deliverer: Deliverer
    retention: Retention
    scanner: Scanner
    cover: CoverageSweep
    adapter: AdapterScans | None
    excepting: Excepting
    reporting: Reporting
    suppression_walks: SuppressionWalks
    lifecycle: LifecycleJob
    expire: Callable[[datetime], int]
    checkpoint: Callable[[], int]
    further: Sequence[Task]
    ballast: Callable[[], bool]
    watch: Watching
    expire_every: timedelta
    trails_every: timedelta
    collect_every: timedelta
    scrub_every: timedelta


def tasks(jobs: Jobs) -> Sequence[Task]:
    """Every periodic job of a deployment."""
    return (
        *jobs.further,
        Task("collect", jobs.collect_every, lambda now: _counts(asdict(jobs.collector.run(now)))),
        Task("sweep", _SWEEP_EVERY, lambda now: {"orphans": jobs.collector.sweep(now)}),
        Task("fold", _FOLD_EVERY, lambda _: {"reads": jobs.journals.run()}, _FOLD_AT_LEAST),
        Task("audit", _FOLD_EVERY, lambda now: {"alone": jobs.audit.run(now).changes}, _FOLD_AT_LEAST),
        Task("announce", _FOLD_EVERY, lambda now: {"events": jobs.announcer.run(now)}),
        Task("trails", jobs.trails_every, _trails(jobs.trails)),
        Task("compact-audit", _COMPACT_EVERY, lambda now: {"blocks": jobs.audit_upkeep.compact(now)}),
        Task("expire-audit", _EXPIRE_AUDIT_EVERY, lambda now: {"records": jobs.audit_upkeep.expire(now)}),
        Task("measure", _FOLD_EVERY, lambda _: _nothing(jobs.measure.run()), _FOLD_AT_LEAST),
        Task("rollup", _ROLL_UP_EVERY, lambda now: {"points": jobs.rollup.run(now)}),
        Task("gauges", _GAUGES_EVERY, lambda now: _nothing(jobs.gauges.run(now))),
        Task("alarms", _ALARMS_EVERY, lambda now: _some({"changed": jobs.alarms.run(now)})),
        Task("route", _EVENTS_AGAIN, jobs.feeder.run),
        Task("deliver", _EVENTS_AGAIN, jobs.deliverer.run),
        Task("scan", _EVENTS_AGAIN, jobs.scanner.run, shared=True),
        Task("cover", _COVER_EVERY, jobs.cover.run, watch=jobs.watch(coverage_sweep.waiting)),
        *([] if jobs.adapter is None else [Task("adapter", _EVENTS_AGAIN, jobs.adapter.run)]),
        Task("except", _EXCEPT_EVERY, jobs.excepting.run, watch=jobs.watch(excepting.waiting)),
        Task("report", _REPORT_EVERY, jobs.reporting.run, watch=jobs.watch(reporting.waiting)),
        Task("suppress", _SUPPRESS_EVERY, jobs.suppression_walks.run, watch=jobs.watch(suppression_walks.waiting)),
        Task("lifecycle", _LIFECYCLE_EVERY, jobs.lifecycle.run, watch=jobs.watch(executor.waiting)),
        Task("retain", _RETAIN_EVERY, lambda now: {"archived": jobs.retention.run(now)}),
        Task("expire-uploads", jobs.expire_every, lambda now: {"uploads": jobs.expire(now)}),
        Task("checkpoint", _CHECKPOINT_EVERY, lambda _: _nothing(jobs.checkpoint())),
        Task("ballast", _BALLAST_EVERY, lambda _: _nothing(jobs.ballast())),
        Task("scrub", _SCRUB_EVERY, lambda now: _scrub(jobs, now)),
    )


def activations(activation: Activation) -> Sequence[Task]:
    """The job that ends the restoring of images."""
    return (Task("activate", _ACTIVATE_EVERY, activation.run),)


def replications(
    replication: Replication, backfills: Backfilling, repairs: Repairing, gauges: ReplicationGauges, watch: Watching
) -> Sequence[Task]:
    """The jobs that bring images to other registries, and tell how far behind they are."""
    return (
        Task("replicate", _EVENTS_AGAIN, replication.run, watch=watch(engine.waiting)),
        Task("backfill", _EVENTS_AGAIN, backfills.run, watch=watch(backfilling.waiting)),
        Task("replication-repair", _EVENTS_AGAIN, repairs.run, watch=watch(repairing.waiting)),
        Task("replication-gauges", _REPLICATION_GAUGES_EVERY, gauges.run),
    )


def peers(sending_: Sending, tidying_: PeerTidying, watch: Watching) -> Sequence[Task]:
    """The jobs that bring images to peers, and forget what is kept of them."""
    return (
        Task("replicate-elsewhere", _EVENTS_AGAIN, sending_.run, watch=watch(sending.waiting)),
        Task("peers", _TIDY_PEERS_EVERY, tidying_.run),
    )


def rematches(rematching: tuple[RematchPlan, Rematcher]) -> Sequence[Task]:
    """The jobs that match images anew."""
    plan, rematcher = rematching
    return (
        Task("rematch-plan", _PLAN_EVERY, lambda _: _some({"images": plan.run()})),
        Task("rematch", _EVENTS_AGAIN, rematcher.run, shared=True),
    )


def endings(keys: KeyUpkeep, secrets: SecretUpkeep) -> Sequence[Task]:
    """The jobs that end what has waited for it, and rotate keys."""
    return (Task("keys", _ENDINGS_EVERY, keys.run), Task("secrets", _ENDINGS_EVERY, secrets.run))


def remote_keys(watch: RemoteKeyWatch, every: timedelta) -> Sequence[Task]:
    """The job that asks other key services what has become of their keys."""
    return (Task("remote-keys", every, watch.run),)


def signatures(signer: ImageSigner) -> Sequence[Task]:
    """The job that signs what is pushed."""
    return (Task("sign", _EVENTS_AGAIN, signer.run),)


def tidying(work: Tidying) -> Sequence[Task]:
    """The job that drops what a killed process leaves of what it brought from an upstream."""
    return (Task("pull-through", _TIDY_EVERY, work.run),)


def _trails(delivering: Delivering) -> Callable[[datetime], Awaitable[dict[str, object]]]:
    async def run(now: datetime) -> dict[str, object]:
        return asdict(await delivering.run(now))

    return run


def _scrub(jobs: Jobs, now: datetime) -> dict[str, object]:
    done = jobs.integrity.scrub(now, now - jobs.scrub_every, _SCRUB_BYTES)
    return {"checked": done.checked, "damaged": done.damaged} if done.checked else {}


def _counts(result: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in result.items() if name != "candidates"}


def _some(result: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in result.items() if value}


def _nothing(_: int) -> dict[str, object]:
    return {}
