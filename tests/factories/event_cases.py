"""Every use case on EventBridge's configuration with arguments for one furnished account, for tests that walk them."""

import importlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from entrepot.core import entities
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
from entrepot.db.event_archives import ARCHIVES
from entrepot.outbound import Destinations
from entrepot.spec.event_arns import BusKey
from tests.factories.callers import ACCOUNT, EPOCH, REGION
from tests.factories.databases import SEAL

PLACE = f"arn:aws:events:{REGION}:{ACCOUNT}"
BUS = BusKey(ACCOUNT, REGION, "orders")
RULE_ARN = f"{PLACE}:rule/orders/shipped"
PATTERN = '{"source": ["shop"]}'
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
    return ReplayDraft(name, "", f"{PLACE}:archive/all", BUS.arn, (), EPOCH - hour, EPOCH)


HOOK = DestinationDraft("hook", "", CONNECTION_ARN, "https://example.com/*", "POST", id=HOOK_ID)
# what is not authorised by itself: parts of use cases, and the record of a change
PARTS = {"places.changed"}
Case = tuple[tuple[Any, ...], str | None]
# use case -> its arguments in the house below, and the name of its audit record; None of a read
CASES: dict[str, Case] = {
    "api_destinations.create": (
        (DestinationDraft("new", "text", CONNECTION_ARN, "https://example.com/", "PUT", 10), KEEPING.destinations),
        "CreateApiDestination",
    ),
    "api_destinations.delete": (("hook",), "DeleteApiDestination"),
    "api_destinations.describe": (("hook",), None),
    "api_destinations.list_of": (("", None, 10, ""), None),
    "api_destinations.update": ((DestinationDraft("hook", rate=1), KEEPING.destinations), "UpdateApiDestination"),
    "archives.create": ((ArchiveDraft("new", "text", PATTERN, 7), BUS.arn), "CreateArchive"),
    "archives.delete": (("all",), "DeleteArchive"),
    "archives.describe": (("all",), None),
    "archives.list_of": (("", None, 10, ""), None),
    "archives.update": ((ArchiveDraft("all", "text", PATTERN, 7),), "UpdateArchive"),
    "bus_policies.grant": (("orders", Grant("more", "*", None)), "PutPermission"),
    "bus_policies.put": (("orders", POLICY.replace("team", "all")), "PutPermission"),
    "bus_policies.remove": (("orders", "team"), "RemovePermission"),
    "bus_policies.remove_all": (("orders",), "RemovePermission"),
    "buses.create": (("new", "text", WITH_TAGS), "CreateEventBus"),
    "buses.delete": (("empty",), "DeleteEventBus"),
    "buses.describe": (("orders",), None),
    "buses.list_of": (("", 10, ""), None),
    "buses.update": (("orders", "text"), "UpdateEventBus"),
    "connections.create": ((ConnectionDraft("new", "text", "BASIC", BASIC), KEEPING), "CreateConnection"),
    "connections.deauthorize": (("key",), "DeauthorizeConnection"),
    "connections.delete": (("key",), "DeleteConnection"),
    "connections.describe": (("key",), None),
    "connections.list_of": (("", None, 10, ""), None),
    "connections.update": ((ConnectionDraft("key", "text", "BASIC", BASIC), KEEPING), "UpdateConnection"),
    "passed_roles.allow": ((ROLE_ARN,), None),
    "places.allow_bus": (("PutEvents", BUS), None),
    "places.allow_rule": (("PutRule", BUS, "shipped"), None),
    "places.require": (("DescribeArchive", ARCHIVES, "archive", "all", "Archive all"), None),
    "places.require_bus": (("DescribeEventBus", BUS), None),
    "places.require_rule": (("DescribeRule", BUS, "shipped"), None),
    "replays.cancel": (("again",), "CancelReplay"),
    "replays.describe": (("again",), None),
    "replays.list_of": (("", None, None, 10, ""), None),
    "replays.start": ((replay("new"),), "StartReplay"),
    "rules.delete": (("orders", "idle"), "DeleteRule"),
    "rules.describe": (("orders", "shipped"), None),
    "rules.disable": (("orders", "shipped"), "DisableRule"),
    "rules.enable": (("orders", "idle"), "EnableRule"),
    "rules.list_of": (("orders", "", 10, ""), None),
    "rules.names_by_target": (("orders", QUEUE, 10, ""), None),
    "rules.put": ((rule("new", role_arn=ROLE_ARN, tags=WITH_TAGS),), "PutRule"),
    "sending.check": (([Entry("orders", "shop", "Shipped", "{}")],), None),
    "tagging.list_of": ((RULE_ARN,), None),
    "tagging.put": ((BUS.arn, WITH_TAGS), "TagResource"),
    "tagging.remove": ((RULE_ARN, ["team"]), "UntagResource"),
    "targets.list_of": (("orders", "shipped", 10, ""), None),
    "targets.put": (("orders", "shipped", [queue("second", role_arn=ROLE_ARN)], REACHABLE), "PutTargets"),
    "targets.remove": (("orders", "shipped", ["first"]), "RemoveTargets"),
}
WRITES = {name: case for name, case in CASES.items() if case[1] is not None}
READS = {name: case for name, case in CASES.items() if case[1] is None}
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


def work(name: str) -> Any:
    """A use case by name."""
    module, function = name.split(".")
    return getattr(importlib.import_module(f"entrepot.core.events.{module}"), function)


def furnish(write: Callable[..., Any]) -> None:
    """Put something of each kind into an account by `write(use case, arguments after the caller)`."""
    write(importlib.import_module("entrepot.core.roles").create, Draft("deliverer", entities.new_id(ROLE)), TRUST, 3600)
    for name, arguments in _EVERYTHING:
        write(work(name), *arguments)
