"""Hot caches are never stale: several workers' caches over one file answer the truth after each acknowledged write."""

import asyncio
import gc
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from entrepot.core import blobs, collection, deletion, identities, images, repositories, uploads
from entrepot.core.blobs import is_available
from entrepot.core.hot import Hot
from entrepot.core.images import OCI_RULES
from entrepot.core.reads import mark_damaged
from entrepot.core.recent import Recent
from entrepot.db import accounts, tags
from entrepot.db import blobs as blob_rows
from entrepot.db import images as image_rows
from entrepot.db import repositories as repository_rows
from entrepot.db import uploads as upload_rows
from entrepot.db.collection import LinkKey
from entrepot.db.records import Upload
from entrepot.db.sqlite import SqliteDatabase
from entrepot.errors import Fact
from entrepot.spec.digest import Digest
from entrepot.spec.reference import Reference, Tag
from tests.factories.callers import ACCOUNT, EPOCH, caller, image_manifest, repository
from tests.factories.core_database import CONFIG, CoreDatabase
from tests.factories.databases import SEAL

NAMES = ["one", "two"]
LAYERS = [b"a", b"bb"]
TAGS = [Tag("v1"), Tag("v2")]
MANIFESTS = [image_manifest([layer], CONFIG) for layer in LAYERS]
REFERENCES: list[Reference] = [*TAGS, *(manifest.digest for manifest in MANIFESTS)]
DIGESTS = [Digest.of(data) for data in (*LAYERS, CONFIG)]
WORKERS = 3
GRACE = timedelta(days=1)

names, layers, tag_names = st.sampled_from(NAMES), st.sampled_from(LAYERS), st.sampled_from(TAGS)
manifests, references = st.sampled_from(MANIFESTS), st.sampled_from(REFERENCES)


