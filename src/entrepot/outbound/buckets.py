"""Buckets at an S3-compatible endpoint, addressed by path: store, read, list (Amazon S3 API reference: PutObject,
GetObject, ListObjectsV2, HeadBucket).

What a list answers is asked for in URL encoding, so that its keys hold no characters that XML would write otherwise.
"""

import re
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote_plus

from entrepot.outbound.client import Sender
from entrepot.outbound.exchange import Response
from entrepot.outbound.faults import OutboundFault
from entrepot.outbound.signing import Keys, encoded_path, encoded_query, signed

_WORDS = "x-amz-meta-"
_ENCRYPTION = "x-amz-server-side-encryption"
_KINDS = {"csv": "text/csv", "gz": "application/gzip", "json": "application/json"}
_CODE = re.compile(rb"<Code>([A-Za-z0-9.]{1,64})</Code>")
_KEY = re.compile(r"<Key>([^<]*)</Key>")
_NEXT = re.compile(r"<NextContinuationToken>([^<]*)</NextContinuationToken>")
_MOST_ANSWER = 8 * 1024 * 1024  # of an error or a page of a list
_MOST_OBJECT = 256 * 1024 * 1024
_PAGE = 1000
_BY_STATUS = {301: "PermanentRedirect", 307: "TemporaryRedirect", 403: "AccessDenied", 404: "NotFound"}
_ESCAPES = (("&quot;", '"'), ("&#39;", "'"), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))


class BucketRefused(OutboundFault):
    """What the endpoint answered instead of doing it: S3's code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class BucketEndpoint:
    """Where the buckets are, and what requests to them are signed with; without keys they are not."""

    url: str
    keys: Keys | None
    region: str


class Buckets:
    """The buckets of one endpoint."""

    def __init__(self, sender: Sender, endpoint: BucketEndpoint, clock: Callable[[], datetime]) -> None:
        self._sender = sender
        self._endpoint = endpoint
        self._clock = clock

    async def put(
        self, bucket: str, key: str, body: bytes, words: Mapping[str, str], *, kms_key: str = "", owner: str = ""
    ) -> None:
        """Store an object with its metadata, encrypted with a key of KMS where one is named, in a bucket that must be
        the owner's where one is named: BucketRefused, OutboundFault.
        """
        kind = _KINDS.get(key.rpartition(".")[2], "application/octet-stream")
        headers = {"Content-Type": kind, **{f"{_WORDS}{name}": text for name, text in words.items()}}
        if kms_key:
            headers |= {_ENCRYPTION: "aws:kms", f"{_ENCRYPTION}-aws-kms-key-id": kms_key}
        if owner:
            headers["x-amz-expected-bucket-owner"] = owner
        self._require(await self._send("PUT", f"{bucket}/{key}", body=body, headers=headers))

    async def get(self, bucket: str, key: str) -> tuple[bytes, Mapping[str, str]] | None:
        """An object and its metadata; None where there is none: BucketRefused, OutboundFault."""
        answer = await self._send("GET", f"{bucket}/{key}", most=_MOST_OBJECT)
        if answer.status == 404 and _code(answer) == "NoSuchKey":
            return None
        self._require(answer)
        words = {name.lower(): text for name, text in answer.headers.items()}
        return answer.body, {name[len(_WORDS) :]: text for name, text in words.items() if name.startswith(_WORDS)}

    async def keys(self, bucket: str, prefix: str) -> AsyncIterator[str]:
        """The keys below a prefix: BucketRefused, OutboundFault."""
        token = ""
        while True:
            query = {"list-type": "2", "prefix": prefix, "encoding-type": "url", "max-keys": str(_PAGE)}
            if token:
                query["continuation-token"] = token
            answer = await self._send("GET", bucket, query=query)
            self._require(answer)
            text = answer.body.decode("utf-8", "replace")
            for found in _KEY.findall(text):
                yield unquote_plus(found)
            following = _NEXT.search(text)
            if following is None or _plain(following[1]) in {"", token}:
                return
            token = _plain(following[1])

    async def head(self, bucket: str) -> None:
        """BucketRefused unless the bucket is there and may be seen; OutboundFault."""
        self._require(await self._send("HEAD", bucket))

    def _require(self, answer: Response) -> None:
        if not 200 <= answer.status < 300:
            raise BucketRefused(_code(answer))

    async def _send(
        self,
        method: str,
        path: str,
        *,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        most: int = _MOST_ANSWER,
    ) -> Response:
        at = self._endpoint
        url = f"{at.url.rstrip('/')}/{encoded_path(path)}"
        if query:
            url = f"{url}?{encoded_query(query.items())}"
        given: Mapping[str, str] = headers or {}
        if at.keys is not None:
            now = self._clock()
            given = signed(method, url, given, body, keys=at.keys, region=at.region, service="s3", now=now)
        return await self._sender.send(method, url, most_bytes=most, body=body, headers=given)


def _code(answer: Response) -> str:
    found = _CODE.search(answer.body)
    return found[1].decode() if found else _BY_STATUS.get(answer.status, f"Status{answer.status}")


def _plain(text: str) -> str:
    """A text without XML's escapes."""
    for escape, meant in _ESCAPES:
        text = text.replace(escape, meant)
    return text
