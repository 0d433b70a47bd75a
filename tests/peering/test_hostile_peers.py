"""What a hostile peer gets in: nothing. Calls are made here by hand, with keys that are known or are not."""

import json
import secrets
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest
import urllib3

from entrepot.seal.peer_signatures import new_key, public_line, sign, signed_by
from entrepot.spec import peering
from entrepot.spec.peering import BlobNamed, Piece, Prepare, PutImage, Remove, Signed, Way
from tests.behaviour.identities import ACCOUNT
from tests.factories import peers
from tests.factories.layouts import Content, Image, image, sha256
from tests.factories.peers import AWAY, HOME, deployment, done
from tests.factories.processes import Credentials, Server, create_account

OTHER = "777700005555"
pytestmark = pytest.mark.timeout(180)


@dataclass(frozen=True)
class Attacker:
    """Makes calls to a server with a key, as whom it wants to be."""

    server: Server
    receiver: str
    private: bytes
    account: str = ACCOUNT

    def way(self, name: str, account: str = ACCOUNT, region: str = AWAY, looked_at: int | None = None) -> Way:
        at = time.time_ns() // 1000 if looked_at is None else looked_at
        return Way(self.account, HOME, account, region, name, str(uuid.uuid4()), at, sha256(b"about"))

    def signed(self, target: str, body: bytes, at: int | None = None, nonce: str = "") -> dict[str, str]:
        """The headers of a call."""
        at, nonce = at or time.time_ns() // 1000, nonce or secrets.token_hex(16)
        digest = peering.digest_of(body)
        text = peering.call_text("POST", target, self.receiver, at, nonce, digest)
        signed = Signed(public_line(self.private), at, nonce, sign(self.private, text))
        return {"Authorization": signed.header, peering.BODY_DIGEST: digest}

    def send(self, target: str, body: bytes, headers: dict[str, str]) -> tuple[int, Any]:
        with urllib3.PoolManager(retries=False, timeout=30) as pool:
            answer = pool.request("POST", f"{self.server.base_url}{target}", body=body, headers=headers)
            return answer.status, json.loads(answer.data)

    def call(self, name: str, told: msgspec.Struct) -> tuple[int, Any]:
        body, target = peering.encoded(told), f"{peering.PREFIX}{name}"
        return self.send(target, body, self.signed(target, body))

    def piece(self, told: Piece, data: bytes) -> tuple[int, Any]:
        target = piece_target(told)
        return self.send(target, data, self.signed(target, data))

    def bring(self, name: str, made: Image, way: Way | None = None, tag: str = "v1") -> tuple[int, Any]:
        """An image as an honest peer brings it; the last answer."""
        way = way or self.way(name)
        blobs = tuple(BlobNamed(each.digest, len(each.data)) for each in made.blobs)
        answer = self.call("prepare", Prepare(way, (), blobs))
        for each in made.blobs if answer[0] == 200 else ():
            answer = self.piece(Piece(way, each.digest, len(each.data), 0), each.data)
        if answer[0] != 200:
            return answer
        return self.call("image", put(way, made, tag))


def piece_target(told: Piece) -> str:
    return f"{peering.PREFIX}piece?{urlencode({'at': peering.encoded(told).decode()})}"


def put(way: Way, made: Image, tag: str = "v1", manifest: Content | None = None) -> PutImage:
    content = manifest or made.manifest
    return PutImage(way, made.digest, content.media_type, content.data, is_last=True, tag=tag)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with deployment(tmp_path_factory.mktemp("hostile"), AWAY) as running:
        yield running


@pytest.fixture(scope="module")
def other(server: Server) -> Credentials:
    return create_account(server, OTHER)


@pytest.fixture(scope="module")
def peer(server: Server) -> Attacker:
    private = new_key()
    receiver = peers.key(server)
    done(server, "peer", "add", "peer", "--key", public_line(private), "--account", ACCOUNT)
    return Attacker(server, receiver, private)


def held(server: Server, name: str, keys: Credentials | None = None) -> list[str]:
    """The images of a repository, [] where it is absent."""
    client = server.client(region=AWAY, credentials=keys)
    try:
        return [each["imageDigest"] for each in client.list_images(repositoryName=name)["imageIds"]]
    except client.exceptions.RepositoryNotFoundException:
        return []


