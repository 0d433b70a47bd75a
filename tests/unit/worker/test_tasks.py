"""The list of background jobs: each one's name, and what it says it did, over a real database and a store in memory."""

import dataclasses
import inspect
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from entrepot.app import background, parts
from entrepot.app.vulnerability_parts import generations
from entrepot.core.collection import Collector, Periods
from entrepot.core.integrity import Integrity
from entrepot.core.metrics.folding import unheard
from entrepot.core.pulse import Pulse
from entrepot.settings.sources import load
from entrepot.spec.digest import Digest
from entrepot.worker.tasks import Jobs, tasks
from tests.factories.callers import EPOCH
from tests.factories.core_database import CoreDatabase
from tests.factories.memory_store import MemoryStore

LOST = b"unreferenced, and without bytes in the store"
LATER = EPOCH + timedelta(days=3)


@pytest.fixture
def core(tmp_path: Path) -> Iterator[CoreDatabase]:
    made = CoreDatabase(tmp_path)
    yield made
    made.close()


def jobs(core: CoreDatabase, directory: Path, checkpoint: Callable[[], int] = lambda: 0) -> Jobs:
    """Those of a deployment, with a store in memory."""
    settings, store = load({"data": directory}, {}), MemoryStore()
    parts.seal(settings, create=True)
    parts.upgrade(settings)
    return dataclasses.replace(
        background.jobs(settings, parts.Databases.of(settings), generations(settings), unheard, Pulse()),
        collector=Collector(core.database, store, "main", Periods(timedelta(days=1), timedelta(days=1))),
        integrity=Integrity(core.database, store, "main"),
        expire=lambda _: 4,
        checkpoint=checkpoint,
        ballast=lambda: True,
        expire_every=timedelta(seconds=7),
        collect_every=timedelta(seconds=8),
        scrub_every=timedelta(days=1),
    )


def test_every_job_has_a_name_of_its_own(core: CoreDatabase, tmp_path: Path):
    names = [task.name for task in tasks(jobs(core, tmp_path))]
    assert len(names) == len(set(names))
    told = {
        "alarms",
        "audit",
        "announce",
        "trails",
        "compact-audit",
        "expire-audit",
        "route",
        "deliver",
        "retain",
        "measure",
        "rollup",
        "gauges",
        "scan",
        "cover",
        "except",
        "rematch",
        "rematch-plan",
        "report",
        "suppress",
        "keys",
        "secrets",
        "lifecycle",
        "activate",
        "replicate",
        "backfill",
        "replication-repair",
        "replication-gauges",
        "replicate-elsewhere",
        "peers",
        "pull-through",
        "remote-keys",
        "sign",
    }
    assert set(names) == told | {"collect", "sweep", "fold", "expire-uploads", "checkpoint", "ballast", "scrub"}


def test_jobs_with_a_setting_run_as_often_as_it_says(core: CoreDatabase, tmp_path: Path):
    every = {task.name: task.every for task in tasks(jobs(core, tmp_path))}
    assert every["expire-uploads"] == timedelta(seconds=7)
    assert every["collect"] == timedelta(seconds=8)
    assert all(period > timedelta(0) for period in every.values())


def test_every_job_says_what_it_did_in_names_and_numbers(core: CoreDatabase, tmp_path: Path):
    core.blob(core.repository(), LOST)
    told: dict[str, Any] = {
        task.name: task.run(LATER) for task in tasks(jobs(core, tmp_path)) if not inspect.iscoroutinefunction(task.run)
    }
    collected = dict(told["collect"])
    assert collected.pop("on_hold") is False
    assert collected.pop("condemned") == 1
    assert set(collected) == {
        "unlinked",
        "released",
        "removed_blobs",
        "removed_bytes",
        "orphans",
        "emptied_repositories",
        "expired",
    }
    assert set(collected.values()) == {0}
    assert told["scrub"] == {"checked": 1, "damaged": [Digest.of(LOST)]}
    assert told["sweep"] == {"orphans": 0}
    assert told["fold"] == {"reads": 0}
    assert told["audit"] == {"alone": 0}
    assert told["compact-audit"] == {"blocks": 0}
    assert told["expire-audit"] == {"records": 0}
    assert told["expire-uploads"] == {"uploads": 4}
    assert told["checkpoint"] == told["ballast"] == {}
    assert json.loads(json.dumps(told["collect"])) == told["collect"]


def test_a_scrub_with_nothing_due_says_nothing(core: CoreDatabase, tmp_path: Path):
    (scrub,) = [task for task in tasks(jobs(core, tmp_path)) if task.name == "scrub"]
    assert scrub.run(EPOCH) == {}


def test_a_checkpoint_job_checkpoints(core: CoreDatabase, tmp_path: Path):
    core.repository()
    log = core.path.with_name(core.path.name + "-wal")
    assert log.stat().st_size > 0
    (checkpoint,) = [
        task for task in tasks(jobs(core, tmp_path, core.database.checkpoint)) if task.name == "checkpoint"
    ]
    assert checkpoint.run(EPOCH) == {}
    assert log.stat().st_size == 0
