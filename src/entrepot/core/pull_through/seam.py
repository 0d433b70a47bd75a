"""What the doors are given of the pull-through cache. What it does behind that waits for others, and is put together in
app/pull_through_parts.py.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple, Protocol

from entrepot.core.access import Caller
from entrepot.core.calls import Telling
from entrepot.core.pull_through.rules import Rule, Terms
from entrepot.core.referrers import Referrer
from entrepot.db.records import Blob, Repository, StoredManifest
from entrepot.errors import (
    Fact,
    UpstreamBusy,
    UpstreamDenied,
    UpstreamImageAbsent,
    UpstreamImageUnusable,
    UpstreamLoginUnusable,
    UpstreamUnavailable,
)
from entrepot.spec.digest import Digest
from entrepot.spec.reference import Reference, Tag
from entrepot.spec.repository import RepositoryKey

# what an upstream does not give, as BatchGetImage and events call it
CODES: Mapping[type[Fact], str] = {
    UpstreamBusy: "UpstreamTooManyRequests",
    UpstreamDenied: "UpstreamAccessDenied",
    UpstreamImageAbsent: "ImageNotFound",
    UpstreamImageUnusable: "ImageInaccessible",
    UpstreamLoginUnusable: "UpstreamAccessDenied",
    UpstreamUnavailable: "UpstreamUnavailable",
}


class ArrivingBlob(NamedTuple):
    """A blob that is on its way: its size, and its bytes as they come, which end short with what is wrong only."""

    digest: Digest
    size: int
    pieces: AsyncGenerator[bytes, None]


class Refreshed(NamedTuple):
    """Which image each tag has now, and why the upstream could not be asked for some."""

    digests: Mapping[str, Digest]
    failures: Mapping[str, str]


class Pulls(Protocol):
    """Reads as core/reads.py has them, which bring from an upstream what is not here.

    They raise what reads do, and the facts of errors/pull_through.py.
    """

    async def manifest(
        self,
        caller: Caller,
        key: RepositoryKey,
        reference: Reference,
        telling: Telling | None = None,
        *,
        head: bool = False,
    ) -> tuple[Repository, StoredManifest]:
        """What a tag or digest names; `head`: only whether it is there, its blobs are not to come."""

    async def blob(self, caller: Caller, key: RepositoryKey, digest: Digest) -> tuple[Digest, int]:
        """Digest and size of a blob that is here, or on its way: BlobNotFound."""

    async def open_blob(
        self, caller: Caller, key: RepositoryKey, digest: Digest
    ) -> tuple[Blob, BinaryIO] | ArrivingBlob:
        """A blob and its bytes, or one that is on its way."""

    async def comes(self, key: RepositoryKey, digest: Digest) -> bool:
        """Whether a layer is on its way, which is waited for, for a while: UpstreamLayerUnavailable."""

    def is_here(self, key: RepositoryKey, digest: Digest) -> bool:
        """Whether it is an image of the repository, as it is known at this moment."""

    def has_upstream(self, key: RepositoryKey) -> bool:
        """Whether a rule says where images of this name come from."""

    async def mirrored(self, caller: Caller, key: RepositoryKey, host: str) -> str:
        """The repository that a node means who asks this server for `key` in place of a registry: RepositoryNotFound
        for one that this server would have of another registry.
        """

    async def close(self) -> None:
        """End what is under way."""


class Lists(Protocol):
    """What is listed of an upstream and looked for there at once."""

    def has_upstream(self, key: RepositoryKey) -> bool:
        """Whether a rule says where images of this name come from."""

    async def upstream_referrers(self, caller: Caller, key: RepositoryKey, subject: Digest) -> Sequence[Referrer]:
        """What the upstream lists, as lately as the rule wants it; nothing without a rule, or for who may not import:
        UpstreamReferrersUnavailable where it cannot be asked and was not known before.
        """

    async def refresh(self, caller: Caller, key: RepositoryKey, tag: Tag | None) -> Refreshed:
        """Look upstream for a tag now, or for those of the repository that came from there: RepositoryNotFound,
        ImageNotFound, PullThroughRuleNotFound; the facts of errors/pull_through.py for a tag.
        """

    async def failure(self, rule: Rule) -> str:
        """Why the upstream of a rule cannot be pulled from; '' where it can."""


@dataclass(frozen=True, slots=True)
class PullThrough:
    """The pull-through cache as a door has it; `terms` are what rules are judged by."""

    pulls: Pulls
    lists: Lists
    terms: Terms
