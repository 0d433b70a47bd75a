"""Laws of what reads the files of languages: whatever the bytes, packages or the facts that say why not."""

import io
import json
import zipfile
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from packageurl import PackageURL

from entrepot.scan.languages import fields, jar_names
from entrepot.scan.languages.zips import Archive, Budget, Part, ZipRefused
from entrepot.scan.packages import Package
from entrepot.scan.purl import purl
from tests.factories.language_files import Content, archive, manifest, pom, told

MORE = 2 * settings().max_examples
INNER = archive({**pom("org.example", "inner", "2"), **manifest(Implementation_Version="2")})
GOOD: dict[str, Content] = {
    "a-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: a\nVersion: 1\nLicense: MIT\n\ntext\n",
    "b.egg": archive({"EGG-INFO/PKG-INFO": "Name: b\nVersion: 1\n"}),
    "node_modules/c/package.json": '{"name": "c", "version": "1", "license": {"type": "MIT"}}',
    "d-1.jar": archive({**pom("g", "d", "1"), "lib/inner.jar": INNER, "lib/other-1.jar": INNER}),
    "e.war": archive({**manifest(Implementation_Version="1"), "lib/inner.jar": INNER}, zipfile.ZIP_STORED),
    "x/specifications/f-1.gemspec": '# stub: f 1 ruby lib\ns.name = "f"\ns.version = "1"\ns.licenses = ["MIT"]\n',
    "vendor/composer/installed.json": '{"packages": [{"name": "g/g", "version": "v1", "license": ["MIT"]}]}',
    "h.deps.json": '{"libraries": {"h/1": {"type": "package"}}, "targets": {"t": {"h/1": {"runtime": {"a": {}}}}}}',
    "usr/share/sbom/i.json": '{"bomFormat": "CycloneDX", "components": [{"purl": "pkg:npm/i@1", "components": []}]}',
    "opt/bitnami/j/.spdx-j.spdx": json.dumps(
        {
            "spdxVersion": "SPDX-2.3",
            "packages": [{"externalRefs": [{"referenceType": "purl", "referenceLocator": "pkg:bitnami/j@1"}]}],
        }
    ),
}
ENDINGS = sorted(GOOD)


def corrupted(data: bytes, changes: list[tuple[int, bytes, int]]) -> bytes:
    """The bytes with some replaced, put in and cut out."""
    for at, put, cut in changes:
        place = at % (len(data) + 1)
        data = data[:place] + put + data[place + cut :]
    return data


def is_sound(package: Package, path: str) -> bool:
    """Whether it can be stored, shown and compared."""
    texts = (package.name, package.version, package.licence)
    return (
        package.path.startswith(path)
        and bool(package.name and package.version)
        and all(fields.text(text, 10_000) == text for text in texts)
        and PackageURL.from_string(purl(package, None)).type == package.type
    )


@pytest.mark.parametrize("path", ENDINGS)
def test_files_that_are_as_they_should_be_tell_of_packages(path):
    found, reason = told(path, GOOD[path])
    assert found
    assert reason == ""
    assert all(is_sound(each, path) for each in found)


@settings(max_examples=MORE)
@given(
    st.sampled_from(ENDINGS),
    st.lists(st.tuples(st.integers(0, 10**6), st.binary(max_size=8), st.integers(0, 8)), min_size=1, max_size=6),
)
def test_corruption_raises_nothing_but_facts(path: str, changes: list[tuple[int, bytes, int]]):
    content = GOOD[path]
    found, _ = told(path, corrupted(content.encode() if isinstance(content, str) else content, changes))
    assert all(is_sound(each, path) for each in found)


@given(st.sampled_from(ENDINGS), st.binary(max_size=300) | st.text(max_size=100))
def test_any_bytes_raise_nothing_but_facts(path: str, data: Content):
    found, _ = told(path, data.encode("utf-8", "replace") if isinstance(data, str) else data)
    assert all(is_sound(each, path) for each in found)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["name", "version", "license", "packages", "components", "purl", "libraries", "type", "targets"]
            )
            | st.text(max_size=5),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@settings(max_examples=MORE)
@given(st.sampled_from([path for path in ENDINGS if path.endswith(("json", "spdx"))]), anything, st.booleans())
def test_any_json_raises_nothing_but_facts(path: str, value: Any, known: bool):
    if known and isinstance(value, dict):
        value |= {"spdxVersion": "SPDX-2.3", "bomFormat": "CycloneDX"}
    found, _ = told(path, json.dumps(value))
    assert all(is_sound(each, path) for each in found)


@given(
    st.dictionaries(st.text(st.characters(codec="utf-8", categories=("L", "N")), min_size=1), st.binary(), max_size=5),
    st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]),
    st.binary(max_size=50),
)
def test_zips_are_read_as_the_standard_library_reads_them(content: dict[str, bytes], compression: int, before: bytes):
    assume(b"PK" not in before)
    data = before + archive(dict(content), compression)
    opened = Archive(Part(io.BytesIO(data), 0, len(data)), Budget())
    read = {entry.name: opened.read(entry, 10**6) for entry in opened.entries(lambda _: True)}
    assert read == content


@given(st.lists(st.tuples(st.integers(0, 10**6), st.binary(max_size=4), st.integers(0, 4)), max_size=4))
def test_zips_that_were_corrupted_are_read_or_refused(changes: list[tuple[int, bytes, int]]):
    data = corrupted(archive({"a": b"alpha" * 20, "b": b"", "c": b"x"}), changes)
    try:
        opened = Archive(Part(io.BytesIO(data), 0, len(data)), Budget())
        for entry in opened.entries(lambda _: True):
            assert len(opened.read(entry, 10**6)) == entry.size
    except ZipRefused:
        pass


@given(st.text(st.sampled_from("abz019.-_"), max_size=40))
def test_a_file_name_is_its_artifact_and_its_version_again(stem: str):
    name = jar_names.file_name(f"{stem}.jar")
    assert name.stem == stem
    if name.version:
        assert stem.startswith(f"{name.artifact}-{name.version}")
        assert name.version[0].isdigit()


@given(
    st.sampled_from(
        ["pypi", "npm", "maven", "golang", "gem", "cargo", "composer", "nuget", "generic", "deb", "apk", "rpm"]
    ),
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=20),
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=20),
)
def test_every_name_that_is_text_has_a_url_that_can_be_read(kind: str, name: str, version: str):
    package = fields.package(kind, name, version, "x")
    assume(package is not None)
    assert package is not None
    assert PackageURL.from_string(purl(package, None)).type == kind
