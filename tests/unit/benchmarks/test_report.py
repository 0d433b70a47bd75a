"""The arithmetic of a benchmark's report: ratios, gates, what is missing, and that a saved run reads back."""

from pathlib import Path

import pytest

from benchmarks.report import MISS, MISSING, PASS, Gate, Row, load, save, table


def row(*, lower_is_better: bool, gates: tuple[Gate, ...] = (), **figures: list[float]) -> Row:
    return Row("a workload", "unit", lower_is_better, gates, figures)


@pytest.mark.parametrize(("lower_is_better", "ratio"), [(False, 4.0), (True, 0.25)])
def test_a_ratio_above_one_means_that_ours_is_better(lower_is_better: bool, ratio: float):
    assert row(lower_is_better=lower_is_better, ours=[8.0], peer=[2.0]).ratio("ours", "peer") == ratio


def test_figures_are_compared_by_their_medians():
    assert row(lower_is_better=False, ours=[6.0, 1000.0, 5.0], peer=[2.0, 0.1, 3.0]).ratio("ours", "peer") == 3.0


def test_without_a_peer_there_is_no_ratio_and_the_gate_is_missing():
    alone = row(lower_is_better=False, ours=[8.0])
    assert alone.ratio("ours", "peer") is None
    assert alone.verdict("ours", Gate("peer", 3.0)) == MISSING
    assert row(lower_is_better=False, peer=[8.0]).verdict("ours", Gate("", 0, limit=1.0)) == MISSING


@pytest.mark.parametrize(("mine", "verdict"), [(6.0, PASS), (5.9, MISS)])
def test_a_gate_on_a_ratio_is_passed_at_its_bound(mine: float, verdict: str):
    assert row(lower_is_better=False, ours=[mine], peer=[2.0]).verdict("ours", Gate("peer", 3.0)) == verdict


@pytest.mark.parametrize(
    ("lower_is_better", "mine", "verdict"),
    [(True, 1.0, PASS), (True, 1.1, MISS), (False, 1.0, PASS), (False, 0.9, MISS)],
)
def test_a_gate_on_a_figure_is_passed_at_its_bound(lower_is_better: bool, mine: float, verdict: str):
    assert row(lower_is_better=lower_is_better, ours=[mine]).verdict("ours", Gate("", 0, limit=1.0)) == verdict


def test_the_table_names_what_is_missing():
    shown = row(lower_is_better=False, gates=(Gate("peer", 3.0),), ours=[8.0])
    shown.missing["peer"] = "not installed"
    assert f"| ours 8, peer {MISSING} | - | {MISSING} (>= 3 x peer) |" in table([shown], "ours")


def test_a_saved_run_reads_back_as_it_was(tmp_path: Path):
    rows = [row(lower_is_better=True, gates=(Gate("peer", 2.0),), ours=[1.0], peer=[2.0])]
    save(rows, {"at": "today"}, tmp_path / "run.json")
    assert table(load(tmp_path / "run.json"), "ours") == table(rows, "ours")
