"""An upload is a byte string, whoever writes it and whatever is lost in between.

Two workers take turns; workers are dropped with what they remember, the machine boots anew, spools gain bytes that no
row knows or lose some that one does, clients go away in the middle. What is acknowledged is byte-identical.
"""

import hashlib
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from entrepot.core.hot import Hot
from entrepot.core.transfers import Transfers
from entrepot.errors import DigestMismatch, UploadNotFound, UploadOutOfOrder, UploadTooLarge
from entrepot.spec.digest import Digest
from tests.factories.callers import OTHER_ACCOUNT, caller, repository
from tests.factories.transfers import STORE, Place, arriving

LARGEST = 64
KEY, OTHER_KEY = repository("one"), repository("two")
FOREIGN_KEY = repository("one", OTHER_ACCOUNT)
pieces = st.lists(st.binary(max_size=12), max_size=3)
workers = st.integers(0, 1)
algorithms = st.sampled_from(["sha256", "sha512"])


class Uploads(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.directory = tempfile.TemporaryDirectory()
        self.data = Path(self.directory.name)
        self.place = Place(self.data, LARGEST)
        for key in (KEY, OTHER_KEY, FOREIGN_KEY):
            self.place.create(key)
        self.workers = [self.worker(), self.worker()]
        self.upload = ""
        self.content = b""

    def worker(self) -> Transfers:
        return self.place.worker()

    def teardown(self) -> None:
        self.place.close()
        self.directory.cleanup()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.place.run(work)

    @property
    def spool(self) -> Path:
        return self.place.spool(self.upload)

    @initialize(at=workers, algorithm=algorithms, first=st.binary(min_size=1, max_size=12))
    def under_way(self, at: int, algorithm: str, first: bytes) -> None:
        """Most of what can happen, happens to a session that has bytes."""
        self.start(at, algorithm)
        self.append(at, [first], placed=True)

    @precondition(lambda self: not self.upload)
    @rule(at=workers, algorithm=algorithms)
    def start(self, at: int, algorithm: str) -> None:
        self.upload = self.run(self.workers[at].start(caller(), KEY, algorithm)).id
        self.content = b""

    @precondition(lambda self: self.upload)
    @rule(at=workers, parts=pieces, placed=st.booleans())
    def append(self, at: int, parts: list[bytes], placed: bool) -> None:
        start = len(self.content) if placed else None
        if len(self.content) + sum(map(len, parts)) > LARGEST:
            with pytest.raises(UploadTooLarge):
                self.run(self.workers[at].append(caller(), KEY, self.upload, arriving(*parts), start))
            self.content = self.content_after_cut(parts)
        else:
            after = self.run(self.workers[at].append(caller(), KEY, self.upload, arriving(*parts), start))
            self.content += b"".join(parts)
            assert after.offset == len(self.content)

    @precondition(lambda self: self.upload)
    @rule(at=workers, parts=pieces)
    def client_goes_away(self, at: int, parts: list[bytes]) -> None:
        if len(self.content) + sum(map(len, parts)) <= LARGEST:
            with pytest.raises(ConnectionResetError):
                self.run(self.workers[at].append(caller(), KEY, self.upload, arriving(*parts, lost=True), None))
            self.content += b"".join(parts)

    @precondition(lambda self: self.upload)
    @rule(at=workers, wrong=st.integers(-LARGEST, LARGEST).filter(bool))
    def append_elsewhere(self, at: int, wrong: int) -> None:
        with pytest.raises(UploadOutOfOrder):
            self.run(self.workers[at].append(caller(), KEY, self.upload, arriving(b"x"), len(self.content) + wrong))

    @rule(at=workers)
    def drop_worker(self, at: int) -> None:
        self.workers[at] = self.worker()

    @rule()
    def boot_anew(self) -> None:
        self.place.boot += 1
        self.workers = [self.worker(), self.worker()]

    @precondition(lambda self: self.upload and self.content)
    @rule(excess=st.binary(min_size=1, max_size=8))
    def spool_has_excess(self, excess: bytes) -> None:
        with self.spool.open("ab") as file:
            file.write(excess)

    @precondition(lambda self: self.upload and self.content)
    @rule()
    def power_cut_takes_bytes(self) -> None:
        self.spool.write_bytes(self.content[:-1])
        self.boot_anew()
        with pytest.raises(UploadNotFound):
            self.run(self.workers[0].append(caller(), KEY, self.upload, arriving(b"x"), None))
        self.run(self.workers[0].cancel(caller(), KEY, self.upload))
        self.gone()

    @precondition(lambda self: self.upload and self.content)
    @rule(at=workers, flip=st.integers(0, LARGEST - 1), algorithm=algorithms)
    def power_cut_alters_bytes(self, at: int, flip: int, algorithm: str) -> None:
        """Another boot wrote the digest: it is not trusted over the bytes."""
        altered = bytearray(self.content)
        altered[flip % len(altered)] ^= 1
        self.spool.write_bytes(altered)
        self.boot_anew()
        with pytest.raises(DigestMismatch):
            self.complete_as(at, Digest.of(self.content, algorithm))
        self.gone()

    @precondition(lambda self: self.upload)
    @rule(at=workers)
    def foreign_is_absent(self, at: int) -> None:
        for who, key in ((caller(OTHER_ACCOUNT), FOREIGN_KEY), (caller(), OTHER_KEY)):
            foreign, absent = self.refusals(at, who, key, self.upload), self.refusals(at, who, key, "0" * 36)
            assert foreign == absent

    def refusals(self, at: int, who: Any, key: Any, upload: str) -> list[str]:
        told = []
        for work in (
            self.workers[at].find(who, key, upload),
            self.workers[at].append(who, key, upload, arriving(b"x"), None),
            self.workers[at].complete(who, key, upload, Digest.of(self.content), None),
            self.workers[at].cancel(who, key, upload),
        ):
            with pytest.raises(UploadNotFound) as refused:
                self.run(work)
            told.append(str(refused.value).replace(upload, ""))
        return told

    @precondition(lambda self: self.upload)
    @rule(at=workers)
    def cancel(self, at: int) -> None:
        self.run(self.workers[at].cancel(caller(), KEY, self.upload))
        self.gone()

    @precondition(lambda self: self.upload)
    @rule(at=workers, algorithm=algorithms, last=st.none() | st.binary(max_size=8))
    def complete(self, at: int, algorithm: str, last: bytes | None) -> None:
        if len(self.content) + len(last or b"") > LARGEST:
            return
        self.content += last or b""
        digest = Digest.of(self.content, algorithm)
        blob = self.complete_as(at, digest, last)
        stored = (self.data / blob.location).read_bytes()
        assert stored == self.content
        assert hashlib.new(algorithm, stored).hexdigest() == digest.hex
        with self.place.store.open_checked(self.held(digest).location, len(self.content)) as file:
            assert file.read() == self.content
        self.gone(digest)

    @precondition(lambda self: self.upload)
    @rule(at=workers)
    def complete_as_something_else(self, at: int) -> None:
        with pytest.raises(DigestMismatch):
            self.complete_as(at, Digest.of(self.content + b"more"))
        self.gone()

    def complete_as(self, at: int, digest: Digest, last: bytes | None = None) -> Any:
        chunks = None if last is None else arriving(last)
        return self.run(self.workers[at].complete(caller(), KEY, self.upload, digest, chunks))

    def held(self, digest: Digest) -> Any:
        found = Hot(self.place.database.snapshot()).held(STORE, digest)
        assert found is not None
        return found

    def gone(self, digest: Digest | None = None) -> None:
        """An ended session is absent to its owner too, at every worker, and leaves no spool."""
        assert not self.spool.exists()
        for worker in self.workers:
            with pytest.raises(UploadNotFound):
                self.run(worker.complete(caller(), KEY, self.upload, digest or Digest.of(self.content), None))
        self.upload = ""

    def content_after_cut(self, parts: list[bytes]) -> bytes:
        """What fitted, chunk by chunk, counts."""
        content = self.content
        for part in parts:
            if len(content) + len(part) > LARGEST:
                break
            content += part
        return content


TestUploads = Uploads.TestCase
TestUploads.settings = settings(max_examples=30, stateful_step_count=20)
