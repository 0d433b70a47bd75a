"""The queries of keys and secrets, over every engine."""

from dataclasses import replace
from datetime import timedelta

import pytest

from entrepot.db import key_grants, keys, secrets
from entrepot.db.database import Conflict
from entrepot.db.key_records import Alias, Grant, Key, Material
from entrepot.db.secret_records import Secret, Version
from tests.factories.callers import ACCOUNT, EPOCH, OTHER_ACCOUNT, REGION
from tests.factories.rows import Rows

LATER = EPOCH + timedelta(days=7)
KEY = Key(
    "k1", ACCOUNT, REGION, "CUSTOMER", "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "d", "Enabled", "{}", 365, None, EPOCH
)
MATERIAL = Material("k1", "m1", 0, "CREATION", EPOCH, b"\x00sealed", b"")
ALIAS = Alias(ACCOUNT, REGION, "alias/a", "k1", EPOCH, EPOCH)
GRANT = Grant("g1", "k1", "n", "AIDA1", "arn", ("Decrypt",), {"EncryptionContextSubset": {"a": "1"}}, ACCOUNT, EPOCH)
SECRET = Secret("s1", ACCOUNT, REGION, "app/one", "AbCdEf", "d", "", None, EPOCH, EPOCH)
VERSION = Version("s1", "v1", "string", "k1", b"\x00sealed", EPOCH)


def test_a_key_is_read_as_it_was_added_and_changed(rows: Rows):
    rows.write(keys.add, KEY)
    assert rows.read(keys.find, "k1") == KEY
    changed = replace(KEY, description="", state="PendingDeletion", policy="{} ", rotation_days=90, rotates_at=LATER)
    rows.write(keys.change, replace(changed, deletes_at=LATER))
    assert rows.write(keys.lock, "k1") == replace(changed, deletes_at=LATER)
    assert rows.read(keys.find, "k2") is None


def test_keys_are_listed_by_place_and_when_they_are_due(rows: Rows):
    for number in (3, 1, 2):
        rows.write(keys.add, replace(KEY, id=f"k{number}", deletes_at=LATER, rotates_at=LATER))
    rows.write(keys.add, replace(KEY, id="other", account=OTHER_ACCOUNT))
    rows.write(keys.add, replace(KEY, id="k0", manager="AWS"))
    assert [each.id for each in rows.read(keys.list_of, ACCOUNT, REGION, "k0", 2)] == ["k1", "k2"]
    assert rows.read(keys.count, ACCOUNT, REGION) == 3
    assert rows.read(keys.dying, EPOCH, 10) == rows.read(keys.rotating, EPOCH, 10) == []
    assert [each.id for each in rows.read(keys.dying, LATER, 10)] == ["k1", "k2", "k3"]
    rows.write(keys.change, replace(KEY, id="k1", state="Disabled", rotates_at=LATER))
    assert [each.id for each in rows.read(keys.rotating, LATER, 10)] == ["k2", "k3"]


def test_the_newest_material_counts_and_goes_with_its_key(rows: Rows):
    rows.write(keys.add, KEY)
    rows.write(keys.add_material, MATERIAL)
    rows.write(keys.add_material, replace(MATERIAL, id="m0", ordinal=1, public=b"p"))
    assert rows.read(keys.newest, "k1") == replace(MATERIAL, id="m0", ordinal=1, public=b"p")
    assert [each.id for each in rows.read(keys.materials, "k1")] == ["m1", "m0"]
    assert rows.read(keys.material, "k1", "m1") == MATERIAL
    with pytest.raises(Conflict):
        rows.write(keys.add_material, replace(MATERIAL, id="m2"))
    rows.write(keys.add_alias, ALIAS)
    rows.write(key_grants.add, GRANT)
    rows.write(keys.put_tags, "k1", [("team", "a")])
    rows.write(keys.remove, "k1")
    assert rows.read(keys.find, "k1") is rows.read(keys.alias, ACCOUNT, REGION, "alias/a") is None
    assert rows.read(keys.materials, "k1") == rows.read(keys.tags, "k1") == []


def test_an_alias_names_one_key_at_a_time(rows: Rows):
    for name in ("k1", "k2"):
        rows.write(keys.add, replace(KEY, id=name))
    rows.write(keys.add_alias, ALIAS)
    rows.write(keys.point_alias, ALIAS, "k2", LATER)
    assert rows.read(keys.alias, ACCOUNT, REGION, "alias/a") == replace(ALIAS, key_id="k2", updated_at=LATER)
    rows.write(keys.add_alias, replace(ALIAS, name="alias/b"))
    assert [each.name for each in rows.read(keys.aliases, ACCOUNT, REGION, "alias/a", 5)] == ["alias/b"]
    assert [each.name for each in rows.read(keys.aliases_of, "k2")] == ["alias/a"]
    rows.write(keys.remove_alias, ALIAS)
    assert rows.read(keys.aliases_of, "k2") == []


