"""Trivy's database, written from dumps of OSV: the very records that this project's engine reads, read anew here."""

import json
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from entrepot.scan.names import normalised
from entrepot.scan.versions.schemes import scheme_of
from tests.factories.bolt import write

LANGUAGES = {"PyPI": "pip", "Go": "go", "crates.io": "cargo", "RubyGems": "rubygems", "Packagist": "composer"}
_SYSTEMS = {"Debian": "debian ", "Alpine": "alpine "}
_SOURCE = "tests"


def build(cache: Path, dumps: Iterable[Path]) -> None:
    """Write the database of these dumps into a cache of Trivy's."""
    advisories: dict[str, dict[str, dict[str, Any]]] = defaultdict(lambda: defaultdict(dict))
    for dump in dumps:
        for record in _records(dump):
            for affected in record.get("affected", ()):
                _add(advisories, record, affected)
    source = json.dumps({"ID": _SOURCE, "Name": _SOURCE, "URL": ""}).encode()
    root: dict[str, Any] = {
        bucket: {
            name: {key: json.dumps(told).encode() for key, told in each.items()} for name, each in packages.items()
        }
        for bucket, packages in advisories.items()
    }
    root["data-source"] = dict.fromkeys(advisories, source)
    root["vulnerability"] = {}
    folder = cache / "db"
    folder.mkdir(parents=True, exist_ok=True)
    write(folder / "trivy.db", root)
    far = "2099-01-01T00:00:00Z"
    dates = {"Version": 2, "NextUpdate": far, "UpdatedAt": "2024-01-01T00:00:00Z", "DownloadedAt": far}
    (folder / "metadata.json").write_text(json.dumps(dates))


def _records(dump: Path) -> Iterator[dict[str, Any]]:
    with zipfile.ZipFile(dump) as archive:
        for name in archive.namelist():
            record = json.loads(archive.read(name))
            if not record.get("withdrawn"):
                yield record


def _names(record: Mapping[str, Any]) -> list[str]:
    """The CVEs of a record; else, of a vulnerability of a language, what GitHub calls it, or the record's own name."""
    told = [*record.get("aliases", ()), *record.get("upstream", ())]
    for start in ("CVE-", "GHSA-"):
        if found := list(dict.fromkeys(each for each in told if each.startswith(start))):
            return found
    return [record["id"]]


def _add(advisories: Any, record: Mapping[str, Any], affected: Mapping[str, Any]) -> None:
    ecosystem, name = affected["package"]["ecosystem"], affected["package"]["name"]
    root, _, release = ecosystem.partition(":")
    for vulnerability in _names(record):
        if root in _SYSTEMS:
            bucket = advisories[f"{_SYSTEMS[root]}{release.removeprefix('v')}"][name]
            bucket[vulnerability] = _later(ecosystem, bucket.get(vulnerability), _fixed(affected))
        elif root in LANGUAGES:
            bucket = advisories[f"{LANGUAGES[root]}::{_SOURCE}"][normalised(ecosystem, name)]
            ranges = bucket.setdefault(vulnerability, {"VulnerableVersions": []})["VulnerableVersions"]
            ranges += [each for each in _ranges(affected) if each not in ranges]


def _fixed(affected: Mapping[str, Any]) -> str:
    """The one version in which a distribution mends it; none while there is none."""
    events = [event for each in affected["ranges"] for event in each["events"]]
    return next((event["fixed"] for event in events if "fixed" in event), "")


def _later(ecosystem: str, told: Mapping[str, str] | None, fixed: str) -> dict[str, str]:
    """Trivy has room for one advisory of a vulnerability of a package: the one that mends it last."""
    if told is not None and (not told["FixedVersion"] or (fixed and _before(ecosystem, fixed, told["FixedVersion"]))):
        return dict(told)
    return {"FixedVersion": fixed}


def _before(ecosystem: str, one: str, other: str) -> bool:
    key = scheme_of(ecosystem).key
    return bool(key(one) < key(other))


def _ranges(affected: Mapping[str, Any]) -> Iterator[str]:
    for each in affected.get("ranges", ()):
        if each["type"] != "GIT":
            yield from _constraints(each["events"])
    yield from (f"={version}" for version in affected.get("versions") or ())


def _constraints(events: Iterable[Mapping[str, str]]) -> Iterator[str]:
    lower, opened = "", False
    for event in events:
        if "introduced" in event:
            lower = "" if event["introduced"] in {"0", "0.0.0-0"} else f">={event['introduced']}"
            opened = True
        elif opened:
            upper = f"<{event['fixed']}" if "fixed" in event else f"<={event['last_affected']}"
            yield f"{lower}, {upper}" if lower else upper
            opened = False
    if opened:
        yield lower or ">=0"
