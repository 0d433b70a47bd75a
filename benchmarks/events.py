"""What an event costs from the transaction that told it to its target: routed, sent to a webhook, forgotten.

Figures of the process that runs both jobs; the webhook is a process of its own. The floor is the same number of
requests to it over the same pool of connections, and nothing else.
"""

import asyncio
import json
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.report import Gate, Row
from benchmarks.servers import FLOOR, OURS
from entrepot.core import identities, inline_policies, roles
from entrepot.core.access import Caller
from entrepot.core.changes import new_stamp
from entrepot.core.entities import ROLE, Draft, new_id
from entrepot.core.events import api_destinations, connections, rules, targets
from entrepot.core.events.api_destinations import DestinationDraft
from entrepot.core.events.authorizations import Authorizations
from entrepot.core.events.authorizing import Authorizer
from entrepot.core.events.aws_services import AwsServices, Endpoints
from entrepot.core.events.connection_secrets import ConnectionSecrets
from entrepot.core.events.connections import ConnectionDraft, Keeping
from entrepot.core.events.delivery import Deliverer, Parts
from entrepot.core.events.feeding import Feeder
from entrepot.core.events.invocations import Invocations
from entrepot.core.events.measures import Point
from entrepot.core.events.rules import RuleDraft
from entrepot.core.events.sending_out import Targets
from entrepot.core.events.target_kinds import Reachable
from entrepot.core.principals import root_principal
from entrepot.core.pulse import Pulse, Question, Watch
from entrepot.core.rights import Rights
from entrepot.core.units import BlockingUnits, Units
from entrepot.db import event_deliveries, migrate, outbox
from entrepot.db.database import Transaction
from entrepot.db.event_records import Target
from entrepot.db.sqlite import SqliteDatabase
from entrepot.outbound import Destinations, Outbound
from entrepot.policy.evaluation import Policies
from entrepot.seal import Seal

EVENTS = 4000
REPOSITORIES = 100
RULES = 20  # each with a destination of its own, which takes 300 a second
LIMIT_US = 2500.0  # CPU time of an event that is delivered, all of it
_ACCOUNT, _REGION = "000000000000", "us-east-1"
_LOCAL = Destinations(["localhost"])
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ],
}
_WEBHOOK = """
import asyncio
class Hook(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.left = transport, b""
    def data_received(self, data):
        data = self.left + data
        while b"\\r\\n\\r\\n" in data:
            head, _, rest = data.partition(b"\\r\\n\\r\\n")
            lines = [line.split(b":") for line in head.lower().split(b"\\r\\n")]
            length = next((int(line[1]) for line in lines if line[0] == b"content-length"), 0)
            if len(rest) < length:
                break
            data = rest[length:]
            self.transport.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n")
        self.left = data
async def main():
    server = await asyncio.get_running_loop().create_server(Hook, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""


@dataclass(frozen=True)
class _Spent:
    """Of one event: seconds of the clock, and of this process's CPU."""

    wall: float
    cpu: float


def rows(repeat: int) -> Iterator[Row]:
    """Events routed a second, events delivered a second, and the CPU time of each."""
    routed = Row("events routed to a rule and its target", "us CPU", lower_is_better=True)
    delivered = Row("events delivered to a webhook", "us CPU", lower_is_better=True)
    delivered.gates = [Gate("", 0, limit=LIMIT_US)]
    rate = Row("events routed and delivered", "a second", lower_is_better=False)
    hook = subprocess.Popen([sys.executable, "-c", _WEBHOOK], stdout=subprocess.PIPE, text=True)
    try:
        assert hook.stdout is not None
        url = f"http://localhost:{hook.stdout.readline().strip()}/"
        for _ in range(repeat):
            with tempfile.TemporaryDirectory() as directory:
                world = _World(Path(directory), url)
                world.tell(EVENTS)
                first = world.route()
                second = asyncio.run(world.deliver())
                world.close()
            routed.add(OURS, first.cpu * 1e6)
            delivered.add(OURS, second.cpu * 1e6)
            delivered.add(FLOOR, asyncio.run(_plain(url)).cpu * 1e6)
            rate.add(OURS, 1 / (first.wall + second.wall))
    finally:
        hook.kill()
        hook.communicate()
    yield from (routed, delivered, rate)


class _Unmeasured:
    """Metrics have a benchmark of their own."""

    def tell(self, points: Sequence[Point]) -> None:
        """Forget them."""


