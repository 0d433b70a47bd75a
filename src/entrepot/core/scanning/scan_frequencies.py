"""The event of repositories whose images are scanned at another frequency (ECR user guide, "Amazon ECR events").

An event names several repositories, and is of the registry's: its order is that of the moments.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import islice
from typing import Final, NamedTuple

import msgspec

from entrepot.db import outbox
from entrepot.db.database import Transaction
from entrepot.spec.event_ids import event_id
from entrepot.spec.moments import micros
from entrepot.spec.repository import RegistryKey, RepositoryKey

_NAME: Final = "ECR Scan Resource Change"
_OF_EACH: Final = 100  # repositories that an event names


class FrequencyChange(NamedTuple):
    """A repository, how often its images are scanned from now on, and how often they were."""

    repository: RepositoryKey
    frequency: str
    before: str


def tell(
    tx: Transaction, registry: RegistryKey, changes: Iterable[FrequencyChange], at: datetime, request_id: str
) -> None:
    """Tell of changes that a request makes; of none nothing is told."""
    source = f"arn:aws:ecr:{registry.region}:{registry.account}:registry"
    left = iter(changes)
    for ordinal, some in enumerate(iter(lambda: tuple(islice(left, _OF_EACH)), ())):
        outbox.add(
            tx,
            id=event_id(micros(at), request_id, f"{source}/{_NAME}", ordinal),
            kind="event",
            account=registry.account,
            region=registry.region,
            repository_id=source,
            revision=micros(at),
            ordinal=ordinal,
            name=_NAME,
            body=msgspec.json.encode({"source": "aws.ecr", "resources": [], "detail": _detail(some)}).decode(),
            at=at,
        )


def _detail(changes: Iterable[FrequencyChange]) -> Mapping[str, object]:
    return {
        "action-type": "SCAN_FREQUENCY_CHANGE",
        "repositories": [
            {
                "repository-name": each.repository.name,
                "repository-arn": each.repository.arn,
                "scan-frequency": each.frequency,
                "previous-scan-frequency": each.before,
            }
            for each in changes
        ],
        "resource-type": "REPOSITORY",
        "scan-type": "ENHANCED",
    }
