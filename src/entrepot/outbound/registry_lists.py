"""Lists of a repository of somebody's registry, page by page: tags, and what names a manifest as its subject (OCI
Distribution Specification 1.1, "Listing Tags", "Listing Referrers"). How much of them is taken is bounded.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlencode

import msgspec

from entrepot.errors import DigestInvalid, Fact, TagInvalid
from entrepot.outbound.exchange import Response
from entrepot.outbound.faults import AnswerUnusable, ContentMissing
from entrepot.outbound.registry_answers import following
from entrepot.outbound.registry_calls import PULL, Calls
from entrepot.spec import media_type as types
from entrepot.spec.digest import Digest
from entrepot.spec.manifest import LARGEST, Manifest
from entrepot.spec.reference import Reference, Tag

_PAGE = 1000
_OK, _ABSENT = 200, 404


@dataclass(frozen=True, slots=True)
class Referrer:
    """What a list of referrers says of one."""

    digest: Digest
    media_type: str
    size: int
    artifact_type: str
    annotations: dict[str, str]


class _Body(Protocol):
    @property
    def body(self) -> bytes: ...


class _Tags(msgspec.Struct):
    tags: list[str] | None = None


_TAGS = msgspec.json.Decoder(_Tags)


async def all_tags(calls: Calls, most: int) -> tuple[str, ...]:
    """The tags in the registry's order, each once; what is no tag is left out."""
    found: dict[str, None] = {}
    url, before = f"{calls.root}/tags/list?n={_PAGE}", -1
    while before < len(found) <= most:
        before = len(found)
        answer = await _page(calls, url)
        calls.require(answer, _OK)
        try:
            page = _TAGS.decode(answer.body).tags or []
        except msgspec.MsgspecError:
            raise AnswerUnusable(f"{calls.host} gives no list of tags that can be read") from None
        found |= dict.fromkeys(each for each in page if _is_tag(each))
        url = following(url, answer.headers)
        if not url:
            return tuple(found)
    raise AnswerUnusable(f"{calls.host} gives a list of tags that does not end, or more than {most} tags")


async def all_referrers(
    calls: Calls,
    digest: Digest,
    artifact_type: str | None,
    manifest: Callable[[Reference], Awaitable[_Body]],
    most: int,
) -> tuple[Referrer, ...]:
    """The referrers of a digest; `manifest` pulls the index that a tag stands for where there is no API."""
    query = f"?{urlencode({'artifactType': artifact_type})}" if artifact_type else ""
    url = f"{calls.root}/referrers/{digest}{query}"
    found: dict[Digest, Referrer] = {}
    before = -1
    while before < len(found) <= most:
        answer = await _page(calls, url)
        told = types.is_index_type(types.bare(answer.headers.get("Content-Type", "")))
        if before < 0 and (answer.status == _ABSENT or (answer.status == _OK and not told)):
            body = await _of_tag(digest, manifest)
            return tuple(each for each in _referrers(calls, body) if _is_wanted(each, artifact_type))
        calls.require(answer, _OK)
        before = len(found)
        found |= {each.digest: each for each in _referrers(calls, answer.body)}
        url = following(url, answer.headers)
        if not url:
            return tuple(each for each in found.values() if _is_wanted(each, artifact_type))
    raise AnswerUnusable(f"{calls.host} gives a list of referrers that does not end, or more than {most} of them")


async def _page(calls: Calls, url: str) -> Response:
    return await calls.asked("GET", url, PULL, headers={"Accept": types.OCI_INDEX}, most_bytes=LARGEST)


async def _of_tag(digest: Digest, manifest: Callable[[Reference], Awaitable[_Body]]) -> bytes:
    """The index under the tag that stands for a digest's referrers, b'' for none."""
    try:
        return (await manifest(Tag(f"{digest.algorithm}-{digest.hex[:64]}"))).body
    except ContentMissing:
        return b""


def _referrers(calls: Calls, body: bytes) -> tuple[Referrer, ...]:
    if not body:
        return ()
    try:
        children = Manifest.parse(body, types.OCI_INDEX).children
    except Fact:
        raise AnswerUnusable(f"{calls.host} gives no list of referrers that can be read") from None
    return tuple(
        Referrer(each.digest, each.media_type, each.size, each.artifact_type or "", each.annotations or {})
        for each in children
    )


def _is_wanted(referrer: Referrer, artifact_type: str | None) -> bool:
    return artifact_type is None or referrer.artifact_type == artifact_type


def _is_tag(text: str) -> bool:
    try:
        return bool(Tag.parse(text))
    except (TagInvalid, DigestInvalid):
        return False
