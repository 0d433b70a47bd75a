"""The queries of the pull-through cache, over every engine."""

from dataclasses import replace
from datetime import timedelta

from entrepot.db import pull_through_cache as cache
from entrepot.db import pull_through_rules as rules
from entrepot.db import upstream_fetches as fetches
from entrepot.db.pull_through_cache import Arriving
from entrepot.db.pull_through_rules import Rule
from entrepot.spec.digest import Digest
from entrepot.spec.moments import micros
from entrepot.spec.repository import RegistryKey
from tests.factories.callers import ACCOUNT, EPOCH, REGION
from tests.factories.rows import Rows, made

LATER = EPOCH + timedelta(hours=1)
REGISTRY = RegistryKey("private", ACCOUNT, REGION)
RULE = Rule(REGISTRY, "hub/", "quay", "quay.io", "ROOT", "", "", timedelta(hours=24), EPOCH, EPOCH)
DIGEST, LAYER = Digest.of(b"manifest"), Digest.of(b"layer")
ARRIVING = Arriving(DIGEST, ("v1", "v2"), "application/json", b"\x00manifest", EPOCH)


def test_a_rule_is_found_with_and_without_its_slash_and_changed(rows: Rows):
    rows.write(rules.put, RULE)
    assert rows.read(rules.find, REGISTRY, "hub") == rows.read(rules.find, REGISTRY, "hub/") == RULE
    changed = replace(RULE, credential_arn="arn", ttl=timedelta(), updated_at=LATER)
    rows.write(rules.put, changed)
    assert rows.read(rules.find, REGISTRY, "hub") == changed
    rows.write(rules.put, replace(RULE, prefix="a"))
    assert [each.prefix for each in rows.read(rules.page, REGISTRY, "", 10)] == ["a", "hub/"]
    assert [each.prefix for each in rows.read(rules.page, REGISTRY, "a", 10)] == ["hub/"]
    assert rows.write(rules.count, REGISTRY) == 2
    rows.write(rules.remove, REGISTRY, "hub")
    assert rows.read(rules.find, REGISTRY, "hub/") is None


def test_what_is_known_of_tags_is_outdated_one_by_one_or_all(rows: Rows):
    repository = made(rows, "hub/one").id
    assert not rows.read(cache.is_cached, repository)
    for _ in range(2):
        rows.write(cache.mark, repository, EPOCH)
    assert rows.read(cache.is_cached, repository)
    for name in ("a", "b"):
        rows.write(cache.checked, repository, name, LATER)
    rows.write(cache.put_referrers, repository, DIGEST, "[]", EPOCH)
    rows.write(cache.outdate, repository, "a")
    assert rows.read(cache.checked_at, repository, "a") < EPOCH
    assert rows.read(cache.checked_at, repository, "b") == LATER
    assert rows.read(cache.referrers, repository, DIGEST) is not None
    rows.write(cache.outdate, repository, None)
    assert rows.read(cache.checked_at, repository, "b") < EPOCH
    assert rows.read(cache.referrers, repository, DIGEST) is None
    assert rows.read(cache.cached_tags, repository, 10) == ["a", "b"]


def test_an_image_on_its_way_says_what_it_needs_until_it_is_removed_or_expires(rows: Rows):
    repository = made(rows, "hub/one").id
    rows.write(cache.put_arriving, repository, ARRIVING, [(LAYER, 5)], LATER)
    assert rows.read(cache.arriving, repository, DIGEST) == ARRIVING
    again = replace(ARRIVING, tags=("v3",))
    rows.write(cache.put_arriving, repository, again, [(LAYER, 5)], LATER)
    assert rows.read(cache.all_arriving, repository) == [again]
    assert rows.read(lambda tx: tx.one(cache.FIND_ARRIVING_BLOB, of=repository, digest=LAYER).size) == 5
    assert rows.read(cache.expired, EPOCH, 10) == []
    assert rows.read(cache.expired, LATER, 10) == [(repository, DIGEST)]
    rows.write(cache.remove_arriving, repository, DIGEST)
    assert rows.read(cache.arriving, repository, DIGEST) is None
    assert rows.read(lambda tx: tx.one(cache.FIND_ARRIVING_BLOB, of=repository, digest=LAYER)) is None


def test_what_is_brought_is_brought_by_one_until_it_falls_silent(rows: Rows):
    now, later = micros(EPOCH), micros(LATER)
    assert rows.write(fetches.claim, "blob", "a", now, later)
    assert not rows.write(fetches.claim, "blob", "b", now, later)
    assert not rows.write(fetches.renew, "blob", "b", later)
    assert rows.write(fetches.claim, "blob", "b", later, later + 1)
    assert not rows.write(fetches.release, "blob", "a")
    assert rows.read(fetches.find, "blob").holder == "b"
    assert rows.write(fetches.forget_expired, later + 1) == 1
    assert rows.read(fetches.find, "blob") is None
