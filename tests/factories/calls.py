"""Calls, as doors tell them, and an audit database that has some."""

import uuid
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from entrepot.core.audit.blocks import Finding, Gathering
from entrepot.core.call_pages import alone, groups, pages
from entrepot.core.calls import Call, Common, Identity, decode, encode
from entrepot.db import audit_blocks
from entrepot.db.database import Database
from entrepot.spec.moments import micros
from tests.factories.callers import ACCOUNT, EPOCH, REGION

AT = micros(EPOCH)
ALICE = Identity("user", "AIDAALICE", f"arn:aws:iam::{ACCOUNT}:user/team/alice", ACCOUNT, "AKIAALICE")


def call(operation: str = "BatchGetImage", at: int = AT, **fields: Any) -> Call:
    """A pull of team/app by alice through docker, unless fields say otherwise."""
    common = Common(
        service="ecr",
        operation=operation,
        account=ACCOUNT,
        region=REGION,
        repository_id="R1",
        repository="team/app",
        door="oci",
        status=200,
        error="",
        caller=ACCOUNT,
        pulled=(),
        head=False,
        identity=ALICE,
        source_ip="192.0.2.7",
        user_agent="docker/27.3.1",
        secure=False,
        alike=None,
    )
    made = Call(
        at=at,
        received=0,
        sent=0,
        took=0,
        request_id=str(uuid.uuid4()),
        common=common,
        message="",
        parameters=None,
        response=None,
    )
    if "identity" in fields:
        fields.setdefault("caller", fields["identity"] and fields["identity"].account)
    return changed(made, **fields)


def changed(call: Call, **fields: Any) -> Call:
    """A call with other fields, those of what it has in common with others too."""
    common = {name: fields.pop(name) for name in Common.__struct_fields__ if name in fields}
    return msgspec.structs.replace(call, common=msgspec.structs.replace(call.common, **common), **fields)


def told(*calls: Call) -> bytes:
    """Calls as one record of a journal."""
    (record,) = pages(calls)
    return record


def calls_in(page: bytes) -> list[Call]:
    """The calls of a record of a journal."""
    return [decode(each) for group in groups(page) for each in group.calls()]


def keep(database: Database, calls: Sequence[Call], account: str = ACCOUNT, region: str = REGION) -> None:
    """Calls as records of one account, in a transaction."""
    database.submit(lambda tx: [audit_blocks.add(tx, block) for block in blocks(calls, account, region)]).result()


def blocks(calls: Iterable[Call], account: str = ACCOUNT, region: str = REGION) -> Sequence[audit_blocks.NewBlock]:
    """Calls in blocks."""
    gathering, finding = Gathering(), Finding()
    for each in calls:
        record = encode(each)
        gathering.stream(account, region).take(alone(record), finding.parts(record, account))
    return list(gathering.blocks())
