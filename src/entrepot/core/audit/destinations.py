"""Where trails store their files: buckets at the operator's S3 endpoint, or the deployment's own volume.

A bucket called `entrepot` is always on the own volume, and so is every bucket where no endpoint is configured.
"""

import asyncio
import zlib
from collections.abc import AsyncIterator, Mapping
from typing import Protocol

from entrepot.errors import BucketNotFound, BucketNotWritable
from entrepot.outbound import OutboundFault
from entrepot.outbound.buckets import BucketRefused, Buckets
from entrepot.store.kept_files import KeptFiles

OWN_BUCKET = "entrepot"
_GZIP = zlib.MAX_WBITS | 16


class FilesUnstorable(Exception):
    """A file is not stored, or cannot be read: S3's code, or what the system says."""


class Files(Protocol):
    """Objects in buckets, each with its metadata; FilesUnstorable whenever something goes wrong."""

    async def put(self, bucket: str, key: str, body: bytes, words: Mapping[str, str]) -> None:
        """Store a file. Storing what is there already is fine; on the own volume nothing takes its place."""

    async def get(self, bucket: str, key: str) -> tuple[bytes, Mapping[str, str]] | None:
        """A file and its metadata; None where there is none."""

    def keys(self, bucket: str, prefix: str) -> AsyncIterator[str]:
        """The keys below a prefix that ends with a slash."""


class OwnVolume:
    """Files on the deployment's own volume."""

    def __init__(self, kept: KeptFiles) -> None:
        self._kept = kept

    async def put(self, bucket: str, key: str, body: bytes, words: Mapping[str, str]) -> None:
        """As Files says."""
        try:
            await asyncio.to_thread(self._put, bucket, key, body, words)
        except OSError as fault:
            raise FilesUnstorable(fault.strerror or type(fault).__name__) from None

    async def get(self, bucket: str, key: str) -> tuple[bytes, Mapping[str, str]] | None:
        """As Files says."""
        try:
            return await asyncio.to_thread(self._kept.get, bucket, key)
        except (OSError, ValueError) as fault:
            raise FilesUnstorable(str(fault)) from None

    async def keys(self, bucket: str, prefix: str) -> AsyncIterator[str]:
        """As Files says."""
        for key in await asyncio.to_thread(lambda: list(self._kept.keys(bucket, prefix))):
            yield key

    def _put(self, bucket: str, key: str, body: bytes, words: Mapping[str, str]) -> None:
        try:
            self._kept.put(bucket, key, body, words)
        except FileExistsError:
            there = self._kept.get(bucket, key)
            if there is None or not _alike(there[0], body) or there[1] != words:
                raise FilesUnstorable("ObjectAlreadyExists") from None


class BucketFiles:
    """Files in buckets at an S3 endpoint."""

    def __init__(self, buckets: Buckets) -> None:
        self._buckets = buckets

    async def put(self, bucket: str, key: str, body: bytes, words: Mapping[str, str]) -> None:
        """As Files says."""
        try:
            await self._buckets.put(bucket, key, body, words)
        except OutboundFault as fault:
            raise FilesUnstorable(str(fault)) from None

    async def get(self, bucket: str, key: str) -> tuple[bytes, Mapping[str, str]] | None:
        """As Files says."""
        try:
            return await self._buckets.get(bucket, key)
        except OutboundFault as fault:
            raise FilesUnstorable(str(fault)) from None

    async def keys(self, bucket: str, prefix: str) -> AsyncIterator[str]:
        """As Files says."""
        try:
            async for key in self._buckets.keys(bucket, prefix):
                yield key
        except OutboundFault as fault:
            raise FilesUnstorable(str(fault)) from None

    async def require_bucket(self, bucket: str) -> None:
        """BucketNotFound, BucketNotWritable unless the bucket is there and lets itself be seen."""
        try:
            await self._buckets.head(bucket)
        except BucketRefused as refused:
            if refused.code in {"NoSuchBucket", "NotFound"}:
                raise BucketNotFound(name=bucket) from None
            raise BucketNotWritable(name=bucket) from None
        except OutboundFault:
            raise BucketNotWritable(name=bucket) from None


class Destinations:
    """Tells which place a bucket is in."""

    def __init__(self, own: OwnVolume, elsewhere: BucketFiles | None) -> None:
        self._own = own
        self._elsewhere = elsewhere

    def of(self, bucket: str) -> Files:
        """Where the files of a bucket are."""
        return self._own if self._elsewhere is None or bucket == OWN_BUCKET else self._elsewhere

    async def require_bucket(self, bucket: str) -> None:
        """BucketNotFound, BucketNotWritable for a bucket that trails cannot deliver to now."""
        if self._elsewhere is not None and bucket != OWN_BUCKET:
            await self._elsewhere.require_bucket(bucket)


def _alike(first: bytes, second: bytes) -> bool:
    """Whether two files say the same: another version of a library may have compressed one of them."""
    return first == second or (inflated(first) is not None and inflated(first) == inflated(second))


def inflated(body: bytes) -> bytes | None:
    """What is compressed in a whole gzip file, with nothing after it; None for anything else."""
    inflater = zlib.decompressobj(_GZIP)
    try:
        content = inflater.decompress(body) + inflater.flush()
    except zlib.error:
        return None
    return content if inflater.eof and not inflater.unused_data else None
