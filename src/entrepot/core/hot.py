"""Rows read on the event loop, never stale after an acknowledged write.

A repository's row (with its stamp) is re-read whenever the database has changed since it was last read; what hangs
below it is compared by that stamp. The version is read before the stamp and the stamp before what it covers, so a
change between two reads makes an entry look older than it is, never newer. The absence of a repository is remembered
like its presence, until anything changes: a denial takes as long for the one as for the other.

The version is read once for each turn of the event loop. In a turn asyncio runs the handlers that were woken before it
reads from sockets again, so whoever shares a version was received, whole, before it was read.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from entrepot.core import lookup, resources
from entrepot.core.recent import Recent
from entrepot.core.resources import Resource, Tags
from entrepot.db import (
    accounts,
    blobs,
    entities,
    image_signatures,
    image_standings,
    images,
    profile_signatures,
    public_aliases,
    quotas,
    registries,
    registry_scanning,
    repositories,
    repository_admissions,
    resource_tags,
    tags,
    uploads,
)
from entrepot.db.database import Reader
from entrepot.db.exception_records import Admission, Standing
from entrepot.db.identity_records import Identity
from entrepot.db.profile_signatures import Vouched
from entrepot.db.quotas import QuotasSet
from entrepot.db.records import AccessKey, Blob, Link, Registry, Repository, StoredManifest, Upload
from entrepot.db.snapshot import Executable, Row, Snapshot
from entrepot.spec.digest import Digest
from entrepot.spec.reference import Reference, Tag
from entrepot.spec.repository import RegistryKey, RepositoryKey

T = TypeVar("T")
_MOST_MANIFEST_BYTES = 64 * 1024 * 1024
_MOST_ABSENT = 4096  # apart from what is there, which nobody pushes out by asking for what is not
_MOST_ENTRIES = 65_536
_ENTRY_BYTES = 512  # what an entry weighs beside its bytes


class Hot:
    """The hot rows of one event loop; not thread-safe.

    `next_turn` calls back when the present turn of the loop is over (`loop.call_soon`); without one, each read looks
    for the version anew.
    """

    def __init__(self, snapshot: Snapshot, next_turn: Callable[[Callable[[], object]], object] | None = None) -> None:
        self._snapshot = snapshot
        self._next_turn = next_turn
        self._version: int | None = None
        self._repositories: Recent[RepositoryKey, tuple[int, Repository]] = Recent(_MOST_ENTRIES)
        self._registries: Recent[RegistryKey, tuple[int, Registry]] = Recent(_MOST_ENTRIES)
        self._quotas: Recent[RegistryKey, tuple[int, QuotasSet]] = Recent(_MOST_ENTRIES)
        self._resources: Recent[RepositoryKey, tuple[Repository, Registry, Resource]] = Recent(_MOST_ENTRIES)
        self._absent: Recent[RepositoryKey, int] = Recent(_MOST_ABSENT)
        self._absent_resources: Recent[RepositoryKey, tuple[Registry, Resource]] = Recent(_MOST_ABSENT)
        self._keys: Recent[str, tuple[int, AccessKey]] = Recent(_MOST_ENTRIES)
        self._identities: Recent[str, tuple[int, Identity]] = Recent(_MOST_ENTRIES)
        self._aliases: Recent[str, tuple[int, str]] = Recent(_MOST_ENTRIES)
        self._primary_aliases: Recent[str, tuple[int, str]] = Recent(_MOST_ENTRIES)
        self._manifests: Recent[tuple[str, str], tuple[int, StoredManifest]] = Recent(_MOST_MANIFEST_BYTES)
        self._tags: Recent[tuple[str, str], tuple[int, str]] = Recent(_MOST_ENTRIES)
        self._links: Recent[tuple[str, str], tuple[int, Link]] = Recent(_MOST_ENTRIES)
        self._admissions: Recent[str, tuple[int, Admission | None]] = Recent(_MOST_ENTRIES)
        self._signatures: Recent[tuple[str, str], tuple[int, str]] = Recent(_MOST_ENTRIES)
        self._vouched: Recent[tuple[str, str], tuple[int, Sequence[Vouched]]] = Recent(_MOST_ENTRIES)
        self._standings: Recent[tuple[str, str], tuple[int, Standing | None]] = Recent(_MOST_ENTRIES)

    def repository(self, key: RepositoryKey) -> Repository | None:
        """The live repository of this name, with its present stamp."""
        version = self._present_version()
        entry = self._repositories.get(key)
        if entry is not None and entry[0] == version:
            return entry[1]
        if entry is None and self._absent.get(key) == version:
            return None
        registry = key.registry
        row = self._snapshot.one(
            repositories.FIND, account=registry.account, kind=registry.kind, region=registry.region, name=key.name
        )
        if row is None:
            self._repositories.drop(key)
            self._absent.put(key, version)
            return None
        if entry is not None and entry[1].id == row.id and entry[1].stamp == row.stamp:
            found = entry[1]
        else:
            found = repositories.record(row)
        self._repositories.put(key, (version, found))
        return found

    def registry(self, key: RegistryKey) -> Registry:
        """What was set for a registry as a whole."""
        version = self._present_version()
        entry = self._registries.get(key)
        if entry is not None and entry[0] == version:
            return entry[1]
        row = self._snapshot.one(registries.FIND, account=key.account, kind=key.kind, region=key.region)
        found = registries.record(row, key)
        if entry is not None and entry[1] == found:
            found = entry[1]
        self._registries.put(key, (version, found))
        return found

    def quotas(self, key: RegistryKey) -> QuotasSet:
        """The quotas that an operator set for a registry, read again whenever anything has changed."""
        version = self._present_version()
        entry = self._quotas.get(key)
        if entry is not None and entry[0] == version:
            return entry[1]
        found = self._snapshot.together(lambda reader: quotas.of_registry(reader, key))
        self._quotas.put(key, (version, found))
        return found

    def resource(self, key: RepositoryKey, repository: Repository | None) -> Resource:
        """A repository as what is acted upon, whether or not it was found."""
        registry = self.registry(key.registry)
        if repository is None:
            return self._absent_resource(key, registry)
        entry = self._resources.get(key)
        if entry is not None and entry[0] is repository and entry[1] is registry:
            return entry[2]
        found = resources.of_repository(key, repository, registry, self._resource_tags)
        self._resources.put(key, (repository, registry, found))
        return found

    def _absent_resource(self, key: RepositoryKey, registry: Registry) -> Resource:
        entry = self._absent_resources.get(key)
        if entry is not None and entry[0] is registry:
            return entry[1]
        found = resources.of_repository(key, None, registry, self._resource_tags)
        self._absent_resources.put(key, (registry, found))
        return found

    def _resource_tags(self, repository_id: str) -> Tags:
        return self._snapshot.together(lambda reader: resource_tags.list_of(reader, repository_id))

    def access_key(self, key_id: str) -> AccessKey | None:
        """The access key of this id."""
        return self._present(self._keys, key_id, accounts.FIND_KEY, accounts.access_key_of, id=key_id)

    def identity(self, entity_id: str) -> Identity | None:
        """The user or role of this unique id."""
        return self._present(self._identities, entity_id, entities.FIND_IDENTITY, entities.identity, id=entity_id)

    def alias(self, name: str) -> str | None:
        """The account whose public registry has this alias."""
        return self._present(self._aliases, name, public_aliases.FIND, lambda row: str(row.account_id), name=name)

    def primary_alias(self, account: str) -> str | None:
        """The alias that addresses of an account's public registry are written with."""
        statement = public_aliases.FIND_PRIMARY
        return self._present(self._primary_aliases, account, statement, lambda row: str(row.name), account=account)

    def _present(
        self,
        known: Recent[str, tuple[int, T]],
        key: str,
        statement: Executable,
        record: Callable[[Row], T],
        **parameters: str,
    ) -> T | None:
        """What a row says, read again whenever anything has changed."""
        version = self._present_version()
        entry = known.get(key)
        if entry is not None and entry[0] == version:
            return entry[1]
        row = self._snapshot.one(statement, **parameters)
        if row is None:
            known.drop(key)
            return None
        found = record(row)
        known.put(key, (version, found))
        return found

    def manifest(self, repository: Repository, reference: Reference) -> StoredManifest | None:
        """The manifest that a tag or digest names now."""
        if isinstance(reference, Tag):
            return self._tagged(repository, reference)
        known = self._known(repository, reference)
        if known is not None:
            return known
        row = self._snapshot.one(images.FIND, of=repository.id, digest=reference)
        return None if row is None else self._remember(repository, images.record(row, bytes(row.body)))

    def _tagged(self, repository: Repository, tag: Tag) -> StoredManifest | None:
        """Many tags name few images: only an image that is not known yet is read with its bytes."""
        entry = self._tags.get((repository.id, tag))
        if entry is not None and entry[0] == repository.stamp:
            digest = entry[1]
        else:
            pointed = self._snapshot.one(tags.FIND, of=repository.id, name=tag)
            if pointed is None:
                return None
            digest = pointed.digest
            self._tags.put((repository.id, tag), (repository.stamp, digest))
        known = self._known(repository, digest)
        if known is not None:
            return known
        # tag and image in one statement: between two the tag may move, and its old image go
        row = self._snapshot.one(images.FIND_BY_TAG, of=repository.id, name=tag)
        return None if row is None else self._remember(repository, images.record(row, bytes(row.body)))

    def _known(self, repository: Repository, digest: str) -> StoredManifest | None:
        entry = self._manifests.get((repository.id, digest))
        return entry[1] if entry is not None and entry[0] == repository.stamp else None

    def _remember(self, repository: Repository, found: StoredManifest) -> StoredManifest:
        self._manifests.put((repository.id, found.digest), (repository.stamp, found), len(found.body) + _ENTRY_BYTES)
        return found

    def admission(self, repository: Repository) -> Admission | None:
        """What was set of which images a repository hands out; a change of it gives the repository another stamp."""
        entry = self._admissions.get(repository.id)
        if entry is not None and entry[0] == repository.stamp:
            return entry[1]
        row = self._snapshot.one(repository_admissions.FIND, of=repository.id)
        found = None if row is None else repository_admissions.record(row)
        self._admissions.put(repository.id, (repository.stamp, found))
        return found

    def standing(self, repository: Repository, digest: Digest) -> Standing | None:
        """How an image stands by its last scan that ended, read again whenever anything has changed."""
        version = self._present_version()
        entry = self._standings.get((repository.id, digest))
        if entry is not None and entry[0] == version:
            return entry[1]
        found = self._snapshot.together(lambda reader: _standing(reader, repository, digest))
        self._standings.put((repository.id, digest), (version, found))
        return found

    def signed(self, repository: Repository, digest: Digest) -> str:
        """For which digest an image counts as signed, '' for none, read again whenever anything has changed."""
        version = self._present_version()
        entry = self._signatures.get((repository.id, digest))
        if entry is not None and entry[0] == version:
            return entry[1]
        row = self._snapshot.one(image_signatures.FIND, of=repository.id, image=digest)
        found = "" if row is None else str(row.signed)
        self._signatures.put((repository.id, digest), (version, found))
        return found

    def vouched(self, repository: Repository, digest: Digest) -> Sequence[Vouched]:
        """The signing profiles that vouch for an image, read again whenever anything has changed."""
        version = self._present_version()
        entry = self._vouched.get((repository.id, digest))
        if entry is not None and entry[0] == version:
            return entry[1]
        found = self._snapshot.together(lambda reader: profile_signatures.list_of(reader, repository.id, digest))
        self._vouched.put((repository.id, digest), (version, found))
        return found

    def images(self, repository: Repository | None, reference: Reference) -> Sequence[tuple[str, str]]:
        """Tag and digest of what a reference names: of a digest with each tag that it has."""
        named = (reference, "") if isinstance(reference, Tag) else ("", reference)
        return self._snapshot.together(lambda reader: lookup.images(reader, repository, [named]))

    def link(self, repository: Repository, digest: Digest) -> Link | None:
        """The repository's link to a blob, a condemned one too."""
        entry = self._links.get((repository.id, digest))
        if entry is not None and entry[0] == repository.stamp:
            return entry[1]
        return self.link_now(repository, digest)

    def link_now(self, repository: Repository, digest: Digest) -> Link | None:
        """`link`, read again: for bytes that are no longer where the cached row said."""
        row = self._snapshot.one(blobs.FIND_LINK, of=repository.id, digest=digest)
        if row is None:
            self._links.drop((repository.id, digest))
            return None
        found = blobs.link_of(row)
        if found.condemned or found.archived or found.blob.state != "live":  # a push takes all back without a new stamp
            self._links.drop((repository.id, digest))
        else:
            self._links.put((repository.id, digest), (repository.stamp, found))
        return found

    def held(self, store: str, digest: Digest, key: str = "") -> Blob | None:
        """The blob of this digest in a store under a key of KMS ('': plain), live or damaged, whoever holds it."""
        row = self._snapshot.one(blobs.FIND_HELD, store=store, digest=digest, key=key)
        return None if row is None else blobs.blob_of(row)

    def upload(self, upload_id: str) -> Upload | None:
        """The upload session of this id, whoever it belongs to."""
        row = self._snapshot.one(uploads.FIND, id=upload_id)
        return None if row is None else uploads.record(row)

    def version(self) -> int:
        """A number that is another whenever anything has changed; read it before what is kept under it."""
        return self._present_version()

    def ask(self, work: Callable[[Reader], T]) -> T:
        """What the rows say at this moment; kept nowhere."""
        return self._snapshot.together(work)

    def _present_version(self) -> int:
        if self._version is not None:
            return self._version
        if self._next_turn is None:
            return self._snapshot.version()
        self._next_turn(self._forget_version)  # first: what is woken after the version was read comes after this
        self._version = self._snapshot.version()
        return self._version

    def _forget_version(self) -> None:
        self._version = None


def _standing(reader: Reader, repository: Repository, digest: Digest) -> Standing | None:
    registry = repository.key.registry
    row = reader.one(registry_scanning.FIND, account=registry.account, region=registry.region)
    kind = registry_scanning.record(row).scan_type
    row = reader.one(image_standings.FIND, of=repository.id, image=digest, kind=kind)
    return None if row is None else image_standings.record(row)