class HotCaches(RuleBasedStateMachine):
    """Writers of other processes, each with a connection of its own, and readers that remember what they can."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = tempfile.TemporaryDirectory()
        self.core = CoreDatabase(Path(self.directory.name))
        self.other = SqliteDatabase(self.core.path)
        self.snapshots = [self.core.database.snapshot() for _ in range(WORKERS)]
        self.hot = [Hot(snapshot) for snapshot in self.snapshots]
        self.keys = [key.id for key in self.core.row(accounts.keys_of, ACCOUNT)]
        self.sessions: list[str] = []
        for name in NAMES:
            self.core.repository(name)

    def teardown(self) -> None:
        for snapshot in self.snapshots:
            snapshot.close()
        self.other.close()
        self.core.close()
        self.directory.cleanup()

    def attempt(self, work: Any, *args: Any, **kwargs: Any) -> None:
        """A write by a process other than the readers; a refusal is an answer too."""
        acting = caller()
        future = self.other.submit(lambda tx: work(tx, acting, *args, **kwargs))
        assert future.exception() is None or isinstance(future.exception(), Fact)

    def unit(self, work: Any, *args: Any) -> None:
        self.other.submit(lambda tx: work(tx, *args)).result()

    @rule(name=names)
    def create(self, name: str) -> None:
        self.attempt(repositories.create, repository(name), repositories.RepositoryDraft())

    @rule(name=names, again=st.integers(0, 3))
    def delete_and_mostly_create_again(self, name: str, again: int) -> None:
        self.attempt(repositories.delete, repository(name), force=True)
        if again:
            self.create(name)

    @rule(name=names, mode=st.sampled_from(["MUTABLE", "IMMUTABLE"]))
    def set_mutability(self, name: str, mode: str) -> None:
        self.attempt(repositories.set_mutability, repository(name), mode, [])

    @rule(name=names, data=st.sampled_from([*LAYERS, CONFIG]))
    def push_blob(self, name: str, data: bytes) -> None:
        if self.core.row(repository_rows.find, repository(name)) is not None:
            held = self.core.row(blob_rows.share_held, "main", Digest.of(data))
            self.core.blob(repository(name), data, bad=held.location if held and held.state != "live" else None)

    @rule(name=names, manifest=manifests, tag=tag_names)
    def put(self, name: str, manifest: Any, tag: Tag) -> None:
        self.attempt(images.put, repository(name), tag, manifest, OCI_RULES)

    @rule(name=names, manifest=manifests, tag=tag_names)
    def push_image(self, name: str, manifest: Any, tag: Tag) -> None:
        for data in (*LAYERS, CONFIG):
            self.push_blob(name, data)
        self.put(name, manifest, tag)

    @rule(name=names, reference=references)
    def delete_image(self, name: str, reference: Reference) -> None:
        self.attempt(deletion.delete, repository(name), reference)

    @rule(name=names, digest=st.sampled_from(DIGESTS))
    def delete_blob(self, name: str, digest: Digest) -> None:
        self.attempt(blobs.delete, repository(name), digest)

    @rule(origin=names, name=names, digest=st.sampled_from(DIGESTS))
    def mount(self, origin: str, name: str, digest: Digest) -> None:
        self.attempt(blobs.mount, repository(name), repository(origin), digest)

    @rule(digest=st.sampled_from(DIGESTS))
    def damage(self, digest: Digest) -> None:
        held = self.core.row(blob_rows.share_held, "main", digest)
        if held is not None:
            self.unit(mark_damaged, held)

    @rule(name=names, digest=st.sampled_from(DIGESTS), unlink=st.booleans())
    def collect(self, name: str, digest: Digest, unlink: bool) -> None:
        found = self.core.row(repository_rows.find, repository(name))
        if found is None:
            return
        key = LinkKey(found.id, digest)
        self.unit(collection.condemn, key, EPOCH + 2 * GRACE, GRACE)
        if unlink:
            self.unit(collection.unlink, key, EPOCH + 4 * GRACE, GRACE)

    @rule()
    def rotate_the_root_key(self) -> None:
        fresh = identities.fresh_credentials(ACCOUNT)
        self.unit(identities.rotate_root_key, SEAL, fresh, EPOCH)
        self.keys = [*self.keys[-2:], fresh.access_key_id]

    @rule(name=names)
    def start_an_upload(self, name: str) -> None:
        number = f"u{len(self.sessions)}"
        new = Upload(number, "", ACCOUNT, "sha256", 0, 0, "", "boot", 0, None, None, EPOCH)
        self.attempt(uploads.start, repository(name), new)
        self.sessions.append(number)

    @rule(name=names, pick=st.integers(0, 20))
    def cancel_an_upload(self, name: str, pick: int) -> None:
        if self.sessions:
            self.attempt(uploads.cancel, repository(name), self.sessions[pick % len(self.sessions)])

    @rule(worker=st.integers(0, WORKERS - 1), name=names)
    def read_only_some(self, worker: int, name: str) -> None:
        """So that caches differ in what they remember."""
        self.check(self.hot[worker], name)

    @invariant()
    def every_worker_answers_the_truth(self) -> None:
        for hot in self.hot[1:]:
            for name in NAMES:
                self.check(hot, name)
            for key_id in [*self.keys, "absent"]:
                assert hot.access_key(key_id) == self.core.row(accounts.find_key, key_id)
            for upload_id in self.sessions[-3:]:
                assert hot.upload(upload_id) == self.core.row(upload_rows.find, upload_id)

    def check(self, hot: Hot, name: str) -> None:
        key = repository(name)
        truth = self.core.row(repository_rows.find, key)
        found = hot.repository(key)
        assert found == truth
        if found is None:
            return
        for reference in REFERENCES:
            digest = self.core.row(tags.find, found.id, reference) if isinstance(reference, Tag) else reference
            stored = None if digest is None else self.core.row(image_rows.find, found.id, digest)
            assert hot.manifest(found, reference) == stored
        for wanted in DIGESTS:
            link = self.core.row(blob_rows.find_link, found.id, wanted)
            shown = hot.link(found, wanted)
            assert is_available(shown) == is_available(link)
            assert (shown is None) == (link is None)


TestHotCaches = HotCaches.TestCase
TestHotCaches.settings = settings(max_examples=25, stateful_step_count=30)


class Counting:
    """A snapshot that counts what is read."""

    def __init__(self, snapshot: Any) -> None:
        self.snapshot = snapshot
        self.versions = self.rows = 0

    def version(self) -> int:
        self.versions += 1
        return int(self.snapshot.version())

    def one(self, statement: Any, **parameters: object) -> Any:
        self.rows += 1
        return self.snapshot.one(statement, **parameters)

    def together(self, work: Any) -> Any:
        return self.snapshot.together(work)

    def close(self) -> None:
        self.snapshot.close()


def test_what_has_not_changed_is_not_read_again_nor_is_an_absent_repository(tmp_path: Path):
    core = CoreDatabase(tmp_path)
    key = core.repository()
    core.image(key, "v1")
    counting = Counting(core.database.snapshot())
    hot = Hot(counting)

    def read() -> int:
        counting.rows = 0
        found = hot.repository(key)
        assert found is not None
        assert hot.manifest(found, Tag("v1")) is not None
        assert hot.link(found, Digest.of(b"layer")) is not None
        return counting.rows

    assert read() == 4, "the repository, the tag, its image, the link"
    assert read() == 0
    core.repository("elsewhere")
    assert read() == 1, "the stamp, and nothing below it"
    present = core.present(key)
    assert hot.repository(repository("absent")) is None
    for absent in range(1, 4):
        counting.rows = 0
        assert hot.repository(repository("absent")) is None, "like one that is there, until anything changes"
        assert hot.manifest(present, Tag("absent")) is None
        assert hot.link(present, Digest.of(b"absent")) is None
        assert hot.access_key("absent") is None
        assert counting.rows == 3, absent
    core.repository("absent")
    assert hot.repository(repository("absent")) is not None
    counting.close()
    core.close()


def test_one_turn_of_the_loop_shares_a_version_and_what_it_wakes_does_not(tmp_path: Path):
    core = CoreDatabase(tmp_path)
    key = core.repository()
    counting = Counting(core.database.snapshot())

    async def turns() -> None:
        loop = asyncio.get_running_loop()
        hot = Hot(counting, loop.call_soon)
        first, second = hot.repository(key), hot.repository(key)
        assert counting.versions == 1
        assert first is second
        core.image(key, "v1")  # acknowledged by another thread before anything else of this turn
        await asyncio.sleep(0)
        found = hot.repository(key)
        assert counting.versions == 2
        assert found is not None
        assert found.stamp == core.present(key).stamp

    asyncio.run(turns())
    counting.close()
    core.close()


def test_a_callback_that_is_woken_while_the_version_is_read_reads_its_own(tmp_path: Path):
    """The write's acknowledgement may reach the loop between the reading of the version and anything after it."""
    core = CoreDatabase(tmp_path)
    key = core.repository()

    async def turns() -> None:
        loop = asyncio.get_running_loop()
        woken = loop.create_future()

        class Racing(Counting):
            def version(self) -> int:
                version = super().version()
                if self.versions == 2:
                    core.image(key, "v1")
                    loop.call_soon(lambda: woken.set_result(hot.repository(key)))
                return version

        racing = Racing(core.database.snapshot())
        hot = Hot(racing, loop.call_soon)
        hot.repository(key)
        await asyncio.sleep(0)
        hot.repository(key)
        assert (await woken).stamp == core.present(key).stamp
        racing.close()

    asyncio.run(turns())
    core.close()


