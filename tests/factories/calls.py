"""Calls, as doors tell them, and an audit database that has some."""

import uuid
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from entrepot.core.audit.blocks import Finding, Gathered, Gathering, head_of
from entrepot.core.calls import Call, Identity, encode, together
from entrepot.db import audit_blocks
from entrepot.db.database import Database
from entrepot.spec.moments import micros
from tests.factories.callers import ACCOUNT, EPOCH, REGION

AT = micros(EPOCH)
ALICE = Identity("user", "AIDAALICE", f"arn:aws:iam::{ACCOUNT}:user/team/alice", ACCOUNT, "AKIAALICE")


def call(operation: str = "BatchGetImage", at: int = AT, **fields: Any) -> Call:
    """A pull of team/app by alice through docker, unless fields say otherwise."""
    made = Call(
        at=at,
        service="ecr",
        operation=operation,
        door="oci",
        account=ACCOUNT,
        region=REGION,
        caller=ACCOUNT,
        identity=ALICE,
        request_id=str(uuid.uuid4()),
        source_ip="192.0.2.7",
        user_agent="docker/27.3.1",
        secure=False,
        repository_id="R1",
        repository="team/app",
        pulled=(),
        status=200,
        error="",
        message="",
        received=0,
        sent=0,
        took=0,
        head=False,
        parameters=None,
        response=None,
    )
    if "identity" in fields:
        fields.setdefault("caller", fields["identity"] and fields["identity"].account)
    return msgspec.structs.replace(made, **fields)


def told(*calls: Call) -> bytes:
    """Calls as one record of a journal."""
    (record,) = together(map(encode, calls))
    return record


def keep(database: Database, calls: Sequence[Call], account: str = ACCOUNT, region: str = REGION) -> None:
    """Calls as records of one account, in a transaction."""
    database.submit(lambda tx: [audit_blocks.add(tx, block) for block in blocks(calls, account, region)]).result()


def blocks(calls: Iterable[Call], account: str = ACCOUNT, region: str = REGION) -> Sequence[audit_blocks.NewBlock]:
    """Calls in blocks."""
    gathering, finding = Gathering(), Finding()
    for each in calls:
        record = encode(each)
        parts = finding.parts(head_of(record), record, account)
        gathering.add(account, region, Gathered(each.at, record, parts))
    return list(gathering.blocks())
