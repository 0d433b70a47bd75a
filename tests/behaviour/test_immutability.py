"""Immutability in its four modes, with and without exclusion filters: no door is a way around it."""

from collections.abc import Callable

import pytest

from tests.behaviour.doors import DIFFERENCES, Door, outcome, push
from tests.factories.layouts import image

# mode, filters, tag -> may the tag be moved?
CASES = [
    ("MUTABLE", [], "v1", True),
    ("IMMUTABLE", [], "v1", False),
    ("IMMUTABLE", [], "latest", False),
    ("IMMUTABLE_WITH_EXCLUSION", ["dev-*"], "dev-1", True),
    ("IMMUTABLE_WITH_EXCLUSION", ["dev-*"], "v1", False),
    ("IMMUTABLE_WITH_EXCLUSION", ["dev-*"], "my-dev-1", False),
    ("IMMUTABLE_WITH_EXCLUSION", ["dev-*", "latest"], "latest", True),
    ("IMMUTABLE_WITH_EXCLUSION", ["*-snapshot*"], "1-snapshot-2", True),
    ("IMMUTABLE_WITH_EXCLUSION", ["v1.0"], "v1x0", False),
    ("MUTABLE_WITH_EXCLUSION", ["v*"], "v1", False),
    ("MUTABLE_WITH_EXCLUSION", ["v*"], "dev", True),
    ("MUTABLE_WITH_EXCLUSION", ["v*", "release"], "release", False),
]


def settings(mode: str, filters: list[str]) -> dict:
    chosen: dict = {"imageTagMutability": mode}
    if filters:
        chosen["imageTagMutabilityExclusionFilters"] = [
            {"filterType": "WILDCARD", "filter": pattern} for pattern in filters
        ]
    return chosen


@pytest.mark.parametrize(("mode", "filters", "tag", "movable"), CASES)
def test_a_tag_moves_only_where_the_mode_allows_it(
    door: Door, reader: Door, make_repository: Callable[..., str], mode, filters, tag, movable
):
    repository = make_repository(**settings(mode, filters))
    first, second = image(100), image(101)
    push(door, repository, first, tag)
    push(door, repository, second, "other")
    assert outcome(door.put, repository, second.manifest, tag) == ("done" if movable else "tag immutable")
    assert reader.read(repository, tag) == (second if movable else first).manifest


@pytest.mark.parametrize(("mode", "filters", "tag", "movable"), CASES)
def test_a_setting_made_later_holds_at_once(door: Door, repository, ecr, mode, filters, tag, movable):
    first, second = image(102), image(103)
    push(door, repository, first, tag)
    push(door, repository, second)
    ecr.put_image_tag_mutability(repositoryName=repository, **settings(mode, filters))
    assert outcome(door.put, repository, second.manifest, tag) == ("done" if movable else "tag immutable")


def test_the_same_image_to_its_immutable_tag_differs_between_the_doors_as_listed(door: Door, make_repository):
    repository = make_repository(imageTagMutability="IMMUTABLE")
    content = image(104)
    push(door, repository, content, "v1")
    assert outcome(door.put, repository, content.manifest, "v1") == DIFFERENCES["put of what is there"][door.name]


def test_a_refused_move_stores_nothing(door: Door, reader: Door, make_repository):
    repository = make_repository(imageTagMutability="IMMUTABLE")
    first, second = image(105), image(106)
    push(door, repository, first, "v1")
    for blob in second.blobs:
        door.upload(repository, blob)
    assert outcome(door.put, repository, second.manifest, "v1") == "tag immutable"
    assert outcome(reader.read, repository, second.digest) == "image absent"


def test_an_immutable_tag_can_be_deleted_and_then_pushed_anew(door: Door, reader: Door, make_repository):
    repository = make_repository(imageTagMutability="IMMUTABLE")
    first, second = image(107), image(108)
    push(door, repository, first, "v1")
    door.delete(repository, "v1")
    push(door, repository, second, "v1")
    assert reader.read(repository, "v1") == second.manifest


def test_an_immutable_image_takes_further_tags(door: Door, reader: Door, make_repository):
    repository = make_repository(imageTagMutability="IMMUTABLE")
    content = image(109)
    push(door, repository, content, "v1", "v1.0", "v1.0.0")
    assert reader.tags(repository) == ["v1", "v1.0", "v1.0.0"]
