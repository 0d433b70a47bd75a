"""AWS's own managed policies that concern registries, one JSON file each. They have their ARNs in every account and
cannot be changed.

Documents, ids and dates are AWS's, as a public archive of them (IAMTrail) showed them on the day `retrieved`; `source`
is AWS's page of the policy. What was left out of a document stands in its description.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from importlib import resources
from typing import Any

import msgspec


class AwsPolicy(msgspec.Struct, frozen=True):
    """One of AWS's policies: `version` is the number of its default version."""

    name: str
    path: str
    id: str
    version: int
    description: str
    created: datetime
    updated: datetime
    source: str
    retrieved: str
    document: dict[str, Any]

    @property
    def arn(self) -> str:
        """Its ARN, the same in every account."""
        return f"arn:aws:iam::aws:policy{self.path}{self.name}"

    @property
    def text(self) -> str:
        """The document as JSON."""
        return msgspec.json.format(msgspec.json.encode(self.document), indent=4).decode()


@lru_cache
def all_policies() -> Mapping[str, AwsPolicy]:
    """Every policy by its ARN, in the order of names."""
    files = (item for item in resources.files(__name__).iterdir() if item.name.endswith(".json"))
    found = [msgspec.json.decode(item.read_bytes(), type=AwsPolicy) for item in files]
    return {policy.arn: policy for policy in sorted(found, key=lambda policy: policy.name.lower())}
