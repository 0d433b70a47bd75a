"""Every interleaving of push, mount, manifest put, delete, collect and crash keeps what manifests need.

Each unit of work is atomic; what a request does between two units is a step of its own here, so that collection runs
in between. Time is a step too.
"""

import uuid
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from entrepot.core import blobs as blob_cases
from entrepot.core import collection, deletion, images, repositories, uploads
from entrepot.core.collection import Collector, Periods
from entrepot.core.uploads import Bytes
from entrepot.db import blobs as blob_rows
from entrepot.db import collection as rows
from entrepot.db import integrity
from entrepot.db.records import Blob
from entrepot.errors import BlobsNotFound, ImageAlreadyExists, ImageNotFound
from entrepot.spec.digest import Digest
from entrepot.spec.moments import micros
from entrepot.spec.reference import Tag
from entrepot.spec.ulid import new_ulid
from tests.factories.callers import EPOCH, caller, image_manifest, repository
from tests.factories.machines import DatabaseMachine
from tests.factories.memory_store import MemoryStore

GRACE = timedelta(seconds=10)
LAYERS = [b"a", b"bb", b"ccc"]
CONFIG = b"{}"
BLOBS = [*LAYERS, CONFIG]
REPOSITORIES = ["one", "two"]

layers = st.sampled_from(LAYERS)
contents = st.sampled_from(BLOBS)
names = st.sampled_from(REPOSITORIES)
layer_sets = st.sets(layers, min_size=1, max_size=3).map(sorted)


class Collection(DatabaseMachine):
    def __init__(self) -> None:
        super().__init__()
        self.store = MemoryStore()
        self.now = EPOCH
        self.finishers: list[dict[str, Any]] = []
        self.believed: dict[tuple[str, str], Any] = {}
        self.collector = Collector(self.database, self.store, "main", Periods(GRACE, timedelta(seconds=0)))
        for name in REPOSITORIES:
            self.write(repositories.create, repository(name), repositories.RepositoryDraft())

    def write(self, work: Any, *args: Any, **kwargs: Any) -> Any:
        who = caller(at=self.now)
        return self.database.submit(lambda tx: work(tx, who, *args, **kwargs)).result()

    # -- a push, step by step

    @rule(name=names, data=contents)
    def start_push(self, name: str, data: bytes) -> None:
        digest = Digest.of(data)
        held = self.database.submit(lambda tx: blob_rows.share_held(tx, "main", digest)).result()
        seen = bad = None
        if held is not None and held.state == "live" and self.store.size(held.location) == len(data):
            seen = held.location
        elif held is not None:
            bad = held.location
        self.finishers.append({"name": name, "data": data, "seen": seen, "bad": bad, "fresh": None})

    @precondition(lambda self: self.finishers)
    @rule(pick=st.integers(0, 100))
    def adopt(self, pick: int) -> None:
        push = self.finishers[pick % len(self.finishers)]
        if push["fresh"] is None and push["seen"] is None:
            push["fresh"] = self._adopted(push["data"])

    @precondition(lambda self: self.finishers)
    @rule(pick=st.integers(0, 100))
    def finish_push(self, pick: int) -> None:
        push = self.finishers[pick % len(self.finishers)]
        if push["fresh"] is None and push["seen"] is None:
            return
        digest = Digest.of(push["data"])
        found = Bytes(digest, "main", push["fresh"], push["seen"], push["bad"])
        blob = self.write(uploads.finish, repository(push["name"]), None, found, refuse_held=False)
        if blob is None:
            push["seen"] = None
            return
        if push["fresh"] is not None and blob.location != push["fresh"].location:
            self.store.remove(push["fresh"].location)
        self.finishers.remove(push)
        self.believed[push["name"], digest] = self.now

    def _adopted(self, data: bytes) -> Blob:
        digest, generation = Digest.of(data), new_ulid()
        upload_id = str(uuid.uuid4())
        with self.store.spool(upload_id, create=True) as spool:
            spool.write(data)
        location = self.store.adopt(upload_id, digest, generation)
        self.store.discard(upload_id)
        return Blob(generation, "main", digest, location, len(data), "live")

    # -- what clients do with blobs that are there

    @rule(name=names, data=contents)
    def head(self, name: str, data: bytes) -> None:
        digest = Digest.of(data)
        answer = self.write(blob_cases.availability, repository(name), [digest])
        if answer[digest] is not None:
            self.believed[name, digest] = self.now

    @rule(source=names, into=names, data=contents)
    def mount(self, source: str, into: str, data: bytes) -> None:
        digest = Digest.of(data)
        if self.write(blob_cases.mount, repository(into), repository(source), digest):
            self.believed[into, digest] = self.now

    @rule(name=names, chosen=layer_sets, tag=st.sampled_from(["x", "y"]))
    def put(self, name: str, chosen: list[bytes], tag: str) -> None:
        manifest = image_manifest(chosen, CONFIG)
        try:
            self.write(images.put, repository(name), Tag(tag), manifest, images.OCI_RULES)
        except BlobsNotFound:
            needed = {descriptor.digest for descriptor in manifest.required_blobs}
            recent = [self.believed.get((name, digest)) for digest in needed]
            assert not all(at is not None and self.now - at < GRACE for at in recent), "said to be there, and gone"

    @rule(name=names, tag=st.sampled_from(["x", "y"]))
    def delete(self, name: str, tag: str) -> None:
        try:
            self.write(deletion.delete, repository(name), Tag(tag))
        except (ImageNotFound, ImageAlreadyExists):
            return

    # -- collection, unit by unit, and as a whole

    @rule(pick=st.integers(0, 100))
    def condemn_one(self, pick: int) -> None:
        before = micros(self.now - GRACE)
        found = self.database.read(lambda tx: list(rows.to_condemn(tx, before, rows.LinkKey("", ""), 100)))
        if found:
            key = found[pick % len(found)]
            self.database.submit(lambda tx: collection.condemn(tx, key, self.now, GRACE)).result()

    @rule(pick=st.integers(0, 100))
    def unlink_one(self, pick: int) -> None:
        before = micros(self.now - GRACE)
        found = self.database.read(lambda tx: list(rows.to_unlink(tx, before, 100)))
        if found:
            key = found[pick % len(found)]
            self.database.submit(lambda tx: collection.unlink(tx, key, self.now, GRACE)).result()

    @rule()
    def collect(self) -> None:
        self.collector.run(self.now)

    @rule()
    def sweep(self) -> None:
        if not self.finishers:  # a finisher's file is younger than the grace in real life
            self.collector.sweep(self.now)

    @rule(seconds=st.sampled_from([1, 9, 11, 25]))
    def pass_time(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)
        self.store.now = self.now.timestamp()

    @rule()
    def crash(self) -> None:
        self.finishers.clear()  # files of unfinished pushes stay behind

    @invariant()
    def manifests_are_resolvable(self) -> None:
        def missing(tx: Any) -> list[str]:
            gone: list[str] = []
            for key in integrity.manifests(tx, ("", ""), 1000):
                gone += integrity.unlinked(tx, key, ())
            return gone

        assert self.database.read(missing) == []

    @invariant()
    def held_blobs_have_their_bytes(self) -> None:
        for blob in self.database.read(lambda tx: list(blob_rows.page(tx, "main", "", 1000))):
            if blob.state == "live":
                assert self.store.files.get(blob.location) is not None
                assert Digest.of(self.store.files[blob.location]) == blob.digest


TestCollection = Collection.TestCase
