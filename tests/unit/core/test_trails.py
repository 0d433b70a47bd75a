"""Use cases on trails: the permission before the existence, an audit record with each change, names and limits."""

import importlib
import inspect
import pkgutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

import entrepot.core.audit
from entrepot.core.access import Caller
from entrepot.core.audit import trail_logging, trails
from entrepot.core.audit.trails import TrailChange, TrailDraft
from entrepot.core.principals import user_principal
from entrepot.core.rights import Rights
from entrepot.db.database import Transaction
from entrepot.db.schema import metadata
from entrepot.errors import (
    AccessDenied,
    InsightsNotEnabled,
    TrailNotFound,
)
from entrepot.policy.evaluation import Policies
from entrepot.spec.ulid import new_ulid
from tests.factories.callers import ACCOUNT, EPOCH, OTHER_ACCOUNT, REGION, caller
from tests.factories.core_database import CoreDatabase

ARN = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/main"
# use case -> its arguments, by keyword too, and the operation whose record it leaves; None of a read
CASES: dict[str, tuple[tuple[Any, ...], dict[str, Any], str | None]] = {
    "event_selectors.get": (("main",), {}, None),
    "event_selectors.put": (("main", [{"ReadWriteType": "ReadOnly"}], []), {}, "PutEventSelectors"),
    "signing_keys.list_public": ((None, None), {}, None),
    "trail_logging.start": (("main",), {}, "StartLogging"),
    "trail_logging.status": (("main",), {}, None),
    "trail_logging.stop": (("logging",), {}, "StopLogging"),
    "trail_tags.list_of": (([ARN],), {}, None),
    "trail_tags.put": ((ARN, (("k", "v"),)), {}, "AddTags"),
    "trail_tags.remove": ((ARN, (("kept", ""),)), {}, "RemoveTags"),
    "trails.allow_update": (("main",), {}, None),
    "trails.create": ((TrailDraft("id", "new", "bucket", tags=(("k", "v"),)),), {}, "CreateTrail"),
    "trails.delete": (("main",), {}, "DeleteTrail"),
    "trails.describe": (([],), {"shadows": True}, None),
    "trails.get": (("main",), {}, None),
    "trails.list_all": ((), {}, None),
    "trails.require": (("GetTrail", "main"), {}, None),
    "trails.require_insights": (("main", None), {}, None),
    "trails.require_locked": (("UpdateTrail", "main"), {}, None),
    "trails.update": (("main", TrailChange(multi_region=True)), {}, "UpdateTrail"),
}
# what is given what was authorised, or authorises itself with what it is given
PARTS = {"trails.allow", "trails.told"}
WRITES = {name: case for name, case in CASES.items() if case[2]}
OTHERS = {"lookup", "folding"}  # of the records themselves: they have suites of their own


def work(name: str) -> Callable[..., Any]:
    module, function = name.split(".")
    found: Callable[..., Any] = getattr(importlib.import_module(f"entrepot.core.audit.{module}"), function)
    return found


@pytest.fixture
def house(core: CoreDatabase) -> CoreDatabase:
    """A trail that does not log and one that does."""
    core.write(trails.create, draft("main", tags=(("kept", "1"),)))
    core.write(trails.create, draft("logging"))
    core.write(trail_logging.start, "logging")
    return core


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[CoreDatabase]:
    (tmp_path / "bare").mkdir()
    made = CoreDatabase(tmp_path / "bare")
    yield made
    made.close()


def draft(name: str, **settings: Any) -> TrailDraft:
    return TrailDraft(new_ulid(), name, **{"bucket": "logs", **settings})


def nobody() -> Caller:
    who = user_principal(ACCOUNT, "AIDAALICE", "/alice", "AKIAALICE", 1)
    rights = Rights(who.subject(), Policies())
    return Caller(who, rights, REGION, "127.0.0.1", "tests", str(uuid.uuid4()), secure=False, door="aws", at=EPOCH)


def elsewhere(region: str = "eu-west-1") -> Caller:
    return replace(caller(), region=region)


def contents(core: CoreDatabase) -> dict[str, list[tuple[Any, ...]]]:
    return core.database.read(
        lambda tx: {table.name: [tuple(row) for row in tx.all(table.select())] for table in metadata.sorted_tables}
    )


def test_the_walk_knows_every_use_case():
    found = {
        f"{name}.{function}"
        for name in (each.name for each in pkgutil.iter_modules(entrepot.core.audit.__path__))
        if name not in OTHERS
        for function, value in inspect.getmembers(
            importlib.import_module(f"entrepot.core.audit.{name}"), inspect.isfunction
        )
        if value.__module__ == f"entrepot.core.audit.{name}"
        and not function.startswith("_")
        and list(inspect.signature(value).parameters)[:2] == ["tx", "caller"]
    }
    assert found - PARTS == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_a_denial_changes_nothing_and_is_the_same_whether_or_not_the_trail_exists(
    house: CoreDatabase, bare: CoreDatabase, name: str
):
    arguments, keywords, _ = CASES[name]
    before, said = contents(house), set()
    for core in (house, bare):
        with pytest.raises(AccessDenied) as denied:
            core.write(work(name), *arguments, who=nobody(), **keywords)
        said.add(str(denied.value))
    assert contents(house) == before
    assert len(said) == 1


class Undo(Exception):
    """Raised after a use case has done its work, so that its unit is rolled back."""


@pytest.mark.parametrize("name", WRITES)
def test_a_change_and_its_audit_record_are_there_together_or_not_at_all(house: CoreDatabase, name: str):
    arguments, keywords, operation = WRITES[name]
    before = contents(house)

    def undone(tx: Transaction, acting: Caller) -> None:
        work(name)(tx, acting, *arguments, **keywords)
        raise Undo

    with pytest.raises(Undo):
        house.write(undone)
    assert contents(house) == before
    house.write(work(name), *arguments, **keywords)
    after = contents(house)
    assert {table for table in after if after[table] != before[table]} - {"outbox"}
    (record,) = [row for row in house.outbox("audit") if tuple(row) not in before["outbox"]]
    assert record.name == operation


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case[2] is None])
def test_a_read_changes_nothing(house: CoreDatabase, name: str):
    arguments, keywords, _ = CASES[name]
    before = contents(house)
    try:
        house.write(work(name), *arguments, **keywords)
    except InsightsNotEnabled:
        assert name == "trails.require_insights"
    assert contents(house) == before


@pytest.mark.parametrize("name", [name for name in CASES if name not in {"trails.create", "signing_keys.list_public"}])
def test_another_account_sees_and_changes_nothing(house: CoreDatabase, name: str):
    arguments, keywords, _ = CASES[name]
    before = contents(house)
    answer: Any = ()
    try:
        answer = house.write(work(name), *arguments, who=caller(OTHER_ACCOUNT), **keywords)
    except (AccessDenied, TrailNotFound):
        assert contents(house) == before
    assert not answer
