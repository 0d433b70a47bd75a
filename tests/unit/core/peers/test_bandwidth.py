"""How many bytes go at once, and how large a piece is on which line."""

import asyncio
from time import monotonic

from entrepot.core.peers.bandwidth import Bandwidth
from entrepot.core.peers.deployments import Pace
from entrepot.spec.peering import LARGEST_PIECE


async def test_all_together_send_no_more_than_the_rate():
    bandwidth, began = Bandwidth(1_000_000), monotonic()
    await asyncio.gather(*(bandwidth.pass_(50_000) for _ in range(5)))
    assert 0.2 <= monotonic() - began < 2  # the first goes at once


async def test_no_rate_is_no_limit():
    bandwidth, began = Bandwidth(0), monotonic()
    await asyncio.gather(*(bandwidth.pass_(1 << 30) for _ in range(5)))
    assert monotonic() - began < 0.2


def test_a_piece_is_a_quarter_of_a_second_of_the_rate():
    assert Bandwidth(4_000_000).piece == 1_000_000
    assert Bandwidth(1).piece == 16 * 1024
    assert Bandwidth(0).piece == LARGEST_PIECE


def test_pieces_grow_on_a_line_that_bears_them_and_shrink_on_one_that_does_not():
    pace = Pace()
    for _ in range(9):
        pace.well(0.1)
    assert pace.size == LARGEST_PIECE
    pace.well(1.0)
    assert pace.size == LARGEST_PIECE
    pace.well(9.0)
    assert pace.size == LARGEST_PIECE // 2
    for _ in range(9):
        pace.ill()
    assert pace.size == 64 * 1024
