"""Archives of Java: whose they are, what lies in them, and what they may not cost."""

import zipfile

import pytest

from entrepot.errors.scanning import FileMalformed
from entrepot.scan.languages import java, zips
from entrepot.scan.packages import Package
from tests.factories.language_files import archive, manifest, memory, names, packages, pom, readers, told

NESTED = pom("org.example", "inner", "2.0")


def nested(depth: int, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Archives within archives, each with a library."""
    data = archive(pom("g", f"a{depth}", "1"))
    for level in range(depth - 1, -1, -1):
        data = archive({**pom("g", f"a{level}", "1"), "lib/inner.jar": data}, compression)
    return data


@pytest.mark.parametrize("ending", ["jar", "war", "ear", "par", "jpi", "hpi", "JAR"])
def test_an_archive_is_what_its_pom_says(ending):
    path = f"opt/app.{ending}"
    data = archive(
        {**manifest(Implementation_Title="other", Implementation_Version="0"), **pom("org.example", "a", "1")}
    )
    assert packages(path, data) == [Package("maven", "org.example:a", "1", path)]


def test_a_licence_is_the_archives_own():
    data = archive({**manifest(Bundle_License="Apache-2.0"), **pom("g", "a", "1"), **pom("g", "b", "2")})
    assert [(each.name, each.licence) for each in packages("a-1.jar", data)] == [("g:a", "Apache-2.0"), ("g:b", "")]


def test_each_pom_of_a_shaded_archive_is_a_package_and_so_is_the_archive():
    data = archive({**pom("com.google.guava", "guava", "31.1"), **pom("g", "b", "2")})
    assert names("opt/mine-7.jar", data) == [("mine:mine", "7"), ("com.google.guava:guava", "31.1"), ("g:b", "2")]
    assert names("opt/b-2.jar", data) == [("g:b", "2"), ("com.google.guava:guava", "31.1")]


def test_a_pom_that_stands_twice_counts_once():
    twice = [
        *pom("g", "a", "1").items(),
        ("BOOT-INF/classes/META-INF/maven/g/a/pom.properties", pom("g", "a", "1").popitem()[1]),
    ]
    assert names("a-1.jar", archive(twice)) == [("g:a", "1")]


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_archives_within_archives_are_read(compression):
    outer = archive(
        {
            **pom("org.example", "outer", "1.0"),
            "BOOT-INF/lib/inner-2.0.jar": archive(NESTED),
            "BOOT-INF/lib/spring-core-5.3.20.jar": archive({"a.class": ""}),
        },
        compression,
    )
    assert packages("opt/app.jar", outer) == [
        Package("maven", "org.example:outer", "1.0", "opt/app.jar"),
        Package("maven", "org.example:inner", "2.0", "opt/app.jar!/BOOT-INF/lib/inner-2.0.jar"),
        Package(
            "maven", "org.springframework:spring-core", "5.3.20", "opt/app.jar!/BOOT-INF/lib/spring-core-5.3.20.jar"
        ),
    ]


def test_a_program_before_the_archive_is_skipped():
    assert names("app.jar", b"#!/bin/sh\nexec java -jar $0\n" + archive(NESTED)) == [("org.example:inner", "2.0")]


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("depth", [8, 10, 100])
def test_archives_nest_eight_deep_and_what_is_deeper_is_said(depth, compression):
    found, reason = told("a.jar", nested(depth, compression))
    assert [each.name for each in found] == [f"g:a{level}" for level in range(min(depth, 8) + 1)]
    assert found[-1].path == "a.jar" + "!/lib/inner.jar" * min(depth, 8)
    assert ("archives nest more than 8 deep" in reason) is (depth > 8)


def test_a_broken_inner_archive_hides_no_other_and_is_said():
    data = archive({"lib/a.jar": b"none", "lib/b.jar": archive(NESTED)})
    found, reason = told("outer-1.jar", data)
    assert [each.name for each in found] == ["outer:outer", "org.example:inner"]
    assert reason == "outer-1.jar cannot be read: lib/a.jar: it is no zip archive"


def test_an_archive_without_a_name_or_a_version_is_no_package():
    assert names("opt/app.jar", archive({"a.class": ""})) == []
    assert names("opt/app.jar", archive({})) == []


@pytest.mark.parametrize("data", [b"", b"PK", b"text", b"PK\5\6" + b"\xff" * 18, b"PK\5\6" * 10_000])
def test_what_is_no_archive_is_malformed(data):
    found, reason = told("a.jar", data)
    assert found == []
    assert reason.startswith("a.jar cannot be read: ")


def told_within(budget: zips.Budget, path: str, data: bytes) -> tuple[list[Package], str]:
    """What is told of an archive that may cost so much, and why it stopped."""
    found: list[Package] = []
    try:
        found.extend(each for each in java.read(memory(path, data), budget))
    except FileMalformed as fault:
        return found, str(fault)
    return found, ""


def fanned(data: bytes, count: int) -> bytes:
    """An archive whose entries all are the same bytes."""
    single = archive({"lib/inner-1.jar": data}, zipfile.ZIP_STORED)
    start, end = single.rindex(b"PK\1\2"), single.rindex(b"PK\5\6")
    directory = single[start:end] * count
    return single[:start] + directory + zips._END.pack(b"PK\5\6", 1, 1, len(directory), start, 0)


def test_entries_that_overlap_end():
    """Twenty entries that are the same archive, eight times: twenty thousand million archives in a few kilobytes."""
    data = archive(NESTED)
    for _ in range(8):
        data = fanned(data, 20)
    assert len(data) < 100_000
    for spent, reason in [
        (zips.Budget(archives=300), "has more than 10000 archives"),
        (zips.Budget(entries=1000), "have more than 2000000 entries"),
        (zips.Budget(opened=100_000), "open to more than"),
    ]:
        found, said = told_within(spent, "a-1.jar", data)
        assert len(found) < 1000
        assert reason in said


def test_an_entry_that_is_compressed_too_well_is_refused():
    data = archive({"lib/bomb.jar": b"\0" * 3_000_000})
    assert "is compressed more than 200 times" in told("a.jar", data)[1]


def test_what_all_archives_of_a_file_open_to_is_bounded():
    data = archive({f"lib/{number}.jar": archive(NESTED) for number in range(10)})
    found, reason = told_within(zips.Budget(opened=1000), "a.jar", data)
    assert 0 < len(found) < 10
    assert "open to more than" in reason


def test_how_many_entries_all_archives_of_a_file_have_is_bounded():
    inner = archive({f"{number}.class": "" for number in range(5)} | NESTED)
    data = archive({f"lib/{number}.jar": inner for number in range(10)})
    found, reason = told_within(zips.Budget(entries=20), "a.jar", data)
    assert 0 < len(found) < 3
    assert "entries" in reason


def test_how_many_packages_a_file_tells_of_is_bounded():
    entries = (entry for number in range(20_010) for entry in pom("g", f"a{number}", "1").items())
    found, reason = told("a-1.jar", archive(entries, zipfile.ZIP_STORED))
    assert len(found) == 20_000
    assert "more than 20000 packages" in reason


def test_lists_and_manifests_are_read_only_as_far_as_they_may_be_long():
    long = archive({**manifest(Implementation_Version="1"), "pom.properties": "#" * 70_000})
    assert "70000 bytes: more than the 65536" in told("a.jar", long)[1]
    signed = {"META-INF/MANIFEST.MF": "Implementation-Version: 3\n\n" + "Name: a\nSHA-256-Digest: b\n\n" * 100_000}
    assert names("a.jar", archive(signed)) == [("a:a", "3")]


def test_names_of_entries_that_are_no_text_are_shown_replaced():
    data = archive({"lib/a\n\u202e.jar": archive(NESTED)})
    assert [each.path for each in packages("a.jar", data)] == ["a.jar!/lib/a\ufffd\ufffd.jar"]


def test_nobody_else_reads_archives():
    assert len(readers("opt/a.jar")) == 1
    assert not readers("opt/a.zip")
