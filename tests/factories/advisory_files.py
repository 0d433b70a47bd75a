"""Dumps of advisories as feeds give them: archives and folders of OSV records, a line of code each."""

import json
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

Record = Mapping[str, object]


def record(name: str, package: str = "p", ecosystem: str = "Debian:12", fixed: str = "2", **fields: object) -> Record:
    """An advisory about one package, up to the version that mends it."""
    ranges = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": fixed}]}]
    affected = [{"package": {"ecosystem": ecosystem, "name": package}, "ranges": ranges}]
    return {"id": name, "modified": "2024-01-01T00:00:00Z", "affected": affected, **fields}


def dump(path: Path, records: Iterable[Record]) -> Path:
    """An archive as `all.zip` is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for each in records:
            archive.writestr(f"{each['id']}.json", json.dumps(each))
    return path


def folder(path: Path, records: Iterable[Record]) -> Path:
    """A folder with a file for each record."""
    path.mkdir(parents=True, exist_ok=True)
    for each in records:
        (path / f"{each['id']}.json").write_text(json.dumps(each))
    return path
