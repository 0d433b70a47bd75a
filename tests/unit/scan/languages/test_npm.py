"""Packages of npm: what package.json says, which anybody may have written."""

import json

import pytest

from entrepot.scan.packages import Package
from tests.factories.language_files import names, packages, readers, told

ROOT = "package.json"


@pytest.mark.parametrize(
    "path",
    [
        "app/package.json",
        "app/node_modules/@scope/a/package.json",
        "app/node_modules/a/node_modules/b/node_modules/c/package.json",
        "app/node_modules/.pnpm/a@1.2.3/node_modules/a/package.json",
        "usr/lib/node_modules/npm/node_modules/a/package.json",
    ],
)
def test_a_package_with_a_name_and_a_version_counts_wherever_it_lies(path):
    text = '{"name": "@scope/a", "version": "1.2.3", "license": "MIT", "dependencies": {"b": "^1"}}'
    assert packages(path, text) == [Package("npm", "@scope/a", "1.2.3", path, licence="MIT")]


def test_lock_files_are_not_read():
    assert not readers("app/package-lock.json")
    assert not readers("app/node_modules/.package-lock.json")
    assert not readers("app/yarn.lock")


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        '{"type": "module"}',
        '{"name": "a"}',
        '{"version": "1"}',
        '{"name": "a", "version": 1}',
        '{"name": ["a"], "version": "1"}',
        '{"name": null, "version": "1"}',
        '{"name": "a b", "version": "1"}',
        '{"name": "a/b", "version": "1"}',
        '{"name": "@a", "version": "1"}',
        '{"name": "@a/b/c", "version": "1"}',
        r'{"name": "a\u0000", "version": "1"}',
        '{"name": "' + "a" * 600 + '", "version": "1"}',
    ],
)
def test_without_a_name_and_a_version_it_is_no_package(text):
    assert names(ROOT, text) == []


@pytest.mark.parametrize(
    ("fields", "licence"),
    [
        ({"license": "(MIT OR Apache-2.0)"}, "(MIT OR Apache-2.0)"),
        ({"license": {"type": "MIT", "url": "https://example.com"}}, "MIT"),
        ({"license": ["MIT", {"type": "BSD"}, {"url": 1}, 7, None]}, "MIT, BSD"),
        ({"licenses": [{"type": "MIT"}, {"type": "MIT"}]}, "MIT"),
        ({"licenses": "MIT"}, "MIT"),
        ({"license": None, "licenses": ["ISC"]}, "ISC"),
        ({"license": {"type": ["MIT"]}}, ""),
        ({"license": "x" * 300}, ""),
        ({"license": ["MIT"] * 20_000}, ""),
    ],
)
def test_a_licence_is_text_an_object_or_a_list(fields, licence):
    (package,) = packages(ROOT, json.dumps({"name": "a", "version": "1", **fields}))
    assert package.licence == licence


def test_a_mark_of_the_byte_order_is_skipped():
    assert names(ROOT, '\ufeff{"name": "a", "version": "1"}') == [("a", "1")]


@pytest.mark.parametrize("text", ["", "[]", "null", "{", '{"name": "a",}', "// comment\n{}", b"\x00\x01"])
def test_broken_json_is_malformed(text):
    found, reason = told(ROOT, text)
    assert found == []
    assert reason.startswith("package.json cannot be read: it is not the JSON that it should be: ")


def test_bytes_that_are_no_text_matter_only_where_a_name_stands():
    assert names(ROOT, b'{"name": "a", "version": "1", "author": "\xff"}') == [("a", "1")]
    assert names(ROOT, b'{"name": "\xff", "version": "1"}') == []


@pytest.mark.parametrize("field", ["name", "license", "dependencies"])
def test_json_that_nests_deep_is_refused_or_skipped(field):
    text = '{"version": "1", "' + field + '": ' + "[" * 100_000 + "]" * 100_000 + "}"
    assert told(ROOT, text) == ([], "package.json cannot be read: it is nested too deep")


def test_json_of_very_many_objects_is_refused():
    text = '{"name": "a", "version": "1", "x": [' + "{}," * 500_000 + "{}]}"
    assert told(ROOT, text) == ([], "package.json cannot be read: it has more than 500000 objects and arrays")


def test_a_file_beyond_the_largest_is_too_large():
    assert "more than the 16777216 that are read" in told(ROOT, b" " * (16 * 1024 * 1024 + 1))[1]
