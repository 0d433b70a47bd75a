"""Generations made of small dumps: what adds, what replaces, what is refused, and who notices."""

import bz2
import gzip
import json
import lzma
import threading
import zipfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from entrepot.core.vulnerabilities.importing import Imported, Importing
from entrepot.core.vulnerabilities.known import Known
from entrepot.db.vulnerability_generations import Generations
from entrepot.errors.scanning import (
    VulnerabilityFileUnknown,
    VulnerabilityFileUnusable,
    VulnerabilityImportBusy,
    VulnerabilitySourceShrunk,
)
from tests.factories.advisory_files import dump, folder, record

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def generations(tmp_path: Path):
    made = Generations(tmp_path / "vulndb")
    yield made
    made.close()


def take(generations: Generations, *paths: Path, force: bool = False) -> Imported:
    return Importing(generations, NOW, force, (), lambda _: None).run(paths)


def known(generations: Generations, *packages: tuple[str, str]) -> Sequence[Sequence[str]]:
    with generations.reading() as file:
        assert file is not None
        all_known = Known(file)
        rows = all_known.candidates(packages)
        heads = all_known.advisories([row[0] for found in rows for row in found])
        return [sorted(heads[row[0]].id for row in found) for found in rows]


def changed(generations: Generations, since: int) -> Sequence[tuple[str, str]]:
    with generations.reading() as file:
        assert file is not None
        return file.changed_since(since)


P, Q = ("Debian:12", "p"), ("Debian:12", "q")


def test_before_the_first_import_there_is_nothing(generations):
    assert generations.generation() == 0
    with generations.reading() as file:
        assert file is None


def test_an_archive_and_a_folder_add_up(generations, tmp_path):
    take(generations, dump(tmp_path / "Debian" / "all.zip", [record("DSA-1"), record("DSA-2", "q")]))
    assert known(generations, P, Q, ("Debian:11", "p")) == [["DSA-1"], ["DSA-2"], []]
    take(generations, folder(tmp_path / "mine", [record("ACME-1")]))
    assert known(generations, P, Q) == [["ACME-1", "DSA-1"], ["DSA-2"]]


def test_a_small_archive_of_a_source_that_is_there_adds_too(generations, tmp_path):
    many = [record(f"DSA-{number}", f"p{number}") for number in range(20)]
    take(generations, dump(tmp_path / "Debian.zip", many))
    brought = take(generations, dump(tmp_path / "new" / "Debian.zip", [record("DSA-99")])).brought
    assert [(each.source, each.counts.added) for each in brought] == [("Debian (added)", 1)]
    assert known(generations, P, ("Debian:12", "p7")) == [["DSA-99"], ["DSA-7"]]


def test_a_wider_archive_adds_to_a_narrow_one_that_came_first(generations, tmp_path):
    take(generations, dump(tmp_path / "a" / "all.zip", [record("ACME-1")]))
    take(generations, dump(tmp_path / "b" / "all.zip", [record(f"DSA-{number}") for number in range(9)]))
    assert "ACME-1" in known(generations, P)[0]
    assert len(known(generations, P)[0]) == 10


def test_the_next_dump_of_a_source_takes_away_what_it_lacks_and_nothing_that_another_tells(generations, tmp_path):
    many = [record(f"DSA-{number}", f"p{number}") for number in range(10)]
    take(generations, dump(tmp_path / "Debian.zip", many))
    take(generations, folder(tmp_path / "mine", [many[1], record("ACME-1", "p0")]))
    (brought,) = take(generations, dump(tmp_path / "Debian.zip", many[2:])).brought
    assert (brought.counts.removed, brought.counts.same) == (1, 8)
    assert known(generations, ("Debian:12", "p0"), ("Debian:12", "p1")) == [["ACME-1"], ["DSA-1"]]