def test_an_honest_peer_gets_in_and_is_answered_by_the_key_that_it_knows(server: Server, peer: Attacker):
    made = image(4201)
    assert peer.bring("honest/app", made) == (200, {"status": "COMPLETE", "code": "", "reason": "", "pointed": ""})
    assert held(server, "honest/app") == [made.digest]
    body, target = peering.encoded(peering.Hello()), f"{peering.PREFIX}hello"
    nonce = secrets.token_hex(16)
    with urllib3.PoolManager() as pool:
        headers = peer.signed(target, body, nonce=nonce)
        answer = pool.request("POST", f"{server.base_url}{target}", body=body, headers=headers)
    signature = bytes.fromhex(answer.headers[peering.ANSWER_SIGNATURE])
    assert signed_by(peer.receiver, peering.answer_text(nonce, 200, answer.data), signature)
    assert not signed_by(peer.receiver, peering.answer_text(nonce, 200, answer.data + b" "), signature)


def test_a_wrong_key_gets_nothing_in(server: Server, peer: Attacker):
    stranger = replace(peer, private=new_key())
    status, told = stranger.bring("stranger/app", image(4202))
    assert (status, told["code"]) == (401, "PeerUnauthentic")
    body, target = peering.encoded(Prepare(peer.way("stranger/app"))), f"{peering.PREFIX}prepare"
    headers = stranger.signed(target, body)
    claimed = headers | {
        "Authorization": headers["Authorization"].replace(public_line(stranger.private), public_line(peer.private))
    }
    assert peer.send(target, body, claimed)[0] == 401
    assert peer.send(target, body, {})[0] == 401
    assert held(server, "stranger/app") == []


def test_a_call_is_made_once_for_whom_it_is_signed_and_now(server: Server, peer: Attacker):
    body, target = peering.encoded(Prepare(peer.way("replayed/app"))), f"{peering.PREFIX}prepare"
    headers = peer.signed(target, body)
    assert peer.send(target, body, headers)[0] == 200
    again, told = peer.send(target, body, headers)
    assert (again, "made before" in told["reason"]) == (401, True)
    elsewhere = replace(peer, receiver=public_line(new_key()))
    assert peer.send(target, body, elsewhere.signed(target, body))[0] == 401
    for minutes in (-6, 6):
        at = time.time_ns() // 1000 + minutes * 60_000_000
        status, told = peer.send(target, body, peer.signed(target, body, at))
        assert (status, "clocks" in told["reason"]) == (401, True)
    another = peering.encoded(Prepare(peer.way("replayed/other")))
    headers = peer.signed(target, body)
    assert peer.send(target, another, headers)[0] == 401
    assert peer.send(target, another, headers | {peering.BODY_DIGEST: peering.digest_of(another)})[0] == 401
    assert peer.send(f"{peering.PREFIX}remove", body, headers)[0] == 401
    assert held(server, "replayed/other") == []


def test_a_call_is_not_made_again_after_a_restart(tmp_path: Path):
    private = new_key()
    with deployment(tmp_path, AWAY) as first:
        attacker = Attacker(first, peers.key(first), private)
        done(first, "peer", "add", "peer", "--key", public_line(private), "--account", ACCOUNT)
        body, target = peering.encoded(peering.Hello()), f"{peering.PREFIX}hello"
        headers = attacker.signed(target, body)
        assert attacker.send(target, body, headers)[0] == 200
        first.kill()
    with deployment(tmp_path, AWAY) as second:
        again = replace(attacker, server=second)
        assert again.send(target, body, headers)[0] == 401
        assert again.send(target, body, again.signed(target, body))[0] == 200


def test_a_peer_acts_for_the_accounts_that_it_was_granted_and_no_others(server: Server, peer: Attacker):
    as_other = replace(peer, account="888800001111")
    status, told = as_other.bring("ungranted/app", image(4203))
    assert (status, told["code"], told["final"]) == (403, "AccessDenied", True)
    done(server, "peer", "grant", "peer", "--account", "888800001111")
    status, told = as_other.bring("ungranted/app", image(4203))
    assert (status, told["code"]) == (422, "AccessDenied")  # granted, and not allowed by the registry's policy
    done(server, "peer", "revoke", "peer", "--account", "888800001111")
    assert as_other.bring("ungranted/app", image(4203))[0] == 403
    assert held(server, "ungranted/app") == []


