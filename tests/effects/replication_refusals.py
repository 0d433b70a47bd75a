"""What provokes the errors of replication: without a worker, a backfill is prepared for ever."""

from collections.abc import Mapping
from typing import Any

from tests.effects.case import ACCOUNT
from tests.effects.refusing import NO_IMAGE, Ask, Ground, call

REGIONS = ("us-east-1", "eu-west-1", "eu-west-2", *(f"eu-north-{number}" for number in range(1, 10)))
_DESTINATIONS = [{"region": region, "registryId": ACCOUNT} for region in REGIONS[1:]]


def _rules(*destinations: dict[str, str]) -> dict[str, Any]:
    return {"rules": [{"destinations": list(destinations)}]}


def _begun(ground: Ground, *destinations: dict[str, str]) -> str:
    """A backfill to each of these; the id of the last one."""
    ground.call("ecr", "PutReplicationConfiguration", replicationConfiguration=_rules(*_DESTINATIONS))
    told = [ground.call("ecr", "StartReplicationBackfill", destination=each) for each in destinations]
    return str(told[-1]["replicationBackfillId"])


def _all(ground: Ground, service: str) -> None:
    """One for each Region, which is one more than there may be; none is left of them."""
    try:
        _begun(ground, *_DESTINATIONS)
    finally:
        for each in ground.call(service, "ListReplicationBackfills")["backfills"]:
            if each["status"] == "PREPARING":
                ground.call(service, "StopReplicationBackfill", replicationBackfillId=each["replicationBackfillId"])


def _same(ground: Ground, service: str) -> None:
    """Two to one Region."""
    _begun(ground, _DESTINATIONS[0], _DESTINATIONS[0])


def _stopped(ground: Ground, service: str) -> None:
    """One that is stopped twice."""
    named = _begun(ground, _DESTINATIONS[1])
    for _ in range(2):
        ground.call(service, "StopReplicationBackfill", replicationBackfillId=named)


PROVOKED: Mapping[tuple[str, str], Ask] = {
    ("DescribeImageReplicationStatus", "ImageNotFoundException"): call(
        "DescribeImageReplicationStatus", imageId=NO_IMAGE
    ),
    ("DescribeReplicationBackfillResults", "ReplicationBackfillNotFoundException"): call(
        "DescribeReplicationBackfillResults"
    ),
    ("PutReplicationConfiguration", "InvalidParameterException"): call(
        "PutReplicationConfiguration",
        replicationConfiguration=_rules({"region": "us-east-1", "registryId": ACCOUNT}),
    ),
    ("StartReplicationBackfill", "InvalidParameterException"): call(
        "StartReplicationBackfill", destination={"region": "eu-west-1", "registryId": "111122223333"}
    ),
    ("StartReplicationBackfill", "LimitExceededException"): _all,
    ("StartReplicationBackfill", "ReplicationBackfillInProgressException"): _same,
    ("StopReplicationBackfill", "InvalidParameterException"): call(
        "StopReplicationBackfill", replicationBackfillId="x"
    ),
    ("StopReplicationBackfill", "ReplicationBackfillInvalidStatusException"): _stopped,
    ("StopReplicationBackfill", "ReplicationBackfillNotFoundException"): call("StopReplicationBackfill"),
}
