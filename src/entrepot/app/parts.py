"""Parts from settings: the database, the seal, the blob store, and the core of one process."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from entrepot.app import key_parts, pull_through_parts
from entrepot.app.pull_through_parts import Around
from entrepot.app.trail_parts import trail_destinations
from entrepot.core.audit.lookup import Trail
from entrepot.core.collection import Collector, Periods
from entrepot.core.credentials import Credentials
from entrepot.core.encryption.opening import Opening
from entrepot.core.encryption.sealing import Sealing
from entrepot.core.events.connection_secrets import ConnectionSecrets
from entrepot.core.events.connections import Keeping
from entrepot.core.events.parts import EventParts
from entrepot.core.events.target_kinds import Reachable
from entrepot.core.hot import Hot
from entrepot.core.inspector import suppressing
from entrepot.core.inspector.suppression_walks import SuppressionWalks
from entrepot.core.integrity import Integrity
from entrepot.core.issuers import Issuers
from entrepot.core.keys.vault import Vault
from entrepot.core.metrics.plotter import Plotter
from entrepot.core.metrics.standing import Standing
from entrepot.core.parts import Core
from entrepot.core.pull_through.measures import Measures
from entrepot.core.readiness import readiness
from entrepot.core.reads import Reads
from entrepot.core.scanning import enhanced_exceptions
from entrepot.core.scanning.suppressions import Source
from entrepot.core.transfer_rules import LARGEST_LAYER, TransferLimits
from entrepot.core.transfers import Transfers
from entrepot.core.units import Units
from entrepot.core.vulnerabilities.questions import Questions
from entrepot.core.web_identities import WebIdentities
from entrepot.db import migrate
from entrepot.db.sqlite import SqliteDatabase
from entrepot.db.vulnerability_generations import Generations
from entrepot.errors.start import MasterKeyUnusable
from entrepot.journal import Journal
from entrepot.outbound import Destinations, Outbound
from entrepot.seal import MasterKeyUnusable as KeyFault
from entrepot.seal import Seal, load_master_key
from entrepot.settings import Settings
from entrepot.settings.record import is_loopback
from entrepot.store.ballast import Ballast
from entrepot.store.filesystem import Filesystem
from entrepot.store.spool import is_full
from entrepot.tracing import Tracing

log = structlog.get_logger()
STORE = "local"
METADATA = "entrepot"
CHAINS = {METADATA: migrate.METADATA, "events": migrate.EVENTS, "audit": migrate.AUDIT, "metrics": migrate.METRICS}
JOURNALS = "journal"
VULNERABILITIES = "vulndb"
_LARGEST_BALLAST = 64 * 1024 * 1024
_READERS = 4
_SYNCERS = 16
_UPSTREAM_CONNECTIONS = 256  # of a process, to all upstreams together
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Databases:
    """Every database of a deployment: the metadata, and beside it what grows with use."""

    metadata: SqliteDatabase
    events: SqliteDatabase
    audit: SqliteDatabase
    metrics: SqliteDatabase

    @classmethod
    def of(cls, settings: Settings) -> "Databases":
        """All of them, opened."""
        return cls(*(database(settings, name) for name in CHAINS))

    def checkpoint(self) -> int:
        """Shorten their logs; pages that readers of old keep there."""
        return sum(each.checkpoint() for each in self._all())

    def close(self) -> None:
        """Close all."""
        for each in self._all():
            each.close()

    def _all(self) -> tuple[SqliteDatabase, ...]:
        return (self.metadata, self.events, self.audit, self.metrics)


@dataclass(frozen=True, slots=True)
class Worker:
    """One API process's core, and what must be closed after it."""

    core: Core
    databases: Databases
    journal: Journal
    hot: Hot


def clock() -> datetime:
    """Now, aware, UTC."""
    return datetime.now(UTC)


# who suppresses findings, the first before others
SUPPRESSIONS: tuple[Source, ...] = (suppressing.source, enhanced_exceptions.source(clock))


def database_path(settings: Settings, name: str = METADATA) -> Path:
    """Where SQLite keeps a database."""
    return settings.data / f"{name}.db"


def upgrade(settings: Settings) -> Mapping[str, tuple[str, str]]:
    """Bring the schema of every database to this version's; (before, after) by name."""
    return {name: migrate.upgrade(database_path(settings, name), chain) for name, chain in CHAINS.items()}


def database(settings: Settings, name: str = METADATA) -> SqliteDatabase:
    """The metadata, which on a full volume gives the ballast back and tries again, for deletes need it; or another
    database by its name.
    """
    if name != METADATA:
        return SqliteDatabase(database_path(settings, name))
    room = ballast(settings)

    def make_room() -> bool:
        released = room.release()
        if released:
            log.warning("ballast released", data=str(settings.data))
        return released

    return SqliteDatabase(database_path(settings, name), make_room)