def test_a_dump_that_lost_much_and_brings_nothing_is_refused_and_changes_nothing(generations, tmp_path):
    many = [record(f"DSA-{number}", f"p{number}") for number in range(10)]
    generation = take(generations, dump(tmp_path / "Debian" / "all.zip", many)).generation
    less = dump(tmp_path / "less" / "all.zip", many[:5])
    with pytest.raises(VulnerabilitySourceShrunk, match="from 10 records to 5"):
        take(generations, less)
    assert generations.generation() == generation
    assert take(generations, less, force=True).brought[0].counts.removed == 5
    assert known(generations, ("Debian:12", "p9")) == [[]]


def test_the_newer_record_counts_whichever_came_first(generations, tmp_path):
    old = record("DSA-1", fixed="1", modified="2024-01-01T00:00:00Z")
    new = record("DSA-1", fixed="2", modified="2024-02-01T00:00:00Z")
    for first, second in ((old, new), (new, old)):
        take(generations, folder(tmp_path / "x", [first]), folder(tmp_path / "y", [second]), force=True)
        with generations.reading() as file:
            assert file is not None
            ((row,),) = Known(file).candidates([P])
            assert row[2].ranges[0][1].version == "2"


def test_what_changed_between_generations_is_told_by_package(generations, tmp_path):
    many = [record(f"DSA-{number}", f"p{number}") for number in range(10)]
    first = take(generations, dump(tmp_path / "Debian.zip", many)).generation
    assert len(changed(generations, 0)) == 10
    assert changed(generations, first) == []
    again = [record("DSA-0", "p0", withdrawn="2024-01-01T00:00:00Z"), record("DSA-1", "other"), *many[2:9]]
    second = take(generations, dump(tmp_path / "Debian.zip", again), force=True)
    assert changed(generations, first) == [("Debian:12", name) for name in ("other", "p0", "p1", "p9")]
    assert second.changed == 4
    assert changed(generations, second.generation) == []
    assert take(generations, dump(tmp_path / "Debian.zip", again)).changed == 0


def test_names_are_found_as_the_ecosystem_compares_them(generations, tmp_path):
    take(generations, dump(tmp_path / "x.zip", [record("PYSEC-1", "Zope.Interface", "PyPI")]))
    assert known(generations, ("PyPI", "zope-interface"), ("PyPI", "Zope_Interface")) == [["PYSEC-1"], ["PYSEC-1"]]


def test_an_advisory_is_found_by_its_id_and_by_what_it_is_about_with_all_that_it_says(generations, tmp_path):
    said = record("DSA-1", aliases=["CVE-2024-0001"], summary="s", details="d", references=[{"url": "https://a"}])
    take(generations, dump(tmp_path / "x.zip", [said, record("GHSA-1", "p", "npm", aliases=["CVE-2024-0001"])]))
    with generations.reading() as file:
        assert file is not None
        found = Known(file)
        assert len(found.search("CVE-2024-0001")) == 2
        (number,) = found.search("DSA-1")
        whole = found.whole(number)
        assert whole is not None
        assert (whole.summary, whole.details, list(whole.references)) == ("s", "d", ["https://a"])
        assert [each.name for each in whole.affected] == ["p"]
        assert found.search("CVE-2024-0002") == []
        assert found.whole(99) is None


def test_what_findings_are_not_made_of_is_counted(generations, tmp_path):
    records = [
        record("MAL-1", "x", "npm"),
        record("ALBA-1", "x", "AlmaLinux:9"),
        record("DSA-1"),
        {"id": "CVE-2024-0001"},
    ]
    path = dump(tmp_path / "x.zip", records)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("broken.json", "{")
    (brought,) = take(generations, path).brought
    assert brought.counts.left_out == {"malicious": 1, "update": 1, "unplaced": 1, "malformed": 1}
    with generations.reading() as file:
        assert file is not None
        (source,) = file.sources()
        assert (source.name, source.records, source.left_out) == ("Debian", 1, 4)
        assert source.updated_at == 1_704_067_200_000_000


