"""The queries of peers, over every engine."""

from datetime import timedelta

from entrepot.db import peers, replication_steps
from entrepot.db.peer_records import Arrival, DeploymentKey, Peer, Served
from entrepot.db.replication_records import Destination, Lane
from entrepot.spec.repository import RegistryKey, RepositoryKey
from tests.factories.callers import ACCOUNT, EPOCH, OTHER_ACCOUNT
from tests.factories.rows import Rows

LATER = EPOCH + timedelta(hours=1)
KEY, OTHER_KEY = "K" * 60, "L" * 60
SOURCE = RepositoryKey(RegistryKey("private", ACCOUNT, "us-east-1"), "app")


def peer(name: str, key: str, *serves: Served, accounts: tuple[str, ...] = ()) -> Peer:
    return Peer(name, "deployment", "https://one.example", key, "", "", b"", accounts, serves, EPOCH)


def test_a_peer_is_kept_with_what_it_serves_and_may_do(rows: Rows):
    one = peer("one", KEY, Served("", "eu-west-1"), accounts=(ACCOUNT,))
    two = peer("two", OTHER_KEY, Served(OTHER_ACCOUNT, ""), Served(OTHER_ACCOUNT, "eu-west-1"))
    for each in (one, two):
        rows.write(peers.add, each)
    assert rows.read(peers.find, "one") == one
    assert rows.read(peers.by_key, OTHER_KEY) == two
    assert rows.read(peers.by_key, "") is None
    assert rows.read(peers.list_of) == [one, two]
    assert rows.read(peers.at, Destination("eu-west-1", ACCOUNT)) == "one"
    assert rows.read(peers.at, Destination("eu-west-1", OTHER_ACCOUNT)) == "two"
    assert rows.read(peers.at, Destination("us-east-1", OTHER_ACCOUNT)) == "two"
    assert rows.read(peers.at, Destination("us-east-1", ACCOUNT)) is None
    assert rows.read(peers.is_granted, ACCOUNT)
    rows.write(peers.grant, "two", OTHER_ACCOUNT)
    rows.write(peers.grant, "two", OTHER_ACCOUNT)
    assert rows.read(peers.find, "two").accounts == (OTHER_ACCOUNT,)
    assert rows.write(peers.revoke, "one", ACCOUNT) is True
    assert rows.write(peers.revoke, "one", ACCOUNT) is False
    assert not rows.read(peers.is_granted, ACCOUNT)


def test_what_a_peer_did_is_kept_and_goes_with_it(rows: Rows):
    rows.write(peers.add, peer("one", KEY))
    assert rows.write(peers.use_nonce, "one", "n", LATER) is True
    assert rows.write(peers.use_nonce, "one", "n", LATER) is False
    for looked_at in (5, 2**53):
        rows.write(peers.put_arrival, "one", "R1", Arrival(looked_at, "request", "{}"))
    assert rows.read(peers.arrival, "one", "R1") == Arrival(2**53, "request", "{}")
    assert rows.read(peers.arrival, "one", "R2") is None
    rows.write(peers.brought, "one", ACCOUNT, "sha256:aa")
    rows.write(peers.brought, "one", ACCOUNT, "sha256:aa")
    assert rows.read(peers.has_brought, "one", ACCOUNT, "sha256:aa")
    assert not rows.read(peers.has_brought, "one", OTHER_ACCOUNT, "sha256:aa")
    assert not rows.read(peers.has_expired, LATER)
    assert rows.read(peers.has_expired, LATER + timedelta(seconds=1))
    assert rows.write(peers.expire, "main", LATER + timedelta(seconds=1)) == 1
    assert not rows.read(peers.has_brought, "one", ACCOUNT, "sha256:aa")  # no blob has this digest any more
    rows.write(peers.remove, "one")
    assert rows.read(peers.find, "one") is None
    assert rows.read(peers.arrival, "one", "R1") is None


def test_the_first_key_of_a_deployment_counts(rows: Rows):
    assert rows.read(peers.find_key) is None
    rows.write(peers.add_key, DeploymentKey("first", b"sealed"), EPOCH)
    rows.write(peers.add_key, DeploymentKey("second", b"sealed too"), EPOCH)
    assert rows.read(peers.find_key) == DeploymentKey("first", b"sealed")


def test_steps_for_peers_are_apart_from_those_of_this_deployment(rows: Rows):
    near, away = Destination("us-west-2", ACCOUNT), Destination("eu-west-1", ACCOUNT)
    rows.write(peers.add, peer("one", KEY, Served("", away.region)))
    for revision, destination in ((2, away), (1, away), (1, near)):
        rows.write(replication_steps.add, "R1", SOURCE, destination, (revision, 0), "PUSH", "sha256:aa", "v1", EPOCH)
    assert [step.destination for step in rows.read(replication_steps.due, LATER, 9)] == [near]
    assert rows.read(replication_steps.lanes, LATER) == [Lane("R1", away)]
    assert rows.read(replication_steps.lanes, EPOCH - timedelta(seconds=1)) == []
    found = rows.read(replication_steps.due_on, Lane("R1", away), LATER, 9)
    assert [step.revision for step in found] == [1, 2]
    assert rows.read(replication_steps.soonest_elsewhere) is not None
    rows.write(peers.remove, "one")
    assert rows.read(replication_steps.soonest_elsewhere) is None
    assert len(rows.read(replication_steps.due, LATER, 9)) == 3
