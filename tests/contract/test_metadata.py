"""The queries of db/, each over every engine: what they return, in which order, and what compare-and-set refuses."""

from dataclasses import replace
from datetime import timedelta

import pytest

from entrepot.db import (
    accounts,
    blobs,
    collection,
    image_pages,
    images,
    integrity,
    repositories,
    resource_tags,
    tags,
)
from entrepot.db.collection import LinkKey
from entrepot.db.database import Conflict
from entrepot.db.records import AccessKey, Blob
from entrepot.spec.digest import Digest
from entrepot.spec.manifest import Manifest
from entrepot.spec.moments import micros
from entrepot.spec.reference import Tag
from tests.factories.callers import ACCOUNT, EPOCH, OTHER_ACCOUNT, image_manifest, index_manifest, registry
from tests.factories.rows import Rows, made, stored

LATER = EPOCH + timedelta(hours=1)
# names whose order differs between byte order and a language's
NAMES = ["a", "a-b", "a.b", "a/b", "a_b", "aa", "b", "b0"]


def test_accounts_and_keys(rows: Rows):
    assert [item.id for item in rows.read(accounts.list_all)] == [ACCOUNT, OTHER_ACCOUNT]
    assert rows.read(accounts.find, "999999999999") is None
    stamp = rows.read(accounts.list_all)[0].stamp
    key = AccessKey("AKIAZ", ACCOUNT, "root", ACCOUNT, b"\x00\xff sealed", "Active", 2**62, account_stamp=stamp)
    rows.write(accounts.add_key, key, EPOCH)
    assert rows.read(accounts.find_key, "AKIAZ") == key
    with pytest.raises(Conflict):
        rows.write(accounts.add_key, key, EPOCH)
    rows.write(accounts.retire_root_keys, ACCOUNT)
    assert {item.status for item in rows.read(accounts.keys_of, ACCOUNT)} == {"Inactive"}
    assert {item.status for item in rows.read(accounts.keys_of, OTHER_ACCOUNT)} == {"Active"}
    rows.write(accounts.restamp, ACCOUNT, 7)
    found = rows.read(accounts.find, ACCOUNT)
    assert (found.stamp, found.created_at) == (7, EPOCH)
    assert {item.account_stamp for item in rows.read(accounts.keys_of, ACCOUNT)} == {7}


def test_repositories_are_listed_in_byte_order_page_by_page(rows: Rows):
    for number, name in enumerate(reversed(NAMES)):
        made(rows, name, number)
    made(rows, "a", 99, OTHER_ACCOUNT)
    names, after = [], ""
    while page := rows.read(repositories.page, registry(), after, 3):
        names += [item.key.name for item in page]
        after = names[-1]
    assert names == sorted(NAMES, key=str.encode)


def test_a_repository_comes_back_as_it_was_made_and_changed(rows: Rows):
    new = made(rows, "one")
    assert rows.read(repositories.find, new.key) == new
    with pytest.raises(Conflict):
        made(rows, "one", 1)
    rows.write(repositories.set_mutability, new.id, "IMMUTABLE_WITH_EXCLUSION", ["x*"])
    rows.write(repositories.bump, new.id, 5, 6)
    for look in (repositories.lock, repositories.share):
        found = rows.write(look, new.key)
        assert (found.mutability, found.exclusion_filters, found.revision, found.stamp) == (
            "IMMUTABLE_WITH_EXCLUSION",
            ("x*",),
            5,
            6,
        )


def test_a_tombstone_frees_the_name_and_keeps_its_id_until_it_is_emptied(rows: Rows):
    old = made(rows, "one")
    manifest = image_manifest([])
    rows.write(images.add, old.id, manifest.digest, manifest, 2, EPOCH)
    rows.write(tags.point, old.id, Tag("t"), manifest.digest, EPOCH)
    rows.write(blobs.link, old.id, Digest.of(b"{}"), stored(rows, b"{}", 1).id, EPOCH)
    rows.write(repositories.entomb, old.id, LATER)
    assert rows.read(repositories.find, old.key) is None
    assert rows.write(repositories.lock_by_id, old.id).id == old.id
    new = made(rows, "one", 1)
    assert rows.read(repositories.find, old.key).id == new.id
    assert rows.read(repositories.tombstones, 10) == [old.id]
    while rows.write(collection.drop_some, old.id, 1):
        pass
    rows.write(collection.remove_tombstone, old.id)
    rows.write(collection.remove_tombstone, new.id)
    assert rows.read(repositories.tombstones, 10) == []
    assert rows.read(repositories.find, new.key) is not None


