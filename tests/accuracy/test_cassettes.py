"""What OSV's own service answered for packages, as others recorded it: found here, and nothing where it had none.

The service knew more and newer advisories: an id that it told counts where an advisory of that name, or with that
alias, about that package is here. Each row is a package with a version. The report is printed; its numbers are frozen.
"""

import io
import json
from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Any

import zstandard

from entrepot.scan.matching import Match, matches
from entrepot.scan.merging import Image, Located
from entrepot.scan.names import ECOSYSTEMS
from entrepot.scan.packages import Package, Release
from tests.factories.advisory_index import AdvisoryIndex
from tests.factories.vulnerability_data import shared

DUMPS = ("AlmaLinux", "Alpine", "Bitnami", "Debian", "Go", "Packagist", "PyPI", "RubyGems", "crates.io")
SYSTEMS = {"Debian": ("debian", "deb"), "Alpine": ("alpine", "apk"), "AlmaLinux": ("almalinux", "rpm")}
TYPES = {ecosystem: kind for kind, ecosystem in ECOSYSTEMS.items()}
# rows that can be judged, and among all their ids: found and missed; rows where nothing was told: spared and raised.
# What is missed of PyPI is one vulnerability, of two versions of Django that only GitHub's record of it names.
FROZEN = {
    "Alpine:v3.10": {"rows": 1, "spared": 1},
    "Debian:10": {"rows": 8, "spared": 6},
    "Debian:9": {"found": 2, "rows": 7, "spared": 5},
    "Go": {"found": 71, "rows": 4, "spared": 1},
    "Packagist": {"rows": 1},
    "PyPI": {"found": 39, "missed": 2, "rows": 13, "spared": 1},
    "crates.io": {"rows": 2, "spared": 2},
}


@cache
def index() -> AdvisoryIndex:
    return AdvisoryIndex(shared(f"osv/{name}.zip") for name in DUMPS)


def rows() -> Iterator[dict[str, Any]]:
    with zstandard.ZstdDecompressor().stream_reader(shared("cassettes/osv-queries.jsonl.zst").open("rb")) as packed:
        yield from map(json.loads, io.TextIOWrapper(packed, "utf-8"))


def image(row: dict[str, Any]) -> Image | None:
    """An image with this package alone; None of an ecosystem without advisories here."""
    root, _, release = row["ecosystem"].partition(":")
    if root not in DUMPS:
        return None
    if root in SYSTEMS:
        name, kind = SYSTEMS[root]
        package = Package(kind, row["name"], row["version"], "database", arch="x86_64")
        return Image(Release(name, release.removeprefix("v")), [], [Located(package, "layer")], [])
    return Image(None, [], [Located(Package(TYPES[root], row["name"], row["version"], "file"), "layer")], [])


def names(match: Match) -> set[str]:
    """All that a match is called by."""
    told = {match.vulnerability}
    for each in match.told:
        told |= {each.advisory.id, *each.advisory.aliases, *each.advisory.vulnerabilities}
    return told


def test_what_the_service_told_is_found_here_and_no_more():
    counts: dict[str, Counter[str]] = {}
    for row in rows():
        made = image(row)
        known = index().names(row["ecosystem"], row["name"])
        if made is None or not known:
            continue
        found = [names(each) for each in matches(made, index())]
        count = counts.setdefault(row["ecosystem"], Counter())
        count["rows"] += 1
        told = set().union(*found)
        for expected in set(row["expected"]) & known:
            count["found" if expected in told else "missed"] += 1
        if not row["expected"]:
            count["raised" if found else "spared"] += 1
    for ecosystem, each in sorted(counts.items()):
        print(f"{ecosystem:16} {dict(sorted(each.items()))}")  # noqa: T201 - the report
    assert {name: dict(each) for name, each in counts.items()} == FROZEN