class _World:
    """Both databases with a rule for everything, whose target is the webhook."""

    def __init__(self, directory: Path, url: str) -> None:
        migrate.upgrade(directory / "entrepot.db")
        migrate.upgrade(directory / "events.db", migrate.EVENTS)
        self._metadata = SqliteDatabase(directory / "entrepot.db")
        self._events = SqliteDatabase(directory / "events.db")
        self._pulse = Pulse()
        seal = Seal(bytes(32))
        self._keeping = Keeping(ConnectionSecrets(seal), _LOCAL)
        fresh = identities.fresh_credentials(_ACCOUNT)
        self._write(identities.create_account, seal, fresh, "bench", _now())
        self._configure(url)

    def tell(self, number: int) -> None:
        """Events of pushes to many repositories, as changes leave them in the outbox."""

        def add(tx: Transaction) -> None:
            for each in range(number):
                detail = {
                    "result": "SUCCESS",
                    "repository-name": f"r{each % REPOSITORIES}",
                    "image-digest": "sha256:" + "0" * 64,
                    "action-type": "PUSH",
                    "image-tag": f"v{each}",
                }
                outbox.add(
                    tx,
                    id=str(uuid.uuid4()),
                    kind="event",
                    account=_ACCOUNT,
                    region=_REGION,
                    repository_id=f"R{each % REPOSITORIES:025d}",
                    revision=each,
                    ordinal=0,
                    name="ECR Image Action",
                    body=json.dumps({"source": "aws.ecr", "resources": [], "detail": detail}),
                    at=_now(),
                )

        self._write(add)

    def route(self) -> _Spent:
        """Route everything."""
        feeder = Feeder(BlockingUnits(self._metadata), BlockingUnits(self._events), _Unmeasured(), self._watch, _now)
        wall, cpu, routed = time.perf_counter(), time.process_time(), 0
        while done := feeder.step(changed=True):
            routed += done
        return _Spent((time.perf_counter() - wall) / routed, (time.process_time() - cpu) / routed)

    async def deliver(self) -> _Spent:
        """Deliver everything."""
        about, lanes = Units(self._metadata, ThreadPoolExecutor(1)), Units(self._events, ThreadPoolExecutor(1))
        authorizations = Authorizations(self._keeping.secrets, _now)
        services = AwsServices(Endpoints({}), _now)
        parts = Parts(
            metadata=about,
            events=lanes,
            outbound=Outbound(_LOCAL),
            targets=Targets(about, lanes, Invocations(authorizations), services),
            services=services,
            authorizer=Authorizer(about, authorizations, _now, new_stamp),
            meter=_Unmeasured(),
            watch=self._pulse.watch((self._events, None)),
            clock=_now,
        )
        number = self._events.read(event_deliveries.count)
        wall, cpu = time.perf_counter(), time.process_time()
        working = asyncio.create_task(Deliverer(parts, timedelta(seconds=600)).run(_now()))
        while await lanes.read(event_deliveries.count):
            await asyncio.wait({working}, timeout=0.05)
        spent = _Spent((time.perf_counter() - wall) / number, (time.process_time() - cpu) / number)
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        return spent

    def close(self) -> None:
        """Close both databases."""
        self._metadata.close()
        self._events.close()

    def _configure(self, url: str) -> None:
        self._write(roles.create, _caller(), Draft("invoker", new_id(ROLE)), json.dumps(_TRUST), 3600)
        statement = {"Effect": "Allow", "Action": "events:InvokeApiDestination", "Resource": "*"}
        text = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self._write(inline_policies.put, _caller(), ROLE, "invoker", "own", text)
        key = {"ApiKeyAuthParameters": {"ApiKeyName": "X-Key", "ApiKeyValue": "key"}}
        connection = self._write(
            connections.create, _caller(), ConnectionDraft("hook", None, "API_KEY", key), self._keeping
        )
        for number in range(RULES):
            self._rule(number, connection.arn, url)

    def _rule(self, number: int, connection_arn: str, url: str) -> None:
        """A rule for some of the repositories, with a destination of its own."""
        name = f"rule-{number}"
        draft = DestinationDraft(name, connection_arn=connection_arn, endpoint=url, method="POST", rate=300)
        destination = self._write(api_destinations.create, _caller(), draft, _LOCAL).destination
        names = [f"r{each}" for each in range(number, REPOSITORIES, RULES)]
        pattern = json.dumps({"source": ["aws.ecr"], "detail": {"repository-name": names}})
        self._write(rules.put, _caller(), RuleDraft("default", name, pattern, None, "ENABLED", "", None))
        target = Target("", "hook", destination.arn, role_arn=f"arn:aws:iam::{_ACCOUNT}:role/invoker")
        refused = self._write(targets.put, _caller(), "default", name, [target], Reachable((_REGION,), frozenset()))
        assert refused == ()

    def _write(self, work: Any, *arguments: Any) -> Any:
        return self._metadata.submit(lambda tx: work(tx, *arguments)).result()

    def _watch(self, of_metadata: Question, of_events: Question) -> Watch:
        return self._pulse.watch((self._metadata, of_metadata), (self._events, of_events))


async def _plain(url: str) -> _Spent:
    """The requests alone, as many at once."""
    left = iter(range(EVENTS))
    wall, cpu = time.perf_counter(), time.process_time()
    async with Outbound(_LOCAL).pool(64) as sender:

        async def work() -> None:
            for _ in left:
                await sender.send("POST", url, most_bytes=1024, body=b"x" * 400)

        await asyncio.gather(*(work() for _ in range(16)))
    return _Spent((time.perf_counter() - wall) / EVENTS, (time.process_time() - cpu) / EVENTS)


def _caller() -> Caller:
    principal = root_principal(_ACCOUNT, "AKIABENCH", 1)
    rights = Rights(principal.subject(), Policies())
    request = str(uuid.uuid4())
    return Caller(principal, rights, _REGION, "127.0.0.1", "bench", request, secure=False, door="aws", at=_now())


def _now() -> datetime:
    return datetime.now(UTC)
