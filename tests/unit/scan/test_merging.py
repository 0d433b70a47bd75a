"""An image holds what its topmost layer leaves of those below."""

import pytest

from entrepot.scan.merging import Image, merge
from entrepot.scan.packages import Layer
from tests.factories.tars import Made, directory, file, layer, link, symlink, tar

A, B, C = "a 1", "b 1", "c 1"
STATUS = "var/lib/dpkg/status"
WHEEL = "usr/lib/python3/dist-packages/list"


def image(*layers: tuple[Made, ...]) -> Image:
    return merge((f"sha256:{place}", layer(tar(*entries))) for place, entries in enumerate(layers))


def held(found: Image) -> dict[str, dict[str, int]]:
    """`name version` of the packages by their paths, each with the place of its layer."""
    by_path: dict[str, dict[str, int]] = {}
    for each in found.packages:
        name = f"{each.package.name} {each.package.version}"
        by_path.setdefault(each.package.path, {})[name] = int(each.layer.removeprefix("sha256:"))
    return by_path


def status(*packages: str) -> Made:
    stanzas = [
        f"Package: {each.split()[0]}\nStatus: install ok installed\nVersion: {each.split()[1]}\n" for each in packages
    ]
    return file(STATUS, "\n".join(stanzas))


def test_an_image_without_layers_holds_nothing():
    assert merge([]) == Image(None, [], [], [])


def test_the_last_that_wrote_a_database_wins_whole():
    found = image((status(A, B),), (file("x"),), (status(B, C),))
    assert held(found) == {STATUS: {B: 0, C: 2}}
    assert [(each.kind, each.path, each.layer) for each in found.databases] == [("dpkg", STATUS, "sha256:2")]


def test_a_package_is_of_the_first_layer_of_its_unbroken_run():
    assert held(image((status(A),), (status(A, B),), (status(B),), (file("x"),), (status(A, B),))) == {
        STATUS: {A: 4, B: 1}
    }
    assert held(image((status(A),), (status("a 2"),), (status(A),))) == {STATUS: {A: 2}}
    assert held(image((status(A),), (file("var/.wh.lib"),), (status(A),))) == {STATUS: {A: 2}}


@pytest.mark.parametrize(
    "above",
    [
        file("var/lib/dpkg/.wh.status"),
        file("var/lib/.wh.dpkg"),
        file(".wh.var"),
        file("var/lib/.wh..wh..opq"),
        file(".wh..wh..opq"),
        symlink("var/lib/dpkg/status", "x"),
        symlink("var/lib", "x"),
        directory("var/lib/dpkg/status"),
        file("var"),
        file("var/lib", "of no interest"),
    ],
)
def test_a_database_goes_with_its_file(above):
    found = image((status(A), file("etc/list", B)), (above,))
    assert found.databases == []
    assert STATUS not in held(found)


@pytest.mark.parametrize(
    "above",
    [
        file("var/lib/dpkg/status.d/.wh.x"),
        file("va/.wh.r"),
        file("var/lib/dpkg/status.d/.wh..wh..opq"),
        file("va"),
        file("var/lib/dpkg/status-old"),
    ],
)
def test_what_is_not_above_it_takes_nothing(above):
    assert held(image((status(A),), (above,))) == {STATUS: {A: 0}}


def test_each_file_of_status_d_is_its_own():
    folder = "var/lib/dpkg/status.d"
    one, two = (file(f"{folder}/{name}", f"Package: {name}\nVersion: 1\n") for name in "ab")
    two_anew = file(f"{folder}/b", "Package: b\nVersion: 2\n")
    assert held(image((one, two), (two_anew,))) == {f"{folder}/a": {A: 0}, f"{folder}/b": {"b 2": 1}}
    assert held(image((one, two), (file(f"{folder}/.wh.a"),))) == {f"{folder}/b": {B: 0}}


def test_several_databases_are_kept():
    apk = file("lib/apk/db/installed", "P:b\nV:1\n")
    assert held(image((status(A),), (apk,))) == {STATUS: {A: 0}, "lib/apk/db/installed": {B: 1}}


def test_a_database_that_cannot_be_read_replaces_the_one_below():
    found = image((status(A),), (file(STATUS, "!"),))
    assert found.packages == []
    assert [(each.path, each.layer) for each in found.unread] == [(STATUS, "sha256:1")]
    assert image((file(STATUS, "!"),), (status(A),)).unread == []
    assert image((file(STATUS, "!"),), (file("var/.wh.lib"),)).unread == []


def test_language_packages_live_by_their_files():
    below = (file("app/x/list", A), file("app/y/list", B), file("z/list", C))
    assert held(image(below, (file("app/.wh.x"),))) == {"app/y/list": {B: 0}, "z/list": {C: 0}}
    assert held(image(below, (file("app/.wh..wh..opq"), file("app/new/list", "d 1")))) == {
        "z/list": {C: 0},
        "app/new/list": {"d 1": 1},
    }
    assert held(image(below, (file("app/x/list"), file("app/y/list", "b 2")))) == {
        "z/list": {C: 0},
        "app/y/list": {"b 2": 1},
    }
    assert held(image(below, (symlink("app", "z"),))) == {"z/list": {C: 0}}
    assert held(image(below, (file("app/x/list", f"{A}\n{B}"),)))["app/x/list"] == {A: 0, B: 1}