def test_resource_tags(rows: Rows):
    of = made(rows, "one").id
    for key, value in (("b", "1"), ("a", "é"), ("b", "2"), ("A", "")):
        rows.write(resource_tags.put, of, key, value)
    assert list(rows.read(resource_tags.list_of, of)) == [("A", ""), ("a", "é"), ("b", "2")]
    rows.write(resource_tags.remove, of, "a")
    rows.write(resource_tags.remove, of, "absent")
    assert [key for key, _ in rows.read(resource_tags.list_of, of)] == ["A", "b"]
    rows.write(resource_tags.remove_all, of)
    assert list(rows.read(resource_tags.list_of, of)) == []


def test_a_store_holds_a_digest_once_and_again_when_the_old_one_is_deleting(rows: Rows):
    first = stored(rows, b"x", 1)
    second = Blob("B2", "main", first.digest, "blobs/other", 1, "live")
    assert rows.write(blobs.add, second, EPOCH) is False
    rows.write(collection.mark_deleting, first.id, micros(LATER))
    assert rows.write(blobs.share_held, "main", first.digest) is None
    assert rows.write(blobs.add, second, EPOCH) is True
    assert rows.write(blobs.share_held, "main", first.digest) == second
    assert rows.read(collection.is_known_location, "main", "blobs/1")
    removable = rows.read(collection.removable, "main", micros(LATER) + 1, 10)
    assert [item.id for item in removable] == [first.id]
    assert rows.write(collection.forget, second.id) is False
    assert rows.write(collection.forget, first.id) is True


def test_damage_marks_only_what_was_looked_at_and_healing_takes_it_back(rows: Rows):
    blob = stored(rows, b"x", 1)
    assert rows.write(blobs.damage, blob.id, "blobs/another") is False
    assert rows.write(blobs.damage, blob.id, blob.location) is True
    assert rows.write(blobs.damage, blob.id, blob.location) is False
    assert rows.write(blobs.share_held, "main", blob.digest).state == "damaged"
    rows.write(blobs.heal, blob.id, replace(blob, location="blobs/fresh"), LATER)
    healed = rows.write(blobs.share_held, "main", blob.digest)
    assert (healed.state, healed.location) == ("live", "blobs/fresh")


def test_blobs_are_scrubbed_the_longest_unverified_first(rows: Rows):
    for number in range(3):
        stored(rows, b"%d" % number, number, EPOCH + timedelta(seconds=3 - number))
    due = rows.read(blobs.due_for_scrub, "main", LATER, 2)
    assert [item.location for item in due] == ["blobs/2", "blobs/1"]
    rows.write(blobs.verified, due[0].id, LATER)
    assert [item.location for item in rows.read(blobs.due_for_scrub, "main", LATER, 9)] == ["blobs/1", "blobs/0"]
    assert [item.location for item in rows.read(blobs.page, "main", due[1].id, 9)] == ["blobs/2"]


def test_links_are_condemned_taken_back_and_removed(rows: Rows):
    of, blob = made(rows, "one").id, stored(rows, b"x", 1)
    key = LinkKey(of, blob.digest)
    assert rows.read(blobs.find_link, of, blob.digest) is None
    rows.write(blobs.link, of, blob.digest, blob.id, EPOCH)
    before = micros(LATER)
    assert rows.read(collection.to_condemn, before, LinkKey("", ""), 9) == [key]
    assert rows.read(collection.to_condemn, before, key, 9) == []
    assert rows.read(collection.to_condemn, micros(EPOCH), LinkKey("", ""), 9) == []
    rows.write(collection.condemn, key, before)
    assert rows.write(blobs.share_link, of, blob.digest).condemned is True
    assert rows.write(collection.lock_link, key) == (micros(EPOCH), before)
    assert rows.read(collection.to_unlink, before + 1, 9) == [key]
    rows.write(blobs.uncondemn, of, blob.digest)
    assert rows.read(blobs.find_link, of, blob.digest).condemned is False
    rows.write(collection.condemn, key, before)
    rows.write(blobs.link, of, blob.digest, blob.id, LATER)
    assert rows.read(blobs.find_link, of, blob.digest).condemned is False
    assert rows.read(blobs.holders, blob.id) == [of]
    assert rows.read(collection.unheld, "main", before, 9) == []
    rows.write(collection.unlink, key)
    assert [item.id for item in rows.read(collection.unheld, "main", before, 9)] == [blob.id]
    assert rows.write(blobs.unlink, of, blob.digest) is False


def test_what_a_manifest_names_is_referenced_and_its_children_are_not_blobs(rows: Rows):
    of = made(rows, "one").id
    child = image_manifest([b"layer"])
    index = index_manifest([child])
    rows.write(images.add, of, child.digest, child, 7, EPOCH)
    rows.write(images.add, of, index.digest, index, 7, EPOCH)
    assert rows.read(blobs.reference_to, of, Digest.of(b"layer"))[0] == child.digest
    assert rows.read(collection.is_referenced, LinkKey(of, Digest.of(b"layer"))) is True
    assert rows.read(collection.is_referenced, LinkKey(of, child.digest)) is False
    assert rows.read(images.parents, of, child.digest, 9) == [index.digest]
    missing = {
        digest
        for key in rows.read(integrity.manifests, ("", ""), 9)
        for digest in rows.read(integrity.unlinked, key, ())
    }
    assert missing == {Digest.of(b"layer"), Digest.of(b"{}")}
    assert rows.write(images.remove, of, index.digest) is True
    assert rows.read(images.parents, of, child.digest, 9) == []