def test_exploitation_and_ends_of_life_are_recognised_by_what_they_hold(generations, tmp_path):
    entry = {"cveID": "CVE-2024-0001", "dateAdded": "2024-01-02", "knownRansomwareCampaignUse": "Known"}
    kev = {"catalogVersion": "1", "dateReleased": "2024-01-02T00:00:00Z", "vulnerabilities": [entry]}
    (tmp_path / "a").write_text(json.dumps(kev))
    (tmp_path / "b").write_text(
        "#model_version:v2025.03.14,score_date:2025-09-01T12:55:00Z\ncve,epss,percentile\nCVE-2024-0001,0.5,0.75\n"
    )
    with zipfile.ZipFile(tmp_path / "c", "w") as archive:
        archive.writestr("debian.json", '{"releases": {"12": {"name": "12", "eol": "2026-06-10", "eoes": false}}}')
    take(generations, *(tmp_path / name for name in "abc"))
    with generations.reading() as file:
        assert file is not None
        found = Known(file)
        exploited, score = found.exploited("CVE-2024-0001"), found.score("CVE-2024-0001")
        assert exploited is not None
        assert score is not None
        assert (exploited.ransomware, exploited.added_at) == (True, 1_704_153_600_000_000)
        assert (score.score, score.percentile) == (0.5, 0.75)
        assert found.releases("debian")["12"].until == 1_781_049_600_000_000
        assert found.exploited("CVE-2024-0002") is None
        assert [each.name for each in found.sources()] == ["CISA KEV", "FIRST EPSS", "endoflife.date"]


UPDATE = b"""<?xml version="1.0"?><updates><update type="security"><id>ALAS2023-2024-1</id><references>
  <reference id="CVE-2024-0001" type="cve"/></references><pkglist><collection>
  <package name="curl" version="1" release="2.amzn2023" arch="x86_64"/></collection></pkglist></update></updates>"""
SECDB = b"""{"distroversion": "v3.19", "reponame": "main",
  "packages": [{"pkg": {"name": "p", "secfixes": {"2": ["CVE-2024-0001"]}}}]}"""
TRACKER = b'{"p": {"CVE-2024-0001": {"releases": {"bookworm": {"status": "open"}}}}}'
OVAL = b"""<oval_definitions><definition class="patch"><metadata><reference ref_id="ELSA-2024-0001"/>
  <cve>CVE-2024-0001</cve></metadata><criteria><criterion comment="Oracle Linux 9 is installed"/>
  <criterion comment="p is earlier than 0:2-1"/></criteria></definition></oval_definitions>"""


@pytest.mark.parametrize(
    ("content", "source", "package"),
    [
        (gzip.compress(UPDATE), "Amazon Linux:2023", ("Amazon Linux:2023", "curl")),
        (bz2.compress(OVAL), "Oracle Linux", ("Oracle Linux:9", "p")),
        (lzma.compress(SECDB), "Alpine secdb v3.19 main", ("Alpine:v3.19", "p")),
        (TRACKER, "Debian tracker", ("Debian:12", "p")),
    ],
)
def test_distributions_own_formats_are_recognised_by_what_they_hold(generations, tmp_path, content, source, package):
    (tmp_path / "given").write_bytes(content)
    (brought,) = take(generations, tmp_path / "given").brought
    assert brought.source == source
    assert len(known(generations, package)[0]) == 1
    with generations.reading() as file:
        assert file is not None
        assert len(Known(file).search("CVE-2024-0001")) == 1


def test_a_document_that_breaks_off_is_refused_as_a_whole(generations, tmp_path):
    (tmp_path / "given").write_bytes(UPDATE.replace(b"</updates>", b"<update>"))
    with pytest.raises(VulnerabilityFileUnknown, match="given"):
        take(generations, tmp_path / "given")


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"{", b"PK\x03\x04broken", b"\x1f\x8bbroken", b"cve,epss,percentile\nx"]
)
def test_a_file_that_is_nothing_of_it_is_refused_by_name(generations, tmp_path, content):
    (tmp_path / "odd").write_bytes(content)
    with pytest.raises(VulnerabilityFileUnknown, match="odd"):
        take(generations, tmp_path / "odd")
    with pytest.raises(VulnerabilityFileUnknown, match="absent"):
        take(generations, tmp_path / "absent")
    assert generations.generation() == 0