def test_grants_are_found_by_whom_they_name(rows: Rows):
    rows.write(keys.add, KEY)
    rows.write(key_grants.add, GRANT)
    rows.write(key_grants.add, replace(GRANT, id="g2", name="", grantee="arn", retiree="", constraints={}))
    assert rows.read(key_grants.find, "g1") == GRANT
    assert [each.id for each in rows.read(key_grants.of_grantee, "k1", "AIDA1", "x", "y")] == ["g1"]
    assert [each.id for each in rows.read(key_grants.of_grantee, "k1", "AIDA1", "arn", "y")] == ["g1", "g2"]
    assert [each.id for each in rows.read(key_grants.named, "k1", "n")] == ["g1"]
    assert rows.read(key_grants.named, "k1", "") == []
    assert [each.id for each in rows.read(key_grants.list_of, "k1", "g1", 5)] == ["g2"]
    assert [each.id for each in rows.read(key_grants.of_retiree, ACCOUNT, REGION, "arn", "", 5)] == ["g1"]
    assert rows.read(key_grants.of_retiree, OTHER_ACCOUNT, REGION, "arn", "", 5) == []
    assert rows.read(key_grants.count, "k1") == 2
    for _ in range(2):
        rows.write(key_grants.remove, "g1")
        assert rows.read(key_grants.count, "k1") == 1


def test_a_secret_is_read_as_it_was_added_and_changed(rows: Rows):
    rows.write(secrets.add, SECRET)
    assert rows.read(secrets.find, ACCOUNT, REGION, "app/one") == SECRET
    changed = replace(SECRET, description="", kms_key="k", policy="{}", changed_at=LATER, deleted_at=EPOCH)
    rows.write(secrets.change, replace(changed, purges_at=LATER))
    assert rows.write(secrets.lock, "s1") == replace(changed, purges_at=LATER)
    assert [each.id for each in rows.read(secrets.purging, LATER, 5)] == ["s1"]
    assert rows.read(secrets.purging, EPOCH, 5) == []
    with pytest.raises(Conflict):
        rows.write(secrets.add, replace(SECRET, id="s2"))


@pytest.mark.parametrize("order", ["created-date", "last-changed-date", "last-accessed-date", "name"])
def test_a_list_goes_on_after_any_of_its_secrets_in_every_order(rows: Rows, order: str):
    for number in range(4):  # two and two are alike but in their names
        at = EPOCH + timedelta(days=number // 2)
        made = replace(SECRET, id=f"s{number}", name=f"n{number}", created_at=at, changed_at=at)
        rows.write(secrets.add, made)
        rows.write(secrets.note_access, f"s{number}", "v", at)
    starts: dict[str, str | int] = {"asc": "" if order == "name" else -1, "desc": "z" if order == "name" else 2**62}
    for way, start in starts.items():
        every = rows.read(secrets.list_of, ACCOUNT, REGION, (order, way), (start, ""), 10)
        assert {each.id for each in every} == {"s0", "s1", "s2", "s3"}
        assert every[0].id in ({"s0"} if way == "asc" else {"s2", "s3"})
        for place, each in enumerate(every):
            value = {
                "name": each.name,
                "created-date": int(each.created_at.timestamp() * 1_000_000),
                "last-changed-date": int(each.changed_at.timestamp() * 1_000_000),
                "last-accessed-date": int(each.accessed_at.timestamp() * 1_000_000) if each.accessed_at else 0,
            }[order]
            rest = rows.read(secrets.list_of, ACCOUNT, REGION, (order, way), (value, each.id), 10)
            assert rest == every[place + 1 :]


def test_versions_and_labels_go_with_their_secret(rows: Rows):
    rows.write(secrets.add, SECRET)
    rows.write(secrets.add_version, VERSION)
    rows.write(secrets.add_version, replace(VERSION, id="v2", created_at=LATER))
    rows.write(secrets.set_stages, "s1", {"AWSCURRENT": "v2", "AWSPREVIOUS": "v1"})
    rows.write(secrets.set_stages, "s1", {"AWSCURRENT": "v1"})
    assert rows.read(secrets.stages, "s1") == {"AWSCURRENT": "v1"}
    assert [each.id for each in rows.read(secrets.versions, "s1")] == ["v1", "v2"]
    rows.write(secrets.reseal, VERSION, "k2", b"anew")
    assert rows.read(secrets.version, "s1", "v1") == replace(VERSION, key_id="k2", sealed=b"anew")
    rows.write(secrets.note_access, "s1", "v1", LATER)
    assert rows.read(secrets.version, "s1", "v1").accessed_at == LATER
    rows.write(secrets.remove_version, replace(VERSION, id="v2"))
    rows.write(secrets.put_tags, "s1", [("team", "a")])
    rows.write(secrets.remove, "s1")
    assert rows.read(secrets.find, ACCOUNT, REGION, "app/one") is None
    assert rows.read(secrets.versions, "s1") == rows.read(secrets.tags, "s1") == []


def test_a_label_is_of_a_version_that_there_is(rows: Rows):
    rows.write(secrets.add, SECRET)
    with pytest.raises(Conflict):
        rows.write(secrets.set_stages, "s1", {"AWSCURRENT": "absent"})
