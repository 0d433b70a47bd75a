"""Blobs whose line breaks: gone on with where it broke, whole or not at all, and never for ever."""

from collections.abc import Iterator

import pytest

from entrepot.outbound import AnswerUnusable, OutboundFault
from entrepot.outbound.faults import AnswerBroken, ContentMissing, ContentWrong, RequestsTooMany, Unavailable
from entrepot.outbound.registries import Place, Repository
from entrepot.spec.digest import Digest, hasher
from tests.factories.origins import Answering, Origin, body, origin, redirect
from tests.factories.upstream_registries import cut_off, in_turn, outbound, ranged

BLOB = bytes(range(256)) * 40
DIGEST = Digest.of(BLOB)
AT = f"/v2/a/b/blobs/{DIGEST}"
WHOLE = body(BLOB)


@pytest.fixture
def there(tmp_path) -> Iterator[Origin]:
    with origin(tmp_path) as made:
        yield made


def repository(there: Origin) -> Repository:
    return Repository(outbound(there), Place.parse(there.url("/a/b")))


async def taken(there: Origin, size: int | None = len(BLOB), **how) -> bytes:
    async with repository(there).blob(DIGEST, size, **how) as blob:
        assert blob.size == len(BLOB)
        return b"".join([piece async for piece in blob.pieces()])


def ranges(there: Origin) -> list[str]:
    return [each.headers.get("Range", "") for each in there.asked]


def part(start: int, *, total: int = len(BLOB), content: bytes = BLOB) -> Answering:
    """The rest from `start` on, whatever was asked for."""
    told = f"bytes {start}-{total - 1}/{total}"
    return body(content[start:], 206, Content_Range=told)


async def test_the_size_is_the_registrys_where_it_is_not_known(there):
    there.answers[AT] = WHOLE
    assert await taken(there, None) == BLOB


async def test_a_line_that_breaks_is_gone_on_with_where_it_broke(there):
    there.answers[AT] = in_turn(ranged(BLOB, most=1000), ranged(BLOB, most=500), ranged(BLOB))
    assert await taken(there) == BLOB
    assert ranges(there) == ["", "bytes=1000-", "bytes=1500-"]


async def test_a_registry_without_ranges_begins_again_and_nobody_notices(there):
    there.answers[AT] = in_turn(cut_off(BLOB, 1000), cut_off(BLOB, 3000), WHOLE)
    assert await taken(there) == BLOB
    assert ranges(there) == ["", "bytes=1000-", "bytes=3000-"]


async def test_a_busy_registry_is_asked_again_for_the_rest(there):
    there.answers[AT] = in_turn(ranged(BLOB, most=1000), body(b"", 503), ranged(BLOB))
    assert await taken(there) == BLOB


async def test_who_goes_on_is_redirected_anew(there, tmp_path):
    with origin(tmp_path) as store:
        there.answers[AT] = in_turn(redirect(store.url("/1"), 307), redirect(store.url("/2"), 307))
        store.answers |= {"/1": ranged(BLOB, most=1000), "/2": ranged(BLOB)}
        assert await taken(there) == BLOB
        assert [(each.path, each.headers.get("Range")) for each in store.asked] == [("/1", None), ("/2", "bytes=1000-")]


@pytest.mark.parametrize("most", [0, 1000])
async def test_a_line_that_only_breaks_ends(there, most):
    there.answers[AT] = in_turn(ranged(BLOB, most=most), ranged(BLOB, most=0))
    with pytest.raises(AnswerBroken):
        await taken(there)
    assert len(there.asked) == 4


@pytest.mark.parametrize(("then", "fault"), [
    (body(b"", 404), ContentMissing),
    (body(b"", 429, Retry_After="7"), RequestsTooMany),
    (part(999), AnswerUnusable),
    (part(1001), AnswerUnusable),
    (body(BLOB[1000:], 206), AnswerUnusable),
    (part(1000, total=len(BLOB) + 1), ContentWrong),
    (part(1000, content=BLOB[::-1]), ContentWrong),
    (body(BLOB + b"!"), ContentWrong),
    (body(BLOB[::-1]), ContentWrong),
])  # fmt: skip
async def test_what_does_not_go_on_as_it_should_is_no_blob(there, then, fault):
    there.answers[AT] = in_turn(ranged(BLOB, most=1000), then)
    with pytest.raises(fault):
        await taken(there)


async def test_a_part_that_nobody_asked_for_is_no_blob(there):
    there.answers[AT] = part(0)
    with pytest.raises(AnswerUnusable, match="another part"):
        await taken(there)


@pytest.mark.parametrize("offset", [0, 1, 5000, len(BLOB) - 1, len(BLOB)])
async def test_who_has_a_part_is_given_the_rest_and_told_whether_both_are_the_blob(there, offset):
    there.answers[AT] = ranged(BLOB)
    before = hasher("sha256")
    before.update(BLOB[:offset])
    assert await taken(there, offset=offset, running=before) == BLOB[offset:]
    assert len(there.asked) == (offset < len(BLOB))
    other = hasher("sha256")
    other.update(b"!" * (offset + 1))
    with pytest.raises(ContentWrong, match="digest"):
        await taken(there, offset=offset, running=other)


async def test_a_rest_is_taken_from_a_registry_without_ranges_too(there):
    there.answers[AT] = WHOLE
    before = hasher("sha256")
    before.update(BLOB[:5000])
    assert await taken(there, offset=5000, running=before) == BLOB[5000:]


async def test_who_leaves_early_leaves_no_connection(there):
    there.answers[AT] = WHOLE
    async with repository(there).blob(DIGEST) as blob:
        async for piece in blob.pieces():
            assert piece
            break


async def test_a_first_answer_is_not_waited_for_in_vain(there):
    there.answers[AT] = body(b"", 503)
    with pytest.raises(Unavailable):
        await taken(there)
    assert len(there.asked) == 1


async def test_a_blob_of_sha512_is_verified_too(there):
    digest = Digest.of(BLOB, "sha512")
    there.answers[f"/v2/a/b/blobs/{digest}"] = in_turn(ranged(BLOB, most=5), ranged(BLOB), body(BLOB[::-1]))
    for fails in (False, True):
        async with repository(there).blob(digest, len(BLOB)) as blob:
            if fails:
                with pytest.raises(OutboundFault):
                    assert not [piece async for piece in blob.pieces()]
            else:
                assert b"".join([piece async for piece in blob.pieces()]) == BLOB
