"""What is remembered from image to image says the same as what is found anew."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from entrepot.core.scanning import enhanced_analysis
from entrepot.core.scanning.enhanced_findings import Facts
from entrepot.core.scanning.recurring import Recurring
from entrepot.core.scanning.remembering import Memory, Remembering
from entrepot.core.vulnerabilities.known import Known
from entrepot.scan.merging import Image, merge
from entrepot.scan.packages import Layer
from tests.factories.advisory_files import record
from tests.factories.core_database import CoreDatabase
from tests.factories.fleets import Fleet, languages, system

BASE = system({"openssl": "1", "zlib": "1", "bash": "5"})
ABOVE = system({"openssl": "1", "zlib": "3", "bash": "5"})
FLASK, NEWER = languages(flask="1", django="1"), languages(flask="9", django="1")
RECORDS = [
    record("DSA-1", "openssl", related=["CVE-2024-0001", "CVE-2024-0002"]),
    record("DSA-2", "zlib", related=["CVE-2024-0001"]),
    record("PYSEC-1", "flask", "PyPI", aliases=["CVE-2024-0003"]),
    record("PYSEC-2", "django", "PyPI", aliases=["CVE-2024-0003", "CVE-2024-0001"]),
]
STACKS = [[BASE], [BASE, ABOVE], [BASE, FLASK], [BASE, FLASK, NEWER], [ABOVE, BASE, FLASK], [FLASK], [BASE]]


@pytest.fixture
def fleet(core: CoreDatabase, tmp_path: Path) -> Iterator[Fleet]:
    made = Fleet(core, tmp_path)
    yield made
    made.close()


def merged(layers: list[Layer]) -> Image:
    return merge([(f"sha256:{STACKS.index(layers)}-{number}", each) for number, each in enumerate(layers)])


@pytest.mark.parametrize("room", [(1000, 1000), (1, 1)])
def test_images_have_what_they_have_whatever_came_before_them(fleet: Fleet, room: tuple[int, int]):
    recurring, memory = Recurring(*room), Memory(room[0])
    for turn in range(2):
        fleet.known(*RECORDS[: 2 + 2 * turn])
        with fleet.generations.reading() as file:
            assert file is not None
            for _ in range(2):
                for number, layers in enumerate(STACKS):
                    facts = Facts("DEBIAN_12", "amd64", f"author {number}", number)
                    found = recurring.found_in(merged(layers), Remembering(file, memory), facts)
                    assert found == enhanced_analysis.found_in(merged(layers), Known(file), facts)
            assert any(len(each.details.packages) > 1 for each in found) or turn == 0


def test_what_is_known_is_asked_once_and_answered_alike(fleet: Fleet):
    fleet.known(*RECORDS)
    memory = Memory(2)
    packages = [("Debian:12", "openssl"), ("PyPI", "Flask"), ("Debian:12", "none")]
    with fleet.generations.reading() as file:
        assert file is not None
        for _ in range(2):
            known = Remembering(file, memory)
            assert known.candidates(packages) == Known(file).candidates(packages)
            numbers = [row[0] for rows in known.candidates(packages) for row in rows]
            assert {each: known.advisories(numbers)[each] for each in numbers} == Known(file).advisories(numbers)
            assert (known.exploited("CVE-2024-0001"), known.score("CVE-2024-0001")) == (None, None)
