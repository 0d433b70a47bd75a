"""Uploads, one law each: whose a session is, where it stands, which digest is believed, what a complete one must be."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from entrepot.core import uploads
from entrepot.core.transfer_rules import OCI_PARTS, PartRules
from entrepot.errors import (
    DigestMismatch,
    LayerAlreadyExists,
    LayerPartTooSmall,
    UploadEmpty,
    UploadNotFound,
    UploadOutOfOrder,
    UploadTooLarge,
)
from entrepot.spec.digest import Digest
from entrepot.spec.repository import RepositoryKey, public_registry
from tests.factories.callers import ACCOUNT, OTHER_ACCOUNT, caller, repository
from tests.factories.transfers import STORE, Place, arriving

LARGEST = 64
PART = 8
KEY, OTHER_KEY = repository("one"), repository("two")
RULES = PartRules(refuse_empty=True, refuse_held=True, smallest_part=PART)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path, LARGEST)
    made.create(KEY)
    made.create(OTHER_KEY)
    yield made
    made.close()


def under_way(place: Place, content: bytes = b"content", algorithm: str = "sha256") -> str:
    """A session that holds `content`."""
    worker = place.worker()
    upload = place.run(worker.start(caller(), KEY, algorithm)).id
    place.run(worker.append(caller(), KEY, upload, arriving(content), 0))
    return str(upload)


def part(place: Place, upload: str, first: int, data: bytes) -> Any:
    return place.run(place.worker().append_part(caller(), KEY, upload, first, data, RULES))


def complete(place: Place, upload: str, content: bytes, rules: PartRules = OCI_PARTS, algorithm: str = "sha256") -> Any:
    digest = Digest.of(content, algorithm)
    return place.run(place.worker().complete(caller(), KEY, upload, digest, None, rules))


def assert_gone(place: Place, upload: str) -> None:
    with pytest.raises(UploadNotFound):
        place.run(place.worker().find(caller(), KEY, upload))
    assert not place.spool(upload).exists()


def requests(place: Place, who: Any, key: Any, upload: str) -> list[Any]:
    """All that can be asked of a session."""
    worker, digest = place.worker(), Digest.of(b"content")
    return [
        worker.find(who, key, upload),
        worker.append(who, key, upload, arriving(b"x"), None),
        worker.append_part(who, key, upload, 7, b"x", RULES),
        worker.require_offset(who, key, upload, 7),
        worker.complete(who, key, upload, digest, None),
        worker.complete(who, key, upload, digest, arriving(b"x")),
        worker.complete_any(who, key, upload, [digest], RULES),
        worker.cancel(who, key, upload),
    ]


@pytest.mark.parametrize("foreign", ["repository", "principal", "absent"])
def test_a_session_exists_only_for_its_repository_and_its_principal(place: Place, foreign: str) -> None:
    upload = under_way(place)
    key = OTHER_KEY if foreign == "repository" else KEY
    who = caller()
    if foreign == "principal":
        who = msgspec.structs.replace(who, principal=msgspec.structs.replace(who.principal, id=OTHER_ACCOUNT))
    asked = "0" * 36 if foreign == "absent" else upload
    for work in requests(place, who, key, asked):
        with pytest.raises(UploadNotFound):
            place.run(work)
    complete(place, upload, b"content")


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_a_digest_that_another_boot_wrote_is_not_believed(place: Place, algorithm: str) -> None:
    """A power cut may have left other bytes than were hashed."""
    upload = under_way(place, algorithm=algorithm)
    place.spool(upload).write_bytes(b"CONTENT")
    place.boot += 1
    with pytest.raises(DigestMismatch):
        complete(place, upload, b"content", algorithm=algorithm)
    assert_gone(place, upload)


def test_a_digest_that_this_boot_wrote_is_believed(place: Place) -> None:
    """So that a closing PUT does not read a large layer again."""
    upload = under_way(place)
    place.spool(upload).write_bytes(b"CONTENT")
    complete(place, upload, b"content")


def test_a_digest_of_fewer_bytes_than_the_session_holds_is_not_believed(place: Place) -> None:
    upload = under_way(place, b"first")
    place.run(place.worker().append(caller(), KEY, upload, arriving(b"second"), None))
    with pytest.raises(DigestMismatch):
        complete(place, upload, b"first")


def test_a_worker_that_missed_bytes_does_not_go_on_with_its_own_hash(place: Place) -> None:
    worker = place.worker()
    upload = place.run(worker.start(caller(), KEY)).id
    place.run(worker.append(caller(), KEY, upload, arriving(b"a"), None))
    place.run(place.worker().append(caller(), KEY, upload, arriving(b"b"), None))
    place.run(worker.append(caller(), KEY, upload, arriving(b"c"), None))
    complete(place, upload, b"abc")


def test_a_digest_of_another_algorithm_is_computed(place: Place) -> None:
    complete(place, under_way(place), b"content", algorithm="sha512")


def test_bytes_that_no_acknowledged_request_wrote_are_cut_off(place: Place) -> None:
    upload = under_way(place)
    with place.spool(upload).open("ab") as file:
        file.write(b"excess")
    blob = complete(place, upload, b"content")
    assert (place.data / blob.location).read_bytes() == b"content"


def test_bytes_that_no_acknowledged_request_wrote_are_cut_off_before_more_are_added(place: Place) -> None:
    upload = under_way(place)
    with place.spool(upload).open("ab") as file:
        file.write(b"excess")
    place.run(place.worker().append(caller(), KEY, upload, arriving(b" more"), None))
    blob = complete(place, upload, b"content more")
    assert (place.data / blob.location).read_bytes() == b"content more"


def test_a_session_whose_bytes_are_lost_is_gone(place: Place) -> None:
    upload = under_way(place)
    place.spool(upload).write_bytes(b"cont")
    with pytest.raises(UploadNotFound):
        complete(place, upload, b"content")
    with pytest.raises(UploadNotFound):
        place.run(place.worker().append(caller(), KEY, upload, arriving(b"x"), None))


def test_of_two_requests_at_the_same_offset_one_counts(place: Place) -> None:
    upload = under_way(place)
    before = place.run(place.worker().find(caller(), KEY, upload))
    place.run(place.worker().append(caller(), KEY, upload, arriving(b"first"), None))
    after = replace(before, offset=before.offset + 6)
    with pytest.raises(UploadOutOfOrder) as refused:
        advance(place, after, before.offset)
    assert refused.value.offset == len(b"contentfirst")
    complete(place, upload, b"contentfirst")


def advance(place: Place, after: Any, expected: int) -> None:
    from_caller = caller()
    place.database.submit(lambda tx: uploads.advance(tx, from_caller, KEY, after, expected)).result()


@pytest.mark.parametrize("start", [0, 6, 8])
def test_bytes_are_taken_only_where_the_session_stands(place: Place, start: int) -> None:
    upload = under_way(place)
    for work in (
        place.worker().append(caller(), KEY, upload, arriving(b"x"), start),
        place.worker().append_part(caller(), KEY, upload, start, b"x", RULES),
        place.worker().require_offset(caller(), KEY, upload, start),
    ):
        with pytest.raises(UploadOutOfOrder) as refused:
            place.run(work)
        assert refused.value.offset == len(b"content")
    complete(place, upload, b"content")


@pytest.mark.parametrize("closing", [False, True])
def test_what_arrived_before_the_client_went_away_counts(place: Place, closing: bool) -> None:
    upload, worker = under_way(place), place.worker()
    body = arriving(b" and", b" more", lost=True)
    work = (
        worker.complete(caller(), KEY, upload, Digest.of(b"any"), body)
        if closing
        else worker.append(caller(), KEY, upload, body, None)
    )
    with pytest.raises(ConnectionResetError):
        place.run(work)
    assert place.run(place.worker().find(caller(), KEY, upload)).offset == len(b"content and more")
    complete(place, upload, b"content and more")


def test_a_session_takes_no_more_than_the_largest_layer(place: Place) -> None:
    upload = under_way(place)
    with pytest.raises(UploadTooLarge):
        place.run(place.worker().append(caller(), KEY, upload, arriving(b"x" * LARGEST), None))
    complete(place, upload, b"content")


def test_a_layer_of_a_public_repository_has_a_limit_of_its_own(place: Place) -> None:
    key = RepositoryKey(public_registry(ACCOUNT), "tool")
    place.create(key)
    digest = Digest.of(b"x" * (LARGEST // 2))
    place.run(place.worker().put_blob(caller(), key, digest, arriving(b"x" * (LARGEST // 2))))
    more = b"x" * (LARGEST // 2 + 1)
    place.run(place.worker().put_blob(caller(), KEY, Digest.of(more), arriving(more)))
    with pytest.raises(UploadTooLarge):
        place.run(place.worker().put_blob(caller(), key, Digest.of(more), arriving(more)))


def test_a_session_whose_digest_does_not_fit_is_over(place: Place) -> None:
    upload = under_way(place)
    with pytest.raises(DigestMismatch):
        complete(place, upload, b"something else")
    assert_gone(place, upload)
    assert place.stored() == []


def test_a_layer_that_the_repository_holds_ends_the_session_when_the_door_refuses_it(place: Place) -> None:
    complete(place, under_way(place), b"content")
    again = under_way(place)
    with pytest.raises(LayerAlreadyExists):
        complete(place, again, b"content", RULES)
    assert_gone(place, again)
    assert len(place.stored()) == 1


def test_the_same_bytes_are_stored_once(place: Place) -> None:
    first = complete(place, under_way(place), b"content")
    assert complete(place, under_way(place), b"content") == first
    assert [path.read_bytes() for path in place.stored()] == [b"content"]


def test_the_same_bytes_at_the_same_time_are_stored_once(place: Place) -> None:
    sessions = [under_way(place), under_way(place)]
    digest = Digest.of(b"content")

    async def both() -> Any:
        each = (place.worker().complete(caller(), KEY, session, digest, None) for session in sessions)
        return await asyncio.gather(*each)

    first, second = place.run(both())
    assert first == second
    assert [str(path.relative_to(place.data)) for path in place.stored()] == [first.location]


def test_a_session_that_ended_in_the_meantime_ends_nothing_again(place: Place) -> None:
    """Whose it is and whether it lives is asked again in the transaction that ends it."""
    upload, digest = under_way(place), Digest.of(b"content")
    blob = place.run(place.worker().put_blob(caller(), OTHER_KEY, digest, arriving(b"content")))
    found = uploads.Bytes(digest, STORE, None, blob.location, None)
    me = caller()
    for key, session in ((OTHER_KEY, upload), (KEY, "0" * 36)):
        finish = partial(uploads.finish, caller=me, key=key, upload_id=session, found=found, refuse_held=False)
        cancel = partial(uploads.cancel, caller=me, key=key, upload_id=session)
        for work in (finish, cancel):
            with pytest.raises(UploadNotFound):
                place.database.submit(work).result()
    assert place.run(place.worker().find(caller(), KEY, upload)).offset == len(b"content")


@pytest.mark.parametrize("left", [None, b"cont"])
def test_bytes_that_are_missing_or_cut_are_replaced_by_a_new_push(place: Place, left: bytes | None) -> None:
    first = complete(place, under_way(place), b"content")
    (place.data / first.location).unlink()
    if left is not None:
        (place.data / first.location).write_bytes(left)
    healed = complete(place, under_way(place), b"content")
    assert (healed.id, (place.data / healed.location).read_bytes()) == (first.id, b"content")


def test_an_empty_layer_is_refused_where_the_door_says_so(place: Place) -> None:
    upload = place.run(place.worker().start(caller(), KEY)).id
    with pytest.raises(UploadEmpty):
        complete(place, upload, b"", RULES)
    complete(place, upload, b"")


@pytest.mark.parametrize(
    ("sizes", "short"),
    [
        ((PART, PART), None),
        ((PART, PART - 1), None),
        ((PART - 1,), None),
        ((PART - 1, PART), PART - 1),
        ((PART, 5, 3), 5),
        ((6, 5, PART), 6),
    ],
)
def test_only_the_last_part_may_be_short(place: Place, sizes: tuple[int, ...], short: int | None) -> None:
    """The first short part that others followed is the one that is told."""
    upload, content = place.run(place.worker().start(caller(), KEY)).id, b""
    for number, size in enumerate(sizes):
        data = bytes([number]) * size
        after = part(place, upload, len(content), data)
        content += data
        assert (after.parts, after.last_part, after.offset) == (number + 1, size, len(content))
    if short is None:
        complete(place, upload, content, RULES)
        return
    with pytest.raises(LayerPartTooSmall) as refused:
        complete(place, upload, content, RULES)
    assert (refused.value.size, refused.value.limit) == (short, PART)


def test_of_several_digests_the_one_that_fits_is_taken(place: Place) -> None:
    upload = under_way(place)
    digests = [Digest.of(b"other"), Digest.of(b"content", "sha512"), Digest.of(b"content")]
    assert place.run(place.worker().complete_any(caller(), KEY, upload, digests, RULES)).digest == digests[1]


def test_a_cancelled_session_is_gone(place: Place) -> None:
    upload = under_way(place)
    place.run(place.worker().cancel(caller(), KEY, upload))
    assert_gone(place, upload)


def test_a_part_of_the_aws_door_has_five_mebibytes_at_least_and_ten_at_most(place: Place) -> None:
    rules = place.worker().part_rules(KEY)
    assert (rules.smallest_part, rules.largest_part, rules.most_parts) == (5 * 1024**2, 10 * 1024**2, 4200)
    assert place.worker().part_rules(RepositoryKey(public_registry(ACCOUNT), "one")).most_parts == 1000
