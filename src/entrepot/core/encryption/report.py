"""What is encrypted with which key, for operators; asked by nobody else."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from entrepot.core.keys import names
from entrepot.db import encryption_report as rows
from entrepot.db import keys, remote_keys
from entrepot.db.database import Reader

GONE: Final = "Deleted"


@dataclass(frozen=True, slots=True)
class KeyUse:
    """A key with its state (of one at another key service what that said last: core/keys/remote.py), the live
    repositories that have it, what is encrypted with it; sizes in bytes.
    """

    key: str
    state: str
    repositories: int
    blobs: int
    size: int


@dataclass(frozen=True, slots=True)
class Report:
    """Keys by ARN, and what is encrypted by the storage alone."""

    keys: Sequence[KeyUse]
    plain_blobs: int
    plain_bytes: int


def report(tx: Reader) -> Report:
    """All that there is."""
    held, having = rows.blobs(tx), rows.repositories(tx)
    plain = held.pop("", (0, 0))
    arns = sorted(held.keys() | having.keys())
    used = [KeyUse(arn, _state(tx, arn), having.get(arn, 0), *held.get(arn, (0, 0))) for arn in arns]
    return Report(used, *plain)


def _state(tx: Reader, arn: str) -> str:
    elsewhere = remote_keys.find(tx, arn)
    if elsewhere is not None:
        return elsewhere.state
    found = keys.find(tx, names.of("", "", arn).id)
    return GONE if found is None else found.state
