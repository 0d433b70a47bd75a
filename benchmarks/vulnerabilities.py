"""The vulnerability database: how long an import takes, how much it makes, and what a look-up costs.

    python -m benchmarks.vulnerabilities FOLDER   OSV archives, and whatever else `entrepot vulndb import` takes

An image of 1,000 packages is asked for at once: 200 of Debian 10, 200 of languages, all of them with advisories, and
600 of npm without any.
"""

import resource
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from entrepot.core.vulnerabilities.importing import Importing
from entrepot.core.vulnerabilities.known import Known
from entrepot.db.vulnerabilities import VulnerabilityFile
from entrepot.db.vulnerability_generations import Generations

_MIX = {"Debian:10": 200, "PyPI": 60, "Go": 60, "RubyGems": 40, "Packagist": 40}
_PACKAGES = 1000
_ROUNDS = 200  # of which the best is told, for others use the machine too


def main(folder: Path) -> None:
    with tempfile.TemporaryDirectory() as directory:
        generations = Generations(Path(directory))
        for what in ("import", "again"):
            begun, cpu = time.perf_counter(), time.process_time()
            done = Importing(generations, datetime.now(UTC), False, (), lambda _: None).run([folder])
            took, cpu = time.perf_counter() - begun, time.process_time() - cpu
            print(f"{what:8} {took:8.2f} s, CPU {cpu:.2f} s, {done.changed} packages changed")
        (file,) = Path(directory).glob("*.db")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(f"file     {file.stat().st_size:12,} bytes; at most {peak} MiB in memory")
        with generations.reading() as opened:
            if opened is not None:
                lookups(opened)
        print(f"stat     {microseconds(generations.generation):8.1f} us to know the generation")
        generations.close()


def lookups(file: VulnerabilityFile) -> None:
    known = Known(file)
    print(f"records  {sum(each.records for each in known.sources()):12,}")
    image = sample(file)
    rows = known.candidates(image)
    numbers = sorted({row[0] for found in rows for row in found})
    print(f"image    {len(image)} packages, {sum(map(len, rows))} rows of {len(numbers)} advisories")
    for what, call in (
        ("rows", lambda: known.candidates(image)),
        ("and advisories", lambda: (known.candidates(image), known.advisories(numbers))),
        ("one package", lambda: known.candidates(image[:1])),
        ("one unknown", lambda: known.candidates(image[-1:])),
        ("by name", lambda: known.search("CVE-2021-44228")),
    ):
        print(f"{what:15} {microseconds(call):10.1f} us")


def sample(file: VulnerabilityFile) -> list[tuple[str, str]]:
    chosen: list[tuple[str, str]] = []
    left = dict(_MIX)
    for ecosystem, name, _ in file.every_package():
        if left.get(ecosystem, 0):
            left[ecosystem] -= 1
            chosen.append((ecosystem, name))
    return chosen + [("npm", f"package-{number}") for number in range(_PACKAGES - len(chosen))]


def microseconds(call: Callable[[], object]) -> float:
    taken = []
    for _ in range(_ROUNDS):
        begun = time.perf_counter()
        call()
        taken.append(time.perf_counter() - begun)
    return min(taken) * 1e6


if __name__ == "__main__":
    main(Path(sys.argv[1]))
