"""Those who tell of vulnerabilities, on loopback: an ecosystem of OSV's bucket, and files that are asked for with
conditions. Owns no assertions.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.factories.advisory_files import Record
from tests.factories.origins import Answering, Origin, body


def conditional(content: bytes) -> Answering:
    """Answers with these bytes, or 304 to who has them."""
    etag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'

    def answer(handler) -> None:
        same = handler.headers.get("If-None-Match") == etag
        (body(b"", 304, ETag=etag) if same else body(content, ETag=etag))(handler)

    return answer


def busy_first(times: int, then: Answering, status: int = 503, **headers: str) -> Answering:
    """Answers so many times that it is busy, and then as told."""
    left = [times]

    def answer(handler) -> None:
        left[0] -= 1
        (body(b"", status, **headers) if left[0] >= 0 else then)(handler)

    return answer


@dataclass
class Ecosystem:
    """A folder of OSV's bucket; what is `put` is there for who asks."""

    origin: Origin
    name: str
    records: dict[str, Record] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where it is."""
        return self.origin.url(f"/{self.name}")

    def put(self, *records: Record) -> None:
        """Add records, or newer ones; the list, the archive and each record are told anew."""
        for each in records:
            self.records[str(each["id"])] = each
            self.origin.answers[f"/{self.name}/{each['id']}.json"] = body(json.dumps(each).encode())
        self.origin.answers[f"/{self.name}/modified_id.csv"] = body(listing(self.records))
        self.origin.answers[f"/{self.name}/all.zip"] = conditional(archive(self.records))


def listing(records: Mapping[str, Record]) -> bytes:
    """OSV's list of what was modified, newest first."""
    newest = sorted(records.values(), key=lambda each: str(each["modified"]), reverse=True)
    return "".join(f"{each['modified']},{each['id']}\n" for each in newest).encode()


def archive(records: Mapping[str, Record]) -> bytes:
    """All records in one zip archive, the same bytes for the same records."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as written:
        for name, each in sorted(records.items()):
            written.writestr(zipfile.ZipInfo(f"{name}.json"), json.dumps(each))
    return data.getvalue()
