"""A generation goes to another deployment as one signed file: nothing else is taken, and nothing older."""

import tarfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
import zstandard

from entrepot.core.vulnerabilities import export_keys, exports
from entrepot.core.vulnerabilities.importing import Imported, Importing
from entrepot.core.vulnerabilities.known import Known
from entrepot.db.vulnerability_generations import Generations, named
from entrepot.errors.scanning import (
    VulnerabilityFileUnknown,
    VulnerabilityRollback,
    VulnerabilitySignatureInvalid,
    VulnerabilitySourceShrunk,
)
from entrepot.seal import Seal
from tests.factories.advisory_files import Record, dump, folder, record

NOW = datetime(2026, 1, 1, tzinfo=UTC)
OTHER = "2024-03-01T00:00:00Z"


class Deployment:
    """A data directory with a vulnerability database and a key of its own."""

    def __init__(self, root: Path, name: str) -> None:
        self.root = root / name
        self.directory = self.root / "vulndb"
        self.generations = Generations(self.directory)
        self.private = export_keys.private_key(self.directory, Seal(name.ljust(32).encode()))

    @property
    def public(self) -> Path:
        return self.directory / "export.pub"

    def take(self, *paths: Path, force: bool = False, trust: tuple[Path, ...] = ()) -> Imported:
        trusted = export_keys.trusted(self.directory, trust)
        return Importing(self.generations, NOW, force, trusted, lambda _: None).run(paths)

    def take_records(self, *records: Record) -> Imported:
        return self.take(dump(self.root / "Debian.zip", records))

    def export(self, name: str = "export") -> Path:
        path, file = self.root / name, named(self.directory)
        assert file is not None
        exports.write(path, file, self.private, lambda _: None)
        return path

    def names(self, package: str = "p") -> list[str]:
        with self.generations.reading() as file:
            if file is None:
                return []
            known = Known(file)
            (rows,) = known.candidates([("Debian:12", package)])
            return sorted(each.id for each in known.advisories([row[0] for row in rows]).values())


@pytest.fixture
def here(tmp_path):
    made = Deployment(tmp_path, "here")
    yield made
    made.generations.close()


@pytest.fixture
def there(tmp_path):
    made = Deployment(tmp_path, "there")
    yield made
    made.generations.close()


def test_an_export_is_taken_by_a_deployment_that_trusts_its_key(here, there):
    here.take_records(record("DSA-1"), record("DSA-2", "q"))
    imported = there.take(here.export(), trust=(here.public,))
    assert there.names() == ["DSA-1"]
    assert imported.changed == 2
    assert [(each.source, each.counts.added) for each in imported.brought] == [("Debian", 2)]
    with there.generations.reading() as file:
        assert file is not None
        assert file.changed_since(0) == [("Debian:12", "p"), ("Debian:12", "q")]


def test_a_deployment_trusts_its_own_key(here):
    here.take_records(record("DSA-1"))
    here.take(here.export())


def test_without_trust_nothing_is_taken(here, there):
    here.take_records(record("DSA-1"))
    with pytest.raises(VulnerabilitySignatureInvalid, match="nobody signed it whose key is trusted"):
        there.take(here.export())
    assert there.generations.generation() == 0
    with pytest.raises(VulnerabilityFileUnknown, match="public half"):
        there.take(here.export(), trust=(here.export(),))


def test_a_changed_byte_anywhere_is_noticed(here, there, tmp_path):
    here.take_records(record("DSA-1"))
    tar = zstandard.ZstdDecompressor().stream_reader(here.export().read_bytes()).read()
    for at in (10, 130, 600, 1550, 2176, 2600, len(tar) // 2):
        broken = tar[:at] + bytes([tar[at] ^ 1]) + tar[at + 1 :]
        (tmp_path / "broken").write_bytes(zstandard.compress(broken))
        with pytest.raises(VulnerabilitySignatureInvalid):
            there.take(tmp_path / "broken", trust=(here.public,))


@pytest.mark.parametrize("share", [0.001, 0.1, 0.3, 0.6, 0.9])
def test_a_truncated_export_is_refused(here, there, share, tmp_path):
    here.take_records(record("DSA-1"))
    data = here.export().read_bytes()
    (tmp_path / "short").write_bytes(data[: int(len(data) * share)])
    with pytest.raises((VulnerabilitySignatureInvalid, VulnerabilityFileUnknown)):
        there.take(tmp_path / "short", trust=(here.public,))


def test_an_export_is_an_archive_that_any_tool_opens(here, tmp_path):
    here.take_records(record("DSA-1"))
    tar = zstandard.ZstdDecompressor().stream_reader(here.export().read_bytes()).read()
    (tmp_path / "x.tar").write_bytes(tar)
    with tarfile.open(tmp_path / "x.tar") as archive:
        assert archive.getnames() == ["manifest.json", "manifest.sig", "vulnerabilities.db"]


def test_an_export_merges_into_what_is_there(here, there, tmp_path):
    here.take_records(record("DSA-1"), record("DSA-2", fixed="3", modified=OTHER))
    there.take_records(record("DSA-2"), record("DSA-1"))
    there.take(folder(tmp_path / "mine", [record("ACME-1")]))
    before = there.generations.generation()
    imported = there.take(here.export(), trust=(here.public,))
    assert there.names() == ["ACME-1", "DSA-1", "DSA-2"]
    counts = imported.brought[0].counts
    assert (counts.added, counts.changed, counts.same) == (0, 1, 1)
    with there.generations.reading() as file:
        assert file is not None
        assert file.changed_since(before) == [("Debian:12", "p")]
    assert there.take(here.export(), trust=(here.public,)).changed == 0


def test_what_a_source_no_longer_tells_goes_with_the_next_export(here, there):
    many = [record(f"DSA-{number}", f"p{number}") for number in range(10)]
    here.take_records(*many)
    there.take(here.export(), trust=(here.public,))
    here.take_records(*many[1:])
    there.take(here.export(), trust=(here.public,))
    assert (there.names("p0"), there.names("p1")) == ([], ["DSA-1"])


def test_an_older_export_is_refused_unless_it_is_meant(here, there):
    here.take_records(record("DSA-1"))
    old = here.export("old")
    here.take_records(record("DSA-1", fixed="3", modified=OTHER))
    there.take(here.export("new"), trust=(here.public,))
    with pytest.raises(
        VulnerabilityRollback, match="Debian of 2024-01-01T00:00:00\\+00:00, older than that of 2024-03-01"
    ):
        there.take(old, trust=(here.public,))
    there.take(old, trust=(here.public,), force=True)
    with there.generations.reading() as file:
        assert file is not None
        ((row,),) = Known(file).candidates([("Debian:12", "p")])
        assert row[2].ranges[0][1].version == "2"


def test_an_export_that_lost_much_is_refused_unless_it_is_meant(here, there, tmp_path):
    many = [record(f"DSA-{number}", f"p{number}") for number in range(10)]
    here.take_records(*many)
    there.take(here.export(), trust=(here.public,))
    less = Deployment(tmp_path, "less")
    less.take_records(*many[:5])
    with pytest.raises(VulnerabilitySourceShrunk):
        there.take(less.export(), trust=(less.public,))
    there.take(less.export(), trust=(less.public,), force=True)
    assert (there.names("p4"), there.names("p5")) == (["DSA-4"], [])
    less.generations.close()


def test_the_private_key_is_sealed_and_made_once(here, tmp_path):
    again = Deployment(tmp_path, "here")
    assert again.private == here.private
    assert here.private not in (here.directory / "export.key").read_bytes()
    assert "PRIVATE" not in here.public.read_text()
