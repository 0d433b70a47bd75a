"""Real dumps: what is counted, what is found, and how much of it a look-up is."""

from datetime import UTC, datetime

import pytest

from entrepot.core.vulnerabilities.importing import Importing
from entrepot.core.vulnerabilities.known import Known
from entrepot.db.vulnerability_generations import Generations
from tests.factories.vulnerability_data import shared


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    generations = Generations(tmp_path_factory.mktemp("real"))
    paths = [shared("osv/Alpine.zip"), shared("osv/crates.io.zip"), shared("osv/PyPI.zip"), shared("misc")]
    Importing(generations, datetime(2026, 12, 1, tzinfo=UTC), False, (), lambda _: None).run(paths)
    with generations.reading() as file:
        assert file is not None
        yield Known(file)
    generations.close()


def test_every_record_is_counted_with_the_date_of_its_source(known):
    assert {each.name: (each.records, each.left_out) for each in known.sources()} == {
        "Alpine": (2468, 0),
        "crates.io": (1206, 0),
        "PyPI": (2661, 0),
        "CISA KEV": (1404, 0),
        "endoflife.date": (2615, 0),
    }
    assert {each.name: each.updated_at // 86_400_000_000 for each in known.sources()}["PyPI"] == 20_006  # 2024-10-10


def test_a_package_of_a_release_has_its_own_rows(known):
    rows, none = known.candidates([("Alpine:v3.10", "openssl"), ("Alpine:v3.99", "openssl")])
    assert {row[2].repository for row in rows} == {"main"}
    heads = known.advisories([row[0] for row in rows])
    assert "CVE-2019-1563" in {name for head in heads.values() for name in head.vulnerabilities}
    assert list(none) == []


def test_names_withdrawals_and_severities_are_those_of_the_record(known):
    (number,) = known.search("RUSTSEC-2016-0001")
    whole = known.whole(number)
    assert whole is not None
    assert whole.affected[0].name == "openssl"
    (number,) = (n for n in known.search("CVE-2022-0329"))
    assert known.advisories([number])[number].withdrawn == 1_645_546_507_000_000
    assert len(known.candidates([("PyPI", "Django")])[0]) > 100


def test_exploited_vulnerabilities_and_ends_of_life_are_found(known):
    assert known.exploited("CVE-2021-44228").ransomware
    assert known.releases("debian")["10"].codename == "Buster"
    assert known.releases("alpine-linux")["3.10"].until == 1_619_827_200_000_000