def test_images_come_back_with_their_bytes_and_are_paged_by_digest(rows: Rows):
    of = made(rows, "one").id
    manifests = [image_manifest([], b"%d" % number, annotations={"n": str(number)}) for number in range(5)]
    for number, manifest in enumerate(manifests):
        rows.write(images.add, of, manifest.digest, manifest, number, EPOCH + timedelta(microseconds=number))
    rows.write(tags.point, of, Tag("t0"), manifests[0].digest, EPOCH)
    found = rows.read(images.find, of, manifests[3].digest)
    assert (found.body, found.image_size, found.size) == (manifests[3].payload, 3, len(manifests[3].payload))
    assert found.pushed_at == EPOCH + timedelta(microseconds=3)
    digests = sorted(manifest.digest for manifest in manifests)
    assert [item.digest for item in rows.read(image_pages.page, of, "ANY", "ANY", digests[0], 2)] == digests[1:3]
    assert [item.digest for item in rows.read(image_pages.page, of, "TAGGED", "ACTIVE", "", 9)] == [manifests[0].digest]
    assert len(rows.read(image_pages.page, of, "UNTAGGED", "ACTIVE", "", 9)) == 4
    assert rows.write(images.share, of, manifests[4].digest) == 4
    assert rows.write(images.share, of, Digest.of(b"absent")) is None
    rows.write(images.pulled, of, found.digest, 3, micros(LATER))
    rows.write(images.pulled, of, found.digest, 1, micros(EPOCH))
    assert rows.read(images.find, of, found.digest).last_pulled_at == LATER


def test_ids_are_paged_by_digest_and_tag_an_untagged_image_once(rows: Rows):
    of = made(rows, "one").id
    manifests = sorted((image_manifest([], b"%d" % number) for number in range(3)), key=lambda each: each.digest)
    for manifest in manifests:
        rows.write(images.add, of, manifest.digest, manifest, 0, EPOCH)
    for name in ("b", "a"):
        rows.write(tags.point, of, Tag(name), manifests[1].digest, EPOCH)
    everything = [
        (manifests[0].digest, None),
        (manifests[1].digest, "a"),
        (manifests[1].digest, "b"),
        (manifests[2].digest, None),
    ]
    found: list[tuple[str, str | None]] = []
    after = ("", "")
    while page := rows.read(image_pages.ids_page, of, "ANY", "ACTIVE", after, 1):
        found += page
        after = (page[-1][0], page[-1][1] or "")
    assert found == everything


def test_tags_move_and_are_listed_in_byte_order(rows: Rows):
    of = made(rows, "one").id
    one, two = image_manifest([], b"1"), image_manifest([], b"2")
    for manifest in (one, two):
        rows.write(images.add, of, manifest.digest, manifest, 0, EPOCH)
    names = ["Z", "_", "a", "a-b", "a.b", "aa", "v10", "v9"]
    for name in reversed(names):
        rows.write(tags.point, of, Tag(name), one.digest, EPOCH)
    assert rows.read(tags.page, of, "", 100) == sorted(names, key=str.encode)
    assert rows.read(tags.page, of, "a", 2) == ["a-b", "a.b"]
    rows.write(tags.point, of, Tag("a"), two.digest, LATER)
    assert rows.read(tags.find, of, "a") == two.digest
    assert rows.read(tags.of_image, of, two.digest, 9) == ["a"]
    assert rows.write(tags.remove, of, "a") is True
    assert rows.write(tags.remove, of, "a") is False
    rows.write(tags.remove_of_image, of, one.digest)
    assert rows.read(tags.page, of, "", 100) == []


def test_referrers_are_those_of_their_subject(rows: Rows):
    of = made(rows, "one").id
    subject = Digest.of(b"subject")
    described = {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": subject, "size": 7}
    found: list[Manifest] = []
    for number in range(3):
        manifest = image_manifest([], b"%d" % number, subject=described, annotations={"n": str(number)})
        rows.write(images.add, of, manifest.digest, manifest, 0, EPOCH)
        found.append(manifest)
    digests = sorted(manifest.digest for manifest in found)
    assert [row.digest for row in rows.read(image_pages.referrers, of, subject, (), "ANY", "", 9)] == digests
    assert [row.digest for row in rows.read(image_pages.referrers, of, subject, (), "ANY", digests[0], 1)] == digests[
        1:2
    ]
    assert rows.read(image_pages.referrers, of, Digest.of(b"other"), (), "ANY", "", 9) == []
