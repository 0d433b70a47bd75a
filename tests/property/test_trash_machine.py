"""Deletes, restores, pushes, purges and collections in any order: what may be restored is never lost, what was purged
or has expired never comes back, and nothing in the trash is seen anywhere else.

The model keeps what a repository holds and what its trash must hold; after each step both are compared.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from entrepot.core import deletion, images, repositories, restoring, trash, uploads
from entrepot.core.collection import Collector, Periods
from entrepot.core.uploads import Bytes
from entrepot.db import integrity
from entrepot.db import repositories as repository_rows
from entrepot.db import trash as rows
from entrepot.db.records import Blob
from entrepot.errors import ImageNotFound, RepositoryAlreadyExists, RepositoryNotFound, TrashedNotFound
from entrepot.spec.digest import Digest
from entrepot.spec.reference import Tag
from entrepot.spec.ulid import new_ulid
from tests.factories.callers import EPOCH, caller, image_manifest, registry, repository
from tests.factories.machines import DatabaseMachine
from tests.factories.memory_store import MemoryStore

GRACE = 100  # seconds in the trash
COLLECTED_AFTER = timedelta(seconds=10)
CONFIG = b"{}"
LAYERS = [b"a", b"bb", b"ccc"]
MANIFESTS = [image_manifest([layer], CONFIG) for layer in LAYERS]
KEY = repository("one")

numbers = st.sampled_from(range(len(LAYERS)))
tags = st.sampled_from(["t", "u"])


@dataclass
class Kept:
    """What the trash must hold of one deletion."""

    number: int
    tags: set[str]
    until: datetime


class Trash(DatabaseMachine):
    def __init__(self) -> None:
        super().__init__()
        self.store = MemoryStore()
        self.now = EPOCH
        self.collector = Collector(self.database, self.store, "main", Periods(COLLECTED_AFTER, timedelta(0)))
        self.write(trash.put_grace, registry(), GRACE)
        self.write(repositories.create, KEY, repositories.RepositoryDraft())
        self.held: dict[int, set[str]] = {}
        self.kept: list[Kept] = []
        self.buried: list[tuple[dict[int, set[str]], list[Kept], datetime]] = []
        self.exists = True

    def write(self, work: Any, *args: Any, **kwargs: Any) -> Any:
        self.now += timedelta(milliseconds=1)
        who = msgspec.structs.replace(caller(at=self.now), request_id=str(uuid.uuid4()))
        return self.database.submit(lambda tx: work(tx, who, *args, **kwargs)).result()

    def unexpired(self) -> list[Kept]:
        return [each for each in self.kept if each.until > self.now]

    @rule(number=numbers, tag=tags)
    def push(self, number: int, tag: str) -> None:
        if not self.exists:
            return
        for data in (CONFIG, LAYERS[number]):
            fresh = self.adopted(data)
            found = Bytes(fresh.digest, "main", fresh, None, None)
            blob = self.write(uploads.finish, KEY, None, found, refuse_held=False)
            if blob.location != fresh.location:
                self.store.remove(fresh.location)
        self.write(images.put, KEY, Tag(tag), MANIFESTS[number], images.OCI_RULES)
        for named in self.held.values():
            named.discard(tag)
        self.held.setdefault(number, set()).add(tag)

    def adopted(self, data: bytes) -> Blob:
        digest, generation, upload_id = Digest.of(data), new_ulid(), str(uuid.uuid4())
        with self.store.spool(upload_id, create=True) as spool:
            spool.write(data)
        location = self.store.adopt(upload_id, digest, generation)
        self.store.discard(upload_id)
        return Blob(generation, "main", digest, location, len(data), "live")

    @rule(number=numbers)
    def delete_by_digest(self, number: int) -> None:
        try:
            self.write(deletion.delete, KEY, MANIFESTS[number].digest)
        except (ImageNotFound, RepositoryNotFound):
            assert not self.exists or number not in self.held
        else:
            self.bury(number, self.held[number])

    @rule(tag=tags)
    def delete_by_tag(self, tag: str) -> None:
        try:
            self.write(deletion.delete, KEY, Tag(tag))
        except (ImageNotFound, RepositoryNotFound):
            assert not self.exists or not any(tag in named for named in self.held.values())
            return
        (number,) = (number for number, named in self.held.items() if tag in named)
        if self.held[number] == {tag}:
            self.bury(number, {tag})
        else:
            self.held[number].discard(tag)

    def bury(self, number: int, named: set[str]) -> None:
        self.kept.append(Kept(number, set(named), self.now + timedelta(seconds=GRACE)))
        del self.held[number]

    @rule(number=numbers)
    def restore(self, number: int) -> None:
        try:
            (done,) = self.write(restoring.restore_image, KEY, None, MANIFESTS[number].digest)
        except (TrashedNotFound, RepositoryNotFound):
            assert not self.exists or all(each.number != number for each in self.unexpired())
            return
        kept = [each for each in self.unexpired() if each.number == number][-1]
        self.kept.remove(kept)
        others = set().union(*(named for other, named in self.held.items() if other != number))
        assert set(done.tags) == kept.tags - others
        assert {tag for tag, _ in done.taken} == kept.tags & others
        self.held.setdefault(number, set()).update(done.tags)

    @rule(number=numbers)
    def purge(self, number: int) -> None:
        if not self.exists or not (found := [each for each in self.unexpired() if each.number == number]):
            return
        repository_id = self.present().id
        entry = self.database.read(lambda tx: rows.find(tx, repository_id, MANIFESTS[number].digest, self.now))
        assert entry is not None
        self.write(trash.purge, KEY, entry.id)
        self.kept.remove(found[-1])

    @rule()
    def delete_repository(self) -> None:
        try:
            self.write(repositories.delete, KEY, force=True)
        except RepositoryNotFound:
            assert not self.exists
            return
        self.buried.append((self.held, self.kept, self.now + timedelta(seconds=GRACE)))
        self.held, self.kept, self.exists = {}, [], False

    @rule()
    def create_repository(self) -> None:
        if not self.exists:
            self.write(repositories.create, KEY, repositories.RepositoryDraft())
            self.exists = True

    @rule()
    def restore_repository(self) -> None:
        try:
            self.write(restoring.restore_repository, KEY)
        except RepositoryAlreadyExists:
            assert self.exists
        except TrashedNotFound:
            assert not any(until > self.now for _, _, until in self.buried)
        else:
            self.held, self.kept, _ = self.buried.pop()
            self.exists = True

    @rule(seconds=st.sampled_from([1, 15, 40]))
    def collect_later(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)
        self.collector.run(self.now)

    def present(self) -> Any:
        found = self.database.read(lambda tx: repository_rows.find(tx, KEY))
        assert found is not None
        return found

    @invariant()
    def repository_holds_what_the_model_says(self) -> None:
        if not self.exists:
            assert self.database.read(lambda tx: repository_rows.find(tx, KEY)) is None
            return
        page = self.database.read(lambda tx: images.describe(tx, caller(), KEY, images.Filter(), 100, ""))
        held = {row.digest: set(images.tags_of(row.tags)) for row in page.images}
        assert held == {MANIFESTS[number].digest: named for number, named in self.held.items()}

    @invariant()
    def everything_held_or_kept_has_its_blobs(self) -> None:
        def missing(tx: Any) -> list[Any]:
            keys = [*integrity.manifests(tx, ("", ""), 100), *integrity.trashed(tx, "", 100)]
            return [each for key in keys for each in integrity.unlinked(tx, key, ())]

        assert self.database.read(missing) == []

    @invariant()
    def the_trash_is_what_the_model_says(self) -> None:
        who = msgspec.structs.replace(caller(), at=self.now)
        page = self.database.read(lambda tx: trash.list_of(tx, who, registry(), 1000, ""))
        found = sorted(each.digest for each in page.items if isinstance(each, trash.TrashedImage))
        assert found == sorted(str(MANIFESTS[each.number].digest) for each in self.unexpired())
        repositories_kept = [each for each in page.items if isinstance(each, trash.TrashedRepository)]
        assert len(repositories_kept) == sum(until > self.now for _, _, until in self.buried)


TestTrash = Trash.TestCase
TestTrash.settings = settings(max_examples=40, stateful_step_count=30)
