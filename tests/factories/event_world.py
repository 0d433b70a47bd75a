"""Events from a change to a target, without a server: both databases, the jobs' parts over them, webhooks on loopback.

Configuration is made by the use cases of EventBridge, by the root of the first account. Owns no assertions.
"""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from entrepot.core import inline_policies, roles
from entrepot.core.changes import new_stamp
from entrepot.core.entities import ROLE, new_id
from entrepot.core.entities import Draft as EntityDraft
from entrepot.core.events import accepting, api_destinations, archives, buses, connections, replays, rules, targets
from entrepot.core.events.accepting import Envelope
from entrepot.core.events.api_destinations import DestinationDraft
from entrepot.core.events.archives import ArchiveDraft
from entrepot.core.events.authorizations import Authorizations
from entrepot.core.events.authorizing import Authorizer
from entrepot.core.events.aws_services import AwsServices, Endpoints
from entrepot.core.events.connection_secrets import ConnectionSecrets
from entrepot.core.events.connections import ConnectionDraft, Keeping
from entrepot.core.events.delivery import Deliverer, Parts
from entrepot.core.events.feeding import Feeder
from entrepot.core.events.invocations import Invocations
from entrepot.core.events.measures import Point
from entrepot.core.events.outcomes import Pace
from entrepot.core.events.replays import ReplayDraft
from entrepot.core.events.rules import RuleDraft
from entrepot.core.events.sending_out import Targets
from entrepot.core.events.target_kinds import Reachable
from entrepot.core.pulse import Pulse, Question, Watch
from entrepot.core.units import BlockingUnits, Units
from entrepot.db import event_deliveries, event_failures, event_inbox
from entrepot.db.event_records import ApiDestination, Archive, Replay, Target
from entrepot.db.migrate import EVENTS
from entrepot.db.sqlite import SqliteDatabase
from entrepot.outbound import Destinations, Outbound
from entrepot.spec.event_arns import BusKey
from entrepot.spec.event_ids import event_id
from entrepot.spec.moments import micros
from tests.factories.callers import ACCOUNT, REGION, caller
from tests.factories.core_database import CoreDatabase
from tests.factories.databases import SEAL, fresh

LOCAL = Destinations(["localhost"])
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ],
}
EVERYTHING = '{"source": [{"prefix": ""}]}'
SHORT = timedelta(seconds=0.4)


class Measured:
    """Keeps every point."""

    def __init__(self) -> None:
        self.points: list[Point] = []

    def tell(self, points: Sequence[Point]) -> None:
        self.points += points

    def total(self, name: str) -> float:
        """The sum of a metric over everything."""
        return sum(
            value * times for point in self.points if point.name == name for value, times in point.values.items()
        )


