"""The queries of identities over every engine: each use case runs, names and pages are in byte order, keys are kept."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from entrepot.core import narrow_tokens, sessions
from entrepot.core.access import Caller
from entrepot.core.narrow_tokens import Narrowing
from entrepot.core.session_drafts import Draft
from entrepot.db import (
    access_keys,
    account_details,
    accounts,
    entities,
    grants,
    memberships,
    password_policies,
    providers,
    roles,
    service_control,
    sign_ins,
)
from entrepot.db.database import Conflict, Transaction
from entrepot.db.identity_records import Entity, Identity, LoginProfile, Provider, Role
from entrepot.db.records import AccessKey
from tests.factories.callers import ACCOUNT, EPOCH, OTHER_ACCOUNT, caller
from tests.factories.identity_cases import CASES, furnish, work
from tests.factories.rows import Rows

NAMES = ["B", "a-b", "a.b", "a_b", "aa", "ab", "c"]
LATER = EPOCH + timedelta(hours=1)


def entity(name: str, *, account: str = ACCOUNT, kind: str = "user", path: str = "/") -> Entity:
    return Entity(f"{account}/{kind}/{name}", account, kind, name, path, "", None, EPOCH, EPOCH)


def made(rows: Rows, name: str, **given: Any) -> Entity:
    new = entity(name, **given)
    rows.write(entities.add, new)
    return new


class Undo(Exception):
    """Raised after a use case has done its work, so that its unit is rolled back."""


def test_every_use_case_runs_on_either_engine(rows: Rows):
    def write(function: Callable[..., Any], *arguments: Any, **keywords: Any) -> Any:
        return rows.database.submit(lambda tx: function(tx, caller(), *arguments, **keywords)).result()

    def undone(tx: Transaction, acting: Caller, name: str) -> None:
        arguments, keywords, _ = CASES[name]
        work(name)(tx, acting, *arguments, **keywords)
        raise Undo

    furnish(write)
    for name in CASES.keys() - {"credential_reports.get"}:
        with pytest.raises(Undo):
            write(undone, name)
    write(work("credential_reports.generate"))
    write(work("credential_reports.generate"))
    assert write(work("credential_reports.get"))[0].startswith(b"user,arn,")


def test_entities_are_listed_in_byte_order_below_a_path(rows: Rows):
    for name in NAMES:
        made(rows, name, path="/below/")
    made(rows, "elsewhere")
    made(rows, "aa", account=OTHER_ACCOUNT, path="/below/")
    made(rows, "aa", kind="group", path="/below/")
    found, after = [], ""
    while page := rows.read(entities.page, ACCOUNT, "user", "/below", after, 3):
        found += [each.name for each in page]
        after = found[-1].lower()
    assert found == sorted(NAMES, key=lambda name: name.lower().encode())
    assert rows.read(entities.count, ACCOUNT, "user") == len(NAMES) + 1


def test_a_name_is_taken_whatever_its_case_in_one_account_and_kind(rows: Rows):
    first = made(rows, "Alice")
    made(rows, "alice", kind="role")
    made(rows, "alice", account=OTHER_ACCOUNT)
    with pytest.raises(Conflict):
        rows.write(entities.add, entity("aLICE"))
    assert rows.read(entities.find, ACCOUNT, "user", "ALICE") == first
    other = made(rows, "bob")
    with pytest.raises(Conflict):
        rows.write(entities.rename, other.id, "alice", "/")
    rows.write(entities.rename, first.id, "ALICE", "/p/")
    renamed = rows.read(entities.by_id, first.id)
    assert renamed is not None
    assert (renamed.name, renamed.path) == ("ALICE", "/p/")


def test_an_entity_that_holds_something_is_not_removed(rows: Rows):
    user, group = made(rows, "alice"), made(rows, "devs", kind="group")
    rows.write(memberships.add, group.id, user.id)
    rows.write(memberships.add, group.id, user.id)
    for each in (user, group):
        with pytest.raises(Conflict):
            rows.write(entities.remove, each.id)
    assert rows.write(memberships.remove, group.id, user.id) is True
    assert rows.write(memberships.remove, group.id, user.id) is False
    rows.write(entities.put_tag, user.id, "Key", "a")
    rows.write(entities.put_tag, user.id, "KEY", "b")
    assert rows.read(entities.tags, user.id) == (("KEY", "b"),)
    rows.write(entities.remove, user.id)
    assert rows.read(entities.by_id, user.id) is None


def test_a_key_of_a_user_tells_its_owner_as_it_is_named_now(rows: Rows):
    user = made(rows, "alice", path="/team/")
    key = AccessKey("AKIAUSER", ACCOUNT, "user", user.id, b"\x00 sealed", "Active", 7)
    rows.write(accounts.add_key, key, EPOCH)
    found = rows.read(accounts.find_key, "AKIAUSER")
    assert found is not None
    assert (found.owner, found.last_used_at) == ("/team/alice", None)
    rows.write(entities.rename, user.id, "bob", "/")
    rows.write(access_keys.note_use, "AKIAUSER", "ecr", "us-east-1", LATER)
    rows.write(access_keys.note_use, "AKIAUSER", "sts", "us-east-1", EPOCH)
    found = rows.read(accounts.find_key, "AKIAUSER")
    assert found is not None
    assert (found.owner, found.last_used_at) == ("/bob", LATER)
    (use,) = rows.read(access_keys.list_of, ACCOUNT, user.id)
    assert (use.service, use.last_used_at, use.created_at) == ("ecr", LATER, EPOCH)
    rows.write(access_keys.remove, "AKIAUSER")
    assert rows.read(accounts.find_key, "AKIAUSER") is None


def test_what_hangs_below_an_entity_comes_back_as_it_was_put(rows: Rows):
    user, role = made(rows, "alice"), made(rows, "builder", kind="role")
    profile, issuer = made(rows, "machine", kind="instance-profile"), made(rows, "issuer", kind="oidc-provider")
    wanted = Role("{}", 3600, "ecr.amazonaws.com", None, None)
    rows.write(roles.add, role.id, wanted)
    assert rows.read(roles.find, role.id) == wanted
    rows.write(roles.add_to_profile, profile.id, role.id)
    with pytest.raises(Conflict):
        rows.write(roles.add_to_profile, profile.id, role.id)
    assert rows.read(roles.role_of, profile.id) == role
    assert rows.read(roles.profiles_of, role.id) == [profile]
    known = Provider(("a", "ü"), ("f" * 40,))
    rows.write(providers.add, issuer.id, known)
    assert rows.read(providers.find, issuer.id) == known
    login = LoginProfile(user.id, "$argon2id$", reset_required=True, created_at=EPOCH, changed_at=LATER)
    rows.write(sign_ins.add_login, login)
    assert rows.read(sign_ins.find_login, user.id) == login
    rows.write(grants.put_inline, user.id, "own", "one")
    rows.write(grants.put_inline, user.id, "own", "two")
    assert rows.read(grants.inline, user.id) == [("own", "two")]


def test_an_alias_is_one_accounts(rows: Rows):
    rows.write(account_details.put_alias, ACCOUNT, "one")
    rows.write(account_details.put_alias, ACCOUNT, "two")
    with pytest.raises(Conflict):
        rows.write(account_details.put_alias, OTHER_ACCOUNT, "two")
    assert rows.read(account_details.find_alias, ACCOUNT) == "two"
    assert rows.read(account_details.alias_owner, "two") == ACCOUNT
    assert rows.read(account_details.alias_owner, "one") is None


def test_a_session_finds_its_role_by_id_with_the_stamp_of_the_account(rows: Rows):
    role = made(rows, "builder", kind="role", path="/ci/")
    row = rows.database.read(lambda tx: tx.one(entities.FIND_IDENTITY, id=role.id))
    account = rows.read(accounts.find, ACCOUNT)
    assert account is not None
    assert entities.identity(row) == Identity(role.id, ACCOUNT, "role", "/ci/builder", account.stamp)
    group = made(rows, "devs", kind="group")
    assert rows.database.read(lambda tx: tx.one(entities.FIND_IDENTITY, id=group.id)) is None


def test_an_earlier_use_of_a_role_does_not_hide_a_later_one(rows: Rows):
    role = made(rows, "builder", kind="role")
    rows.write(roles.add, role.id, Role("{}", 3600, None, None, None))
    for at, region in ((EPOCH, "first"), (LATER, "later"), (EPOCH, "first")):
        rows.write(roles.note_use, role.id, region, at)
    used = rows.read(roles.find, role.id)
    assert used is not None
    assert (used.last_used_at, used.last_used_region) == (LATER, "later")


def test_sessions_are_made_on_either_engine(rows: Rows):
    def write(function: Callable[..., Any], *arguments: Any, **keywords: Any) -> Any:
        return rows.database.submit(lambda tx: function(tx, caller(), *arguments, **keywords)).result()

    furnish(write)
    draft = Draft("ASIAAAAAAAAAAAAAAAAA", "secret", "run-7")
    role = write(sessions.assume, f"arn:aws:iam::{ACCOUNT}:role/builder", draft)
    assert (role.owner_id, role.name) == ("AROABUILDER", "run-7")
    assert write(sessions.of_caller, draft).owner_id == write(sessions.federate, draft).owner_id == ACCOUNT
    narrowing = Narrowing(("pull",), ("*",), timedelta(hours=1))
    made = rows.read(narrow_tokens.principal, ACCOUNT, "alice", narrowing, EPOCH)
    assert (made.kind, made.id, made.owner_id) == ("user", "AIDAALICE", "AIDAALICE")


def test_service_control_policies_are_kept_by_account_and_name(rows: Rows):
    for account, name, document in ((ACCOUNT, "b", "1"), (ACCOUNT, "a", "2"), (OTHER_ACCOUNT, "a", "3")):
        rows.write(service_control.put, account, name, document, EPOCH)
    rows.write(service_control.put, ACCOUNT, "a", "4", LATER)
    kept = [(each.name, each.document, each.created_at) for each in rows.read(service_control.list_of, ACCOUNT)]
    assert kept == [("a", "4", EPOCH), ("b", "1", EPOCH)]
    assert rows.write(service_control.remove, ACCOUNT, "a")
    assert not rows.write(service_control.remove, ACCOUNT, "a")
    assert [each.name for each in rows.read(service_control.list_of, OTHER_ACCOUNT)] == ["a"]


def test_old_passwords_are_kept_newest_first_until_they_are_forgotten(rows: Rows):
    user = made(rows, "ann")
    for number in range(3):
        rows.write(password_policies.add_old, user.id, f"p{number}", EPOCH + timedelta(days=number))
    assert rows.read(password_policies.old, user.id, 2) == ["p2", "p1"]
    rows.write(password_policies.forget_old, user.id)
    assert rows.read(password_policies.old, user.id, 2) == []
