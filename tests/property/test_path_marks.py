"""Marks of paths say which paths a layer has, whatever they are named."""

from hypothesis import given
from hypothesis import strategies as st

from entrepot.scan import path_marks


@given(st.sets(st.text(max_size=30), max_size=30), st.text(max_size=30))
def test_what_was_packed_is_there_and_nothing_else(paths, other):
    packed = path_marks.packed({path_marks.mark(path) for path in paths})
    numbers = set(path_marks.unpacked(packed))
    assert len(packed) == 8 * len(paths)
    assert numbers == {path_marks.number(path) for path in paths}
    assert (path_marks.number(other) in numbers) is (other in paths)


def test_a_mark_stays_what_it_is():
    assert path_marks.mark("usr/share/doc").hex() == "e3a9f8023db1e4a4"
