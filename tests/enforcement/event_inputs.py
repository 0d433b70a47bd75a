"""Valid inputs for EventBridge's operations, whose members mean another thing in each of them."""

from collections.abc import Mapping
from typing import Any

from tests.enforcement.world import ACCOUNT

PLACE = f"arn:aws:events:us-east-1:{ACCOUNT}"
OPTIONAL = frozenset({"Name", "Policy", "StatementId"})
_UUID = "00000000-0000-4000-8000-000000000000"
# the end of an operation's name, and whose name its `Name` is
_NAMES = {"EventBus": "bus", "Rule": "rule", "Connection": "connection", "ApiDestination": "destination"}


def values(operation: str, names: Mapping[str, str]) -> Mapping[str, Any]:
    """What stands for each member."""
    bus = f"{PLACE}:event-bus/{names['bus']}"
    archive = f"{PLACE}:archive/{names['archive']}"
    named = next((names[name] for end, name in _NAMES.items() if operation.endswith(end)), "")
    return {
        "Name": named,
        "Rule": names["rule"],
        "Targets": [{"Id": "t", "Arn": bus}],
        "TargetArn": bus,
        "Ids": ["t"],
        "Entries": [{"Source": "shop", "DetailType": "Sold", "Detail": "{}", "EventBusName": names["bus"]}],
        "ArchiveName": names["archive"],
        "EventSourceArn": archive if operation == "StartReplay" else bus,
        "ReplayName": names["replay"],
        "EventStartTime": 1,
        "EventEndTime": 2,
        "Destination": {"Arn": bus},
        "AuthorizationType": "BASIC",
        "AuthParameters": {"BasicAuthParameters": {"Username": "u", "Password": "p"}},
        "ConnectionArn": f"{PLACE}:connection/{names['connection']}/{_UUID}",
        "InvocationEndpoint": "https://example.com/",
        "HttpMethod": "POST",
        "EventPattern": "{}",
        "Event": "{}",
        "ResourceARN": f"{PLACE}:rule/{names['rule']}",
        "Tags": [{"Key": "k", "Value": "v"}],
        "TagKeys": ["k"],
        **({"Policy": '{"not": "a policy"}'} if operation == "PutPermission" else {"StatementId": "absent"}),
    }