def test_another_accounts_repository_is_out_of_reach(server: Server, peer: Attacker, other: Credentials):
    client, made = server.client(region=AWAY, credentials=other), image(4204)
    client.create_repository(repositoryName="mine/app")
    way = peer.way("mine/app", OTHER)
    for name, told in (
        ("prepare", Prepare(way)),
        ("image", put(way, made)),
        ("remove", Remove(way, made.digest, "v1", is_deleted=True, has_tag=False)),
    ):
        status, answer = peer.call(name, told)
        assert (status, answer["code"], answer["final"]) == (422, "AccessDenied", True), name
    assert peer.piece(Piece(way, sha256(b"x"), 1, 0), b"x")[0] == 422
    assert held(server, "mine/app", other) == []
    absent = peer.way("mine/app", "999900001111")
    assert peer.call("prepare", Prepare(absent))[0] == 400
    assert peer.call("prepare", Prepare(peer.way("mine/app", region="us-west-2")))[0] == 400


def test_mismatching_and_oversized_bytes_are_refused(server: Server, peer: Attacker):
    made, way = image(4205), peer.way("bytes/app")
    assert peer.call("prepare", Prepare(way))[0] == 200
    layer = made.layers[0]
    assert peer.piece(Piece(way, layer.digest, 5, 0), b"wrong")[1]["code"] == "DigestMismatch"
    half = Piece(way, layer.digest, 10, 0)
    assert peer.piece(half, b"wrong") == (200, {"offset": 5})
    assert peer.piece(replace_offset(half, 5), b"bytes")[1]["code"] == "DigestMismatch"
    assert peer.piece(Piece(way, layer.digest, 3, 0), b"more than it is")[0] == 400
    assert peer.piece(Piece(way, layer.digest, 3, -1), b"m")[0] == 400
    large = bytes(peering.LARGEST_PIECE + 1)
    assert peer.piece(Piece(way, sha256(large), len(large), 0), large)[0] == 413
    status, told = peer.call("image", put(way, made))
    assert (status, told["code"]) == (422, "LayersNotFound")
    other = Content(made.manifest.media_type, made.manifest.data + b" ")
    assert peer.call("image", put(way, made, manifest=other))[1]["code"] == "DigestMismatch"
    assert peer.call("image", put(peer.way("UPPER/app"), made))[0] == 422
    assert held(server, "bytes/app") == []


def replace_offset(told: Piece, offset: int) -> Piece:
    return Piece(told.way, told.digest, told.size, offset)


def test_a_blob_that_others_brought_is_not_lent_to_a_peer(server: Server, peer: Attacker):
    made = image(4206)
    client = server.client(region=AWAY)
    client.create_repository(repositoryName="secret/app")
    peers.registry(server).push("secret/app", made, "v1")
    way = peer.way("curious/app")
    named = tuple(BlobNamed(each.digest, len(each.data)) for each in made.blobs)
    status, told = peer.call("prepare", Prepare(way, (), named))
    assert (status, {each["digest"] for each in told["blobs"]}) == (200, {each.digest for each in named})
    assert peer.call("image", put(way, made))[1]["code"] == "LayersNotFound"


def test_nothing_older_is_done_after_something_newer_and_a_lost_answer_is_told_again(server: Server, peer: Attacker):
    one, two, now = image(4207), image(4208), time.time_ns() // 1000
    newer = peer.way("order/app", looked_at=now)
    assert peer.bring("order/app", two, newer)[0] == 200
    assert peer.call("image", put(newer, two))[0] == 200
    status, told = peer.bring("order/app", one, peer.way("order/app", looked_at=now - 1))
    assert (status, told["code"]) == (409, "PeerCallStale")
    assert held(server, "order/app") == [two.digest]
    gone = Remove(peer.way("order/app", looked_at=now - 1), two.digest, "v1", is_deleted=True, has_tag=False)
    assert peer.call("remove", gone)[0] == 409
    assert held(server, "order/app") == [two.digest]


def test_a_peer_that_was_removed_is_a_stranger(server: Server, peer: Attacker):
    leaving = replace(peer, private=new_key())
    done(server, "peer", "add", "leaving", "--key", public_line(leaving.private), "--account", ACCOUNT)
    assert leaving.call("hello", peering.Hello())[0] == 200
    done(server, "peer", "remove", "leaving")
    assert leaving.call("hello", peering.Hello())[0] == 401


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"way": 1}', b"\xff" * 64, b"[" * 100_000])
def test_what_cannot_be_read_is_refused(peer: Attacker, body: bytes):
    target = f"{peering.PREFIX}prepare"
    assert peer.send(target, body, peer.signed(target, body))[0] == 400
    unknown = f"{peering.PREFIX}nothing"
    assert peer.send(unknown, body, peer.signed(unknown, body))[0] == 400