def test_one_bad_file_undoes_the_whole_import(generations, tmp_path):
    (tmp_path / "odd.json").write_text("{}")
    with pytest.raises(VulnerabilityFileUnknown):
        take(generations, dump(tmp_path / "x.zip", [record("DSA-1")]), tmp_path / "odd.json")
    assert generations.generation() == 0
    assert [each.name for each in (tmp_path / "vulndb").iterdir()] == ["import.lock"]


def test_a_reader_keeps_its_generation_until_it_is_done_and_the_old_file_goes(generations, tmp_path):
    first = take(generations, dump(tmp_path / "a.zip", [record("DSA-1")])).generation
    other = Generations(tmp_path / "vulndb")
    with generations.reading() as file:
        assert file is not None
        second = take(other, folder(tmp_path / "b", [record("DSA-2")])).generation
        assert second > first
        assert file.generation == first
        assert len(Known(file).candidates([P])[0]) == 1
        assert generations.generation() == second
        assert len(Known(file).candidates([P])[0]) == 1
    assert known(generations, P) == [["DSA-1", "DSA-2"]]
    assert [each.name for each in (tmp_path / "vulndb").glob("*.db")] == [f"{second}.db"]
    other.close()


def test_readers_see_whole_generations_one_after_another_while_they_are_swapped(generations, tmp_path):
    ended, seen = threading.Event(), list[tuple[int, int]]()

    def read() -> None:
        while not ended.wait(0.002):
            with generations.reading() as file:
                if file is not None:
                    p, q = Known(file).candidates([P, Q])
                    seen.append((file.generation, len(p)))
                    assert len(p) == len(q)

    with ThreadPoolExecutor(4) as readers:
        reading = [readers.submit(read) for _ in range(4)]
        made = []
        try:
            for number in range(8):
                both = [record(f"DSA-{number}-{package}", package) for package in "pq"]
                with closing(Generations(tmp_path / "vulndb")) as other:
                    made.append(take(other, folder(tmp_path / str(number), both)).generation)
        finally:
            ended.set()
        for each in reading:
            each.result(timeout=60)
    known_counts = {generation: count for count, generation in enumerate(made, start=1)}
    assert {known_counts[generation] - count for generation, count in seen} <= {0}
    assert generations.generation() == made[-1] == max(made)


def test_only_one_import_runs_at_a_time(generations, tmp_path):
    with Generations(tmp_path / "vulndb").making(), pytest.raises(VulnerabilityImportBusy):
        take(generations, dump(tmp_path / "a.zip", [record("DSA-1")]))


@pytest.mark.parametrize("spoilt", ["all", "middle", "gone"])
def test_a_broken_file_is_a_fact_and_is_not_built_upon_unless_that_is_meant(generations, tmp_path, spoilt):
    given = dump(tmp_path / "a.zip", [record(f"DSA-{number}", f"p{number}") for number in range(50)])
    take(generations, given)
    (file,) = (tmp_path / "vulndb").glob("*.db")
    if spoilt == "gone":
        file.unlink()
    else:
        data = bytearray(file.read_bytes())
        begin = 0 if spoilt == "all" else len(data) // 2
        data[begin:-100] = b"x" * (len(data) - begin - 100)
        file.write_bytes(data)
    with pytest.raises(VulnerabilityFileUnusable):
        take(generations, given)
    assert len(list((tmp_path / "vulndb").glob("*.db"))) == (spoilt != "gone")
    take(generations, given, force=True)
    assert known(generations, ("Debian:12", "p7")) == [["DSA-7"]]


def test_reading_a_broken_file_is_a_fact(generations, tmp_path):
    take(generations, dump(tmp_path / "a.zip", [record("DSA-1")]))
    (file,) = (tmp_path / "vulndb").glob("*.db")
    file.write_bytes(b"x" * 5000)
    with pytest.raises(VulnerabilityFileUnusable):
        Generations(tmp_path / "vulndb").generation()
    file.unlink()
    with pytest.raises(VulnerabilityFileUnusable, match="not there"):
        Generations(tmp_path / "vulndb").generation()
