"""What .NET programs say that they need and have."""

import json

import pytest

from entrepot.scan.packages import Package
from tests.factories.language_files import names, packages, readers, told

PATH = "app/Web.deps.json"
RUNTIME = ".NETCoreApp,Version=v8.0/linux-x64"


def written(**libraries: tuple[str, dict[str, object] | None]) -> str:
    """A file whose libraries have a type and assets, or are not spoken of in the target."""
    keys = {name.replace("__", "/").replace("_", "."): value for name, value in libraries.items()}
    return json.dumps(
        {
            "runtimeTarget": {"name": RUNTIME, "signature": ""},
            "targets": {RUNTIME: {key: assets for key, (_, assets) in keys.items() if assets is not None}},
            "libraries": {key: {"type": kind, "serviceable": True} for key, (kind, _) in keys.items()},
        }
    )


def test_packages_with_files_and_the_runtime_count():
    text = written(
        Newtonsoft_Json__13=("package", {"runtime": {"lib/net6.0/Newtonsoft.Json.dll": {}}}),
        Native__1=("package", {"native": {"a.so": {}}}),
        Targets__1=("Package", {"runtimeTargets": {"a.dll": {}}}),
        Texts__1=("package", {"resources": {"de/a.dll": {}}}),
        Unspoken__1=("package", None),
        runtimepack_Microsoft_NETCore_App_Runtime_linux__8=("runtimepack", {"runtime": {"System.dll": {}}}),
        Compile__1=("package", {"dependencies": {"A": "1"}, "compile": {"a.dll": {}}, "runtime": {}}),
        Web__1=("project", {"runtime": {"Web.dll": {}}}),
        Ref__1=("reference", {"runtime": {"Ref.dll": {}}}),
    )
    assert packages(PATH, text) == [
        Package("nuget", name, version, PATH)
        for name, version in [
            ("Newtonsoft.Json", "13"),
            ("Native", "1"),
            ("Targets", "1"),
            ("Texts", "1"),
            ("Unspoken", "1"),
            ("Microsoft.NETCore.App.Runtime.linux", "8"),
        ]
    ]


def test_without_a_target_all_packages_count():
    assert names(PATH, '{"libraries": {"A/1": {"type": "package"}}}') == [("A", "1")]
    assert names(PATH, "{}") == []


def test_a_library_without_a_version_hides_no_other_and_is_said():
    found, reason = told(PATH, '{"libraries": {"A": {"type": "package"}, "B/1": {"type": "package"}}}')
    assert [each.name for each in found] == ["B"]
    assert reason == f"{PATH} cannot be read: 1 of its packages have no name or version"


@pytest.mark.parametrize("text", ["", "[]", '{"libraries": []}', '{"libraries": {"A/1": "package"}}', '{"targets": 1}'])
def test_what_is_no_such_file_is_malformed(text):
    assert told(PATH, text)[1].startswith(f"{PATH} cannot be read: it is not the JSON that it should be")


def test_lock_and_project_files_are_not_read():
    assert not readers("app/packages.lock.json")
    assert not readers("app/Web.csproj")
