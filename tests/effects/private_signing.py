"""Effects of ECR's operations on signatures that are made on push; each case has a registry of its own."""

from typing import Any

from tests.effects.acts import IMAGE, create, delete_image, push
from tests.effects.case import Case, Place
from tests.factories.waiting import wait

PLATFORM = "Notation-OCI-SHA384-ECDSA"
PATIENCE = 60.0


def with_profile(place: Place) -> None:
    """The case's repository, and a profile that can sign."""
    create(place)
    profile = place.client("signer").put_signing_profile(profileName=place.operation, platformId=PLATFORM)
    place.kept["profile"] = profile["arn"]


def configuration(place: Place) -> dict[str, Any]:
    """That the profile signs what is pushed to the case's repository."""
    filters = [{"filter": place.name, "filterType": "WILDCARD_MATCH"}]
    return {"rules": [{"signingProfileArn": place.kept["profile"], "repositoryFilters": filters}]}


def configure(place: Place) -> None:
    """It to the registry."""
    place.root.put_signing_configuration(signingConfiguration=configuration(place))


def delete_configuration(place: Place) -> None:
    """Nothing is signed any more."""
    place.root.delete_signing_configuration()


def configured(place: Place) -> None:
    """A profile, and the registry told of it."""
    with_profile(place)
    configure(place)


def shown(place: Place) -> object:
    """What the registry was told."""
    return place.root.get_signing_configuration()["signingConfiguration"]


def statuses(client: Any, place: Place) -> list[str]:
    """How the signatures of the image stand."""
    told = client.describe_image_signing_status(repositoryName=place.name, imageId={"imageDigest": IMAGE.digest})
    return [each["status"] for each in told["signingStatuses"]]


def push_signed(place: Place) -> None:
    """An image, until it is signed."""
    push(place)
    wait(lambda: statuses(place.root, place) == ["COMPLETE"], PATIENCE, "a signature")


CASES = (
    Case(
        "PutSigningConfiguration",
        lambda place: place.call(signingConfiguration=configuration(place)),
        shown,
        delete_configuration,
        with_profile,
        apart=True,
    ),
    Case(
        "GetSigningConfiguration",
        configure,
        lambda place: place.call()["signingConfiguration"],
        delete_configuration,
        with_profile,
        by="look",
        apart=True,
    ),
    Case("DeleteSigningConfiguration", lambda place: place.call(), shown, configure, configured, apart=True),
    Case(
        "DescribeImageSigningStatus",
        push_signed,
        lambda place: statuses(place.one, place),
        delete_image,
        configured,
        by="look",
        apart=True,
    ),
)
