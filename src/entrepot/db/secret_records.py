"""What rows of secrets and their versions hold."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret but for its values."""

    id: str
    account: str
    region: str
    name: str
    suffix: str
    description: str
    kms_key: str
    policy: str | None
    created_at: datetime
    changed_at: datetime
    accessed_at: datetime | None = None
    deleted_at: datetime | None = None
    purges_at: datetime | None = None

    @property
    def arn(self) -> str:
        """The ARN."""
        return f"arn:aws:secretsmanager:{self.region}:{self.account}:secret:{self.name}-{self.suffix}"


@dataclass(frozen=True, slots=True)
class Version:
    """A value of a secret as it is kept; `kind` is string or binary."""

    secret_id: str
    id: str
    kind: str
    key_id: str
    sealed: bytes = field(repr=False)
    created_at: datetime
    accessed_at: datetime | None = None


Stages = Mapping[str, str]  # label -> version id
