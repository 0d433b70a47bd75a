"""Pushes, moved tags, deletions and tags taken off in any order, with the engine killed anywhere: in the end the
destination is equal to the source where deletions are replicated, and lacks nothing of it where they are not.
"""

import uuid
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from entrepot.core import deletion, images, repositories, uploads
from entrepot.core.replication import rules
from entrepot.core.replication.engine import Replication
from entrepot.core.replication.rules import Destination, Rule
from entrepot.core.uploads import Bytes
from entrepot.db import replication_steps
from entrepot.db.records import Blob
from entrepot.errors import ImageNotFound, ImageReferenced, RepositoryNotFound
from entrepot.spec.digest import Digest
from entrepot.spec.reference import Tag
from entrepot.spec.repository import RepositoryKey
from entrepot.spec.ulid import new_ulid
from tests.factories.callers import ACCOUNT, EPOCH, caller, image_manifest, index_manifest, repository
from tests.factories.dying import DyingDatabase, Killed
from tests.factories.machines import DatabaseMachine

CONFIG = b"{}"
LAYERS = [b"a", b"bb", b"ccc"]
IMAGES = [image_manifest([layer], CONFIG) for layer in LAYERS]
MANIFESTS = [*IMAGES, index_manifest(IMAGES[:2])]
HOME = repository("one")
NEAR = Destination("eu-west-1", ACCOUNT)
AWAY = RepositoryKey(NEAR.registry, HOME.name)
SERVED = (HOME.registry.region, NEAR.region)

numbers = st.sampled_from(range(len(MANIFESTS)))
tags = st.sampled_from(["t", "u"])
Held = dict[str, set[str]]


class Replicating(DatabaseMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = EPOCH
        self.deletes = False

    def write(self, work: Any, *args: Any, **kwargs: Any) -> Any:
        self.now += timedelta(milliseconds=1)
        who = msgspec.structs.replace(caller(at=self.now), request_id=str(uuid.uuid4()))
        return self.database.submit(lambda tx: work(tx, who, *args, **kwargs)).result()

    @initialize(deletes=st.booleans())
    def begin(self, deletes: bool) -> None:
        self.deletes = deletes
        self.write(rules.put, HOME.registry, [Rule((NEAR,), (), deletes)], SERVED, {}, "AROAREPLICATION000000")
        self.write(repositories.create, HOME, repositories.RepositoryDraft())
        for data in (CONFIG, *LAYERS):
            digest = Digest.of(data)
            blob = Blob(new_ulid(), "main", digest, f"blobs/{digest}", len(data), "live")
            self.write(uploads.finish, HOME, None, Bytes(digest, "main", blob, None, None), refuse_held=False)

    @rule(number=numbers, tag=tags)
    def push(self, number: int, tag: str) -> None:
        self.write(images.put, HOME, Tag(tag), MANIFESTS[number], images.OCI_RULES)

    @rule(number=numbers)
    def push_untagged(self, number: int) -> None:
        self.write(images.put, HOME, MANIFESTS[number].digest, MANIFESTS[number], images.OCI_RULES)

    @rule(number=numbers)
    def delete_by_digest(self, number: int) -> None:
        with suppress(ImageNotFound, ImageReferenced):
            self.write(deletion.delete, HOME, MANIFESTS[number].digest)

    @rule(tag=tags)
    def delete_by_tag(self, tag: str) -> None:
        with suppress(ImageNotFound, ImageReferenced):
            self.write(deletion.delete, HOME, Tag(tag))

    @rule(writes=st.integers(0, 6), unheard=st.booleans())
    def work_until_killed(self, writes: int, unheard: bool) -> None:
        self.now += timedelta(minutes=2)
        with suppress(Killed):
            Replication(DyingDatabase(self.database, writes, unheard=unheard)).run(self.now)

    @rule()
    def work_to_the_end(self) -> None:
        self.drain()
        here, there = self.held(HOME), self.held(AWAY)
        if self.deletes:
            assert here == there
        for digest, named in here.items():
            assert named <= there[digest]

    def drain(self) -> None:
        """Until nothing waits, not for a retry either."""
        for _ in range(20):
            self.now += timedelta(minutes=2)
            Replication(self.database).run(self.now)
            if not self.database.read(
                lambda tx: replication_steps.due(tx, datetime.max.replace(tzinfo=EPOCH.tzinfo), 1)
            ):
                return
        raise AssertionError("steps that are never done")

    def held(self, key: RepositoryKey) -> Held:
        try:
            found = self.database.read(lambda tx: images.describe(tx, caller(), key, images.LISTED, 100, ""))
        except RepositoryNotFound:
            return {}
        return {row.digest: set(images.tags_of(row.tags)) for row in found.images}

    def teardown(self) -> None:
        try:
            if self.now > EPOCH:
                self.work_to_the_end()
        finally:
            super().teardown()


TestReplicating = Replicating.TestCase
TestReplicating.settings = settings(max_examples=30, stateful_step_count=25, deadline=None)
