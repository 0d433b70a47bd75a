"""Each order by examples of its specification: what stands in one row is equal, each row comes before the next."""

from itertools import combinations

import pytest

from entrepot.errors.scanning import VersionInvalid
from entrepot.scan.versions import schemes
from entrepot.scan.versions.schemes import Scheme

ORDERS = {
    schemes.DPKG: """
        0~~ | 0~~a | 0~ | 0 0- 0-0 0:0 00 | 0a | 0+ | 1~rc1-1 | 1~rc1-2 | 1-1~bpo1 | 1-1 | 1-1+b1 | 1-1.1 | 1-a | 1.
        1.0.0-1 | 1.2-3-4 | 1.2-10-1 | 1.10 1.010 | 1.10A | 1.10a | 1.10+dfsg | 2:0.1 2:0.01-0 | 10:0
    """,
    schemes.RPM: """
        1.0~~ | 1.0~beta~2 | 1.0~rc1-9 | 1.0 0:1.0 1_0 1.00 1.0. | 1.0- | 1.0-1~x | 1.0-1 1.0-01 | 1.0-1^git | 1.0-1.el8
        1.0-1.1 | 1.0-2 | 1.0^ | 1.0^20200101 | 1.0a | 1.0a2 | 1.0b | 1.0.1 | 1.1 | 10.0 | 1:0 1:0. | 2:0-1
    """,
    schemes.APK: """
        0 | 1.00 | 1.01 | 1.1_alpha | 1.1_alpha2 | 1.1_beta | 1.1_pre1 | 1.1_pre1_p1 | 1.1_rc1 | 1.1_rc1-r1
        1.1-what 1.1-r | 1.1_what | 1.1 | 1.1-r0 1.1-r00 | 1.1-r1 | 1.1-r10 | 1.1~ab | 1.1~ab-r1 | 1.1~b | 1.1_cvs
        1.1_git2 | 1.1_hg | 1.1_p | 1.1_p1 | 1.1_p10 | 1.1a | 1.1b | 1.1b-r1 | 1.1.0 | 1.1.1 | 1.2 | 1.10 | 2
    """,
    schemes.PEP440: """
        0.1-legacy | 0.2-legacy | 1.dev1 1.0.dev1 | 1a1.dev1 | 1a1 1.alpha1 1.0-a.1 | 1b0 1b | 1rc1 1c1 1preview1
        1 1.0 v1.0.0 | 1+a | 1+a.b | 1+1 1+01 | 1+1.0 | 1.post1.dev1 | 1.post1 1-1 1.rev1 | 1.0.1 | 1.1 | 1.10 | 1!0
    """,
    schemes.SEMVER: """
        0.0.0-0 | 0 0.0 v0.0.0 0.0.0+x | 1.0.0-0 | 1.0.0-2 | 1.0.0-10 | 1.0.0-10.a | 1.0.0-A | 1.0.0-a | 1.0.0-a.1
        1.0.0-a.b | 1.0.0-a-b | 1.0.0-rc.1 1.0.0-rc.1+5 1-rc.1 | 1.0.0 1 =1.0 | 1.0.0.1 | 1.0.1 | 1.2.0 | 1.10.0
    """,
    schemes.GO: """
        v0.0.0-20190101000000-aaaaaaaaaaaa | v0.0.0-20200101000000-000000000000 | v0.1.0 | go1.21rc2 1.21.0-rc.2
        1.21.0-rc.10 go1.21rc10 | go1.21 1.21.0 v1.21.0+incompatible | go1.21.3 | v2.0.1-0.20200101000000-abcdefabcdef
        v2.0.1
    """,
    schemes.NUGET: """
        1.0.0-alpha 1.0-ALPHA | 1.0.0-beta.2 | 1.0.0-beta.10 | 1.0.0-rc | 1 1.0 1.0.0.0 1.0.0+meta
        1.0.0.1-rc | 1.0.0.1 | 1.0.1
    """,
    schemes.PUB: """
        1.0.0-a | 1.0.0-a+1 | 1.0.0 | 1.0.0+1 | 1.0.0+2 | 1.0.0+2.1 | 1.0.0+a | 1.0.1
    """,
    schemes.BITNAMI: """
        1.2.2 | 1.2.3 1.2.3+x 1.2.3-0 | 1.2.3-1 | 1.2.3-2 | 1.2.3-10 | 1.2.4
    """,
    schemes.MAVEN: """
        1-alpha 1alpha | 1-alpha-1 1a1 1.0-ALPHA1 | 1-beta | 1-milestone1 1m1 | 1-rc 1-cr | 1-rc-1 | 1-SNAPSHOT
        1 1.0 1.0.0-ga 1.final 1-RELEASE 01 | 1-sp | 1-sp-1 | 1-x | 1-1 1-ga-1 | 1.1 | 1.1.1 | 1.10
        99999999999999999999
    """,
    schemes.RUBYGEMS: """
        0 0.0 | 1.a.b | 1.a.0.b | 1.a | 1.a.1 | 1.b 1.0.b 1b 1.b.0 | 1.pre.1 1-1 | 1 1.0 1.0.0 | 1.0.0.1.a | 1.0.0.1
        1.0.1 | 1.1.a | 1.1 | 1.10
    """,
    schemes.PACKAGIST: """
        dev-main | 1.0-x 1.0y | 1.0-dev 1.0dev | 1.0-alpha 1.0a | 1.0alpha1 1.0-a.1 | 1.0b1 1.0-beta-1 | 1.0RC1 1.0-rc1
        1.0 v1.0 V1.0 | 1.0.0 | 1.0.1 | 1.0-p1 1.0pl1 1.0-patch1 | 1.1 | 1.10
    """,
    schemes.HACKAGE: """
        1 1-tag | 1.0 1.00 | 1.0.0 | 1.1 | 1.10
    """,
    schemes.R: """
        0.9 | 0.75 0-75 | 1.0 | 1.0.0 1.0-0 | 1.0-1 | 1.1
    """,
    schemes.GENERIC: """
        5.10~1 | 5.10-dev | 5.10-alpha1 | 5.10-beta1 | 5.10-rc1 5.10.0-RC1 v5.10rc1 | 5.10-rc2 | 5.10 5.10.0
        5.10a | 5.10k | 5.10.1 | 5.11 | 6
    """,
}


