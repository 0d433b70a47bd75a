"""Laws of advisories: hostile feeds are refused as such, and a database built step by step is the one built at once."""

import json
import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.core.vulnerabilities.importing import Importing
from entrepot.core.vulnerabilities.known import Known
from entrepot.db.vulnerability_generations import Generations
from entrepot.errors.scanning import AdvisoryMalformed
from entrepot.scan import csaf, debian_tracker, end_of_life, exploitation, oracle_oval, osv, secdb, updateinfo
from entrepot.scan.advisories import Advisory
from tests.factories.advisory_files import folder, record

NOW = datetime(2026, 1, 1, tzinfo=UTC)
READERS: list[Callable[[bytes], Iterable[object]]] = [
    lambda data: [osv.advisory(data)],
    csaf.advisories,
    debian_tracker.advisories,
    end_of_life.releases,
    lambda data: exploitation.catalogue(data)[1],
    lambda data: exploitation.scores(data.decode("latin-1").splitlines())[1],
    oracle_oval.advisories,
    secdb.advisories,
    updateinfo.advisories,
]
FIELDS = (
    *("id", "modified", "withdrawn", "aliases", "related", "upstream", "summary", "severity", "affected", "package"),
    *("ecosystem", "name", "ranges", "events", "introduced", "fixed", "versions", "ecosystem_specific", "urgency"),
    *("database_specific", "type", "score", "releases", "status", "fixed_version", "distroversion", "packages", "pkg"),
    *("secfixes", "document", "tracking", "product_tree", "branches", "vulnerabilities", "cve", "cveID", "eol"),
)
TEXTS = (
    st.sampled_from(["", "CVE-2024-0001", "Debian:12", "0", "1", "bookworm", "Important: x:1", "GIT", "9.8"])
    | st.text()
)
TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(FIELDS) | TEXTS, inner, max_size=6),
    max_leaves=30,
)
MARKUP = st.lists(
    st.sampled_from(
        [
            "<updates>",
            "<update>",
            "</update>",
            "<package name='p' version='1' release='2'/>",
            "<id>ALAS-1</id>",
            "&#0;",
            "<definition class='patch'>",
            "</definition>",
            "<metadata>",
            "</metadata>",
            "<criteria>",
            "</criteria>",
            "<",
            "<criterion comment='Oracle Linux 9 is installed'/>",
            "<reference ref_id='ELSA-2024-1'/>",
            "&x;",
            "<!DOCTYPE a>",
        ]
    )
).map(lambda parts: "".join(parts).encode())


@pytest.mark.parametrize("read", READERS)
@given(data=st.binary() | MARKUP | TREES.map(lambda tree: json.dumps(tree).encode()))
def test_whatever_a_feed_holds_is_read_or_refused(read, data):
    with suppress(AdvisoryMalformed):
        list(read(data))


@given(TREES, st.lists(TREES, max_size=3))
def test_a_record_of_any_shape_is_an_advisory_or_malformed(tree, affected):
    fields = tree if isinstance(tree, dict) else {}
    with suppress(AdvisoryMalformed):
        found = osv.advisory(json.dumps({**fields, "id": "X-1", "affected": affected}).encode())
        assert found.vulnerabilities
        assert found.modified >= 0
        assert all(row.name and row.ecosystem for row in found.affected)


STEPS = st.lists(
    st.dictionaries(
        st.sampled_from(["A-1", "A-2", "A-3"]),
        st.tuples(st.sampled_from("pq"), st.sampled_from("123"), st.integers(1, 3), st.booleans()),
        min_size=1,
    ),
    max_size=5,
)


def said(name: str, package: str, fixed: str, day: int, withdrawn: bool) -> Mapping[str, object]:
    told = {"withdrawn": "2024-02-01T00:00:00Z"} if withdrawn else {}
    return record(name, package, fixed=fixed, modified=f"2024-01-0{day}T00:00:00Z", **told)


def state(generations: Generations) -> dict[str, list[tuple[str, int, str]]]:
    with generations.reading() as file:
        assert file is not None
        known = Known(file)
        found = {}
        for package in "pq":
            (rows,) = known.candidates([("Debian:12", package)])
            heads: Mapping[int, Advisory] = known.advisories([row[0] for row in rows])
            found[package] = sorted(
                (heads[row[0]].id, heads[row[0]].withdrawn, row[2].ranges[0][1].version) for row in rows
            )
        return found


@settings(max_examples=max(5, settings().max_examples // 5))
@given(STEPS)
def test_step_by_step_the_newest_of_each_record_is_what_is_known_and_changes_are_told(steps):
    model: dict[str, tuple[str, str, int, bool]] = {}
    before: dict[str, list[tuple[str, int, str]]] = {"p": [], "q": []}
    generation = 0
    with tempfile.TemporaryDirectory() as directory:
        generations = Generations(Path(directory) / "vulndb")
        for number, step in enumerate(steps):
            records = [said(name, *told) for name, told in step.items()]
            path = folder(Path(directory) / str(number), records)
            Importing(generations, NOW, False, (), lambda _: None).run([path])
            model |= {name: told for name, told in step.items() if name not in model or told[2] >= model[name][2]}
            after = state(generations)
            expected = (
                {package: [] for package in "pq"}
                if not model
                else {
                    package: sorted(
                        (name, 1_706_745_600_000_000 if told[3] else 0, told[1])
                        for name, told in model.items()
                        if told[0] == package
                    )
                    for package in "pq"
                }
            )
            assert after == expected
            with generations.reading() as file:
                assert file is not None
                changed = {name for _, name in file.changed_since(generation)}
                generation = file.generation
            assert {package for package in "pq" if before[package] != after[package]} <= changed
            before = after
        generations.close()
