"""Effects of ECR's operations on replication; each case has a Region of its own, from where images go to us-east-1."""

from typing import Any

from tests.effects.acts import IMAGE, create, delete_image, push
from tests.effects.case import ACCOUNT, Case, Place, nothing
from tests.factories.waiting import wait

HISTORY = "a backfill is history: nothing takes it back"
ABSENT = "00000000-0000-4000-8000-000000000000"
DESTINATION = {"region": "us-east-1", "registryId": ACCOUNT}
PATIENCE = 60.0


def rules(place: Place) -> dict[str, Any]:
    """That what is pushed to the case's repository goes there."""
    filters = [{"filter": place.name, "filterType": "PREFIX_MATCH"}]
    return {"rules": [{"destinations": [DESTINATION], "repositoryFilters": filters}]}


def replicate(place: Place) -> None:
    """The rule."""
    place.root.put_replication_configuration(replicationConfiguration=rules(place))


def replicate_nothing(place: Place) -> None:
    """No rule any more."""
    place.root.put_replication_configuration(replicationConfiguration={"rules": []})


def replicate_image(place: Place) -> None:
    """An image that has come where the rule says."""
    push(place)
    wait(lambda: statuses(place.root, place) == ["COMPLETE"], PATIENCE, "a copy")


def statuses(client: Any, place: Place) -> list[str]:
    """How the copies of the image stand."""
    told = client.describe_image_replication_status(repositoryName=place.name, imageId={"imageDigest": IMAGE.digest})
    return [each["status"] for each in told["replicationStatuses"]]


def with_rule(place: Place) -> None:
    """The case's repository, and the rule."""
    create(place)
    replicate(place)


def with_image_from_before(place: Place) -> None:
    """The case's repository with an image, and a rule that came later."""
    create(place)
    push(place)
    replicate(place)


def start(place: Place) -> Any:
    """A backfill."""
    place.kept["backfill"] = place.root.start_replication_backfill(destination=DESTINATION)["replicationBackfillId"]
    return place.kept["backfill"]


def with_backfill(place: Place) -> None:
    """A backfill of the image from before that has not begun."""
    with_image_from_before(place)
    start(place)


def backfill(place: Place) -> None:
    """A backfill that has ended."""
    named = start(place)
    wait(lambda: status_of(place.root, named) == "COMPLETE", PATIENCE, "a backfill that has ended")


def status_of(client: Any, named: str) -> object:
    """How far a backfill is."""
    return client.describe_replication_backfill_results(replicationBackfillId=named)["status"]


def brought(place: Place) -> object:
    """Whether the image is where the backfill brings it, once it has ended."""
    if place.answer is not None:
        named = place.answer["replicationBackfillId"]
        wait(lambda: status_of(place.root, named) == "COMPLETE", PATIENCE, "a backfill that has ended")
    return place.door().request("HEAD", f"/v2/{place.name}/manifests/{IMAGE.digest}").status


def take_away(place: Place) -> None:
    """The repository at the destination."""
    place.elsewhere("us-east-1").delete_repository(repositoryName=place.name, force=True)


CASES = (
    Case(
        "PutReplicationConfiguration",
        lambda place: place.call(replicationConfiguration=rules(place)),
        lambda place: place.root.describe_registry()["replicationConfiguration"],
        replicate_nothing,
        apart=True,
        also=("iam:CreateServiceLinkedRole",),
    ),
    Case(
        "DescribeRegistry",
        replicate,
        lambda place: place.call()["replicationConfiguration"],
        replicate_nothing,
        by="look",
        apart=True,
    ),
    Case(
        "DescribeImageReplicationStatus",
        replicate_image,
        lambda place: statuses(place.one, place),
        delete_image,
        with_rule,
        by="look",
        apart=True,
    ),
    Case(
        "StartReplicationBackfill",
        lambda place: place.call(destination=DESTINATION),
        brought,
        take_away,
        with_image_from_before,
        apart=True,
    ),
    Case(
        "DescribeReplicationBackfillResults",
        backfill,
        lambda place: status_of(place.one, place.kept.get("backfill", ABSENT)),
        nothing,
        with_image_from_before,
        by="look",
        apart=True,
        stays=HISTORY,
    ),
    Case(
        "ListReplicationBackfills",
        backfill,
        lambda place: [(each["replicationBackfillId"], each["status"]) for each in place.call()["backfills"]],
        nothing,
        with_image_from_before,
        by="look",
        apart=True,
        stays=HISTORY,
    ),
    Case(
        "StopReplicationBackfill",
        lambda place: place.call(replicationBackfillId=place.kept["backfill"]),
        lambda place: status_of(place.root, place.kept["backfill"]),
        nothing,
        with_backfill,
        apart=True,
        stays=HISTORY,
        early=True,
    ),
)
