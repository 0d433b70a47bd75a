"""What the audit trail costs: the CPU of keeping a read, a page of LookupEvents among many records, a day that expires.

python -m benchmarks.audit [--records 10000000] [--data DIR]    (DIR is used again when it has them already)
"""

import argparse
import os
import random
import statistics
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from entrepot.core.access import Caller
from entrepot.core.audit import records, store
from entrepot.core.audit.blocks import Finding, Gathering, Parts
from entrepot.core.audit.folding import fold
from entrepot.core.audit.lookup import Wanted, look_up
from entrepot.core.audit.upkeep import AuditUpkeep
from entrepot.core.call_pages import Group, alone, pages
from entrepot.core.calls import Call, Common, Encoded, Identity, encode
from entrepot.core.principals import root_principal
from entrepot.core.rights import Rights
from entrepot.db import audit_blocks, migrate
from entrepot.db.audit_blocks import HOUR
from entrepot.db.audit_schema import audit_block
from entrepot.db.database import Transaction
from entrepot.db.sqlite import SqliteDatabase
from entrepot.journal import Batch
from entrepot.policy.evaluation import Policies
from entrepot.spec.moments import micros, moment

ACCOUNT, REGION = "000000000000", "us-east-1"
DAYS = 90
DAY = 24 * HOUR
FIRST = micros(datetime(2026, 1, 1, tzinfo=UTC))
LAST = FIRST + DAYS * DAY
RARE = {"Username": "rare-user", "ResourceName": "rare/app", "EventName": "DeleteRepository", "AccessKeyId": "AKIARARE"}
COMMON = {
    "EventName": "BatchGetImage",
    "ReadOnly": "true",
    "Username": "user-7",
    "ResourceType": "AWS::ECR::Repository",
    "ResourceName": "team/app-7",
    "EventSource": "ecr.amazonaws.com",
    "AccessKeyId": "AKIA0007",
}
_KINDS = 4000  # of records; each is told again and again, at other times and with other ids
_BATCH = 5120
_AGENT = (
    "docker/27.3.1 go/go1.22.7 git-commit/41ca978 kernel/6.8 os/linux arch/amd64 "
    "UpstreamClient(Docker-Client/27.3.1 (linux))"
)
_ACCEPTED = [f"application/vnd.{kind}+json" for kind in ("oci.image.manifest.v1", "oci.image.index.v1", "docker.v2")]


@dataclass(frozen=True, slots=True)
class Kind:
    """A record that is told at any time, with any id."""

    like: Encoded
    parts: Parts

    def told(self, at: int, request_id: str) -> Group:
        """A record of this kind."""
        return alone(self.like._replace(numbers=(at, *self.like.numbers[1:]), request_id=request_id))


def pull(number: int, at: int = LAST, **fields: Any) -> Call:
    """A pull as docker makes one."""
    user = number % 40
    who = Identity("user", f"AIDA{user:04}", f"arn:aws:iam::{ACCOUNT}:user/user-{user}", ACCOUNT, f"AKIA{user:04}")
    made: dict[str, Any] = {
        "at": at,
        "service": "ecr",
        "operation": ("BatchGetImage", "GetDownloadUrlForLayer", "BatchGetImage", "PutImage")[number % 97 % 4],
        "door": "oci",
        "account": ACCOUNT,
        "region": REGION,
        "caller": who.account,
        "identity": who,
        "request_id": str(uuid.UUID(int=number)),
        "source_ip": f"10.1.{number % 7}.{number % 250}",
        "user_agent": _AGENT,
        "secure": False,
        "alike": None,
        "repository_id": f"R{number % 150:025}",
        "repository": f"team/app-{number % 150}",
        "pulled": (f"sha256:{number:064x}",),
        "status": 200,
        "error": "",
        "message": "",
        "received": 0,
        "sent": 1200,
        "took": 900,
        "head": False,
        "parameters": {"imageIds": [{"imageTag": "latest"}], "acceptedMediaTypes": _ACCEPTED},
        "response": None,
    }
    given = made | fields
    common = Common(**{name: given.pop(name) for name in Common.__struct_fields__})
    return Call(**given, common=common)


def kinds() -> tuple[list[Kind], Kind]:
    """The kinds of records, and the one that is rare."""
    finding = Finding()
    who = Identity("user", "AIDARARE", f"arn:aws:iam::{ACCOUNT}:user/rare-user", ACCOUNT, "AKIARARE")
    rare = pull(0, identity=who, repository="rare/app", operation="DeleteRepository")
    return [_kind(pull(number), finding) for number in range(_KINDS)], _kind(rare, finding)


def _kind(call: Call, finding: Finding) -> Kind:
    record = encode(call)
    return Kind(record, finding.parts(record, ACCOUNT))


def seed(database: SqliteDatabase, count: int) -> None:
    """So many records, evenly over the days; each thousandth is of the rare kind."""
    chance = random.Random(1)
    common, rare = kinds()
    ids = [str(uuid.UUID(int=chance.getrandbits(128))) for _ in range(_KINDS)]
    step, pending = (LAST - FIRST) // count, []
    for start in range(0, count, _BATCH):
        gathering = Gathering()
        for number in range(start, min(start + _BATCH, count)):
            kind = rare if number % 1000 == 0 else common[chance.randrange(_KINDS)]
            request_id = f"{ids[number % _KINDS][:24]}{number:012x}"
            gathering.stream(ACCOUNT, REGION).take(kind.told(FIRST + number * step, request_id), kind.parts)
        pending.append(database.submit(_adding(list(gathering.blocks())), relaxed=True))
        while len(pending) > 8:
            pending.pop(0).result()
        if start % (100 * _BATCH) == 0:
            database.checkpoint()
    for each in pending:
        each.result()


