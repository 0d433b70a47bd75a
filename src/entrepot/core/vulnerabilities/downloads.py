"""Files fetched for an update: conditional, bounded, tried again where that is worth it, durable nowhere."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from entrepot.outbound import (
    AnswerBroken,
    AnswerUnusable,
    Bounds,
    DestinationForbidden,
    Download,
    Outbound,
    OutboundFault,
    Sender,
)

T = TypeVar("T")
_FILE: Final = Bounds(most_bytes=8 << 30, seconds=3600, idle_seconds=60)
_OK: Final = 200
_SAME: Final = 304
_ABSENT: Final = frozenset({403, 404, 410})  # of a bucket that may not be listed, what is absent is forbidden
_AGAIN: Final = frozenset({408, 429, 500, 502, 503, 504})


class FileAbsent(OutboundFault):
    """There is no such file."""


class _Later(OutboundFault):
    """Worth another attempt, after so many seconds where the server says so."""

    def __init__(self, reason: str, seconds: float | None) -> None:
        super().__init__(reason)
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Costs:
    """What an update may cost. Bytes and seconds are those of one file; pauses between attempts double from the first
    one up to the longest, which a server's own word (Retry-After) cannot exceed either.
    """

    file: Bounds = _FILE
    attempts: int = 4
    first_pause: float = 1.0
    longest_pause: float = 60.0
    upstreams: int = 4
    records: int = 16


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file that was fetched, with what a later request is made conditional by."""

    path: Path
    size: int
    sha256: str
    etag: str
    last_modified: str


class Downloads:
    """Fetches over the only client; each file is progress."""

    def __init__(self, outbound: Outbound, costs: Costs, progress: Callable[[int], None]) -> None:
        self._outbound = outbound
        self._costs = costs
        self._progress = progress

    async def fetch(self, url: str, path: Path, etag: str = "", last_modified: str = "") -> Fetched | None:
        """A file; None when it is what it was: FileAbsent, OutboundFault."""
        conditions = {"If-None-Match": etag, "If-Modified-Since": last_modified}
        given = {name: value for name, value in conditions.items() if value}

        async def attempt() -> Fetched | None:
            async with self._opened(url, given) as answer:
                return None if answer.status == _SAME else await self._kept(answer, path)

        return await self.again(attempt)

    async def small(self, url: str, most_bytes: int) -> bytes:
        """A small file at once: FileAbsent, OutboundFault."""

        async def attempt() -> bytes:
            async with self._opened(url, {}, most_bytes) as answer:
                return await answer.whole()

        return await self.again(attempt)

    @asynccontextmanager
    async def lines(self, url: str, longest: int = 4096) -> AsyncIterator[AsyncIterator[str]]:
        """The lines of a text; what is not asked for is not fetched. No second attempt once there was a line."""
        async with self._opened(url, {}) as answer:
            yield _lines(answer.pieces(), longest)

    async def many(self, wanted: Sequence[tuple[str, Path]], most_bytes: int) -> None:
        """Many small files, several at once over connections that are kept; what is absent is left out: OutboundFault
        of the first that fails.
        """
        waiting = iter(wanted)
        async with self._outbound.pool(self._costs.records) as pool:
            workers = [
                asyncio.create_task(self._each(pool, waiting, most_bytes))
                for _ in range(min(self._costs.records, len(wanted)))
            ]
            try:
                await asyncio.gather(*workers)
            finally:
                for each in workers:
                    each.cancel()
                await asyncio.gather(*workers, return_exceptions=True)

    async def again(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """What an attempt gives, as soon as one succeeds: OutboundFault of the last one."""
        pause = self._costs.first_pause
        for left in range(self._costs.attempts - 1, -1, -1):
            try:
                return await attempt()
            except (FileAbsent, DestinationForbidden):
                raise
            except OutboundFault as fault:
                if not left or not _is_passing(fault):
                    raise
                wanted = fault.seconds if isinstance(fault, _Later) and fault.seconds is not None else pause
            await asyncio.sleep(min(wanted, self._costs.longest_pause))
            pause *= 2
        raise ValueError(self._costs.attempts)

    async def _each(self, pool: Sender, waiting: Iterator[tuple[str, Path]], most_bytes: int) -> None:
        for url, path in waiting:
            body = await self.again(partial(_record, pool, url, most_bytes))
            if body is not None:
                path.write_bytes(body)
            self._progress(1)

    async def _kept(self, answer: Download, path: Path) -> Fetched:
        size, digest = 0, hashlib.sha256()
        with path.open("wb") as file:
            async for piece in answer.pieces():
                await asyncio.to_thread(file.write, piece)
                digest.update(piece)
                size += len(piece)
        self._progress(1)
        headers = answer.headers
        return Fetched(
            path, size, digest.hexdigest(), headers.get("ETag", "")[:1024], headers.get("Last-Modified", "")[:64]
        )

    @asynccontextmanager
    async def _opened(self, url: str, headers: dict[str, str], most: int | None = None) -> AsyncIterator[Download]:
        bounds = self._costs.file
        if most is not None:
            bounds = Bounds(most, bounds.seconds, bounds.idle_seconds)
        async with self._outbound.download(url, bounds, headers) as answer:
            if answer.status in _ABSENT:
                raise FileAbsent(f"status {answer.status}")
            if answer.status in _AGAIN:
                raise _Later(f"status {answer.status}", _seconds(answer.headers.get("Retry-After", "")))
            if answer.status != _OK and not (headers and answer.status == _SAME):
                raise AnswerUnusable(f"status {answer.status}")
            yield answer


async def _record(pool: Sender, url: str, most_bytes: int) -> bytes | None:
    answer = await pool.send("GET", url, most_bytes=most_bytes)
    if answer.status in _AGAIN:
        raise _Later(f"status {answer.status}", _seconds(answer.headers.get("Retry-After", "")))
    if answer.status != _OK and answer.status not in _ABSENT:
        raise AnswerUnusable(f"status {answer.status}")
    return answer.body if answer.status == _OK else None


def _is_passing(fault: OutboundFault) -> bool:
    """Whether another attempt may end otherwise: not where an answer is too large or of no use."""
    return isinstance(fault, AnswerBroken) or not isinstance(fault, AnswerUnusable)


def _seconds(text: str) -> float | None:
    """Retry-After in seconds; a date is not waited for."""
    return float(text) if text.isascii() and text.isdigit() and len(text) < 6 else None


async def _lines(pieces: AsyncIterator[bytes], longest: int) -> AsyncIterator[str]:
    rest = b""
    async for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        if len(rest) > longest:
            raise AnswerUnusable("a line of a list is too long")
        for line in whole:
            yield line.decode("utf-8", "replace").strip()
    if rest.strip():
        yield rest.decode("utf-8", "replace").strip()
