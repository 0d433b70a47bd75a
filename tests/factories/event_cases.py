"""Every use case on EventBridge's configuration with arguments for one furnished account, for tests that walk them."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from entrepot.core import entities, roles
from entrepot.core.entities import ROLE, Draft
from entrepot.core.events.api_destinations import DestinationDraft
from entrepot.core.events.archives import ArchiveDraft
from entrepot.core.events.bus_policies import Grant
from entrepot.core.events.connection_secrets import ConnectionSecrets
from entrepot.core.events.connections import ConnectionDraft, Keeping
from entrepot.core.events.replays import ReplayDraft
from entrepot.core.events.rules import RuleDraft
from entrepot.core.events.sending import Entry
from entrepot.core.events.target_kinds import Reachable
from entrepot.core.events.targets import Target
from entrepot.core.resources import Resource
from entrepot.db.event_archives import ARCHIVES
from entrepot.outbound import Destinations
from entrepot.spec.event_arns import BusKey
from tests.factories.callers import ACCOUNT, EPOCH, REGION
from tests.factories.databases import SEAL
from tests.factories.use_cases import Case, work

PLACE = f"arn:aws:events:{REGION}:{ACCOUNT}"
BUS = BusKey(ACCOUNT, REGION, "orders")
RULE_ARN, ARCHIVE_ARN = f"{PLACE}:rule/orders/shipped", f"{PLACE}:archive/all"
PATTERN = '{"source": ["shop"]}'
EVENT = json.dumps(
    {"id": "1", "account": ACCOUNT, "source": "shop", "time": "2026-01-01T00:00:00Z", "region": REGION}
    | {"resources": [], "detail-type": "Shipped", "detail": {}}
)
SECRET = "canary-secret"
KEEPING = Keeping(ConnectionSecrets(SEAL), Destinations())
REACHABLE = Reachable((REGION, "eu-west-1"), frozenset({"sqs", "lambda"}))
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:queue"
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/deliverer"
TRUST = json.dumps(
    {"Statement": [{"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
)
HOOK_ID, KEY_ID = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
CONNECTION_ARN, HOOK_ARN = f"{PLACE}:connection/key/{KEY_ID}", f"{PLACE}:api-destination/hook/{HOOK_ID}"
WITH_TAGS = (("team", "a"),)
API_KEY = {"ApiKeyAuthParameters": {"ApiKeyName": "X-Key", "ApiKeyValue": SECRET}}
BASIC = {"BasicAuthParameters": {"Username": "alice", "Password": SECRET}}
POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "team",
                "Effect": "Allow",
                "Principal": {"AWS": ACCOUNT},
                "Action": "events:PutEvents",
                "Resource": BUS.arn,
            }
        ],
    }
)


def rule(name: str, bus: str = "orders", **given: Any) -> RuleDraft:
    """A rule that wants a shop's events."""
    draft = {"pattern": PATTERN, "schedule": None, "state": "ENABLED", "description": "", "role_arn": None}
    return RuleDraft(bus=bus, name=name, **{**draft, **given})


def queue(target_id: str, **given: Any) -> Target:
    """A target that can be delivered to."""
    return Target("", target_id, QUEUE, **given)


def replay(name: str) -> ReplayDraft:
    """A replay of an hour."""
    hour = timedelta(hours=1)
    return ReplayDraft(name, "", ARCHIVE_ARN, BUS.arn, (), EPOCH - hour, EPOCH)


