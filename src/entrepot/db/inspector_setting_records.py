"""What was set or asked for at Inspector, as the rest of the house sees its rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import msgspec

from entrepot.spec.repository import RegistryKey


class RescanWindows(NamedTuple):
    """For how long after a push, and after a pull or use, images are scanned continuously; Inspector's words."""

    rescan_duration: str
    pull_date_rescan_duration: str
    pull_date_rescan_mode: str
    updated_at: datetime | None


@dataclass(frozen=True, slots=True)
class FilterRecord:
    """A filter over findings; `criteria` is Inspector's FilterCriteria as JSON."""

    id: str
    registry: RegistryKey
    name: str
    action: str  # NONE | SUPPRESS
    description: str
    reason: str
    criteria: str
    tags: Mapping[str, str]
    owner: str
    created_at: datetime
    updated_at: datetime

    @property
    def arn(self) -> str:
        """The Amazon Resource Name."""
        return filter_arn(self.registry, self.id)


def filter_arn(registry: RegistryKey, filter_id: str) -> str:
    """The ARN of a filter."""
    account = registry.account
    return f"arn:aws:inspector2:{registry.region}:{account}:owner/{account}/filter/{filter_id}"


class Destination(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a report goes: a bucket, what the keys of its objects begin with, and what encrypts them."""

    bucket: str
    prefix: str = ""
    kms_key: str = ""
    owner: str = ""  # whose the bucket is to be


@dataclass(frozen=True, slots=True)
class ReportRecord:
    """An export of SBOMs, or a report of findings, by its format; `criteria` is what Inspector calls so, as JSON."""

    id: str
    registry: RegistryKey
    status: str  # IN_PROGRESS | SUCCEEDED | FAILED | CANCELLED
    format: str  # CYCLONEDX_1_4 | SPDX_2_3 | CSV | JSON
    criteria: str
    destination: Destination
    created_at: datetime
    error_code: str = ""
    error_message: str = ""
