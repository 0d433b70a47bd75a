"""A job that is shared runs in every loop at once, and nobody holds it."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

from entrepot.worker.schedule import Task
from tests.factories.threads import SECONDS
from tests.unit.worker.bench import Bench


def test_a_shared_job_runs_in_every_loop_at_once(tmp_path: Path):
    bench = Bench(tmp_path)

    async def run() -> None:
        both = asyncio.Barrier(2)

        async def meet(_: datetime) -> dict[str, object]:
            async with asyncio.timeout(SECONDS):
                await both.wait()
            met.set()
            return {}

        met = asyncio.Event()
        task = Task("shared", timedelta(milliseconds=10), meet, shared=True)
        async with bench.loop(task), bench.loop(task), asyncio.timeout(SECONDS):
            await met.wait()

    asyncio.run(run())
    bench.close()


def test_a_shared_job_that_fails_runs_again(tmp_path: Path):
    bench = Bench(tmp_path)

    async def run() -> None:
        done, tries = asyncio.Event(), list[int]()

        async def fail(_: datetime) -> dict[str, object]:
            tries.append(1)
            if len(tries) < 2:
                raise LookupError("gone")
            done.set()
            return {}

        task = Task("shared", timedelta(milliseconds=10), fail, shared=True)
        async with bench.loop(task), asyncio.timeout(SECONDS):
            await done.wait()

    asyncio.run(run())
    bench.close()
