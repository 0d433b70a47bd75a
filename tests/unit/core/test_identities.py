"""Use cases on identities: the permission first, one audit record and a new stamp for a change, nothing for a read."""

import contextlib
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from entrepot.core.access import Caller
from entrepot.core.entities import DEVICE, GROUP, POLICY, PROFILE, PROVIDER, ROLE, USER
from entrepot.core.principals import user_principal
from entrepot.core.rights import Rights
from entrepot.db import accounts, sign_ins
from entrepot.db.database import Transaction
from entrepot.db.schema import metadata
from entrepot.errors import AccessDenied, EntityAlreadyExists, Fact
from entrepot.policy.evaluation import Policies
from tests.factories.callers import ACCOUNT, EPOCH, OTHER_ACCOUNT, REGION, caller
from tests.factories.core_database import CoreDatabase, call_in
from tests.factories.identity_cases import CASES, KEY, NO_STAMP, OWN_PASSWORD, PARTS, READS, WRITES, furnish, work
from tests.unit.core.test_authorisation import public_units


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory to copy: of a database that was furnished once, for the hashes of its passwords take long."""
    directory = tmp_path_factory.mktemp("furnished")
    made = CoreDatabase(directory)
    furnish(made.write)
    made.close()
    return directory


@pytest.fixture
def house(furnished: Path, tmp_path: Path) -> Iterator[CoreDatabase]:
    made = CoreDatabase(shutil.copytree(furnished, tmp_path / "furnished"))
    yield made
    made.close()


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[CoreDatabase]:
    """An account with nothing in it."""
    directory = tmp_path / "bare"
    directory.mkdir()
    made = CoreDatabase(directory)
    yield made
    made.close()


def nobody() -> Caller:
    """A user to whom nothing is permitted."""
    who = user_principal(ACCOUNT, "AIDAALICE", "/team/alice", KEY, 1)
    rights = Rights(who.subject(), Policies())
    return Caller(who, rights, REGION, "127.0.0.1", "tests", str(uuid.uuid4()), secure=False, door="aws", at=EPOCH)


def contents(core: CoreDatabase) -> dict[str, list[tuple[Any, ...]]]:
    return core.database.read(
        lambda tx: {table.name: [tuple(row) for row in tx.all(table.select())] for table in metadata.sorted_tables}
    )


def stamp(core: CoreDatabase) -> int:
    found = core.database.read(lambda tx: accounts.find(tx, ACCOUNT))
    assert found is not None
    return found.stamp


def test_the_walk_knows_every_use_case():
    assert set(CASES) | set(OWN_PASSWORD) == public_units(identities=True) - PARTS


@pytest.mark.parametrize("name", [*CASES, *OWN_PASSWORD])
def test_a_denial_changes_nothing_and_is_the_same_whether_or_not_the_thing_exists(
    house: CoreDatabase, bare: CoreDatabase, name: str
):
    arguments, keywords, _ = CASES.get(name) or (OWN_PASSWORD[name], {}, None)
    before, told = contents(house), set()
    for core in (house, bare):
        with pytest.raises(AccessDenied) as denied:
            core.write(work(name), *arguments, who=nobody(), **keywords)
        told.add(str(denied.value))
    assert contents(house) == before
    assert len(told) == 1


class Undo(Exception):
    """Raised after a use case has done its work, so that its unit is rolled back."""


@pytest.mark.parametrize("name", WRITES)
def test_a_change_leaves_one_audit_record_and_a_new_stamp_together_or_nothing(house: CoreDatabase, name: str):
    arguments, keywords, action = WRITES[name]
    before, stamped, who = contents(house), stamp(house), caller()

    def undone(tx: Transaction, acting: Caller) -> None:
        work(name)(tx, acting, *arguments, **keywords)
        raise Undo

    with pytest.raises(Undo):
        house.write(undone, who=who)
    assert contents(house) == before
    house.write(work(name), *arguments, who=who, **keywords)
    after = contents(house)
    changed = {table for table in after if after[table] != before[table]} - {"outbox", "account"}
    assert changed, "a write that changes nothing"
    (record,) = [row for row in after["outbox"] if row not in before["outbox"]]
    call = call_in(record[8])
    assert (record[1], record[7], call.common.service) == ("audit", action, "iam")
    assert call.request_id == who.request_id
    assert (stamp(house) != stamped) is (name not in NO_STAMP)


@pytest.mark.parametrize("name", [name for name in READS if name != "credential_reports.get"])
def test_a_read_changes_nothing_and_tells_nothing(house: CoreDatabase, name: str):
    arguments, keywords, _ = READS[name]
    before = contents(house)
    house.write(work(name), *arguments, **keywords)
    assert contents(house) == before


@pytest.mark.parametrize("name", [name for name in CASES if name != "credential_reports.get"])
def test_the_root_of_another_account_sees_and_changes_nothing_of_this_one(house: CoreDatabase, name: str):
    arguments, keywords, _ = CASES[name]
    before = contents(house)
    answer: Any = None
    with contextlib.suppress(Fact):
        answer = house.write(work(name), *arguments, who=caller(OTHER_ACCOUNT), **keywords)
    told = str(answer).replace(str(arguments), "")
    assert not any(row[0] in told for row in before["entity"])
    after = contents(house)
    for table in after.keys() - {"outbox", "account"}:
        assert set(before[table]) <= set(after[table]), table
    mine = [row for row in after["account"] if row[0] == ACCOUNT]
    assert mine == [row for row in before["account"] if row[0] == ACCOUNT]


def test_no_secret_is_in_an_audit_record(house: CoreDatabase):
    for name, (arguments, keywords, _) in WRITES.items():
        if name in ("login_profiles.create", "login_profiles.update", "access_keys.create", "mfa_devices.create"):
            house.write(work(name), *arguments, **keywords)
    text = "".join(row.body for row in house.outbox("audit"))
    assert "hashed" not in text
    assert "sealed" not in text
    assert house.database.read(lambda tx: sign_ins.find_login(tx, "AIDABOB")) is not None


@pytest.mark.parametrize("name", ["users.update", "groups.update"])
def test_a_rename_to_a_name_in_use_is_refused(house: CoreDatabase, name: str):
    taken = {"users.update": ("alice", "BOB", None), "groups.update": ("devs", "EMPTY", None)}[name]
    with pytest.raises(EntityAlreadyExists):
        house.write(work(name), *taken)


def test_every_kind_is_in_the_house(house: CoreDatabase):
    kinds = {kind.name for kind in (DEVICE, GROUP, POLICY, PROFILE, PROVIDER, ROLE, USER)}
    assert {row[2] for row in contents(house)["entity"]} == kinds
