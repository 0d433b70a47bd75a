"""Bodies as clients send them: plain, unsigned, or in signed or unsigned chunks (`Content-Encoding: aws-chunked`), and
within that as they are or compressed (Smithy: "requestCompression trait").
"""

import hashlib
import hmac
import re
import zlib

from entrepot.errors import RequestMalformed, RequestTooLarge, SignatureInvalid
from entrepot.policy import sigv4
from entrepot.policy.sigv4 import Received, Signature

LARGEST_UNPACKED = 8 * 1024 * 1024

SIGNED_CHUNKS = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
SIGNED_CHUNKS_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
UNSIGNED_CHUNKS_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
_CHUNKED = {SIGNED_CHUNKS, SIGNED_CHUNKS_TRAILER, UNSIGNED_CHUNKS_TRAILER}
_NOT_PACKED = ("", "aws-chunked", "identity")
_HEAD = re.compile(rb"([0-9a-fA-F]{1,8})(?:;chunk-signature=([0-9a-f]{64}))?\r\n")
_TRAILER_SIGNATURE = "x-amz-trailer-signature"


def declared_hash(signature: Signature, body: bytes) -> str:
    """What stands for the payload in the canonical request: SignatureInvalid when a declared hash is not the body's."""
    declared = signature.payload_hash
    if declared is not None and (declared == sigv4.UNSIGNED or declared in _CHUNKED):
        return declared
    actual = hashlib.sha256(body).hexdigest()
    if declared is not None and not hmac.compare_digest(declared.encode(), actual.encode()):
        raise SignatureInvalid(reason="x-amz-content-sha256 is not the hash of the body")
    return actual


def content(signature: Signature, secret: str, body: bytes) -> bytes:
    """The body without its chunking, every chunk's signature checked: RequestMalformed, SignatureInvalid."""
    if signature.payload_hash not in _CHUNKED:
        return body
    previous = signature.value
    found: list[bytes] = []
    at = 0
    while True:
        chunk, given, at = _chunk(body, at)
        if signature.payload_hash != UNSIGNED_CHUNKS_TRAILER:
            previous = _checked(signature, secret, previous, chunk, given)
        if not chunk:
            if signature.payload_hash == SIGNED_CHUNKS_TRAILER:
                _check_trailer(signature, secret, previous, body[at:])
            elif signature.payload_hash == SIGNED_CHUNKS and body[at:] not in (b"", b"\r\n"):
                raise RequestMalformed(reason="the body goes on after its last chunk")
            return b"".join(found)
        found.append(chunk)


def unpacked(received: Received, body: bytes) -> bytes:
    """A body out of its chunks as it was before the client compressed it: RequestMalformed, RequestTooLarge."""
    encodings = ",".join(value for name, value in received.headers if name.lower() == "content-encoding")
    packed = [name for each in encodings.split(",") if (name := each.strip().lower()) not in _NOT_PACKED]
    if not packed:
        return body
    if packed != ["gzip"]:
        raise RequestMalformed(reason="a body may be compressed with gzip, once")
    reader = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        found = reader.decompress(body, LARGEST_UNPACKED)
    except zlib.error:
        raise RequestMalformed(reason="the body is not compressed with gzip as it says") from None
    if reader.unconsumed_tail:
        raise RequestTooLarge(what="the body, unpacked,", limit=LARGEST_UNPACKED)
    if not reader.eof or reader.unused_data:
        raise RequestMalformed(reason="the body is not one whole member of gzip")
    return found


def _chunk(body: bytes, at: int) -> tuple[bytes, str, int]:
    """(bytes, signature, where the next begins) of the chunk at `at`; the last one is empty: RequestMalformed."""
    head = _HEAD.match(body, at)
    if head is None:
        raise RequestMalformed(reason="the body is not in aws-chunked form")
    end = head.end() + int(head[1], 16)
    given = (head[2] or b"").decode()
    if end == head.end():
        return b"", given, end
    if body[end : end + 2] != b"\r\n":
        raise RequestMalformed(reason="a chunk of the body does not end where it says")
    return body[head.end() : end], given, end + 2


def _checked(signature: Signature, secret: str, previous: str, chunk: bytes, given: str) -> str:
    expected = sigv4.chunk_signature(secret, signature, previous, chunk)
    if not hmac.compare_digest(expected.encode(), given.encode()):
        raise SignatureInvalid(reason="a chunk of the body")
    return expected


def _check_trailer(signature: Signature, secret: str, previous: str, rest: bytes) -> None:
    lines = [line for line in rest.split(b"\r\n") if line]
    given = ""
    covered = b""
    for line in lines:
        name, _, value = line.partition(b":")
        if name.decode("latin-1").lower() == _TRAILER_SIGNATURE:
            given = value.decode("latin-1").strip()
        else:
            covered += name.lower() + b":" + value.strip() + b"\n"
    expected = sigv4.trailer_signature(secret, signature, previous, covered)
    if not hmac.compare_digest(expected.encode(), given.encode()):
        raise SignatureInvalid(reason="the trailing headers of the body")
