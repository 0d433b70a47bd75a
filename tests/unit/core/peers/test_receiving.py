"""What peers do is denied the same whether or not what it names is there; and each change is told once."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from entrepot.core.access import Caller
from entrepot.core.peers import receiving
from entrepot.core.replication.arriving import Way
from entrepot.core.replication.failing import Failed
from entrepot.db import peers
from entrepot.db.peer_records import Peer
from entrepot.db.replication_records import Destination
from entrepot.errors import AccessDenied, RepositoryNotFound
from entrepot.errors.peers import PeerCallStale
from entrepot.spec import peering
from entrepot.spec.peering import BlobNamed, Done, Lacking, PutImage, Remove
from entrepot.spec.repository import RegistryKey, RepositoryKey
from tests.factories.callers import ACCOUNT, EPOCH, caller, image_manifest, nobody, repository
from tests.factories.core_database import CoreDatabase

KEY = repository("brought")
PEER = Peer("one", "deployment", "", "K" * 60, "", "", b"", (ACCOUNT,), (), EPOCH)
WAY = Way(
    RepositoryKey(RegistryKey("private", ACCOUNT, "eu-west-1"), KEY.name),
    Destination(KEY.registry.region, ACCOUNT),
    "00000000-0000-4000-8000-00000000abcd",
)
TOLD = peering.Way(
    ACCOUNT, "eu-west-1", ACCOUNT, KEY.registry.region, KEY.name, WAY.request_id, 5, "sha256:" + "0" * 64
)
MANIFEST = image_manifest([b"brought"])
IMAGE = PutImage(TOLD, MANIFEST.digest, "application/json", b"", is_last=True, tag="v1")
GONE = Remove(TOLD, MANIFEST.digest, "v1", is_deleted=True, has_tag=False)
CALLS: dict[str, Callable[[Any, Caller], Any]] = {
    "prepare": lambda tx, actor: receiving.prepare(tx, actor, PEER, WAY, "main", (), ()),
    "require": lambda tx, actor: receiving.require(tx, actor, WAY),
    "put": lambda tx, actor: receiving.put(tx, actor, PEER, WAY, 5, IMAGE, MANIFEST),
    "remove": lambda tx, actor: receiving.remove(tx, actor, PEER, WAY, 5, GONE),
}


@pytest.fixture
def core(tmp_path: Path) -> Iterator[CoreDatabase]:
    made = CoreDatabase(tmp_path)
    made.database.submit(lambda tx: peers.add(tx, PEER)).result()
    yield made
    made.close()


def did(core: CoreDatabase, call: Callable[[Any, Caller], Any], actor: Caller | None = None) -> Any:
    return core.database.submit(lambda tx: call(tx, actor or caller())).result()


@pytest.mark.parametrize("name", CALLS)
def test_a_denial_says_nothing_of_what_is_there(core: CoreDatabase, name: str):
    told = []
    for _ in range(2):
        with pytest.raises(AccessDenied) as denied:
            did(core, CALLS[name], nobody())
        told.append(str(denied.value))
        core.repository(KEY.name) if len(told) == 1 else None
    assert told[0] == told[1]


def test_bytes_have_nowhere_to_go_before_the_repository_is_there(core: CoreDatabase):
    with pytest.raises(RepositoryNotFound):
        did(core, CALLS["require"])
    assert did(core, CALLS["prepare"])[1] == Lacking()
    assert did(core, CALLS["require"]).key == KEY


def test_what_a_repository_lacks_is_told(core: CoreDatabase):
    core.repository(KEY.name)
    core.image(KEY, "old", layers=[b"there"])
    there, absent = image_manifest([b"there"]), image_manifest([b"absent"])
    named = [BlobNamed(each.layers[0].digest, 6) for each in (there, absent)]
    manifests = (there.digest, absent.digest)
    _, lacking = did(core, lambda tx, actor: receiving.prepare(tx, actor, PEER, WAY, "main", manifests, named))
    assert lacking == Lacking((absent.digest,), (named[1],))


def test_a_call_that_is_made_again_is_answered_as_it_was_and_told_once(core: CoreDatabase):
    core.repository(KEY.name)
    core.image(KEY, layers=[b"brought"])
    assert [did(core, CALLS["put"]) for _ in range(2)] == [Done("COMPLETE")] * 2
    assert len(core.calls("ReplicateImage")) == 1
    with pytest.raises(PeerCallStale):
        did(core, lambda tx, actor: receiving.remove(tx, actor, PEER, WAY._replace(request_id=OTHER), 4, GONE))
    assert did(core, lambda tx, actor: receiving.remove(tx, actor, PEER, WAY._replace(request_id=OTHER), 6, GONE)) == (
        Done("COMPLETE")
    )


OTHER = "00000000-0000-4000-8000-00000000abce"


def test_a_tag_that_is_elsewhere_is_asked_about_and_goes_where_the_peer_knows_the_image(core: CoreDatabase):
    core.repository(KEY.name)
    core.image(KEY, "v1", layers=[b"others"])
    others = image_manifest([b"others"]).digest

    def removed(pointed: str, *, has_tag: bool = False) -> Done:
        told = Remove(TOLD, MANIFEST.digest, "v1", is_deleted=False, has_tag=has_tag, pointed=pointed)
        done: Done = did(core, lambda tx, actor: receiving.remove(tx, actor, PEER, WAY, 5, told))
        return done

    assert removed("") == Done("GONE", pointed=others)
    assert removed("", has_tag=True) == Done("GONE")
    assert removed(others) == Done("COMPLETE")


def test_what_is_refused_is_told_once_for_a_step(core: CoreDatabase):
    failed, fact = Failed("PUSH", MANIFEST.digest, "v1", ("", 0, 0)), RepositoryNotFound(name="n", account=ACCOUNT)
    failed = failed._replace(digest="".join(failed.digest))
    for _ in range(2):
        did(core, lambda tx, actor: receiving.tell_refused(tx, actor, PEER, WAY, failed, fact))
    assert len(core.calls("ReplicateImage")) == 1
