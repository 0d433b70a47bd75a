"""Invariant 1 as system calls: write, fsync, link, fsync of the directory, commit, answer, in that order.

kill -9 keeps the page cache and so cannot show that anything is synced; a trace can.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.factories.layouts import OCI_CONFIG, Content, manifest
from tests.factories.processes import INSTALLED, Server, serve
from tests.factories.registry import Registry, with_query
from tests.faults.traces import Call, Trace, recording

REPOSITORY = "traced/one"
BLOB = Content(OCI_CONFIG, b'{"traced":"%s"}' % (b"x" * 5000))
MANIFEST = manifest(BLOB, ())
WRITES = ("write", "pwrite64", "writev")
ANSWERS = ("sendto", "sendmsg", "write", "writev")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Without background jobs: a log that one of them has emptied is synced once more by whoever writes next."""
    with serve(
        tmp_path_factory.mktemp("traced"), extra=["--workers", "1", "--role", "api"], program=INSTALLED
    ) as running:
        running.client().create_repository(repositoryName=REPOSITORY)
        yield running


@pytest.fixture(scope="module")
def trace(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Trace:
    """One push: POST, PATCH, PUT, and the manifest."""
    supervisor = server.process.pid
    worker = int(Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()[0])
    registry = Registry(server)
    registry.request("GET", "/v2/")
    with recording(worker, tmp_path_factory.mktemp("trace") / "strace.txt") as recorded:
        opened = registry.request("POST", f"/v2/{REPOSITORY}/blobs/uploads/", b"")
        sent = registry.request("PATCH", opened.headers["Location"], BLOB.data)
        closed = registry.request("PUT", with_query(sent.headers["Location"], digest=BLOB.digest), b"")
        put = registry.put_manifest(REPOSITORY, "traced", MANIFEST)
        assert [answer.status for answer in (opened, sent, closed, put)] == [202, 202, 201, 201]
    return recorded


def answer(trace: Trace, text: str) -> Call:
    """The call that sent an answer with this in it."""
    found = [call for call in trace.calls if call.name in ANSWERS and "HTTP/1.1 201" in call.arguments]
    return next(call for call in found if text in call.arguments)


def commit(trace: Trace, before: float) -> tuple[Call, Call]:
    """The last write to the database's log before a moment, and the sync that follows it."""
    written = trace.last(*WRITES, about="entrepot.db-wal", before=before)
    return written, trace.first("fsync", "fdatasync", about="entrepot.db-wal", after=written.began)


def test_a_blob_is_written_synced_named_its_name_synced_committed_and_then_acknowledged(trace: Trace):
    told = answer(trace, f"/blobs/{BLOB.digest}")
    linked = trace.first("link", "linkat", about=BLOB.digest.partition(":")[2])
    upload = linked.arguments.partition("uploads/")[2].partition('"')[0]
    written = trace.last(*WRITES, about=f"uploads/{upload}", before=linked.began)
    synced = trace.first("fsync", "fdatasync", about=f"uploads/{upload}", after=written.ended)
    prefix = f"blobs/sha256/{BLOB.digest.partition(':')[2][:2]}"
    named = trace.first("fsync", about=prefix, after=linked.ended)
    row, committed = commit(trace, told.began)
    order = [written.ended, synced.began, synced.ended, linked.began, linked.ended, named.began, named.ended]
    order += [row.began, row.ended, committed.began, committed.ended, told.began]
    assert order == sorted(order)


def test_a_new_directory_is_named_durably_before_a_blob_in_it_is_acknowledged(trace: Trace):
    prefix = f"blobs/sha256/{BLOB.digest.partition(':')[2][:2]}"
    made = next(call for call in trace.calls if call.name in ("mkdir", "mkdirat") and prefix in call.arguments)
    synced = next(
        call
        for call in trace.calls
        if call.name == "fsync" and call.path.endswith("blobs/sha256") and call.began >= made.ended
    )
    assert synced.ended <= answer(trace, f"/blobs/{BLOB.digest}").began


def test_a_manifest_is_committed_durably_before_it_is_acknowledged(trace: Trace):
    told = answer(trace, f"/manifests/{MANIFEST.digest}")
    row, committed = commit(trace, told.began)
    assert row.began > answer(trace, f"/blobs/{BLOB.digest}").began
    assert row.ended <= committed.began <= committed.ended <= told.began


def test_nothing_is_synced_twice_and_no_image_waits_for_an_upload_row(trace: Trace):
    """PATCH and POST write rows that no image depends on: they commit without a sync."""
    syncs = [call.path.rpartition("/")[2] for call in trace.calls if call.name in ("fsync", "fdatasync")]
    assert syncs.count("entrepot.db-wal") == 2
