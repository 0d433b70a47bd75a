"""Laws of layers: what is packed comes back, what is broken is refused, stacks hold what a disk would."""

import bz2
import gzip
import io
import lzma
import tarfile
from contextlib import suppress

import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.errors.scanning import BudgetExceeded, FileMalformed, FileTooLarge, LayerMalformed
from entrepot.scan.budgets import Budgets
from entrepot.scan.dispatch import Dispatch
from entrepot.scan.merging import merge
from tests.factories import naive_layers, tars
from tests.factories.layer_stacks import archives, wanted
from tests.factories.naive_layers import Content, Tree
from tests.factories.tars import contents, cut, directory, entries, file, layer, link, symlink, tar

FORMS = st.sampled_from([tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
PACKERS = (bytes, gzip.compress, bz2.compress, lzma.compress, zstandard.compress)
PACKINGS = st.sampled_from(PACKERS)
PARTS = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=40).filter(
    lambda part: part not in {".", ".."}
)
PATHS = st.lists(PARTS, min_size=1, max_size=4).map("/".join)
FACTS = (BudgetExceeded, LayerMalformed)


@given(st.dictionaries(PATHS, st.binary(max_size=2000), max_size=8), FORMS, PACKINGS, st.integers(1, 3000))
def test_archives_of_every_form_come_back(files, form, pack, size):
    if form == tarfile.USTAR_FORMAT:
        files = {path: data for path, data in files.items() if len(path.encode()) < 100}
    data = pack(tar(*(file(path, data) for path, data in files.items()), form=form))
    assert contents(cut(data, size)) == files


@given(st.lists(st.integers(0, 200_000), max_size=5), st.integers(1, 100_000), PACKINGS)
def test_files_lie_one_behind_the_other_wherever_the_pieces_end(sizes, size, pack):
    data = pack(tar(*(file(str(place), bytes([65 + place]) * length) for place, length in enumerate(sizes))))
    for place, entry in enumerate(entries(cut(data, size))):
        assert entry.start(100) == bytes([65 + place]) * min(sizes[place], 100)
        if place % 2:
            assert sum(map(len, entry.chunks())) == sizes[place]


ODD = tar(
    file("a/list", "x 1"),
    file("usr/bin/tool", b"\x7fELFtool" + bytes(3000), 0o755),
    directory("d"),
    symlink("s", "d"),
    link("b/list", "a/list"),
    file("l" * 200 + "/list", "y 1", 0o600),
    file("var/lib/dpkg/status", "Package: a\nStatus: install ok installed\nVersion: 1\n"),
    file("etc/os-release", "ID=debian\n"),
    file(".wh.gone"),
    form=tarfile.GNU_FORMAT,
)
PAX = tar(file("ä" * 120 + "/list", "x 1"), link("c/list", "ä" * 120 + "/list"), pax={"comment": "all"})


ARCHIVES = {
    f"{name} {pack.__module__} {pack.__name__}": pack(data)
    for name, data in {"odd": ODD, "pax": PAX}.items()
    for pack in PACKERS
}


@settings(max_examples=3 * settings().max_examples)
@given(
    st.sampled_from(sorted(ARCHIVES)),
    st.lists(st.tuples(st.integers(0, 12_000), st.binary(max_size=8)), max_size=4),
    st.integers(0, 20_000),
)
def test_broken_bytes_are_read_or_refused(name, changes, end):
    data = ARCHIVES[name]
    broken = bytearray(data)
    for at, change in changes:
        broken[at % len(data) : at % len(data) + len(change)] = change
    try:
        found = layer(bytes(broken[:end]))
    except FACTS:
        return
    assert len(found.packages) < 10


def valid_sum(block: bytearray) -> bytes:
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


@settings(max_examples=3 * settings().max_examples)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 2 * len(PAX) // 512 - 1),
            st.integers(0, 511),
            st.binary(min_size=1, max_size=12),
            st.booleans(),
        ),
        max_size=6,
    ),
    st.sampled_from(["odd builtins bytes", "pax builtins bytes"]),
)
def test_broken_headers_with_right_sums_are_read_or_refused(changes, name):
    data = ARCHIVES[name]
    blocks = [bytearray(data[at : at + 512]) for at in range(0, len(data), 512)]
    for place, at, change, sums in changes:
        block = blocks[place % len(blocks)]
        block[at : at + len(change)] = change
        del block[512:]
        if sums:
            blocks[place % len(blocks)] = bytearray(valid_sum(block))
    with suppress(*FACTS):
        layer(b"".join(blocks), budgets=Budgets(unpacked=10_000_000))
    with suppress(*FACTS):
        for entry in entries(b"".join(blocks), Budgets(unpacked=10_000_000)):
            with suppress(FileMalformed, FileTooLarge):
                entry.start(4)
                entry.read()


# ---------------------------------------------------------------- stacks of layers
def expected(stages: list[Tree]) -> set[tuple[str, str, int]]:
    """Path, package, and the first layer since which it is there without a break."""
    found = set()
    for path, node in stages[-1].items():
        if isinstance(node, Content) and wanted(path):
            for text in node.data.splitlines():
                since = len(stages) - 1
                while since and _has(stages[since - 1].get(path), text):
                    since -= 1
                found.add((path, text, since))
    return found


def _has(node: object, text: str) -> bool:
    return isinstance(node, Content) and text in node.data.splitlines()


@settings(max_examples=3 * settings().max_examples)
@given(st.lists(archives(), min_size=1, max_size=4))
def test_a_stack_of_layers_holds_what_a_disk_would(layers):
    found = merge((str(place), layer(tar(*made), tars.READERS[:1])) for place, made in enumerate(layers))
    assert {
        (each.package.path, f"{each.package.name} {each.package.version}", int(each.layer)) for each in found.packages
    } == expected(naive_layers.laid(layers))
    assert found.unread == []


@given(archives(), st.booleans())
def test_a_layer_is_the_same_from_a_file_and_from_memory(made, packed):
    data = gzip.compress(tar(*made)) if packed else tar(*made)
    assert layer(io.BytesIO(data)) == layer(data)
    assert Dispatch(tars.READERS, tars.SYSTEM).keeps(["a/list", "a/b"]) == ["a/list"]
