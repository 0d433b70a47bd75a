"""Laws of exceptions over random statements: the later counts whatever the order, and what has expired does not."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from entrepot.core.scanning.rulings import Part, Ruling, Rulings
from entrepot.db.exception_records import VulnerabilityException
from tests.factories.callers import ACCOUNT, EPOCH, REGION

OURS = "sha256:" + "a" * 64
PURLS = ["pkg:deb/debian/libssl3@3.0.9-1?arch=amd64&upstream=openssl", "pkg:deb/debian/zlib1g@1?arch=amd64"]
PARTS = [Part(PURLS[0], frozenset({"openssl", "libssl3"})), Part(PURLS[1], frozenset({"zlib", "zlib1g"}))]
PACKAGES = ["", "openssl", "zlib1g", "pkg:deb/debian/libssl3", "pkg:deb/debian/openssl?arch=source", "pkg:npm/x"]
SAYING_SO = ("not_affected", "fixed")
NOW = EPOCH + timedelta(days=5)


def exceptions() -> st.SearchStrategy[VulnerabilityException]:
    moments = st.integers(0, 9).map(lambda days: EPOCH + timedelta(days=days))
    return st.builds(
        VulnerabilityException,
        id=st.uuids().map(str),
        account=st.just(ACCOUNT),
        region=st.just(REGION),
        repository=st.sampled_from(["team/app", "team/*", "other", "app"]),
        repository_id=st.just(""),
        digest=st.sampled_from(["", OURS, "sha256:" + "b" * 64, f"pkg:oci/app@{OURS}"]),
        vulnerability=st.sampled_from(["CVE-1", "GHSA-1", "CVE-2"]),
        aliases=st.sampled_from([(), ("CVE-1",)]),
        package=st.sampled_from(PACKAGES),
        status=st.sampled_from(["accepted", "not_affected", "fixed", "affected", "under_investigation"]),
        justification=st.just(""),
        statement=st.just(""),
        owner=st.just("them"),
        origin=st.just("api"),
        said_at=moments,
        created_at=st.just(EPOCH),
        expires_at=st.none() | moments,
    )


def ruling(held: list[VulnerabilityException], *parts: Part) -> Ruling | None:
    return Rulings(held, "team/app").of(("CVE-1",), parts or PARTS[:1], frozenset({OURS}), NOW)


def one(**fields: object) -> VulnerabilityException:
    blank = VulnerabilityException(
        "id",
        ACCOUNT,
        REGION,
        "team/app",
        "",
        "",
        "CVE-1",
        (),
        "",
        "not_affected",
        "",
        "",
        "o",
        "api",
        EPOCH,
        EPOCH,
        None,
    )
    return replace(blank, **fields)  # type: ignore[arg-type]  # the fields of the record


@given(st.lists(exceptions(), max_size=8), st.randoms())
def test_the_order_in_which_exceptions_are_read_says_nothing(held: list[VulnerabilityException], random: object):
    shuffled = list(held)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # of Hypothesis
    assert ruling(held) == ruling(shuffled)


@given(st.lists(exceptions(), max_size=8))
def test_what_has_expired_is_as_if_it_had_never_been(held: list[VulnerabilityException]):
    valid = [each for each in held if each.expires_at is None or each.expires_at > NOW]
    assert ruling(held) == ruling(valid)


@given(st.lists(exceptions(), max_size=8), st.sampled_from(["affected", "under_investigation"]))
def test_a_later_statement_takes_back_what_was_said_but_no_acceptance(held: list[VulnerabilityException], status: str):
    last = one(id="last", status=status, said_at=NOW + timedelta(days=100))
    found = ruling([*held, last])
    assert found is None or found.status == "accepted"


@given(st.lists(exceptions(), max_size=8), st.sampled_from(SAYING_SO))
def test_a_later_statement_that_it_is_not_affected_suppresses(held: list[VulnerabilityException], status: str):
    found = ruling([*held, one(id="last", status=status, said_at=NOW + timedelta(days=100))])
    assert found is not None
    assert found.status in (status, "accepted")


@given(st.lists(exceptions(), max_size=8))
def test_a_finding_of_several_packages_counts_until_each_is_excepted(held: list[VulnerabilityException]):
    assert (ruling(held, *PARTS) is not None) == all(ruling(held, part) is not None for part in PARTS)


@given(st.lists(exceptions(), max_size=8))
def test_a_ruling_lasts_until_the_first_of_its_exceptions_expires(held: list[VulnerabilityException]):
    found = ruling(held, *PARTS)
    if found is not None and found.expires_at is not None:
        assert found.expires_at > NOW
        later = Rulings(held, "team/app").of(("CVE-1",), PARTS, frozenset({OURS}), found.expires_at)
        assert later is None or later.expires_at is None or later.expires_at > found.expires_at


def test_an_exception_means_its_repositories_its_images_and_its_names():
    assert ruling([one()])
    assert ruling([one(vulnerability="GHSA-1", aliases=("CVE-1",))])
    assert ruling([one(repository="team/*", digest=OURS)])
    assert ruling([one(digest=f"pkg:oci/app@{OURS}", package="pkg:deb/debian/openssl?arch=source")])
    assert not ruling([one(repository="app")])  # a name is that of one repository, and no part of others
    assert not ruling([one(vulnerability="CVE-2")])
    assert not ruling([one(digest="sha256:" + "b" * 64)])
    assert not ruling([one(package="pkg:deb/debian/openssl")])


def test_of_what_is_said_at_one_moment_that_counts_which_takes_back():
    assert not ruling([one(id="1"), one(id="0", status="affected")])
    assert not ruling([one(id="0"), one(id="1", status="affected")])