HOOK = DestinationDraft("hook", "", CONNECTION_ARN, "https://example.com/*", "POST", id=HOOK_ID)
# what is not authorised by itself: the record of a change, and what only names something of a caller's own place
PARTS = {"events.places.changed", *(f"events.places.{name}" for name in ("bus_key", "here", "own", "resource"))}
# use case -> how it is called in the house below
CASES: dict[str, Case] = {
    "events.api_destinations.create": Case(
        (DestinationDraft("new", "text", CONNECTION_ARN, "https://example.com/", "PUT", 10), KEEPING.destinations),
        "CreateApiDestination",
    ),
    "events.api_destinations.delete": Case(("hook",), "DeleteApiDestination"),
    "events.api_destinations.describe": Case(("hook",)),
    "events.api_destinations.list_of": Case(("", CONNECTION_ARN, 10, "")),
    "events.api_destinations.update": Case(
        (DestinationDraft("hook", rate=1), KEEPING.destinations), "UpdateApiDestination"
    ),
    "events.archives.create": Case((ArchiveDraft("new", "text", PATTERN, 7), BUS.arn), "CreateArchive"),
    "events.archives.delete": Case(("all",), "DeleteArchive"),
    "events.archives.describe": Case(("all",)),
    "events.archives.list_of": Case(("", BUS.arn, 10, "")),
    "events.archives.update": Case((ArchiveDraft("all", "text", PATTERN, 7),), "UpdateArchive"),
    "events.bus_policies.grant": Case(("orders", Grant("more", "*", None)), "PutPermission"),
    "events.bus_policies.put": Case(("orders", POLICY.replace("team", "all")), "PutPermission"),
    "events.bus_policies.remove": Case(("orders", "team"), "RemovePermission"),
    "events.bus_policies.remove_all": Case(("orders",), "RemovePermission"),
    "events.buses.create": Case(("new", "text", WITH_TAGS), "CreateEventBus"),
    "events.buses.delete": Case(("empty",), "DeleteEventBus"),
    "events.buses.describe": Case(("orders",)),
    "events.buses.list_of": Case(("", 10, "")),
    "events.buses.update": Case(("orders", "text"), "UpdateEventBus"),
    "events.connections.create": Case((ConnectionDraft("new", "text", "BASIC", BASIC), KEEPING), "CreateConnection"),
    "events.connections.deauthorize": Case(("key",), "DeauthorizeConnection"),
    "events.connections.delete": Case(("key",), "DeleteConnection"),
    "events.connections.describe": Case(("key",)),
    "events.connections.list_of": Case(("", "AUTHORIZED", 10, "")),
    "events.connections.update": Case((ConnectionDraft("key", "text", "BASIC", BASIC), KEEPING), "UpdateConnection"),
    "events.passed_roles.allow": Case((ROLE_ARN,)),
    "events.places.allow_bus": Case(("PutEvents", BUS)),
    "events.places.allow_rule": Case(("PutRule", BUS, "shipped")),
    "events.places.require": Case(("DescribeArchive", ARCHIVES, "archive", "all", "Archive all")),
    "events.places.require_bus": Case(("DescribeEventBus", BUS)),
    "events.places.require_rule": Case(("DescribeRule", BUS, "shipped")),
    "events.replays.cancel": Case(("again",), "CancelReplay"),
    "events.replays.describe": Case(("again",)),
    "events.replays.list_of": Case(("", ARCHIVE_ARN, "STARTING", 10, "")),
    "events.replays.start": Case((replay("new"),), "StartReplay"),
    "events.rules.delete": Case(("orders", "idle"), "DeleteRule"),
    "events.rules.describe": Case(("orders", "shipped")),
    "events.rules.disable": Case(("orders", "shipped"), "DisableRule"),
    "events.rules.enable": Case(("orders", "idle"), "EnableRule"),
    "events.rules.list_of": Case(("orders", "", 10, "")),
    "events.rules.names_by_target": Case(("orders", QUEUE, 10, "")),
    "events.rules.put": Case((rule("new", role_arn=ROLE_ARN, tags=WITH_TAGS),), "PutRule"),
    "events.sending.check": Case(([Entry("orders", "shop", "Shipped", "{}")],)),
    "events.tagging.list_of": Case((RULE_ARN,)),
    "events.tagging.put": Case((BUS.arn, WITH_TAGS), "TagResource"),
    "events.tagging.remove": Case((RULE_ARN, ["team"]), "UntagResource"),
    "events.targets.list_of": Case(("orders", "shipped", 10, "")),
    "events.targets.put": Case(("orders", "shipped", [queue("second", role_arn=ROLE_ARN)], REACHABLE), "PutTargets"),
    "events.targets.remove": Case(("orders", "shipped", ["first"]), "RemoveTargets"),
    "events.patterns.test": Case((PATTERN, EVENT)),
    "events.places.allow_account": Case(("ListRules",)),
    "events.tagging.allow_new": Case((Resource(ACCOUNT, RULE_ARN, "events"), WITH_TAGS)),
}
_EVERYTHING: list[tuple[str, tuple[Any, ...]]] = [
    ("buses.create", ("orders", "", ())),
    ("buses.create", ("empty", "", WITH_TAGS)),
    ("bus_policies.put", ("orders", POLICY)),
    ("connections.create", (ConnectionDraft("key", "", "API_KEY", API_KEY, KEY_ID), KEEPING)),
    ("api_destinations.create", (HOOK, KEEPING.destinations)),
    ("rules.put", (rule("shipped", tags=WITH_TAGS),)),
    ("rules.put", (rule("idle", state="DISABLED"),)),
    ("targets.put", ("orders", "shipped", [queue("first")], REACHABLE)),
    ("archives.create", (ArchiveDraft("all"), BUS.arn)),
    ("replays.start", (replay("again"),)),
]


def furnish(write: Callable[..., Any]) -> None:
    """Put something of each kind into an account by `write(use case, arguments after the caller)`."""
    write(roles.create, Draft("deliverer", entities.new_id(ROLE)), TRUST, 3600)
    for name, arguments in _EVERYTHING:
        write(work(f"events.{name}"), *arguments)
