"""What provokes LimitExceededException: the quota is lowered to what there is, and AWS's again afterwards."""

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from entrepot.app.opened import write_as_root
from entrepot.core.quotas import settings
from entrepot.settings import load
from entrepot.spec.repository import RegistryKey, public_registry
from tests.effects.acts import IMAGE
from tests.effects.case import ACCOUNT
from tests.effects.refusing import ABSENT, PRINCIPAL, Ask, Ground, put

_REGISTRIES = {"ecr": RegistryKey("private", ACCOUNT, "us-east-1"), "ecr-public": public_registry(ACCOUNT)}


@contextlib.contextmanager
def _quota(ground: Ground, service: str, name: str, value: int) -> Iterator[None]:
    found, key = load({"data": str(ground.server.data)}, {}), _REGISTRIES[service]
    write_as_root(found, key, settings.put, key, name, value)
    try:
        yield
    finally:
        write_as_root(found, key, settings.reset, key, name)


def _with(quota: str, value: int, operation: str, *inputs: Mapping[str, Any]) -> Ask:
    """Calls of an operation under a quota, of which the last is too many at the latest."""

    def ask(ground: Ground, service: str) -> None:
        with contextlib.ExitStack() as held:
            held.enter_context(_quota(ground, service, quota, value))
            for given in inputs:
                ground.call(service, operation, **given)

    return ask


def _part(ground: Ground, service: str) -> Any:
    """A part of more bytes than a part may have."""
    upload = ground.upload(service)
    with contextlib.ExitStack() as held:
        held.enter_context(_quota(ground, service, "LayerPartMaximum", 3))
        return ground.call(service, "UploadLayerPart", uploadId=upload)


PROVOKED: Mapping[tuple[str, str], Ask] = {
    ("CreateRepository", "LimitExceededException"): _with(
        "Repositories", 1, "CreateRepository", {"repositoryName": ABSENT}
    ),
    ("CreateRepositoryCreationTemplate", "LimitExceededException"): _with(
        "CreationTemplates", 1, "CreateRepositoryCreationTemplate", {"prefix": "many/a"}, {"prefix": "many/b"}
    ),
    ("PutImage", "LimitExceededException"): _with("TagsPerImage", 1, "PutImage", put(IMAGE, imageTag="v2")),
    ("RegisterPullTimeUpdateExclusion", "LimitExceededException"): _with(
        "PullTimeUpdateExclusions",
        1,
        "RegisterPullTimeUpdateExclusion",
        {"principalArn": f"{PRINCIPAL}-a"},
        {"principalArn": f"{PRINCIPAL}-b"},
    ),
    ("UploadLayerPart", "LimitExceededException"): _part,
}