def _adding(blocks: Sequence[audit_blocks.NewBlock]) -> Callable[[Transaction], object]:
    return lambda tx: [audit_blocks.add(tx, block) for block in blocks]


def caller() -> Caller:
    """The account's root, when the last record was told."""
    principal = root_principal(ACCOUNT, "AKIAROOT", 1)
    rights = Rights(principal.subject(), Policies())
    return Caller(
        principal, rights, REGION, "127.0.0.1", "bench", str(uuid.uuid4()), secure=False, door="aws", at=moment(LAST)
    )


def page(database: SqliteDatabase, wanted: Wanted) -> tuple[int, float, float]:
    """A page looked up and written as JSON: its records, wall and CPU milliseconds."""
    wall, cpu = time.perf_counter(), time.thread_time()
    found = database.read(lambda tx: look_up(tx, caller(), wanted, DAYS))
    for call in found.calls:
        records.encoded(records.record(call, ACCOUNT, REGION))
    return len(found.calls), (time.perf_counter() - wall) * 1000, (time.thread_time() - cpu) * 1000


def lookups(database: SqliteDatabase) -> Iterator[tuple[str, Wanted]]:
    """First pages by every attribute, common and rare values of it, by time and by nothing."""
    week = FIRST + 7 * DAY
    old = database.read(lambda tx: look_up(tx, caller(), Wanted(None, week, week + HOUR, 1, None), DAYS)).calls[0]
    yield "EventId", Wanted(("EventId", records.id_of(old, ACCOUNT)), None, None, 50, None)
    for label, values in (("common", COMMON), ("rare", RARE)):
        for attribute, value in values.items():
            yield f"{attribute}, {label}", Wanted((attribute, value), None, None, 50, None)
    for attribute in COMMON:
        yield f"{attribute}, absent", Wanted((attribute, "absent"), None, None, 50, None)
    yield "nothing", Wanted(None, None, None, 50, None)
    yield "an hour long ago", Wanted(None, week, week + HOUR, 50, None)
    yield "a rare user long ago", Wanted(("Username", "rare-user"), FIRST, week, 50, None)


def kept_read_micros(directory: Path, count: int = 60_000) -> float:
    """CPU microseconds that keeping a read takes, from the journal's record to the committed block."""
    path = directory / "folded.db"
    path.unlink(missing_ok=True)
    migrate.upgrade(path, migrate.AUDIT)
    database = SqliteDatabase(path)
    each = 1400  # calls of a batch of 1 MiB
    made = [pull(number % 2000, FIRST + number * 1000, operation="BatchGetImage") for number in range(count)]
    batches = [
        Batch("j", tuple(pages(made[start : start + each])), start, start + each) for start in range(0, count, each)
    ]
    before = time.process_time()
    for batch in batches:
        database.submit(_folding(batch)).result()
    spent = time.process_time() - before
    database.close()
    return spent / count * 1e6


def _folding(batch: Batch) -> Callable[[Transaction], int]:
    return lambda tx: fold(tx, batch, [REGION], FIRST)


def expire_day(database: SqliteDatabase) -> tuple[int, float, float]:
    """Remove the oldest day: records that went, seconds, and the longest that another write waited meanwhile, in ms."""
    started = time.perf_counter()
    gone = AuditUpkeep(database, DAYS).expire(moment(LAST) + timedelta(days=1))
    return gone, time.perf_counter() - started, longest_step(database)


def longest_step(database: SqliteDatabase) -> float:
    """The longest of a day's steps, each of which is a transaction of its own, in milliseconds."""
    longest, gone = 0.0, 1
    while gone:
        started = time.perf_counter()
        gone = database.submit(lambda tx: store.expire(tx, FIRST + 2 * DAY, 4)).result()
        longest = max(longest, time.perf_counter() - started)
    return longest * 1000


def held(database: SqliteDatabase) -> tuple[int, int]:
    """How many blocks there are, and records."""
    numbers = select(func.count(), func.sum(audit_block.c.count))
    blocks, count = database.read(lambda tx: tx.all(numbers))[0]
    return int(blocks), int(count)


def opened(path: Path, count: int) -> SqliteDatabase:
    """A database of so many records, made when it is not there."""
    fresh = not path.exists()
    migrate.upgrade(path, migrate.AUDIT)
    database = SqliteDatabase(path)
    if fresh:
        started = time.perf_counter()
        seed(database, count)
        database.checkpoint()
        size, seconds = path.stat().st_size / count, time.perf_counter() - started
        print(f"{count} records seeded in {seconds:.0f} s, {size:.0f} bytes each")
    return database


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=10_000_000)
    parser.add_argument("--data", type=Path, default=Path(tempfile.gettempdir()) / f"audit-{os.getpid()}")
    given = parser.parse_args()
    given.data.mkdir(parents=True, exist_ok=True)
    print(f"keeping a read: {kept_read_micros(given.data):.2f} us of CPU")
    database = opened(given.data / f"audit-{given.records}.db", given.records)
    for name, wanted in lookups(database):
        taken = [page(database, wanted) for _ in range(9)]
        wall, cpu = (statistics.median(each[part] for each in taken) for part in (1, 2))
        print(f"{name:24} {taken[0][0]:3} records  first {taken[0][1]:6.1f} ms  then {wall:6.1f} ms, CPU {cpu:6.1f} ms")
    gone, seconds, longest = expire_day(database)
    print(f"a day expired: {gone} records in {seconds:.1f} s; the longest step of another day {longest:.1f} ms")
    database.close()


if __name__ == "__main__":
    main()
