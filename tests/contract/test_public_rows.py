"""Aliases, catalog data and tags with their images, over every engine."""

from datetime import timedelta

import pytest

from entrepot.core import public_aliases as use_cases
from entrepot.db import catalog_data, images, public_aliases, tags
from entrepot.db.database import Conflict
from entrepot.db.records import CatalogData, PublicAlias
from entrepot.errors import AccountNotFound, ParameterInvalid, PublicAliasNotFound, PublicAliasTaken
from entrepot.spec.reference import Tag
from tests.factories.callers import ACCOUNT, EPOCH, OTHER_ACCOUNT, image_manifest
from tests.factories.rows import Rows, made

NAMES = ["a", "a-b", "a.b", "a_b", "aa", "b", "b0"]


def named(rows: Rows, account: str = ACCOUNT) -> dict[str, bool]:
    """An account's aliases, and which one is primary."""
    return {alias.name: alias.primary for alias in rows.read(public_aliases.of_account, account)}


def test_an_alias_is_one_accounts(rows: Rows):
    alias = PublicAlias("team", ACCOUNT, "custom", primary=True, created_at=EPOCH)
    rows.write(public_aliases.add, alias)
    assert rows.read(public_aliases.find, "team") == alias
    assert rows.read(public_aliases.find, "TEAM") is None
    assert rows.read(public_aliases.list_all) == [alias]
    with pytest.raises(Conflict):
        rows.write(public_aliases.add, PublicAlias("team", OTHER_ACCOUNT, "custom", primary=True, created_at=EPOCH))
    rows.write(public_aliases.set_primary, "team", primary=False)
    assert named(rows) == {"team": False}
    rows.write(public_aliases.remove, "team")
    assert rows.read(public_aliases.of_account, ACCOUNT) == []


def test_the_default_alias_is_given_once(rows: Rows):
    for name in ("k3f9q2zt", "other000"):
        found = rows.write(use_cases.ensure_default, ACCOUNT, name, EPOCH)
        assert [(alias.name, alias.standing, alias.primary) for alias in found] == [("k3f9q2zt", "default", True)]


def test_addresses_are_written_with_the_first_alias_that_was_added_or_the_one_that_is_to_be(rows: Rows):
    rows.write(use_cases.ensure_default, ACCOUNT, "k3f9q2zt", EPOCH)
    rows.write(use_cases.add, ACCOUNT, "one", EPOCH, primary=False)
    assert named(rows) == {"k3f9q2zt": False, "one": True}
    rows.write(use_cases.add, ACCOUNT, "two", EPOCH, primary=False)
    rows.write(use_cases.add, ACCOUNT, "three", EPOCH, primary=True)
    assert named(rows) == {"k3f9q2zt": False, "one": False, "two": False, "three": True}
    rows.write(use_cases.remove, ACCOUNT, "one", "unused00", EPOCH)
    assert named(rows) == {"k3f9q2zt": False, "two": False, "three": True}
    rows.write(use_cases.remove, ACCOUNT, "three", "unused00", EPOCH)
    assert named(rows) == {"k3f9q2zt": False, "two": True}
    rows.write(use_cases.remove, ACCOUNT, "two", "unused00", EPOCH)
    assert named(rows) == {"k3f9q2zt": True}


def test_an_alias_that_was_added_before_the_first_repository_stays_the_primary_one(rows: Rows):
    rows.write(use_cases.add, ACCOUNT, "team", EPOCH, primary=False)
    rows.write(use_cases.ensure_default, ACCOUNT, "k3f9q2zt", EPOCH)
    assert named(rows) == {"k3f9q2zt": False, "team": True}
    rows.write(use_cases.add, OTHER_ACCOUNT, "other", EPOCH, primary=False)
    rows.write(use_cases.remove, OTHER_ACCOUNT, "other", "q2zt0000", EPOCH)
    assert named(rows, OTHER_ACCOUNT) == {"q2zt0000": True}


def test_what_cannot_be_added_or_removed_changes_nothing(rows: Rows):
    rows.write(use_cases.ensure_default, ACCOUNT, "k3f9q2zt", EPOCH)
    rows.write(use_cases.add, ACCOUNT, "team", EPOCH, primary=False)
    before = rows.read(public_aliases.list_all)
    for account, name, fact in (
        (OTHER_ACCOUNT, "team", PublicAliasTaken),
        (ACCOUNT, "team", PublicAliasTaken),
        (OTHER_ACCOUNT, "k3f9q2zt", PublicAliasTaken),
        ("999999999999", "fine", AccountNotFound),
        (ACCOUNT, "aws", ParameterInvalid),
        (ACCOUNT, "Team", ParameterInvalid),
    ):
        with pytest.raises(fact):
            rows.write(use_cases.add, account, name, EPOCH, primary=True)
    for account, name in ((ACCOUNT, "k3f9q2zt"), (OTHER_ACCOUNT, "team"), (ACCOUNT, "absent")):
        with pytest.raises(PublicAliasNotFound):
            rows.write(use_cases.remove, account, name, "unused00", EPOCH)
    assert rows.read(public_aliases.list_all) == before


def test_catalog_data_comes_back_as_it_was_told(rows: Rows):
    repository = made(rows, "one")
    assert rows.read(catalog_data.find, repository.id) is None
    for data in (
        CatalogData("d", ("ARM", "x86"), ("Linux",), "about \u202e", "usage", b"\x00\xff"),
        CatalogData(),
    ):
        rows.write(catalog_data.put, repository.id, data)
        assert rows.read(catalog_data.find, repository.id) == data
    rows.write(catalog_data.remove, repository.id)
    assert rows.read(catalog_data.find, repository.id) is None


def test_tags_are_listed_with_their_images_in_byte_order_page_by_page(rows: Rows):
    repository, manifest = made(rows, "one"), image_manifest([])
    rows.write(images.add, repository.id, manifest.digest, manifest, 7, EPOCH)
    for number, name in enumerate(reversed(NAMES)):
        rows.write(tags.point, repository.id, Tag(name), manifest.digest, EPOCH + timedelta(seconds=number))
    found, after = [], ""
    while page := rows.read(images.tagged_page, repository.id, after, 3):
        assert len(page) <= 3
        found += page
        after = page[-1][0]
    assert [name for name, _, _ in found] == sorted(NAMES, key=str.encode)
    assert found[-1][1] == EPOCH
    assert {(stored.digest, stored.image_size, stored.body) for _, _, stored in found} == {(manifest.digest, 7, b"")}