def test_no_cursor_of_a_hot_read_stays_open_and_freezes_the_version(tmp_path: Path):
    core = CoreDatabase(tmp_path)
    key = core.repository()
    snapshot = core.database.snapshot()
    hot = Hot(snapshot)
    versions = {snapshot.version()}
    for number in range(5):
        found = hot.repository(key)
        assert found is not None
        hot.manifest(found, Tag("absent"))
        core.image(key, f"v{number}")
        versions.add(snapshot.version())
    assert len(versions) == 6
    held = snapshot._connection.execute("SELECT name FROM repository UNION SELECT name FROM tag")
    held.fetchone()
    before = snapshot.version()
    core.image(key, "v9")
    assert snapshot.version() == before, "what this test guards against: an open cursor does freeze it"
    del held
    gc.collect()
    snapshot.close()
    core.close()


def test_recent_entries_stay_below_their_weight_and_the_latest_are_kept():
    recent: Recent[int, int] = Recent(100)
    for number in range(1000):
        recent.put(number % 37, number, 1 + number % 30)
        assert recent._weight == sum(weight for _, weight in recent._entries.values()) <= 100
        assert recent.get(number % 37) == number
    recent.put(5, 5, 1000)
    assert recent.get(5) is None
    assert recent._weight == 0


def test_an_entry_that_is_used_outlives_one_that_is_not():
    recent: Recent[str, int] = Recent(2)
    recent.put("used", 1)
    recent.put("unused", 2)
    assert recent.get("used") == 1
    recent.put("new", 3)
    assert (recent.get("used"), recent.get("unused"), recent.get("new")) == (1, None, 3)