def rows(text: str) -> list[list[str]]:
    """A line's end divides rows as a bar does."""
    return [row.split() for line in text.strip().splitlines() for row in line.strip().split(" | ")]


@pytest.mark.parametrize("scheme", ORDERS, ids=lambda scheme: scheme.name)
def test_the_rows_come_in_their_order(scheme: Scheme):
    for earlier, later in combinations(rows(ORDERS[scheme]), 2):
        for one in earlier:
            for other in later:
                assert scheme.key(one) < scheme.key(other), (one, other)
                assert scheme.key(other) > scheme.key(one), (one, other)


@pytest.mark.parametrize("scheme", ORDERS, ids=lambda scheme: scheme.name)
def test_what_stands_in_one_row_is_equal_and_hashes_alike(scheme: Scheme):
    for row in rows(ORDERS[scheme]):
        assert len({scheme.key(version) for version in row}) == 1, row


def test_every_scheme_has_its_rows():
    assert set(ORDERS) == set(schemes.SCHEMES)


@pytest.mark.parametrize(
    ("scheme", "version"),
    [
        (schemes.DPKG, "a:1"),
        (schemes.DPKG, "-1"),
        (schemes.DPKG, "1:"),
        (schemes.DPKG, "1.é"),
        (schemes.SEMVER, "latest"),
        (schemes.SEMVER, "1.2 3"),
        (schemes.GO, "(devel)"),
        (schemes.NUGET, "-"),
        (schemes.PUB, "main"),
        (schemes.BITNAMI, "nightly"),
        (schemes.RUBYGEMS, "a"),
        (schemes.RUBYGEMS, "1.0 1"),
        (schemes.PACKAGIST, "v"),
        (schemes.HACKAGE, "1.a"),
        (schemes.R, "1..0"),
        (schemes.GENERIC, "--"),
    ],
)
def test_what_is_no_version_is_refused(scheme: Scheme, version: str):
    with pytest.raises(VersionInvalid):
        scheme.key(version)


def test_a_refusal_shows_the_version_and_its_scheme():
    with pytest.raises(VersionInvalid, match=r"'latest' is no version of the scheme semver"):
        schemes.SEMVER.key("latest")
    with pytest.raises(VersionInvalid) as refused:
        schemes.SEMVER.key("x" * 5000)
    assert len(str(refused.value)) < 200


def test_maven_s_order_is_that_of_its_specification_where_it_is_no_total_one():
    first, second, third = map(schemes.MAVEN.key, ("1-alpha", "1", "1.sp"))
    assert first < second < third < first


def test_a_key_of_maven_is_sorted_as_it_compares():
    versions = ["1.0", "1.0-rc1", "1.0.1", "1.0-alpha-1", "1.0-sp1"]
    assert sorted(versions, key=schemes.MAVEN.key) == ["1.0-alpha-1", "1.0-rc1", "1.0", "1.0-sp1", "1.0.1"]
