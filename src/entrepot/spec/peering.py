"""What deployments say to each other when images go from one to another: calls, answers, and what of them is signed.

A call is signed with the sender's key over everything that decides what it does: method, path and query, the key of
whom it is for, the moment, a nonce, the digest of the body. The answer is signed with the receiver's key over the
call's nonce, the status and the body, so that nobody between them can say that something was done.
"""

import hashlib
import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Final, Literal

import msgspec

PREFIX: Final = "/peer/v1/"
KEY_PAGE: Final = "key"
SCHEME: Final = "Entrepot-Peer"
BODY_DIGEST: Final = "X-Entrepot-Body-SHA256"
ANSWER_SIGNATURE: Final = "X-Entrepot-Peer-Signature"
WINDOW: Final = timedelta(minutes=5)  # between the clocks of two deployments; a nonce is kept for twice as long
LARGEST_PIECE: Final = 8 * 1024 * 1024  # bytes of a blob in one call
LARGEST_CALL: Final = 8 * 1024 * 1024  # of another call: a manifest of 4 MiB in base64
MOST_BLOBS: Final = 5000  # that one call asks for
MOST_MANIFESTS: Final = 1001
_AUTHORIZATION = re.compile(
    rf"{SCHEME} key=(?P<key>[A-Za-z0-9+/=]{{60}}),at=(?P<at>\d{{16}}),nonce=(?P<nonce>[0-9a-f]{{32}}),"
    r"signature=(?P<signature>[0-9a-f]{128})"
)


class Signed(msgspec.Struct, frozen=True):
    """What the Authorization header of a call holds: whose key, when (microseconds), which nonce, the signature."""

    key: str
    at: int
    nonce: str
    signature: bytes

    @classmethod
    def parse(cls, header: str) -> "Signed | None":
        """The header's parts; None where it is none."""
        found = _AUTHORIZATION.fullmatch(header)
        if found is None:
            return None
        return cls(found["key"], int(found["at"]), found["nonce"], bytes.fromhex(found["signature"]))

    @property
    def header(self) -> str:
        """As it is sent."""
        return f"{SCHEME} key={self.key},at={self.at},nonce={self.nonce},signature={self.signature.hex()}"


def call_text(method: str, target: str, receiver: str, at: int, nonce: str, body_digest: str) -> bytes:
    """What the sender of a call signs; `target` is path and query as sent, `receiver` the key of whom it is for."""
    return "\n".join(("entrepot-peer-call-1", method, target, receiver, str(at), nonce, body_digest)).encode()


def answer_text(nonce: str, status: int, body: bytes) -> bytes:
    """What the receiver signs of its answer to the call of this nonce."""
    return "\n".join(("entrepot-peer-answer-1", nonce, str(status), digest_of(body))).encode()


def digest_of(body: bytes) -> str:
    """The digest of a body as the header holds it."""
    return hashlib.sha256(body).hexdigest()


class Way(msgspec.Struct, frozen=True):
    """From which registry to which repository; `request_id` is a UUID that is the same however often a step is tried,
    `looked_at` when the sender read what it tells (microseconds). `digest` and `tag` are those of the image that the
    step is about, which brings it, or `deletes`.
    """

    from_account: str
    from_region: str
    account: str
    region: str
    name: str
    request_id: str
    looked_at: int
    digest: str
    tag: str = ""
    deletes: bool = False


class BlobNamed(msgspec.Struct, frozen=True):
    """A blob that an image needs; `size` in bytes."""

    digest: str
    size: int


class Prepare(msgspec.Struct, frozen=True):
    """Have the repository be there, and tell which of these it lacks."""

    way: Way
    manifests: tuple[str, ...] = ()
    blobs: tuple[BlobNamed, ...] = ()


class Lacking(msgspec.Struct, frozen=True):
    """Manifests that are not there, and blobs, each with how many bytes of it have arrived."""

    manifests: tuple[str, ...] = ()
    blobs: tuple[BlobNamed, ...] = ()


class Piece(msgspec.Struct, frozen=True):
    """Where the bytes of a call belong, whose body they are: this is its query, one JSON text."""

    way: Way
    digest: str
    size: int
    offset: int


class Taken(msgspec.Struct, frozen=True):
    """How far a blob has come: at its size it is there."""

    offset: int


class PutImage(msgspec.Struct, frozen=True):
    """A manifest whose blobs are there; the last one of an image has `is_last`, and perhaps a tag."""

    way: Way
    digest: str
    media_type: str
    manifest: bytes
    is_last: bool
    tag: str = ""


class Remove(msgspec.Struct, frozen=True):
    """Something that the sender has not got: a tag that was on an image, or the image itself with all tags. Another
    image under the tag is that of the sender's too, where `pointed` names it.
    """

    way: Way
    digest: str
    tag: str
    is_deleted: bool
    has_tag: bool
    pointed: str = ""


class Done(msgspec.Struct, frozen=True):
    """How it came out; `pointed` is the image that has the tag there, of which only the sender knows whose it is."""

    status: Literal["COMPLETE", "FAILED", "GONE"]
    code: str = ""
    reason: str = ""
    pointed: str = ""


class Hello(msgspec.Struct, frozen=True):
    """Nothing but to be answered."""


class Greeting(msgspec.Struct, frozen=True):
    """What a deployment says of itself to a peer: the Regions it serves, the accounts that the peer may act for."""

    regions: Sequence[str]
    accounts: Sequence[str]


class Refusal(msgspec.Struct, frozen=True):
    """Why a call was not done; one that is `final` is refused again until somebody changes something."""

    code: str
    reason: str
    final: bool = False


class KeyPage(msgspec.Struct, frozen=True):
    """The public key of a deployment."""

    key: str


def encoded(told: msgspec.Struct) -> bytes:
    """A call or an answer as it is sent."""
    return msgspec.json.encode(told, enc_hook=str)
