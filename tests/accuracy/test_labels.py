"""Labels that others gave by hand: packages of real images that have a vulnerability (TP), or that only seem to (FP).

A row can be judged where an advisory about that vulnerability of that package is there. Of Red Hat and its kin there is
only AlmaLinux's feed, which stands in for them: it is built of the same sources, and mends a few things earlier or
later; these rows are counted by themselves. The report is printed; its numbers are frozen: none gets worse unseen.
"""

import io
import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Any

import zstandard

from entrepot.scan.distributions import distribution
from entrepot.scan.matching import matches
from entrepot.scan.merging import Image, Located
from entrepot.scan.packages import Package, Release
from tests.factories.advisory_index import AdvisoryIndex
from tests.factories.vulnerability_data import shared

FEEDS = ("Debian", "Alpine", "AlmaLinux")
OWN = {"debian": ("debian", "deb"), "alpine": ("alpine", "apk"), "almalinux": ("almalinux", "rpm")}
KIN = frozenset({"rhel", "centos-stream", "rocky", "oracle"})
LEAST_ROWS = 300
_PLAIN = re.compile(r"\S+-(?!.*module)\S+")  # an rpm's version with its release; of a module's no row says which stream
# found and missed of TP, spared and raised of FP
FROZEN = {
    "AlmaLinux:8": {"found": 111},
    "AlmaLinux:8 (stands in)": {"found": 527, "missed": 7, "raised": 7, "spared": 1},
    "AlmaLinux:9 (stands in)": {"found": 26, "missed": 21, "spared": 108},
    "Alpine:v3.6": {"found": 3},
    "Debian:9": {"found": 7},
    "Debian:11": {"found": 1},
}


@cache
def index() -> AdvisoryIndex:
    return AdvisoryIndex(shared(f"osv/{name}.zip") for name in FEEDS)


@cache
def sources() -> dict[str, str]:
    """The source packages of binary ones, as far as an inventory of a Debian tells them."""
    packages = json.loads(shared("inventories/debian-10.json").read_text())["packages"]
    return {each["name"]: each["source_name"] for each in packages}


def labels() -> Iterator[dict[str, Any]]:
    with zstandard.ZstdDecompressor().stream_reader(shared("labels/match-labels.jsonl.zst").open("rb")) as packed:
        for line in io.TextIOWrapper(packed, "utf-8"):
            row = json.loads(line)
            if row["label"] != "??" and row.get("package") and row.get("version"):
                yield row


def system(row: dict[str, Any]) -> tuple[str, str, bool]:
    """The distribution of a row's image, its release, and whether another one's advisories stand in."""
    name, _, version = (row.get("distro") or "").partition(":")
    if not name and (found := re.search(r"\.el(\d+)", row["version"])):
        return "almalinux", found[1], True
    if not name and (found := re.search(r"deb(\d+)u", row["version"])):
        return "debian", found[1], False
    return ("almalinux", version.partition(".")[0], True) if name in KIN else (name, version, False)


def judged(row: dict[str, Any]) -> tuple[str, bool] | None:
    """The ecosystem of a row and whether its vulnerability is found; None for one that nothing here can judge."""
    name, version, stands_in = system(row)
    if name not in OWN or row.get("type") != OWN[name][1]:
        return None
    release, package = Release(OWN[name][0], version), row["package"]
    told_of = distribution(release)
    assert told_of is not None
    (ecosystem,) = told_of.ecosystems
    names = index().packages(ecosystem, row["cve"] or row["vuln_id"])
    source = sources().get(package, package) if row["type"] == "deb" else package
    if source not in names or (row["type"] == "rpm" and not _PLAIN.fullmatch(row["version"])):
        return None
    installed = Package(row["type"], package, row["version"], "database", source_name=source, arch="x86_64")
    found = matches(Image(release, [], [Located(installed, "layer")], []), index())
    label = f"{ecosystem} (stands in)" if stands_in else ecosystem
    return label, (row["cve"] or row["vuln_id"]) in {match.vulnerability for match in found}


def test_what_was_labelled_is_found_and_spared():
    counts: dict[str, Counter[str]] = {}
    for row in labels():
        if answer := judged(row):
            ecosystem, found = answer
            word = ("found" if found else "missed") if row["label"] == "TP" else ("raised" if found else "spared")
            counts.setdefault(ecosystem, Counter())[word] += 1
    for ecosystem, each in sorted(counts.items()):
        print(f"{ecosystem:28} {dict(sorted(each.items()))}")  # noqa: T201 - the report
    total = sum((each for each in counts.values()), Counter())
    assert total.total() >= LEAST_ROWS
    own = sum((each for name, each in counts.items() if "stands in" not in name), Counter())
    assert own["found"] >= 0.98 * (own["found"] + own["missed"])
    assert own["raised"] <= 0.02 * (own["raised"] + own["spared"])
    assert {name: dict(each) for name, each in counts.items()} == FROZEN
