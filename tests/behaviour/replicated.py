"""Replication for tests: rules of one prefix, and what a registry holds."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.behaviour.identities import ACCOUNT
from tests.factories.processes import Credentials, Server
from tests.factories.waiting import wait

HOME, ABROAD = "us-east-1", "eu-west-1"
PATIENCE = 20.0
HERE = {"region": ABROAD, "registryId": ACCOUNT}


def rule(prefix: str, *destinations: dict[str, str], deletes: bool | None = None) -> dict[str, Any]:
    """A rule for repositories of a prefix."""
    made: dict[str, Any] = {
        "destinations": list(destinations or (HERE,)),
        "repositoryFilters": [{"filter": prefix, "filterType": "PREFIX_MATCH"}],
    }
    return made | ({} if deletes is None else {"deleteReplication": {"enabled": deletes}})


@contextmanager
def replicating(server: Server, *rules: dict[str, Any], region: str = HOME) -> Iterator[Any]:
    """These rules, until the end."""
    ecr = server.client(region=region)
    ecr.put_replication_configuration(replicationConfiguration={"rules": list(rules)})
    try:
        yield ecr
    finally:
        ecr.put_replication_configuration(replicationConfiguration={"rules": []})


class There:
    """A repository at a destination."""

    def __init__(self, server: Server, name: str, region: str = ABROAD, keys: Credentials | None = None) -> None:
        self.ecr = server.client(region=region, credentials=keys)
        self.name = name

    def images(self) -> set[tuple[str, str]]:
        """(digest, tag) of what it holds; nothing where it is absent."""
        try:
            pages = self.ecr.get_paginator("list_images").paginate(
                repositoryName=self.name, filter={"imageStatus": "ANY"}
            )
            return {(each["imageDigest"], each.get("imageTag", "")) for page in pages for each in page["imageIds"]}
        except self.ecr.exceptions.RepositoryNotFoundException:
            return set()

    def comes_to(self, *expected: tuple[str, str]) -> None:
        """Wait until it holds just this."""
        wait(lambda: self.images() == set(expected), PATIENCE, f"{expected}, not {self.images()}")


def statuses(ecr: Any, name: str, **image_id: str) -> list[dict[str, str]]:
    """How the copies of an image stand, once none is on its way."""

    def settled() -> list[dict[str, str]]:
        answer = ecr.describe_image_replication_status(repositoryName=name, imageId=image_id)
        found: list[dict[str, str]] = answer["replicationStatuses"]
        return found if found and all(each["status"] != "IN_PROGRESS" for each in found) else []

    return wait(settled, PATIENCE, "copies that stand")
