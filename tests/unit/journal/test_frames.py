"""Frames: whatever a crash leaves behind a file's last whole frame, what stands before it is read, and nothing else."""

import struct

from hypothesis import given
from hypothesis import strategies as st

from entrepot.journal.frames import HEADER, LARGEST_RECORD, framed, unframed

records = st.lists(st.binary(max_size=40), max_size=8)


@given(records)
def test_what_is_framed_comes_back(given_records):
    data = b"".join(map(framed, given_records))
    assert unframed(data) == (given_records, len(data))


@given(records, st.data())
def test_a_torn_file_gives_its_whole_frames(given_records, data):
    frames = [framed(record) for record in given_records]
    whole = b"".join(frames)
    cut = data.draw(st.integers(0, len(whole)))
    found, end = unframed(whole[:cut])
    assert found == given_records[: len(found)]
    assert end == sum(len(frame) for frame in frames[: len(found)]) <= cut
    assert len(found) == len(given_records) or end + len(frames[len(found)]) > cut


@given(records, st.integers(1, 5000))
def test_zeros_at_the_end_are_no_frames(given_records, count):
    data = b"".join(map(framed, given_records))
    assert unframed(data + bytes(count)) == (given_records, len(data))


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=8), st.data())
def test_an_altered_bit_ends_what_is_read_at_its_frame(given_records, data):
    frames = [framed(record) for record in given_records]
    whole = bytearray(b"".join(frames))
    bit = data.draw(st.integers(0, len(whole) * 8 - 1))
    whole[bit // 8] ^= 1 << bit % 8
    found, end = unframed(bytes(whole))
    assert found == given_records[: len(found)]
    assert end <= bit // 8


def test_a_length_beyond_the_largest_is_not_believed():
    for length in (LARGEST_RECORD + 1, 2**32 - 1):
        assert unframed(struct.pack("<II", length, 0) + b"x" * 64) == ([], 0)


def test_the_largest_record_fits():
    record = b"x" * LARGEST_RECORD
    assert unframed(framed(record)) == ([record], HEADER.size + LARGEST_RECORD)
