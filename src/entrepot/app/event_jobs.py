"""The jobs of events from settings: what routes them, what delivers them, what forgets archived ones."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from entrepot.app import parts
from entrepot.app.aws_keys import aws_keys
from entrepot.core.changes import new_stamp
from entrepot.core.events.authorizations import Authorizations
from entrepot.core.events.authorizing import Authorizer
from entrepot.core.events.aws_services import AwsServices, Endpoints
from entrepot.core.events.connection_secrets import ConnectionSecrets
from entrepot.core.events.delivery import Deliverer, Parts
from entrepot.core.events.feeding import Feeder
from entrepot.core.events.invocations import Invocations
from entrepot.core.events.measures import Meter
from entrepot.core.events.retention import Retention
from entrepot.core.events.sending_out import Targets
from entrepot.core.pulse import Pulse, Question, Watch
from entrepot.core.units import BlockingUnits, Units
from entrepot.db.sqlite import SqliteDatabase
from entrepot.settings import Settings


@dataclass(frozen=True, slots=True)
class EventJobs:
    """What the worker runs for events."""

    feeder: Feeder
    deliverer: Deliverer
    retention: Retention


def event_jobs(
    settings: Settings, metadata: SqliteDatabase, events: SqliteDatabase, meter: Meter, pulse: Pulse
) -> EventJobs:
    """The jobs over two open databases: AwsCredentialsUnusable, MasterKeyUnusable."""
    blocking = BlockingUnits(metadata), BlockingUnits(events)

    def watch(of_metadata: Question, of_events: Question) -> Watch:
        return pulse.watch((metadata, of_metadata), (events, of_events))

    return EventJobs(
        Feeder(*blocking, meter, watch, parts.clock),
        Deliverer(_delivery(settings, metadata, events, meter, pulse.watch((events, None)))),
        Retention(*blocking),
    )


def endpoints(settings: Settings) -> Endpoints:
    """Where AWS-compatible services are, and the keys that sign for them: AwsCredentialsUnusable."""
    return Endpoints(dict(settings.aws_endpoints), aws_keys(settings))


def _delivery(
    settings: Settings, metadata: SqliteDatabase, events: SqliteDatabase, meter: Meter, watch: Watch
) -> Parts:
    about, on_the_way = _units(metadata, "plans"), _units(events, "lanes")
    authorizations = Authorizations(ConnectionSecrets(parts.seal(settings, create=False)), parts.clock)
    services = AwsServices(endpoints(settings), parts.clock)
    return Parts(
        metadata=about,
        events=on_the_way,
        outbound=parts.outbound(settings),
        targets=Targets(about, on_the_way, Invocations(authorizations), services),
        services=services,
        authorizer=Authorizer(about, authorizations, parts.clock, new_stamp),
        meter=meter,
        watch=watch,
        clock=parts.clock,
    )


def _units(database: SqliteDatabase, name: str) -> Units:
    return Units(database, ThreadPoolExecutor(1, name))
