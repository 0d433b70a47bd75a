"""Matching anew in the packages of which something else is known, and putting that together with what stood, comes to
what matching the whole image comes to: for any images, and whatever has changed how often since.
"""

import random
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from entrepot.core.scanning import enhanced_analysis, kept_images, outlines, rematching
from entrepot.core.scanning.enhanced_findings import Facts, Found
from entrepot.core.scanning.kept_images import KeptImage
from entrepot.core.scanning.recurring import Recurring
from entrepot.core.scanning.rematch_plan import knows_since
from entrepot.core.scanning.remembering import Memory, Remembering
from entrepot.core.vulnerabilities.importing import Importing
from entrepot.core.vulnerabilities.known import Known
from entrepot.db.inspector_findings import Brief, said
from entrepot.db.vulnerability_generations import Generations
from entrepot.scan import name_marks
from entrepot.scan.merging import Image, merge
from entrepot.scan.packages import Layer, Package, Release, SystemDatabase
from tests.factories.advisory_files import Record, folder
from tests.factories.callers import EPOCH

SOURCES = [f"s{number}" for number in range(6)]
BINARIES = [*SOURCES, "lib-a", "lib-b", "a, b", "long-" + "x" * 600, "long-" + "y" * 600]
LANGUAGES = {"pypi": ["Flask", "django", "s1", "a, b"], "npm": ["s1", "left-pad"], "generic": ["redis"]}
ECOSYSTEMS = {"pypi": "PyPI", "npm": "npm", "generic": "Bitnami"}
CVES = [f"CVE-2024-{number:04d}" for number in range(9)]
STATUS = "var/lib/dpkg/status"
IMAGES, TURNS, BACK = 20, 7, 4


def layer(chance: random.Random) -> Layer:
    system, files = [], []
    for name in chance.sample(BINARIES, chance.randrange(8)):
        source = chance.choice(["", *SOURCES])
        vendor = chance.choice(["", "", "docker.com"])
        version = str(chance.randrange(1, 4))
        system.append(Package("deb", name, version, STATUS, source_name=source, arch="amd64", vendor=vendor))
    for kind, names in LANGUAGES.items():
        some = chance.sample(names, chance.randrange(len(names) + 1))
        files += [Package(kind, name, f"{chance.randrange(1, 4)}.0", f"app/{kind}-{name}") for name in some]
    return Layer(
        releases=chance.choice([{}, {"etc/os-release": Release("debian", "12")}]),
        databases=chance.choice([[], [SystemDatabase("dpkg", STATUS, system)]]),
        owned=chance.choice([{}, {f"var/lib/dpkg/info/{each.name}.list": [each.path] for each in files[:2]}]),
        packages=files,
        removed=[each.path for each in files[:1]] if chance.random() < 0.2 else [],
        unread=chance.choice([{}, {"opt/a.jar": "too large"}]),
    )


def told(chance: random.Random, turn: int) -> Sequence[Record]:
    """Some advisories, new ones and others than before of their name."""
    return [advisory(chance, turn, number) for number in chance.sample(range(25), chance.randrange(1, 5))]


def advisory(chance: random.Random, turn: int, number: int) -> Record:
    choices = [("Debian:12", name) for name in SOURCES]
    choices += [(ECOSYSTEMS[kind], name) for kind, names in LANGUAGES.items() for name in names]
    fixed = str(chance.randrange(1, 5))
    ranges = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": fixed}]}]
    packages = chance.sample(choices, chance.randrange(1, 4))
    when = f"2024-01-{turn + 1:02d}T00:00:00Z"
    return {
        "id": f"A-{number}",
        "modified": when,
        "affected": [{"package": {"ecosystem": of, "name": name}, "ranges": ranges} for of, name in packages],
        "related": chance.sample(CVES, chance.randrange(1, 3)),
        "aliases": [f"GHSA-{number:04d}-aaaa-bbbb"],
        **({"withdrawn": when} if chance.random() < 0.15 else {}),
    }


def whole(image: Image, known: Known) -> Mapping[str, Found]:
    return {each.vulnerability: each for each in enhanced_analysis.found_in(image, known, FACTS)}


FACTS = Facts("DEBIAN_12", "amd64", "", 5)


def brief(of: Found) -> Brief:
    says = said(of.severity, of.score, of.epss, of.fix_available, of.exploit_available, of.body)
    return Brief("", of.vulnerability, "ACTIVE", *says, "", of.title)


def kept(image: Image) -> KeptImage:
    return kept_images.unpacked(kept_images.packed(image, outlines.outline(image), FACTS))


@pytest.mark.parametrize("seed", range(3))
def test_what_is_matched_narrowly_and_what_stood_are_together_what_the_whole_image_has(tmp_path: Path, seed: int):
    chance = random.Random(seed)
    layers = [layer(chance) for _ in range(12)]
    images = [
        merge([(f"sha256:{number}", layers[number]) for number in chance.sample(range(12), chance.randrange(1, 5))])
        for _ in range(IMAGES)
    ]
    generations, memory, recurring = Generations(tmp_path / "vulndb"), Memory(), Recurring()
    stood: list[tuple[int, list[Mapping[str, Found]]]] = []
    narrower = 0
    for turn in range(TURNS):
        path = folder(tmp_path / str(turn), told(chance, turn))
        Importing(generations, EPOCH, False, (), lambda _: None).run([path])
        with generations.reading() as file:
            assert file is not None
            known = Remembering(file, memory)
            now = [whole(each, Known(file)) for each in images]
            for since, before in stood[-BACK:]:
                assert knows_since(known, since)
                changed = name_marks.of_changed(known.changed_since(since))
                for image, had, has in zip(images, before, now, strict=True):
                    rows = [brief(each) for each in had.values()]
                    found = rematching.matched(kept(image), changed, rows, known, recurring, EPOCH)
                    assert found.concerned is not None
                    assert {each.vulnerability for each in found.found or ()} <= found.concerned
                    left = {name: each for name, each in had.items() if name not in found.concerned}
                    assert left | {each.vulnerability: each for each in found.found or ()} == has
                    narrower += len(left)
                    described = enhanced_analysis.described(outlines.outline(image), Known(file), EPOCH)
                    assert (found.status, found.description) == (described.status, described.description)
            for image, has in zip(images, now, strict=True):
                found = rematching.matched(kept(image), None, (), known, recurring, EPOCH)
                assert {each.vulnerability: each for each in found.found or ()} == has
            stood.append((file.generation, now))
    assert narrower > IMAGES, "hardly anything was left alone"
    generations.close()


def test_an_image_is_kept_as_it_is():
    chance = random.Random(1)
    for _ in range(50):
        image = merge([(f"sha256:{number}", layer(chance)) for number in range(3)])
        again = kept(image)
        assert list(again.image().packages) == list(image.packages)
        assert again.outline == outlines.outline(image)
        for place, each in enumerate(image.packages):
            assert all(place in again.marked({mark}) for mark in name_marks.of_package(each.package))
        assert again.marked(frozenset()) == []
