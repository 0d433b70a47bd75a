"""What a first page of Inspector's listings costs over many findings: each order, coverage, each aggregation.

    python -m benchmarks.inspector_listings FOLDER [IMAGES [LAYERS]]

The folder is that of tests/factories/vulnerability_data.py; an image has about two hundred findings. The goal: 50 ms
for a first page. The least of some CPU times of one reader.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.scanning import House
from entrepot.core.access import Caller
from entrepot.core.inspector import aggregations, coverage, findings
from entrepot.db.database import Transaction
from entrepot.db.inspector_listing import ORDERS
from entrepot.db.sqlite import connect
from tests.factories.callers import caller
from tests.factories.databases import sqlite_database

GOAL, PAGE, TIMES = 0.05, 100, 3


def measured(house: House, name: str, ask: Callable[[Transaction, Caller], object]) -> None:
    """Ask some times, and print what the quickest answer cost."""
    who, spent = caller(), []
    for _ in range(TIMES):
        begun = time.process_time()
        house.database.read(lambda tx: ask(tx, who))
        spent.append(time.process_time() - begun)
    print(f"{name:45} {1000 * min(spent):9.1f} ms  {'PASS' if min(spent) <= GOAL else 'MISS'}", flush=True)


def orders(house: House) -> None:
    """The first page of findings in each order, both ways."""
    for order in ("", *(f"{sign}{name}" for name in ORDERS for sign in ("", "-"))):
        measured(
            house,
            f"ListFindings {order or 'by id'}",
            partial(_findings, order),
        )


def _findings(order: str, tx: Transaction, who: Caller) -> object:
    return findings.list_of(tx, who, {}, order, PAGE)


def _aggregation(kind: str, tx: Transaction, who: Caller) -> object:
    return aggregations.list_of(tx, who, kind, {}, None, PAGE)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("images", type=int, nargs="?", default=500)
    parser.add_argument("layers", type=int, nargs="?", default=400)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        sqlite_database(Path(directory)).close()
        house = House(Path(directory))
        house.fill(given.folder, given.images, given.layers)
        connection = connect(Path(directory) / "entrepot.db", query_only=True)
        (found,) = connection.execute("SELECT count(*) FROM inspector_finding").fetchone()
        print(f"{given.images} images, {found} findings; a goal of {1000 * GOAL:.0f} ms a first page", flush=True)
        orders(house)
        measured(house, "ListCoverage", lambda tx, who: coverage.list_of(tx, who, {}, PAGE))
        for kind in aggregations.KINDS:
            measured(
                house,
                f"ListFindingAggregations {kind}",
                partial(_aggregation, kind),
            )


if __name__ == "__main__":
    main()
