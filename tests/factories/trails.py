"""Trails over real databases and a real volume: records are kept as the audit job keeps them, and delivered as the
delivery job delivers them. Only the clock is the test's.
"""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from entrepot.core.audit import trail_logging, trails
from entrepot.core.audit.delivering import Delivering, Done
from entrepot.core.audit.destinations import Destinations, OwnVolume
from entrepot.core.audit.digesting import Digesting
from entrepot.core.audit.folding import fold
from entrepot.core.audit.record_source import AuditRecords
from entrepot.core.audit.trails import TrailDraft
from entrepot.core.calls import Call, Identity
from entrepot.core.units import Units
from entrepot.db import trail_files
from entrepot.db import trails as rows
from entrepot.db.migrate import AUDIT
from entrepot.db.sqlite import SqliteDatabase
from entrepot.db.trail_records import Chain, LogFile, Trail
from entrepot.journal import Batch
from entrepot.spec.moments import micros
from entrepot.spec.ulid import new_ulid
from entrepot.store.kept_files import KeptFiles
from tests.factories import calls
from tests.factories.callers import ACCOUNT, EPOCH, REGION, caller
from tests.factories.core_database import CoreDatabase
from tests.factories.databases import SEAL, fresh

REGIONS = (REGION, "eu-west-1")
BUCKET = "entrepot"
HOUR = timedelta(hours=1)
SOON = timedelta(minutes=5)


class Killed(BaseException):
    """The process ends here."""


class Doubtful:
    """A volume that fails, or whose user is killed, after it has stored so many files."""

    def __init__(self, volume: Path) -> None:
        self.own = OwnVolume(KeptFiles(volume))
        self.fault: BaseException | None = None
        self.after = 0
        self.first = False  # whether the fault comes before the file is stored

    async def put(self, bucket: str, key: str, body: bytes, words: Mapping[str, str]) -> None:
        if self.fault is not None and self.first:
            raise self.fault
        await self.own.put(bucket, key, body, words)
        self.after -= 1
        if self.fault is not None and self.after <= 0:
            raise self.fault

    async def get(self, bucket: str, key: str) -> tuple[bytes, Mapping[str, str]] | None:
        return await self.own.get(bucket, key)

    def keys(self, bucket: str, prefix: str) -> AsyncIterator[str]:
        return self.own.keys(bucket, prefix)


class TrailHouse:
    """Metadata, audit records, and a volume for files; moments are counted from the first."""

    def __init__(self, directory: Path, files: Any = None) -> None:
        self.core = CoreDatabase(directory)
        fresh(directory / "audit.db", AUDIT)
        self.audit = SqliteDatabase(directory / "audit.db")
        self.volume = directory / "trails"
        self.own = files or OwnVolume(KeptFiles(self.volume))
        self.destinations = Destinations(self.own, None)
        self.readers = ThreadPoolExecutor(1, "reader")
        self.units = Units(self.core.database, self.readers)
        self.source = AuditRecords(self.audit, aws_constants=False)
        self._offset = 0

    def close(self) -> None:
        """Close what was opened."""
        self.core.close()
        self.audit.close()
        self.readers.shutdown()

    def trail(self, name: str = "main", *, logging: bool = True, at: datetime = EPOCH, **settings: Any) -> Trail:
        """A trail with digest files, which logs."""
        wanted = {"bucket": BUCKET, "validated": True, **settings}
        made: Trail = self.core.write(trails.create, TrailDraft(new_ulid(), name, **wanted), who=caller(at=at))
        if logging:
            self.core.write(trail_logging.start, name, who=caller(at=at))
        return made

    def call(
        self,
        at: datetime,
        operation: str = "CreateRepository",
        *,
        service: str = "ecr",
        region: str = REGION,
        account: str = ACCOUNT,
        parameters: Mapping[str, object] | None = None,
        error: str = "",
    ) -> Call:
        """Keep the record of a call."""
        who = Identity("root", account, f"arn:aws:iam::{account}:root", account, "AKIATEST")
        told = {
            "account": account,
            "region": region,
            "door": "aws",
            "identity": who,
            "secure": True,
            "status": 400 if error else 200,
            "error": error,
            "parameters": parameters or {"repositoryName": "app"},
        }
        made = calls.call(operation, micros(at), service=service, **told)
        batch = Batch("journal.000001", (calls.told(made),), self._offset, self._offset + 1)
        self._offset += 1
        assert self.audit.submit(lambda tx: fold(tx, batch, REGIONS, micros(at))).result() == 1
        return made

    def delivering(self, **bounds: int) -> Delivering:
        """The delivery, as a worker that has just started has it, by default with its own bounds."""
        digesting = Digesting(self.units, self.destinations, SEAL, REGIONS, HOUR)
        return Delivering(self.units, self.source, self.destinations, digesting, REGIONS, **bounds)

    def deliver(self, at: datetime, **bounds: int) -> Done:
        """One run."""
        return asyncio.run(self.delivering(**bounds).run(at))

    def stored(self, kind: str = "CloudTrail") -> list[str]:
        """The keys of the files of a kind, in order."""
        folder = self.volume / BUCKET
        found = (path.relative_to(folder).as_posix() for path in folder.rglob("*.json.gz"))
        return sorted(key for key in found if f"/{kind}/" in f"/{key}")

    def read(self, key: str) -> dict[str, Any]:
        """What a file says."""
        content: dict[str, Any] = json.loads(gzip.decompress((self.volume / BUCKET / key).read_bytes()))
        return content

    def delivered(self) -> list[str]:
        """The ids of all records in log files, in the order of names of files."""
        return [record["eventID"] for key in self.stored() for record in self.read(key)["Records"]]

    def row(self, name: str = "main", region: str = REGION) -> Trail:
        """A trail's row."""
        found = self.core.database.read(lambda tx: rows.find(tx, ACCOUNT, region, name))
        assert found is not None
        return found

    def chains(self) -> list[Chain]:
        """Every chain."""
        return list(self.core.database.read(trail_files.chains))

    def pending(self, trail: Trail) -> list[LogFile]:
        """Log files of a trail that are in no digest file."""
        return list(self.core.database.read(lambda tx: trail_files.files(tx, trail.id, EPOCH)))