def test_a_whiteout_takes_nothing_of_its_own_layer():
    assert held(image((file("a/list", A),), (file("a/list", B), file(".wh.a")))) == {"a/list": {B: 1}}
    assert held(image((file("a/list", A),), (file("a/list", B), file("a/.wh..wh..opq")))) == {"a/list": {B: 1}}


def test_a_file_where_a_folder_was_takes_all_that_lay_in_it_and_so_the_other_way():
    assert held(image((file("a.lst/list", A),), (file("a.lst", B),))) == {"a.lst": {B: 1}}
    assert held(image((file("a.lst", A),), (file("a.lst/list", B),))) == {"a.lst/list": {B: 1}}
    assert held(image((file("a.lst", A),), (directory("a.lst"),))) == {}
    assert held(image((file("a.lst/list", A),), (directory("a.lst"),))) == {"a.lst/list": {A: 0}}


def test_a_file_that_nobody_reads_takes_what_lay_there_all_the_same():
    below = (file("app/x/list", A), file("app/tool", b"\x7fELFgo", 0o755), file("app2/list", B))
    assert held(image(below, (file("app", "text"),))) == {"app2/list": {B: 0}}
    assert held(image(below, (file("app/x", "text", 0o600),), (file("app/y"),))) == {
        "app/tool": {"go 1": 0},
        "app2/list": {B: 0},
    }
    assert held(image(below, (file("app/tool", b"\x7fELFgo"),))) == {"app/x/list": {A: 0}, "app2/list": {B: 0}}
    assert held(image(below, (file("store"), link("app", "store")))) == {"app2/list": {B: 0}}
    assert held(image(below, (file("app", "text"),), (file("app/x/list", A),))) == {
        "app2/list": {B: 0},
        "app/x/list": {A: 2},
    }


def test_a_layer_marks_a_million_files_in_little_room():
    names = [f"usr/share/doc/{place}/copyright" for place in range(2000)]
    found = layer(tar(*map(file, names), file("a/list", A), symlink("b", "a")))
    assert len(found.plain) == 8 * len(names)
    assert layer(tar(*map(file, reversed(names)))).plain == found.plain


def test_files_in_an_archive_go_with_it():
    one = layer(tar(file("a/list", A)))
    inner = Layer(packages=[one.packages[0].__class__("maven", "g:a", "1", "app.jar!/lib/a.jar")])
    assert len(merge([("0", inner)]).packages) == 1
    assert merge([("0", inner), ("1", Layer(read=["app.jar"]))]).packages == []
    assert merge([("0", inner), ("1", Layer(removed=["app.jar"]))]).packages == []


# ---------------------------------------------------------------- owned files
def listed(*paths: str, name: str = "a") -> Made:
    return file(f"var/lib/dpkg/info/{name}.list", "".join(f"/{path}\n" for path in paths))


def test_language_files_that_a_system_package_owns_are_left_out():
    found = image((status(A), listed(WHEEL), file(WHEEL, "requests 2.20"), file("app/list", C)))
    assert held(found) == {STATUS: {A: 0}, "app/list": {C: 0}}


def test_ownership_is_that_of_the_topmost_layer():
    wheel = file(WHEEL, "requests 2.20")
    assert WHEEL in held(image((status(A), listed(WHEEL), wheel), (file("var/lib/dpkg/info/.wh.a.list"), status())))
    assert WHEEL in held(image((status(A), listed(WHEEL), wheel), (status(A), listed())))
    assert WHEEL not in held(image((wheel,), (status(A), listed(WHEEL))))
    assert WHEEL in held(image((status(A), listed(WHEEL), wheel), (file("var/.wh.lib"),)))


def test_a_file_is_owned_by_either_of_its_names():
    program = file("usr/bin/tool", b"\x7fELFgo", 0o755)
    assert held(image((program, listed("bin/tool")))) == {}
    assert held(image((program, listed("usr/bin/tool")))) == {}
    assert held(image((program, listed("usr/local/bin/tool")))) == {"usr/bin/tool": {"go 1": 0}}
    installed = "P:a\nV:1\nF:usr/lib/node_modules/npm\nR:list\n"
    data = (file("usr/lib/node_modules/npm/list", C), file("usr/lib/apk/db/installed", installed))
    assert held(image(data)) == {"usr/lib/apk/db/installed": {A: 0}}


# ---------------------------------------------------------------- releases
def test_the_release_is_what_the_best_file_says():
    os_release, vendor = file("etc/os-release", "ID=ubuntu"), file("usr/lib/os-release", "ID=debian")
    number, sentence = (
        file("etc/debian_version", "12.1"),
        file("etc/redhat-release", "CentOS Linux release 7.9.2009 (Core)"),
    )

    def identity(*layers: tuple[Made, ...]) -> str:
        found = image(*layers)
        return found.release.id if found.release else ""

    assert identity((number, vendor, os_release)) == "ubuntu"
    assert identity((os_release,), (vendor,)) == "ubuntu"
    assert identity((os_release, vendor), (file("etc/.wh.os-release"),)) == "debian"
    assert identity((os_release, vendor), (symlink("etc/os-release", "../usr/lib/os-release"),)) == "debian"
    assert identity((number, sentence)) == "centos"
    assert identity((number,)) == "debian"
    assert identity((file("x"),)) == ""
    assert identity((vendor,), (os_release,), (file("etc/os-release", "?"),)) == "debian"
