"""What rows of signing profiles, their versions and signatures hold."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


def profile_arn(account: str, region: str, name: str) -> str:
    """The ARN of a profile."""
    return f"arn:aws:signer:{region}:{account}:/signing-profiles/{name}"


@dataclass(frozen=True, slots=True)
class AuthorityRow:
    """The certificate authority of an account."""

    account: str
    certificate: bytes
    sealed: bytes = field(repr=False)
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Profile:
    """A signing profile; `validity` is a number of `validity_type`."""

    id: str
    account: str
    region: str
    name: str
    platform: str
    version: str
    validity: int
    validity_type: str
    parameters: Mapping[str, str]
    status: str
    status_reason: str
    revision: str
    created_at: datetime

    @property
    def arn(self) -> str:
        """The ARN."""
        return profile_arn(self.account, self.region, self.name)

    @property
    def version_arn(self) -> str:
        """The ARN of the version that signs."""
        return f"{self.arn}/{self.version}"


@dataclass(frozen=True, slots=True)
class Revocation:
    """That something does not count, from when, who said so when, and why."""

    since: datetime
    at: datetime
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a profile, with its key: sealed, or in KMS under `key_arn`."""

    profile_id: str
    version: str
    sealed: bytes = field(repr=False)
    public: bytes
    key_arn: str
    signatures: int
    revocations: int
    created_at: datetime
    revocation: Revocation | None = None


@dataclass(frozen=True, slots=True)
class Permission:
    """Who else may do something with a profile; `version` is '' for every one."""

    statement_id: str
    action: str
    principal: str
    version: str


@dataclass(frozen=True, slots=True)
class Job:
    """A signature that was made; `serial` is that of its certificate in decimals, '' where it has none. `image` is the
    digest of the manifest that it is of, '' where it is of something else, `envelope` that of what it is in.
    """

    id: str
    account: str
    region: str
    profile_id: str
    version: str
    serial: str
    invoker: str
    requested_by: str
    created_at: datetime
    expires_at: datetime
    image: str = ""
    envelope: str = ""
    revocation: Revocation | None = None


@dataclass(frozen=True, slots=True)
class ImageSigning:
    """An image and a profile that signs it: how far that is; `pusher` is JSON."""

    repository_id: str
    digest: str
    profile: str
    status: str
    failure_code: str
    failure_reason: str
    pusher: str
    tries: int
    due_at: datetime | None
    signature: str
    job: str
