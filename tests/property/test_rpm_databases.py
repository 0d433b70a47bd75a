"""Laws of rpm's databases: any damage is told as what it is, and never costs more than the file."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.errors.scanning import FileMalformed
from entrepot.scan.system import rpm
from tests.factories import rpm_databases as make
from tests.factories.layer_files import MemoryFile

TEXTS = st.text(st.characters(codec="ascii", min_codepoint=33), min_size=1, max_size=300).filter(
    lambda text: text != "gpg-pubkey"  # which is no package
)
HEADERS = [
    make.header(
        {
            make.NAME: f"package-{number}",
            make.VERSION: "1.0",
            make.RELEASE: "1",
            make.EPOCH: number,
            make.LICENSE: "MIT " * 100 * number,
            make.BASE_NAMES: ["a", "b"],
            make.DIRECTORY_OF: [0, 1],
            make.DIRECTORIES: ["/usr/bin/", "/"],
        }
    )
    for number in range(4)
]
FORMS = [make.sqlite, make.ndb, make.berkeley]


@pytest.mark.parametrize("form", FORMS)
@given(st.lists(st.tuples(TEXTS, TEXTS, st.integers(0, 2**32 - 1)), max_size=6))
def test_every_form_gives_back_what_it_holds(form: Callable[[list[bytes]], bytes], known: list[tuple[str, str, int]]):
    headers = [
        make.header({make.NAME: name, make.VERSION: version, make.RELEASE: "1", make.EPOCH: epoch})
        for name, version, epoch in known
    ]
    found = rpm.read(MemoryFile("var/lib/rpm/Packages", form(headers)), list)
    assert [(each.name, each.version) for each in found.packages] == [
        (name, f"{epoch}:{version}-1" if epoch else f"{version}-1") for name, version, epoch in known
    ]


@pytest.mark.parametrize("form", FORMS)
@given(
    st.lists(st.tuples(st.integers(0, 2**16), st.binary(min_size=1, max_size=8)), max_size=8), st.integers(0, 40_000)
)
def test_damage_is_a_fact_and_nothing_else(
    form: Callable[[list[bytes]], bytes], damage: list[tuple[int, bytes]], length: int
):
    data = bytearray(form(HEADERS))
    for place, value in damage:
        at = place % len(data)
        data[at : at + len(value)] = value
    try:
        found = rpm.read(MemoryFile("var/lib/rpm/Packages", bytes(data[: length or None])), list)
    except FileMalformed:
        return
    assert all(each.name and each.version for each in found.packages)


@given(st.binary(max_size=600), st.integers(0, 4), st.integers(0, 200))
def test_any_bytes_as_a_header_are_a_fact(rubbish: bytes, number: int, kept: int):
    header = (HEADERS[number % 4][:kept] + rubbish)[:2000]
    try:
        rpm.read(MemoryFile("var/lib/rpm/Packages", make.ndb([header])), list)
    except FileMalformed:
        return
