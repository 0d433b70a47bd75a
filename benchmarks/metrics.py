"""What metrics add to a request: the CPU time in which one record of a journal is folded, by how many repositories.

Of all threads: decoding, counting, and the transaction that puts the points. The floor is decoding the record alone.
"""

import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.report import Gate, Row
from benchmarks.servers import FLOOR, OURS
from entrepot.core.call_pages import groups, pages
from entrepot.core.calls import Call
from entrepot.core.metrics import folding, measuring
from entrepot.core.units import BlockingUnits
from entrepot.db import migrate
from entrepot.db.sqlite import SqliteDatabase
from entrepot.journal import Batch
from tests.factories.calls import call

LIMIT_US = 3.0  # of the 10 that events, audit and metrics may cost together
CALLS = 2000  # what 2,000 requests a second leave between two folds
_ACCOUNT = "000000000000"
_REGION = "us-east-1"
_AT = 1_767_268_800_000_000
_DIGEST = "sha256:" + "0" * 64


def rows(repeat: int) -> Iterator[Row]:
    """One row for pulls of one repository, one for pulls of many."""
    for repositories in (1, 100):
        row = Row(f"fold of a pull into metrics, {repositories} repositories", "us", lower_is_better=True)
        row.gates = [Gate("", 0, limit=LIMIT_US)]
        records = tuple(pages(_call(number, repositories) for number in range(CALLS)))
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "metrics.db"
            migrate.upgrade(path, migrate.METRICS)
            database = SqliteDatabase(path)
            known: dict[str, int] = {}
            for number in range(repeat + 1):
                spent = _fold(BlockingUnits(database), records, number, known)
                if number:  # the first makes the series
                    row.add(OURS, spent)
                    row.add(FLOOR, _decode(records))
            database.close()
        yield row


def _call(number: int, repositories: int) -> Call:
    name = f"team/app-{number % repositories}"
    return call(
        at=_AT + number * 500,
        repository=name,
        pulled=(_DIGEST,),
        sent=1200,
        took=200 + number % 700,
        parameters={"repositoryName": name, "imageIds": [{"imageTag": "v1"}]},
    )


def _fold(units: BlockingUnits, records: Sequence[bytes], number: int, known: dict[str, int]) -> float:
    begun = time.process_time()
    told = measuring.told(measuring.grouped(records), _ACCOUNT, _REGION)
    units.write(folding.fold, Batch("bench", tuple(records), number, number + 1), told, known)
    return (time.process_time() - begun) / CALLS * 1e6


def _decode(records: Sequence[bytes]) -> float:
    begun = time.process_time()
    for record in records:
        groups(record)
    return (time.process_time() - begun) / CALLS * 1e6
