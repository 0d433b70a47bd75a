"""Rows of figures, their ratios and gates: a table in Markdown for people, JSON for later."""

import json
import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

PASS, MISS, MISSING = "PASS", "MISS", "MISSING"


@dataclass(frozen=True)
class Gate:
    """Against `peer` (or a constant, with an empty name) the ratio must be at least `least`; above 1 is better."""

    peer: str
    least: float
    limit: float = 0.0


@dataclass
class Row:
    """One workload: for each server its figures, one a repetition; `lower_is_better` tells how ratios are turned."""

    name: str
    unit: str
    lower_is_better: bool
    gates: Sequence[Gate] = ()
    figures: dict[str, list[float]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

    def add(self, server: str, figure: float) -> None:
        """One more repetition."""
        self.figures.setdefault(server, []).append(figure)

    def median(self, server: str) -> float | None:
        """The median figure of a server."""
        found = self.figures.get(server)
        return statistics.median(found) if found else None

    def ratio(self, ours: str, peer: str) -> float | None:
        """How many times better ours is; None where either is missing."""
        mine, theirs = self.median(ours), self.median(peer)
        if not mine or not theirs:
            return None
        return theirs / mine if self.lower_is_better else mine / theirs

    def verdict(self, ours: str, gate: Gate) -> str:
        """Whether a gate is passed."""
        mine = self.median(ours)
        if not gate.peer:
            return MISSING if mine is None else PASS if _at_least(self, mine, gate.limit) else MISS
        ratio = self.ratio(ours, gate.peer)
        return MISSING if ratio is None else PASS if ratio >= gate.least else MISS


def _at_least(row: Row, mine: float, limit: float) -> bool:
    return mine <= limit if row.lower_is_better else mine >= limit


def table(rows: Sequence[Row], ours: str) -> str:
    """Markdown: a line a workload, with every server's median, the ratios and the verdicts."""
    lines = ["| workload | unit | medians | ratios (above 1: better) | gates |", "|---|---|---|---|---|"]
    for row in rows:
        medians = [f"{name} {_short(row.median(name))}" for name in row.figures]
        medians += [f"{name} {MISSING}" for name in row.missing]
        peers = [name for name in row.figures if name != ours]
        ratios = [f"{_short(row.ratio(ours, peer))} x {peer}" for peer in peers]
        gates = [f"{row.verdict(ours, gate)} ({_told(row, gate)})" for gate in row.gates]
        cells = (row.name, row.unit, ", ".join(medians), ", ".join(ratios) or "-", ", ".join(gates) or "-")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def save(rows: Sequence[Row], about: Mapping[str, str], path: Path) -> None:
    """All figures as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"about": dict(about), "rows": [asdict(row) for row in rows]}, indent=1) + "\n")


def load(path: Path) -> list[Row]:
    """The rows of a saved run."""
    rows = json.loads(path.read_text())["rows"]
    return [Row(**{**row, "gates": [Gate(**gate) for gate in row["gates"]]}) for row in rows]


def _told(row: Row, gate: Gate) -> str:
    if gate.peer:
        return f">= {gate.least:.3g} x {gate.peer}"
    return f"{'<=' if row.lower_is_better else '>='} {gate.limit:.3g} {row.unit}"


def _short(figure: float | None) -> str:
    return MISSING if figure is None else f"{figure:,.0f}" if figure >= 1000 else f"{figure:.3g}"


if __name__ == "__main__":
    sys.stdout.write(table(load(Path(sys.argv[1])), "entrepot"))