class EventWorld:
    """One deployment's events; `now` is the clock of the jobs, which the test may set."""

    def __init__(self, directory: Path, endpoints: Mapping[str, str] | None = None) -> None:
        directory.mkdir(exist_ok=True)
        self.core = CoreDatabase(directory)
        fresh(directory / "events.db", EVENTS)
        self.database = SqliteDatabase(directory / "events.db")
        self.endpoints = Endpoints(dict(endpoints or {}))
        self.measured = Measured()
        self.now: Callable[[], datetime] = lambda: datetime.now(UTC)
        self.pace = Pace(0.01, 0.05)
        self.keeping = Keeping(ConnectionSecrets(SEAL), LOCAL)
        self.reachable = Reachable((REGION, "eu-west-1"), frozenset(self.endpoints.urls))
        self.metadata_units, self.units = BlockingUnits(self.core.database), BlockingUnits(self.database)
        self.pulse = Pulse()
        self._sent = 0

    def stop_clock(self, at: datetime) -> None:
        """From now on it is this moment."""
        self.now = lambda: at

    # ------------------------------------------------------------ configuration
    def rule(self, name: str, *targets_: Target, pattern: str | None = EVERYTHING, **more: Any) -> str:
        """A rule with targets; its ARN."""
        bus = more.pop("bus", "default")
        draft = RuleDraft(
            bus=bus,
            name=name,
            pattern=pattern,
            schedule=more.get("schedule"),
            state=more.get("state", "ENABLED"),
            description="",
            role_arn=None,
        )
        made = self.core.write(rules.put, draft)
        if targets_:
            refused = self.core.write(targets.put, bus, name, targets_, self.reachable)
            assert refused == (), refused
        return str(made.arn)

    def bus(self, name: str) -> BusKey:
        """A bus of its own."""
        self.core.write(buses.create, name, "", ())
        return BusKey(ACCOUNT, REGION, name)

    def role(self, name: str, *allowed: str, trust: Mapping[str, Any] = TRUST, resource: str = "*") -> str:
        """A role that EventBridge may take on, and what it may do."""
        self.core.write(roles.create, EntityDraft(name, new_id(ROLE)), json.dumps(trust), 3600)
        self.allow(name, *allowed, resource=resource)
        return f"arn:aws:iam::{ACCOUNT}:role/{name}"

    def allow(self, role: str, *actions: str, resource: str = "*") -> None:
        """What a role may do from now on."""
        statement = {"Effect": "Allow", "Action": [*actions] or "none:None", "Resource": resource}
        text = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.core.write(inline_policies.put, ROLE, role, "own", text)

    def webhook(self, name: str, url: str, *, role: str | None = None, rate: int = 300, **more: Any) -> Target:
        """An API destination with a connection (an API key unless `auth` is given) and a role: a target."""
        destination = self.destination(
            name, url, rate=rate, auth=more.pop("auth", None), method=more.pop("method", "POST")
        )
        role = role or self.role(f"role-{name}", "events:InvokeApiDestination")
        return Target("", name, destination.arn, role_arn=role, **more)

    def destination(
        self,
        name: str,
        url: str,
        *,
        rate: int = 300,
        auth: tuple[str, dict[str, Any]] | None = None,
        method: str = "POST",
    ) -> ApiDestination:
        kind, parameters = auth or (
            "API_KEY",
            {"ApiKeyAuthParameters": {"ApiKeyName": "X-Key", "ApiKeyValue": "canary"}},
        )
        made = self.core.write(connections.create, ConnectionDraft(name, None, kind, parameters), self.keeping)
        draft = DestinationDraft(name, connection_arn=made.arn, endpoint=url, method=method, rate=rate)
        found: ApiDestination = self.core.write(api_destinations.create, draft, LOCAL).destination
        return found

    def archive(self, name: str, **more: Any) -> Archive:
        """An archive of the default bus."""
        arn = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"
        made: Archive = self.core.write(archives.create, ArchiveDraft(name, **more), arn)
        return made

    def replay(self, name: str, archive: Archive, from_at: datetime, to_at: datetime, *only: str) -> Replay:
        """A replay that starts."""
        arn = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/{archive.bus}"
        draft = ReplayDraft(name, "", archive.key.arn, arn, only, from_at, to_at)
        made: Replay = self.core.write(replays.start, draft, who=caller(at=self.now()))
        return made

    def replayed(self, name: str) -> Replay:
        """A replay as it is now."""
        found: Replay = self.core.read(replays.describe, name)
        return found

    # ------------------------------------------------------------ what happens
    def send(
        self, detail: Mapping[str, object], *, source: str = "tests", order_key: str = "", bus: str = "default"
    ) -> str:
        """Accept an event as PutEvents does; its id."""
        self._sent += 1
        at = micros(self.now())
        made = event_id(at, f"test-{self._sent}", "event")
        envelope = Envelope(made, "Test", source, ACCOUNT, REGION, at, [], detail, bus)
        self.units.write(accepting.accept, envelope, order_key=order_key, at=at)
        return made

    def moment(self) -> datetime:
        """What the clock says: another one may be put into `now` at any time."""
        return self.now()

    def feeder(self, turn: timedelta = SHORT) -> Feeder:
        """The job `route`."""
        return Feeder(self.metadata_units, self.units, self.measured, self._watch, self.moment, turn)

    def route(self) -> int:
        """Route all that waits; how many events."""
        feeder, routed = self.feeder(), 0
        while done := feeder.step(changed=True):
            routed += done
        return routed

    def deliverer(self, turn: timedelta = SHORT) -> Deliverer:
        """The job `deliver`."""
        metadata = Units(self.core.database, ThreadPoolExecutor(1, "plans"))
        events = Units(self.database, ThreadPoolExecutor(1, "lanes"))
        authorizations = Authorizations(self.keeping.secrets, self.moment)
        services = AwsServices(self.endpoints, self.moment)
        return Deliverer(
            Parts(
                metadata=metadata,
                events=events,
                outbound=Outbound(LOCAL),
                targets=Targets(metadata, events, Invocations(authorizations), services),
                services=services,
                authorizer=Authorizer(metadata, authorizations, self.moment, new_stamp),
                meter=self.measured,
                watch=self.pulse.watch((self.database, None)),
                clock=self.moment,
                pace=self.pace,
            ),
            turn,
        )

    async def settle(self, deliverer: Deliverer | None = None, seconds: float = 20.0) -> None:
        """Route and deliver until nothing waits any more."""
        made = deliverer or self.deliverer()
        end = asyncio.get_running_loop().time() + seconds
        while True:
            await asyncio.to_thread(self.route)
            if not self.waiting() and not self.units.read(event_inbox.count):
                return
            assert asyncio.get_running_loop().time() < end, "events wait in vain"
            await made.run(self.now())

    # ------------------------------------------------------------ what is left
    def waiting(self) -> int:
        """Deliveries that have not arrived."""
        return self.units.read(event_deliveries.count)

    def deliveries(self) -> Sequence[Any]:
        """Rows of those."""
        return self.units.read(event_deliveries.page, 0, 1000)

    def failures(self) -> Sequence[Any]:
        """Rows of what was given up."""
        return self.units.read(event_failures.page, 0, 1000)

    def close(self) -> None:
        """Close both databases."""
        self.pulse.close()
        self.core.close()
        self.database.close()

    def _watch(self, of_metadata: Question, of_events: Question) -> Watch:
        return self.pulse.watch((self.core.database, of_metadata), (self.database, of_events))
