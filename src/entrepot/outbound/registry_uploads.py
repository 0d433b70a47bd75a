"""A blob on its way to somebody's registry: mounted, or sent and gone on with where the line broke (OCI Distribution
Specification 1.1, "Pushing blobs").
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from functools import partial
from urllib.parse import urlencode

from entrepot.outbound.exchange import Response
from entrepot.outbound.faults import AnswerUnusable, CredentialsRefused, Unavailable
from entrepot.outbound.registry_calls import PUSH, Calls
from entrepot.spec.digest import Digest

_AT_ONCE = 16 * 1024 * 1024  # a blob of more bytes is sent so that it can be gone on with
_ATTEMPTS = 4
_PAUSE_SECONDS = 0.25
_OCTETS = {"Content-Type": "application/octet-stream"}
_RANGE = re.compile(r"(?:bytes=)?0-(\d{1,18})")
_CREATED, _ACCEPTED, _EMPTY = 201, 202, 204
Begin = Callable[[int], AsyncIterator[bytes]]


async def upload(
    calls: Calls, digest: Digest, size: int, begin: Begin, *, mount_from: str | None, seconds: float
) -> None:
    """Mount the blob from a repository of the same registry where one is named and it is there, else send it."""
    url = f"{calls.root}/blobs/uploads/"
    begun = await _begun(calls, url, digest, mount_from)
    if mount_from and begun.status == _CREATED:
        return
    calls.require(begun, _ACCEPTED)
    at = calls.joined(url, begun.headers.get("Location", ""))
    if size > _AT_ONCE:
        at = await _streamed(calls, at, size, begin, seconds)
        answer = await calls.asked("PUT", _closed(at, digest), PUSH)
    else:
        answer = await calls.sent(
            "PUT", _closed(at, digest), partial(begin, 0), size, seconds=seconds, headers=dict(_OCTETS)
        )
    calls.require(answer, _CREATED)


async def _begun(calls: Calls, url: str, digest: Digest, mount_from: str | None) -> Response:
    """The upload, or the mount; who may not read the other repository sends the bytes."""
    if mount_from:
        query = urlencode({"mount": str(digest), "from": mount_from})
        answer = await _quietly(calls.asked("POST", f"{url}?{query}", PUSH, beside=mount_from))
        if answer is not None and answer.status in {_CREATED, _ACCEPTED}:
            return answer
    return await calls.asked("POST", url, PUSH)


async def _quietly(asking: Awaitable[Response]) -> Response | None:
    """The answer, None where no token is given for it."""
    try:
        return await asking
    except CredentialsRefused:
        return None


async def _streamed(calls: Calls, at: str, size: int, begin: Begin, seconds: float) -> str:
    """Send all bytes before the upload is closed; where to close it."""
    offset = 0
    for attempt in range(1, _ATTEMPTS + 1):
        left = size - offset
        headers = _OCTETS | {"Content-Range": f"{offset}-{size - 1}"}
        try:
            answer = await calls.sent("PATCH", at, partial(begin, offset), left, seconds=seconds, headers=headers)
            calls.require(answer, _ACCEPTED, _EMPTY)
        except Unavailable:
            if attempt == _ATTEMPTS:
                raise
            await asyncio.sleep(_PAUSE_SECONDS * attempt)
            at, offset = await _arrived(calls, at)
            if offset < size:
                continue
            return at
        return calls.joined(at, answer.headers.get("Location", at))
    raise AnswerUnusable(f"{calls.host} takes no upload")


async def _arrived(calls: Calls, at: str) -> tuple[str, int]:
    """Where an upload is that broke off, and how many bytes it has."""
    answer = await calls.asked("GET", at, PUSH)
    calls.require(answer, _EMPTY, _ACCEPTED)
    return calls.joined(at, answer.headers.get("Location", at)), _count(answer.headers)


def _count(headers: Mapping[str, str]) -> int:
    found = _RANGE.fullmatch(headers.get("Range", "").strip())
    return int(found[1]) + 1 if found and found[1] != "0" else 0


def _closed(at: str, digest: Digest) -> str:
    return f"{at}{'&' if '?' in at else '?'}digest={digest}"
