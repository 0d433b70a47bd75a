"""`python -m benchmarks.run`: this server and its peers side by side, with ratios and gates.

--only NAME …   some of the workloads       --quick     small counts, ours alone: does everything work?
--repeat N      repetitions of each          --name N    the result is build/bench/N.json, written after each workload
"""

import argparse
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from benchmarks import load, report
from benchmarks.report import Row
from benchmarks.servers import OURS, ROOT
from benchmarks.workloads import Bench, Scale

WORKLOADS: dict[str, Callable[[Bench], Iterator[Row]]] = {
    "manifests": Bench.manifests,
    "telling": Bench.telling,
    "pull": Bench.pull,
    "pull-through": Bench.pull_through,
    "replication": Bench.replication,
    "push": Bench.push,
    "small-images": Bench.small_images,
    "parallel-pulls": Bench.parallel_pulls,
    "many-tags": Bench.many_tags,
    "many-images": Bench.many_images,
    "tls": Bench.tls,
    "encryption": Bench.encryption,
    "decisions": Bench.decisions,
    "patterns": Bench.patterns,
    "lifecycle": Bench.lifecycle,
    "events": Bench.events,
    "metrics": Bench.metrics,
    "scans": Bench.scans,
}
QUICK = Scale(repeat=1, blob=16 << 20, images=20, tags=2000, seconds=0.5, peers=False)


def main() -> int:
    """Run; the exit status tells nothing of the gates, which the table shows."""
    arguments = _arguments()
    scale = QUICK if arguments.quick else Scale(repeat=arguments.repeat)
    scratch = Path(tempfile.mkdtemp(prefix="bench-", dir=_scratch()))
    console = Console(stderr=True)
    rows: list[Row] = []
    path = ROOT / "build" / "bench" / f"{arguments.name}.json"
    try:
        load.compile_program()
        with console.status("") as status:
            say = status.update if console.is_terminal else console.print
            bench = Bench(scale, scratch, lambda text: say(f"{text}"))
            for name in arguments.only or WORKLOADS:
                rows += WORKLOADS[name](bench)
                report.save(rows, {"at": datetime.now(UTC).isoformat(), "python": platform.python_version()}, path)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    sys.stdout.write(report.table(rows, OURS))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.run", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=WORKLOADS)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--name", default="latest")
    return parser.parse_args()


def _scratch() -> Path:
    """On the volume of the project, not in a memory file system: syncing must cost what it costs."""
    place = ROOT / "build" / "bench"
    place.mkdir(parents=True, exist_ok=True)
    return place


if __name__ == "__main__":
    sys.exit(main())
