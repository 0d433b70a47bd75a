"""Use cases on EventBridge's configuration: the permission first, one audit record and a new stamp for a change,
nothing for a read; secrets are sealed and told nowhere.
"""

import contextlib
import importlib
import inspect
import pkgutil
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import entrepot.core.events
from entrepot.core.access import Caller
from entrepot.core.events import patterns
from entrepot.db import event_buses
from entrepot.db.database import Transaction
from entrepot.db.schema import metadata
from entrepot.errors import AccessDenied, Fact
from tests.factories.callers import ACCOUNT, OTHER_ACCOUNT, REGION, caller
from tests.factories.core_database import CoreDatabase, call_in
from tests.factories.event_cases import CASES, PARTS, READS, SECRET, WRITES, furnish, work
from tests.unit.core.test_identities import nobody


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a database with something of each kind."""
    directory = tmp_path_factory.mktemp("furnished")
    made = CoreDatabase(directory)
    furnish(made.write)
    made.close()
    return directory


@pytest.fixture
def house(furnished: Path, tmp_path: Path) -> Iterator[CoreDatabase]:
    shutil.copytree(furnished, tmp_path, dirs_exist_ok=True)
    made = CoreDatabase(tmp_path)
    yield made
    made.close()


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CoreDatabase]:
    """An account with nothing in it."""
    made = CoreDatabase(tmp_path_factory.mktemp("bare"))
    yield made
    made.close()


def use_cases() -> set[str]:
    """Functions whose first parameters are a transaction and a caller."""
    return {
        f"{found.name}.{name}"
        for found in pkgutil.iter_modules(entrepot.core.events.__path__)
        for name, value in inspect.getmembers(
            importlib.import_module(f"entrepot.core.events.{found.name}"), inspect.isfunction
        )
        if value.__module__ == f"entrepot.core.events.{found.name}"
        and not name.startswith("_")
        and list(inspect.signature(value).parameters)[:2] == ["tx", "caller"]
    }


def contents(core: CoreDatabase) -> dict[str, list[tuple[Any, ...]]]:
    return core.database.read(
        lambda tx: {table.name: [tuple(row) for row in tx.all(table.select())] for table in metadata.sorted_tables}
    )


def stamp(core: CoreDatabase) -> int:
    return int(core.row(event_buses.stamp, ACCOUNT, REGION))


def test_the_walk_knows_every_use_case():
    assert set(CASES) == use_cases() - PARTS


@pytest.mark.parametrize("name", CASES)
def test_a_denial_changes_nothing_and_is_the_same_whether_or_not_the_thing_exists(
    house: CoreDatabase, bare: CoreDatabase, name: str
):
    arguments, _ = CASES[name]
    before, told = contents(house), set()
    for core in (house, bare):
        with pytest.raises(AccessDenied) as denied:
            core.write(work(name), *arguments, who=nobody())
        told.add(str(denied.value))
    assert contents(house) == before
    assert len(told) == 1


def test_a_pattern_is_tried_by_who_may():
    with pytest.raises(AccessDenied):
        patterns.test(nobody(), "{}", "{}")


class Undo(Exception):
    """Raised after a use case has done its work, so that its unit is rolled back."""


@pytest.mark.parametrize("name", WRITES)
def test_a_change_leaves_one_audit_record_and_a_new_stamp_together_or_nothing(house: CoreDatabase, name: str):
    arguments, action = WRITES[name]
    before, stamped, who = contents(house), stamp(house), caller()

    def undone(tx: Transaction, acting: Caller) -> None:
        work(name)(tx, acting, *arguments)
        raise Undo

    with pytest.raises(Undo):
        house.write(undone, who=who)
    assert contents(house) == before
    house.write(work(name), *arguments, who=who)
    after = contents(house)
    changed = {table for table in after if after[table] != before[table]} - {"outbox", "event_region"}
    assert changed, "a write that changes nothing"
    (record,) = [row for row in after["outbox"] if row not in before["outbox"]]
    call = call_in(record[8])
    assert (record[1], record[7], call.service) == ("audit", action, "events")
    assert call.request_id == who.request_id
    assert stamp(house) != stamped


@pytest.mark.parametrize("name", READS)
def test_a_read_changes_nothing_and_tells_nothing(house: CoreDatabase, name: str):
    arguments, _ = READS[name]
    before = contents(house)
    house.write(work(name), *arguments)
    assert contents(house) == before


@pytest.mark.parametrize("name", CASES)
def test_the_root_of_another_account_sees_and_changes_nothing_of_this_one(house: CoreDatabase, name: str):
    arguments, _ = CASES[name]
    before = contents(house)
    answer: Any = None
    with contextlib.suppress(Fact):
        answer = house.write(work(name), *arguments, who=caller(OTHER_ACCOUNT))
    assert not any(row[0] in str(answer) for table in ("event_rule", "event_archive") for row in before[table])
    after = contents(house)
    for table in after.keys() - {"outbox", "event_region"}:
        assert set(before[table]) <= set(after[table]), table
    assert [row for row in after["event_region"] if row[0] == ACCOUNT] == before["event_region"]


def test_a_secret_is_told_to_nobody_and_is_sealed(house: CoreDatabase):
    for name in ("connections.create", "connections.update", "connections.describe", "connections.deauthorize"):
        assert SECRET not in str(house.write(work(name), *CASES[name][0]))
    assert SECRET not in "".join(row.body for row in house.outbox("audit"))
    for path in house.path.parent.iterdir():
        assert SECRET.encode() not in path.read_bytes(), path
