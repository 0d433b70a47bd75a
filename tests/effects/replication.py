"""Effects of ECR's operations on replication: rules, statuses, backfills; and what provokes their errors."""

from collections.abc import Callable, Mapping
from typing import Any

from tests.effects.acts import create
from tests.effects.case import ACCOUNT, Case, Place
from tests.effects.refusing import NO_IMAGE, NO_UPLOAD, Ground
from tests.effects.running import REGIONS
from tests.factories.layouts import image
from tests.factories.waiting import wait

_IMAGE = image(4107, layers=1)
_TO = {"region": "us-east-1", "registryId": ACCOUNT}
_FOUND = 200
_NO_RULES: Mapping[str, Any] = {"replicationConfiguration": {"rules": []}}


def _rules(place: Place) -> dict[str, Any]:
    filters = [{"filter": place.name, "filterType": "PREFIX_MATCH"}]
    return {"replicationConfiguration": {"rules": [{"destinations": [_TO], "repositoryFilters": filters}]}}


def _replicate(place: Place) -> None:
    place.root.put_replication_configuration(**_rules(place))


def _stop(place: Place) -> None:
    place.root.put_replication_configuration(**_NO_RULES)


def _described(place: Place) -> object:
    return place.root.describe_registry()["replicationConfiguration"]


def _push(place: Place) -> None:
    place.door().push(place.repository, _IMAGE, "v1")


def _is_there(place: Place) -> object:
    """Whether the destination hands the image out."""
    return bool(place.door().request("HEAD", f"/v2/{place.name}/manifests/v1").status == _FOUND)


def _backfill(place: Place) -> None:
    """A backfill that has ended."""
    named = place.call(destination=_TO)["replicationBackfillId"]
    ask = place.root.describe_replication_backfill_results
    wait(lambda: ask(replicationBackfillId=named)["status"] == "COMPLETE")


def _with_rules_and_image(place: Place) -> None:
    create(place)
    _push(place)
    _replicate(place)


def _delete_there(place: Place) -> None:
    there = place.server.client(region=_TO["region"])
    there.delete_repository(repositoryName=place.name, force=True)


CASES = (
    Case(
        "PutReplicationConfiguration",
        lambda place: place.call(**_rules(place)),
        _described,
        _stop,
        also=("iam:CreateServiceLinkedRole",),
        apart=True,
    ),
    Case(
        "DescribeRegistry",
        _replicate,
        lambda place: place.call()["replicationConfiguration"],
        _stop,
        by="look",
        apart=True,
    ),
    Case("StartReplicationBackfill", _backfill, _is_there, _delete_there, _with_rules_and_image, apart=True),
)


def _start(ground: Ground, to_region: str = "us-east-1", region: str = "us-east-1") -> Any:
    """A backfill that nobody carries out."""
    to = {"region": to_region, "registryId": "777788883333"}
    rules = [{"destinations": [to]}]
    ground.call("ecr", "PutReplicationConfiguration", region, replicationConfiguration={"rules": rules})
    try:
        return ground.call("ecr", "StartReplicationBackfill", region, destination=to)
    finally:
        ground.call("ecr", "PutReplicationConfiguration", region, **_NO_RULES)


def _twice_to_a_region(ground: Ground, _: str) -> None:
    _start(ground)
    _start(ground)


def _eleven(ground: Ground, _: str) -> None:
    for region in BACKFILLED:
        _start(ground, region, "eu-west-1")


def _stopped_twice(ground: Ground, service: str) -> None:
    named = _start(ground, "eu-west-1")["replicationBackfillId"]
    for _ in range(2):
        ground.call(service, "StopReplicationBackfill", replicationBackfillId=named)


def _absent(operation: str) -> Callable[[Ground, str], Any]:
    return lambda ground, service: ground.call(service, operation, replicationBackfillId=NO_UPLOAD)


BACKFILLED = REGIONS[5:16]  # none of them is eu-west-1
PROVOKED: Mapping[tuple[str, str], Callable[[Ground, str], Any]] = {
    ("DescribeImageReplicationStatus", "ImageNotFoundException"): lambda ground, service: ground.call(
        service, "DescribeImageReplicationStatus", imageId=NO_IMAGE
    ),
    ("DescribeReplicationBackfillResults", "ReplicationBackfillNotFoundException"): _absent(
        "DescribeReplicationBackfillResults"
    ),
    ("PutReplicationConfiguration", "InvalidParameterException"): lambda ground, service: ground.call(
        service, "PutReplicationConfiguration", replicationConfiguration={"rules": [{"destinations": [_TO]}]}
    ),
    ("StartReplicationBackfill", "InvalidParameterException"): lambda ground, service: ground.call(
        service, "StartReplicationBackfill", destination=_TO
    ),
    ("StartReplicationBackfill", "LimitExceededException"): _eleven,
    ("StartReplicationBackfill", "ReplicationBackfillInProgressException"): _twice_to_a_region,
    ("StopReplicationBackfill", "InvalidParameterException"): lambda ground, service: ground.call(
        service, "StopReplicationBackfill", replicationBackfillId="nonsense"
    ),
    ("StopReplicationBackfill", "ReplicationBackfillInvalidStatusException"): _stopped_twice,
    ("StopReplicationBackfill", "ReplicationBackfillNotFoundException"): _absent("StopReplicationBackfill"),
}
OPERATIONS = (
    *("DescribeImageReplicationStatus", "DescribeReplicationBackfillResults", "ListReplicationBackfills"),
    *("PutReplicationConfiguration", "StartReplicationBackfill", "StopReplicationBackfill"),
)
