"""Payloads as SigV4 declares them: plain, unsigned, in chunks; by AWS's documented examples and a signer of our own."""

import hashlib
import hmac
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest

from entrepot.aws.protocol import payload
from entrepot.errors import RequestMalformed, SignatureInvalid
from entrepot.policy import sigv4
from entrepot.policy.sigv4 import Signature

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
AT = datetime(2013, 5, 24, tzinfo=UTC)
STAMP, SCOPE = "20130524T000000Z", "20130524/us-east-1/s3/aws4_request"
CHUNKS = (b"a" * 65536, b"a" * 1024)
CHECKSUM = b"x-amz-checksum-crc32c:sOO8/Q==\n"


def signature(payload_hash: str | None, value: str = "seed") -> Signature:
    names = ("host", "x-amz-date")
    return Signature("AKIAIOSFODNN7EXAMPLE", "20130524", "us-east-1", "s3", AT, names, value, None, payload_hash, None)


@dataclass
class Chunker:
    """A client's side of "Transferring payload in multiple chunks", written from AWS's description."""

    value: str = "seed"
    secret: str = SECRET
    parts: list[bytes] = field(default_factory=list)

    def chunk(self, data: bytes) -> "Chunker":
        empty = hashlib.sha256(b"").hexdigest()
        self._sign("AWS4-HMAC-SHA256-PAYLOAD", empty, hashlib.sha256(data).hexdigest())
        self.parts.append(
            f"{len(data):x};chunk-signature={self.value}\r\n".encode() + data + (b"\r\n" if data else b"")
        )
        return self

    def trailer(self, text: bytes) -> "Chunker":
        self._sign("AWS4-HMAC-SHA256-TRAILER", hashlib.sha256(text).hexdigest())
        self.parts.append(text.replace(b"\n", b"\r\n") + f"x-amz-trailer-signature:{self.value}\r\n\r\n".encode())
        return self

    @property
    def body(self) -> bytes:
        return b"".join(self.parts)

    def _sign(self, kind: str, *hashes: str) -> None:
        key = f"AWS4{self.secret}".encode()
        for part in SCOPE.split("/"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        text = "\n".join((kind, STAMP, SCOPE, self.value, *hashes))
        self.value = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def chunked(*chunks: bytes, value: str = "seed") -> Chunker:
    chunker = Chunker(value)
    for chunk in (*chunks, b""):
        chunker.chunk(chunk)
    return chunker


# "Example: PUT Object" of the two pages on chunked uploads: seed, then the signature of each part
SIGNED_EXAMPLE = (
    "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
    "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
    "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
    "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
)
TRAILER_EXAMPLE = (
    "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e",
    "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
    "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
    "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
    "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435",
)


def test_the_documented_chunked_upload_is_verified():
    seed, *each = SIGNED_EXAMPLE
    parts = [
        f"{len(data):x};chunk-signature={value}\r\n".encode() + data + (b"\r\n" if data else b"")
        for data, value in zip((*CHUNKS, b""), each, strict=True)
    ]
    assert payload.content(signature(payload.SIGNED_CHUNKS, seed), SECRET, b"".join(parts)) == b"".join(CHUNKS)


def test_the_documented_upload_with_a_trailer_is_verified():
    seed, *each, last = TRAILER_EXAMPLE
    parts = [
        f"{len(data):x};chunk-signature={value}\r\n".encode() + data + (b"\r\n" if data else b"")
        for data, value in zip((*CHUNKS, b""), each, strict=True)
    ]
    parts.append(CHECKSUM.replace(b"\n", b"\r\n") + f"x-amz-trailer-signature:{last}\r\n\r\n".encode())
    found = payload.content(signature(payload.SIGNED_CHUNKS_TRAILER, seed), SECRET, b"".join(parts))
    assert found == b"".join(CHUNKS)


def test_the_signer_of_these_tests_is_that_of_the_documentation():
    assert chunked(*CHUNKS, value=SIGNED_EXAMPLE[0]).value == SIGNED_EXAMPLE[-1]
    assert chunked(*CHUNKS, value=TRAILER_EXAMPLE[0]).trailer(CHECKSUM).value == TRAILER_EXAMPLE[-1]


@pytest.mark.parametrize("chunks", [(), (b"{}",), (b"\r\n", b"0;chunk-signature=", b"x" * 70_000)])
def test_signed_chunks_are_joined(chunks):
    given = signature(payload.SIGNED_CHUNKS)
    assert payload.content(given, SECRET, chunked(*chunks).body) == b"".join(chunks)
    assert payload.content(given, SECRET, chunked(*chunks).body + b"\r\n") == b"".join(chunks)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda body: body.replace(b"one", b"two"), id="bytes"),
        pytest.param(lambda body: body.replace(b"chunk-signature=", b"chunk-signature=0", 1)[:-1], id="signature"),
        pytest.param(lambda body: body.replace(b"3;", b"2;", 1), id="length"),
        pytest.param(lambda body: body[: body.rindex(b"0;")], id="last-chunk-missing"),
        pytest.param(lambda body: body[body.index(b"one\r\n") + 5 :], id="first-chunk-missing"),
        pytest.param(lambda body: body + b"more", id="bytes-after-the-end"),
        pytest.param(lambda body: body[: body.index(b"one\r\n") + 5] + body, id="chunk-twice"),
        pytest.param(lambda _: b"3\r\none\r\n0\r\n", id="unsigned"),
        pytest.param(lambda _: b"ffffffff;chunk-signature=" + b"0" * 64 + b"\r\nx", id="huge-length"),
        pytest.param(lambda _: b"", id="empty"),
    ],
)
def test_signed_chunks_cannot_be_changed(change):
    body = change(chunked(b"one", b"more").body)
    with pytest.raises((SignatureInvalid, RequestMalformed)):
        payload.content(signature(payload.SIGNED_CHUNKS), SECRET, body)


