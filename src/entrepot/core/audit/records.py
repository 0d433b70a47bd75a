"""A call as a record of CloudTrail, field by field.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from entrepot.core.audit import user_identity
from entrepot.core.audit.operations import read_only, source
from entrepot.core.audit.resources import concerned, lowered
from entrepot.core.calls import Call
from entrepot.spec.event_ids import event_id
from entrepot.spec.moments import moment

Json = dict[str, Any]
VERSION = "1.11"
LARGEST = 256 * 1024  # bytes of a record as JSON
_CUT = "entrepot:cut"  # the member that stands for what was too large
_MAY_BE_CUT = ("responseElements", "requestParameters", "serviceEventDetails", "resources")
_REGISTRIES = frozenset({"ecr", "ecr-public"})
_SERVICES = ".amazonaws.com"
_DOCKER = "ecr.amazonaws.com"  # what AWS shows instead of docker's own address and agent
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# of members whose keys are the caller's own, and no members
_MAPS = frozenset({"inputPathsMap", "headerParameters", "queryStringParameters", "inputPaths"})


def record(call: Call, account: str, region: str, *, aws_constants: bool = False) -> Json:
    """The record of a call that goes to an account, which is that of what was acted upon or the caller's.

    `aws_constants`: docker's requests are shown as AWS shows them, without the client's address and agent.
    """
    told = _told(
        call, account, region, hidden=aws_constants and call.common.door == "oci" and call.common.service in _REGISTRIES
    )
    for name in _MAY_BE_CUT:
        size = len(encoded(told))
        if size <= LARGEST:
            break
        if told.get(name):
            cut = {_CUT: f"{name} left out of a record of {size} bytes"}
            told[name] = [] if name == "resources" else cut
    return told


def encoded(told: Mapping[str, object]) -> bytes:
    """A record as JSON."""
    return msgspec.json.encode(told, enc_hook=str)


def id_of(call: Call, account: str) -> str:
    """`eventID`: the same each time; the copy that a caller of another account gets has one of its own."""
    return event_id(call.at, call.request_id, call.common.operation, 0 if account == call.common.account else 1)


def is_shared(call: Call) -> bool:
    """Whether two accounts get a record of it."""
    who = call.common.identity
    return who is not None and who.account.isdigit() and who.account != call.common.account


def _told(call: Call, account: str, region: str, *, hidden: bool) -> Json:
    only_reads = read_only(call.common.operation)
    service_event = call.common.door == "worker" and call.common.operation.endswith("Event")
    told: Json = {
        "eventVersion": VERSION,
        "userIdentity": _identity(call, account, hidden=hidden, service_event=service_event),
        "eventTime": f"{moment(call.at):%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": source(call.common.service),
        "eventName": call.common.operation,
        "awsRegion": region,
        "sourceIPAddress": _DOCKER if hidden else call.common.source_ip or _service(call) or user_identity.INTERNAL,
        "userAgent": _DOCKER if hidden else call.common.user_agent or user_identity.INTERNAL,
    }
    if call.common.error:
        told |= {"errorCode": call.common.error, "errorMessage": call.message}
    told |= {
        "requestParameters": None if service_event else _parameters(call),
        "responseElements": None if only_reads or call.common.error else _shown(call.response),
        "requestID": call.request_id,
        "eventID": id_of(call, account),
        "readOnly": only_reads or service_event,
        "resources": _resources(call),
        "eventType": "AwsServiceEvent" if service_event else "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": account,
    }
    if call.response and only_reads:
        told["additionalEventData"] = call.response
    if service_event:
        told["serviceEventDetails"] = call.asked
    if is_shared(call):
        told["sharedEventID"] = event_id(call.at, call.request_id, f"shared/{call.common.operation}")
    told["eventCategory"] = "Management"
    return told


def _identity(call: Call, account: str, *, hidden: bool, service_event: bool) -> Json:
    if service_event:
        return {"accountId": account, "invokedBy": user_identity.INTERNAL}
    told, invoked_by = user_identity.told(call.common.identity, account), _DOCKER if hidden else _service(call)
    return told | {"invokedBy": invoked_by} if invoked_by else told


def _service(call: Call) -> str:
    """The service that called by itself, in a role; '' for whom else."""
    agent = call.common.user_agent
    return agent if call.common.door == "worker" and agent.endswith(_SERVICES) else ""


def _parameters(call: Call) -> Any:
    shown = _shown(call.asked)
    if call.common.door == "oci" and call.common.service in _REGISTRIES:
        named = {"registryId": call.common.account}
        if call.common.repository:
            named["repositoryName"] = call.common.repository
        return named | (shown or {})
    return shown


def _resources(call: Call) -> list[Json]:
    return [
        {"accountId": each.arn.split(":")[4], "type": each.type, "ARN": each.arn}
        for each in concerned(call)
        if each.arn.count(":") >= 5
    ]


def _shown(value: object) -> Any:
    """Members as CloudTrail writes them: they begin in lower case, and moments are American texts."""
    if isinstance(value, Mapping):
        return {lowered(str(name)): _member(lowered(str(name)), item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_shown(item) for item in value]
    if isinstance(value, datetime):
        hour = (value.hour + 11) % 12 + 1
        half = "AM" if value.hour < 12 else "PM"
        day = f"{_MONTHS[value.month - 1]} {value.day}, {value.year}"
        return f"{day} {hour}:{value:%M:%S} {half}"
    return value


def _member(name: str, value: object) -> Any:
    return value if name in _MAPS and isinstance(value, Mapping) else _shown(value)
