"""What was set or asked for at Inspector, as the rest of the house sees its rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

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
