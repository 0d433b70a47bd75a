"""Rows as the rest of the house sees them: immutable, typed, moments as aware datetimes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import msgspec

from entrepot.spec.digest import Digest
from entrepot.spec.repository import RegistryKey, RepositoryKey

ImageStatus = Literal["ACTIVE", "ARCHIVED", "ACTIVATING"]


@dataclass(frozen=True, slots=True)
class Account:
    """An account: 12 digits, a name, and the stamp that changes with whatever decides access in it."""

    id: str
    name: str
    stamp: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A long-term credential; `secret` is sealed, `owner` the path and name of the user that it belongs to,
    `account_stamp` the stamp of its account when it was read.
    """

    id: str
    account: str
    principal_kind: str
    principal_id: str
    secret: bytes
    status: str
    epoch: int
    owner: str = ""
    last_used_at: datetime | None = None
    account_stamp: int = 0


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository and its settings; `encryption` is AWS's encryptionConfiguration, `policy` the repository policy."""

    id: str
    key: RepositoryKey
    mutability: str
    exclusion_filters: tuple[str, ...]
    scan_on_push: bool
    encryption: dict[str, str]
    revision: int
    stamp: int
    created_at: datetime
    policy: str | None = None

    @property
    def encryption_key(self) -> str:
        """The ARN of the key of KMS that its blobs are encrypted with, '' where they are plain."""
        return self.encryption.get("kmsKey", "")


@dataclass(frozen=True, slots=True)
class Registry:
    """What was set for a registry as a whole; `policy` is the registry policy, `policy_scope` V1 or V2, `blob_mounting`
    ENABLED or DISABLED.
    """

    key: RegistryKey
    policy: str | None
    policy_scope: str
    display_name: str
    stamp: int
    blob_mounting: str = "ENABLED"


@dataclass(frozen=True, slots=True)
class PublicAlias:
    """A name of a public registry; `standing` is default or custom, the `primary` one stands in addresses."""

    name: str
    account: str
    standing: str
    primary: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class CatalogData:
    """What a public repository tells of itself; a text that is None was not given."""

    description: str | None = None
    architectures: tuple[str, ...] = ()
    operating_systems: tuple[str, ...] = ()
    about_text: str | None = None
    usage_text: str | None = None
    logo: bytes | None = None


@dataclass(frozen=True, slots=True)
class SealedKey:
    """The key that one blob or upload is encrypted with, itself encrypted by a key of KMS (`key`, its ARN), in the
    context of the repository (`arn`) that it was made for.
    """

    key: str
    blob: bytes
    arn: str


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes in a store; `state` is live or damaged (a deleting one is never handed out). Of a plain one `sealed` is
    None.
    """

    id: str
    store: str
    digest: Digest
    location: str
    size: int
    state: str
    sealed: SealedKey | None = None

    @property
    def key(self) -> str:
        """The ARN of the key that is part of its identity, '' of a plain one."""
        return "" if self.sealed is None else self.sealed.key


@dataclass(frozen=True, slots=True)
class Link:
    """That a repository holds a blob; a condemned link is absent to HEAD, availability checks and mounts, and so is one
    that only archived images need.
    """

    digest: Digest
    blob: Blob
    condemned: bool
    archived: bool = False


class StoredManifest(msgspec.Struct, frozen=True, gc=False):
    """A manifest of a repository, its exact bytes included where they were asked for; `archived_at` and `activated_at`
    are when it last was archived and restored.
    """

    digest: Digest
    media_type: str
    kind: str
    artifact_type: str | None
    subject: Digest | None
    image_size: int
    size: int
    pushed_at: datetime
    last_pulled_at: datetime | None
    body: bytes
    status: ImageStatus = "ACTIVE"
    archived_at: datetime | None = None
    activated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload session; see design "Uploads that continue anywhere" for `hashed_to`, `digest` and `boot_id`."""

    id: str
    repository_id: str
    principal_id: str
    algorithm: str
    offset: int
    hashed_to: int
    digest: str
    boot_id: str
    parts: int
    last_part: int | None
    short_part: int | None
    created_at: datetime
    sealed: SealedKey | None = None