def ballast(settings: Settings) -> Ballast:
    """Room for deletes on a full volume: less than what uploads must leave free, so that they cannot take it."""
    return Ballast(settings.data / "ballast", min(settings.disk_reserve // 2, _LARGEST_BALLAST))


def tend_ballast(settings: Settings) -> bool:
    """Make the ballast where there is room for it; whether it is there."""
    return ballast(settings).tend(Filesystem(settings.data).free_bytes(), settings.disk_reserve)


def seal(settings: Settings, *, create: bool) -> Seal:
    """The seal of this deployment's master key; MasterKeyUnusable."""
    path = settings.secret_key_file or settings.data / "secret.key"
    try:
        return Seal(load_master_key(path, create=create))
    except (KeyFault, OSError) as fault:
        if isinstance(fault, OSError) and is_full(fault):
            raise
        raise MasterKeyUnusable(reason=fault) from None


def periods(settings: Settings) -> Periods:
    """How patient the collector is."""
    return Periods(timedelta(seconds=settings.gc_grace_seconds), timedelta(seconds=settings.gc_grace_seconds))


def collector(settings: Settings, database: SqliteDatabase) -> Collector:
    """The collector over this deployment's store."""
    return Collector(database, Filesystem(settings.data), STORE, periods(settings))


def integrity(settings: Settings, database: SqliteDatabase) -> Integrity:
    """The checks over this deployment's store."""
    return Integrity(database, opening(settings, database), STORE)


def opening(settings: Settings, database: SqliteDatabase) -> Opening:
    """This deployment's store for jobs and commands, which read what is encrypted as if it were not."""

    def vault() -> Vault:
        return vault_of(settings, seal(settings, create=False))

    return Opening(Filesystem(settings.data), database, vault, STORE, clock)


def vault_of(settings: Settings, sealed: Seal) -> Vault:
    """What opens keys, here and at other key services: AwsCredentialsUnusable."""
    return key_parts.vault(settings, sealed, destinations(settings), clock)


def destinations(settings: Settings) -> Destinations:
    """Where requests to elsewhere may go."""
    listed = settings.outbound_allow
    hosts = [each for each in listed if isinstance(each, str)]
    networks = [each for each in listed if not isinstance(each, str)]
    return Destinations(hosts, networks, settings.token_services)


def standing(settings: Settings, databases: Databases) -> Standing:
    """What the page of metrics tells of the databases; call it on the event loop that will use it."""
    one = ThreadPoolExecutor(1, "standing")
    metadata, events, audit, metrics = (
        Units(each, one) for each in (databases.metadata, databases.events, databases.audit, databases.metrics)
    )
    return Standing(metadata, events, audit, metrics, settings.data / JOURNALS, settings.data / VULNERABILITIES)


def tracing(settings: Settings, process: str) -> Tracing | None:
    """What sends the spans of a process, where they are wanted; close it at the end."""
    if settings.otel_endpoint is None:
        return None
    return Tracing(settings.otel_endpoint, settings.otel_ratio, process)


def outbound(settings: Settings, *, most_kept: int = 0) -> Outbound:
    """The client for requests to elsewhere; with `most_kept` connections, close it at the end."""
    return Outbound(destinations(settings), settings.outbound_ca, most_kept=most_kept)


def signing_lists(settings: Settings) -> str:
    """Where verifiers of signatures read which are revoked, by plain HTTP and for years; '' where nobody knows an
    address that they would reach.
    """
    if settings.signing_list_url or settings.public_url:
        told = (settings.signing_list_url or settings.public_url or "").rstrip("/")
        return told if told.startswith("http://") else ""
    if settings.scheme != "http" or not is_loopback(settings.host):
        return ""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{settings.port}"


def event_parts(settings: Settings, sealed: Seal, units: Units) -> EventParts:
    """What EventBridge needs beside the metadata; `units` work on the database of events."""
    return EventParts(
        units=units,
        reachable=Reachable(settings.regions, frozenset(service for service, _ in settings.aws_endpoints)),
        keeping=Keeping(ConnectionSecrets(sealed), destinations(settings)),
    )


def worker(settings: Settings, sealed: Seal, name: str, measures: Measures) -> Worker:
    """The core of one API process, which tells `measures` what it does; call it on the event loop that will use it."""
    opened = Databases.of(settings)
    journal = Journal(settings.data / JOURNALS, name)
    store = Filesystem(settings.data)
    readers, beside = ThreadPoolExecutor(_READERS, "reader"), ThreadPoolExecutor(_READERS, "beside")
    units, snapshot = Units(opened.metadata, readers), opened.metadata.snapshot()
    hot = Hot(snapshot, asyncio.get_running_loop().call_soon)
    credentials = Credentials(hot, snapshot, sealed, clock, timedelta(seconds=settings.download_seconds))
    vault = vault_of(settings, sealed)
    sealing = Sealing(hot, units, vault)
    transfers, reads = _transfers(settings, units, hot, store, sealing), Reads(hot, units, store, sealing)
    around = Around(
        units, snapshot, hot, reads, transfers, vault, outbound(settings, most_kept=_UPSTREAM_CONNECTIONS), clock
    )
    known = Questions(Generations(settings.data / VULNERABILITIES), beside)
    core = Core(
        units=units,
        audit=Units(opened.audit, beside),
        metrics=Units(opened.metrics, beside),
        trail=Trail(settings.audit_days, settings.audit_aws_constants),
        trail_destinations=trail_destinations(settings, outbound(settings), clock),
        credentials=credentials,
        web_identities=WebIdentities(units, credentials, Issuers(outbound(settings), clock), clock),
        transfers=transfers,
        reads=reads,
        pull_through=pull_through_parts.pull_through(settings, around, measures),
        events=event_parts(settings, sealed, Units(opened.events, beside)),
        vault=vault,
        plotter=Plotter(settings.data / "plots"),
        vulnerabilities=known,
        suppression_walks=SuppressionWalks(units, known, SUPPRESSIONS),
        signing_lists=signing_lists(settings),
        stores_reports="s3" in dict(settings.aws_endpoints),
        regions=settings.regions,
        default_account=settings.account_id,
        clock=clock,
        faults=readiness(units, store),
    )
    return Worker(core, opened, journal, hot)


def _transfers(settings: Settings, units: Units, hot: Hot, store: Filesystem, sealing: Sealing) -> Transfers:
    return Transfers(
        units,
        hot,
        store,
        store_name=STORE,
        syncing=ThreadPoolExecutor(_SYNCERS, "fsync"),
        boot_id=_BOOT_ID.read_text().strip(),
        limits=TransferLimits(LARGEST_LAYER, settings.disk_reserve),
        sealing=sealing,
    )