def test_chunks_of_another_secret_do_not_fit():
    body = Chunker(secret="other").chunk(b"one").chunk(b"").body
    with pytest.raises(SignatureInvalid):
        payload.content(signature(payload.SIGNED_CHUNKS), SECRET, body)


def test_a_signed_trailer_is_checked():
    given, chunker = signature(payload.SIGNED_CHUNKS_TRAILER), chunked(b"one").trailer(CHECKSUM)
    assert payload.content(given, SECRET, chunker.body) == b"one"
    for body in (
        chunker.body.replace(b"sOO8", b"aOO8"),
        chunker.body.replace(b"x-amz-trailer-signature:", b"x-amz-other:"),
        chunked(b"one").body + CHECKSUM.replace(b"\n", b"\r\n"),
        chunked(b"one").body,
    ):
        with pytest.raises(SignatureInvalid):
            payload.content(given, SECRET, body)


def test_unsigned_chunks_with_a_trailer_are_joined():
    body = b"3\r\none\r\n4\r\nmore\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n"
    assert payload.content(signature(payload.UNSIGNED_CHUNKS_TRAILER), SECRET, body) == b"onemore"


@pytest.mark.parametrize(
    "body", [b"3\r\nonex0\r\n", b"zz\r\none\r\n0\r\n", b"3\none\n0\n", b"-3\r\none\r\n", b"3\r\non"]
)
def test_what_is_not_in_chunks_is_malformed(body: bytes):
    with pytest.raises(RequestMalformed):
        payload.content(signature(payload.UNSIGNED_CHUNKS_TRAILER), SECRET, body)


def test_a_body_that_is_not_chunked_is_as_it_came():
    for declared in (None, sigv4.UNSIGNED, hashlib.sha256(b"{}").hexdigest()):
        assert payload.content(signature(declared), SECRET, b"{}") == b"{}"


def test_a_declared_hash_must_be_that_of_the_body():
    real = hashlib.sha256(b"{}").hexdigest()
    assert payload.declared_hash(signature(None), b"{}") == real
    assert payload.declared_hash(signature(real), b"{}") == real
    for declared in (real.upper(), hashlib.sha256(b"").hexdigest(), "", "unsigned-payload", "STREAMING-OTHER"):
        with pytest.raises(SignatureInvalid):
            payload.declared_hash(signature(declared), b"{}")


@pytest.mark.parametrize(
    "declared",
    [sigv4.UNSIGNED, payload.SIGNED_CHUNKS, payload.SIGNED_CHUNKS_TRAILER, payload.UNSIGNED_CHUNKS_TRAILER],
)
def test_what_stands_for_a_payload_is_itself_signed(declared: str):
    assert payload.declared_hash(signature(declared), b"anything") == declared
    assert declared != payload.declared_hash(replace(signature(None)), b"anything")
