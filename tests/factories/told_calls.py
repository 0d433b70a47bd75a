"""Calls as the doors tell them."""

from typing import Any

import msgspec

from entrepot.core.access import Caller
from entrepot.core.calls import Call
from entrepot.core.changes import call_of
from entrepot.spec.repository import RepositoryKey


def told(who: Caller, operation: str, key: RepositoryKey, repository_id: str = "", **more: Any) -> Call:
    """A call about a repository that succeeded; `more` are other members of the record."""
    registry = key.registry
    service = {"private": "ecr", "public": "ecr-public"}[registry.kind]
    region = registry.region or who.region
    call = call_of(who, service, operation, registry.account, region, {}, (repository_id, key.name))
    return msgspec.structs.replace(call, **more)


def pull(who: Caller, key: RepositoryKey, repository_id: str, digest: str) -> Call:
    """A pull of one manifest."""
    return told(who, "BatchGetImage", key, repository_id, pulled=(str(digest),))
