"""Account settings through boto3, each seen through something else that it changes."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.behaviour.test_ecr_images import refusal
from tests.factories.layouts import Image
from tests.factories.processes import Server
from tests.factories.registry import Registry

MOUNTING = "BLOB_MOUNTING"


@pytest.fixture
def mounting(ecr: Any) -> Iterator[Any]:
    """The registry, whose setting is what it was when the test has ended."""
    yield ecr
    ecr.put_account_setting(name=MOUNTING, value="ENABLED")


def mount(server: Server, source: str, target: str, digest: str) -> int:
    path = f"/v2/{target}/blobs/uploads/?mount={digest}&from={source}"
    return Registry(server).request("POST", path, b"").status


def test_blobs_are_mounted_unless_the_account_says_otherwise(
    server: Server, mounting, repository, make_repository, pushed: Image
):
    before, after, again = make_repository(), make_repository(), make_repository()
    blob = pushed.config
    assert mounting.get_account_setting(name=MOUNTING).items() >= {"name": MOUNTING, "value": "ENABLED"}.items()
    assert mount(server, repository, before, blob.digest) == 201
    told = mounting.put_account_setting(name=MOUNTING, value="DISABLED")
    assert (told["name"], told["value"]) == (MOUNTING, "DISABLED")
    assert mounting.get_account_setting(name=MOUNTING)["value"] == "DISABLED"
    assert mount(server, repository, after, blob.digest) == 202
    registry = Registry(server)
    assert registry.request("HEAD", f"/v2/{after}/blobs/{blob.digest}").status == 404
    assert registry.request("GET", f"/v2/{before}/blobs/{blob.digest}").data == blob.data
    mounting.put_account_setting(name=MOUNTING, value="ENABLED")
    assert mount(server, repository, again, blob.digest) == 201


def test_another_region_mounts_as_ever(server: Server, mounting):
    mounting.put_account_setting(name=MOUNTING, value="DISABLED")
    assert server.client(region="eu-west-1").get_account_setting(name=MOUNTING)["value"] == "ENABLED"


def test_mounting_is_switched_on_or_off(mounting):
    code, message = refusal(mounting.put_account_setting, name=MOUNTING, value="SOMETIMES")
    assert (code, "ENABLED, DISABLED" in message) == ("InvalidParameterException", True)
    assert mounting.get_account_setting(name=MOUNTING)["value"] == "ENABLED"
