"""Archives of many documents in a tar file, however compressed: what is broken or too much is refused by name."""

import bz2
import gzip
import io
import json
import lzma
import tarfile
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
import zstandard

from entrepot.core.vulnerabilities import tarballs
from entrepot.core.vulnerabilities.importing import Importing
from entrepot.db.vulnerability_generations import Generations
from entrepot.errors.scanning import VulnerabilityFileUnknown
from entrepot.scan.budgets import Budgets
from tests.factories.advisory_files import record

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "tar": bytes,
    "tar.gz": gzip.compress,
    "tar.bz2": bz2.compress,
    "tar.xz": lzma.compress,
    "tar.zst": lambda data: zstandard.ZstdCompressor().compress(data),
    "two.tar.xz": lambda data: lzma.compress(data[:1000]) + lzma.compress(data[1000:]),
}


def tar(**files: bytes) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name.replace("__", "/"))
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return made.getvalue()


def osv(count: int) -> bytes:
    records = {f"osv__cve__DSA-{number}.json": json.dumps(record(f"DSA-{number}")).encode() for number in range(count)}
    return tar(**{"README.md": b"no record"}, **records)


def records(path: Path) -> int:
    with closing(Generations(path.parent / "vulndb")) as generations:
        done = Importing(generations, datetime(2026, 1, 1, tzinfo=UTC), False, (), lambda _: None).run([path])
        (brought,) = done.brought
        assert brought.source == "Debian"
        return brought.counts.added


@pytest.mark.parametrize("kind", PACKERS)
def test_every_document_is_imported(tmp_path, kind):
    path = tmp_path / f"all.{kind}"
    path.write_bytes(PACKERS[kind](osv(30)))
    assert records(path) == 30


@pytest.mark.parametrize("kind", ["tar.gz", "tar.bz2", "tar.xz", "tar.zst"])
@pytest.mark.parametrize("cut", [-20, 400])
def test_what_is_cut_short_is_refused(tmp_path, kind, cut):
    path = tmp_path / f"all.{kind}"
    path.write_bytes(PACKERS[kind](osv(300))[:cut])
    with pytest.raises(VulnerabilityFileUnknown):
        list(tarballs.documents(path))


@pytest.mark.parametrize("kind", ["tar.gz", "tar.bz2", "tar.xz", "tar.zst"])
def test_what_costs_too_much_is_refused(tmp_path, kind):
    path = tmp_path / f"all.{kind}"
    path.write_bytes(PACKERS[kind](tar(**{"a.json": bytes(50_000_000)})))
    with pytest.raises(VulnerabilityFileUnknown):
        list(tarballs.documents(path, Budgets(unpacked=10_000_000)))
