"""Package URLs: those of the specification's own examples, and what scanners add for the operating system's."""

import pytest

from entrepot.scan.packages import Package, Release
from entrepot.scan.purl import purl

DEBIAN = Release("debian", "12")


@pytest.mark.parametrize(
    ("kind", "name", "version", "expected"),
    [
        ("bitnami", "wordpress", "6.2.0", "pkg:bitnami/wordpress@6.2.0"),
        ("cargo", "rand", "0.7.2", "pkg:cargo/rand@0.7.2"),
        ("cargo", "structopt", "0.3.11", "pkg:cargo/structopt@0.3.11"),
        ("composer", "guzzlehttp/promises", "2.0.2", "pkg:composer/guzzlehttp/promises@2.0.2"),
        ("composer", "Laravel/Laravel", "5.5.0", "pkg:composer/laravel/laravel@5.5.0"),
        ("gem", "ruby-advisory-db-check", "0.12.4", "pkg:gem/ruby-advisory-db-check@0.12.4"),
        ("generic", "openssl", "1.1.10g", "pkg:generic/openssl@1.1.10g"),
        ("golang", "google.golang.org/genproto", "abcdedf", "pkg:golang/google.golang.org/genproto@abcdedf"),
        ("golang", "stdlib", "1.22.0", "pkg:golang/stdlib@1.22.0"),
        (
            "golang",
            "github.com/docker/docker",
            "v24.0.7+incompatible",
            "pkg:golang/github.com/docker/docker@v24.0.7%2Bincompatible",
        ),
        (
            "maven",
            "org.apache.xmlgraphics:batik-anim",
            "1.9.1",
            "pkg:maven/org.apache.xmlgraphics/batik-anim@1.9.1",
        ),
        ("maven", "net.sf.jacob-project:jacob", "1.14.3", "pkg:maven/net.sf.jacob-project/jacob@1.14.3"),
        ("npm", "foobar", "12.3.1", "pkg:npm/foobar@12.3.1"),
        ("npm", "@angular/animation", "12.3.1", "pkg:npm/%40angular/animation@12.3.1"),
        ("nuget", "EnterpriseLibrary.Common", "6.0.1304", "pkg:nuget/EnterpriseLibrary.Common@6.0.1304"),
        ("pypi", "django", "1.11.1", "pkg:pypi/django@1.11.1"),
        ("pypi", "Django_package", "1.11.1.dev1", "pkg:pypi/django-package@1.11.1.dev1"),
        ("generic", "a b#?", "1 2", "pkg:generic/a%20b%23%3F@1%202"),
    ],
)
def test_a_package_of_a_language_is_called_as_in_the_specification(kind, name, version, expected):
    assert purl(Package(kind, name, version, "x"), DEBIAN) == expected


def test_a_deb_names_its_distribution_its_architecture_and_its_source():
    attr = Package("deb", "attr", "1:2.4.47-2+b1", "x", arch="amd64")
    assert purl(attr, DEBIAN) == "pkg:deb/debian/attr@1:2.4.47-2%2Bb1?arch=amd64&distro=debian-12"
    built = Package("deb", "libc6", "2.36-9", "x", arch="amd64", source_name="glibc", source_version="2.36-8")
    assert purl(built, None) == "pkg:deb/libc6@2.36-9?arch=amd64&upstream=glibc%402.36-8"
    same = Package("deb", "libc6", "2.36-9", "x", source_name="glibc")
    assert purl(same, Release("debian")) == "pkg:deb/debian/libc6@2.36-9?distro=debian&upstream=glibc"


def test_an_apk_names_what_it_was_built_from_when_that_has_another_name():
    release = Release("alpine", "3.18.4")
    curl = Package("apk", "curl", "7.83.0-r0", "x", arch="x86", source_name="curl")
    assert purl(curl, release) == "pkg:apk/alpine/curl@7.83.0-r0?arch=x86&distro=alpine-3.18.4"
    library = Package("apk", "libcurl", "7.83.0-r0", "x", source_name="curl")
    assert purl(library, release) == "pkg:apk/alpine/libcurl@7.83.0-r0?distro=alpine-3.18.4&upstream=curl"


def test_the_epoch_of_an_rpm_is_a_qualifier():
    centerim = Package("rpm", "centerim", "1:4.22.10-1.el6", "x", arch="i686")
    assert (
        purl(centerim, Release("fedora", "25"))
        == "pkg:rpm/fedora/centerim@4.22.10-1.el6?arch=i686&distro=fedora-25&epoch=1"
    )
    curl = Package("rpm", "curl", "7.50.3-1.fc25", "x", arch="i386")
    assert purl(curl, Release("fedora", "25")) == "pkg:rpm/fedora/curl@7.50.3-1.fc25?arch=i386&distro=fedora-25"


def test_an_rpm_names_its_source_package_and_its_module():
    node = Package(
        "rpm", "npm", "1:6-1.el8", "x", source_name="nodejs", source_version="1:12-1.el8", modularity="nodejs:12"
    )
    assert purl(node, None) == "pkg:rpm/npm@6-1.el8?epoch=1&rpmmod=nodejs:12&upstream=nodejs-12-1.el8.src.rpm"
    same = Package("rpm", "npm", "1:6-1.el8", "x", source_name="npm")
    assert purl(same, None) == "pkg:rpm/npm@6-1.el8?epoch=1&upstream=npm-6-1.el8.src.rpm"


@pytest.mark.parametrize(
    ("distribution", "namespace"),
    [("rhel", "redhat"), ("opensuse-leap", "opensuse"), ("sles", "suse"), ("amzn", "amzn"), ("almalinux", "almalinux")],
)
def test_who_makes_an_rpm_is_its_namespace(distribution, namespace):
    url = purl(Package("rpm", "a", "1-1", "x"), Release(distribution, "9"))
    assert url == f"pkg:rpm/{namespace}/a@1-1?distro={distribution}-9"
