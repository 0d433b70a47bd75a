"""How claims become a token: JSON, compressed, sealed for one purpose, in URL-safe base64; and back."""

import base64
import binascii
import zlib
from typing import TypeVar

import msgspec

from entrepot.seal.sealing import Seal, SealBroken

T = TypeVar("T")
LONGEST = 4096
_RAW = -15  # a bare DEFLATE stream: the seal tells what was altered
_MOST_BYTES = 64 * 1024
# what claims are full of: the last stands nearest, and is the cheapest to refer to
_FAMILIAR = (
    b'{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Effect":"Allow","Action":["ecr:GetAuthorizationToken",'
    b'"ecr:BatchCheckLayerAvailability","ecr:GetDownloadUrlForLayer","ecr:BatchGetImage","ecr:InitiateLayerUpload",'
    b'"ecr:UploadLayerPart","ecr:CompleteLayerUpload","ecr:PutImage"],"Resource":["*"],"Condition":{"StringEquals":{'
    b'"arn:aws:ecr:us-east-1:000000000000:repository/arn:aws:iam::aws:policy/AmazonEC2ContainerRegistry'
    b'"scope":"arn:aws:ecr:us-east-1:","session":{"policies":[],"policy_arns":["arn:aws:iam::'
    b'"tags":[["],"transitive":[],"source_identity":"","mfa_at":"2026-","provider":"arn:aws:iam::","keys":[["'
    b'"kind":"self","kind":"federated","kind":"role","account":"","owner_id":"AROA","AIDA","key_id":"ASIA",'
    b'"secret":"","name":"","maker":"AKIA","epoch":,"credential_id":"AKIA","principal_id":"AIDA","epoch":'
    b',"region":"us-east-1","issued_at":"2026-01-01T00:00:00.000000Z","expires_at":"2026-01-01T12:00:00.000000Z"}'
)


def pack(value: object) -> bytes:
    """The bytes of a value; digests and tags are kinds of str."""
    packer = zlib.compressobj(9, zlib.DEFLATED, _RAW, zdict=_FAMILIAR)
    return packer.compress(msgspec.json.encode(value, enc_hook=str)) + packer.flush()


def issue(seal: Seal, claims: object, purpose: bytes, room: int = 0) -> str:
    """A token of these claims; as long as if they took `room` bytes, where its length must tell nothing."""
    return base64.urlsafe_b64encode(seal.seal(pack(claims).ljust(room, b"\0"), purpose)).decode().rstrip("=")


def read(seal: Seal, token: str, purpose: bytes, decoder: msgspec.json.Decoder[T]) -> T | None:
    """The claims of a token that was issued for this purpose; None for anything else."""
    if len(token) > LONGEST:
        return None
    try:
        sealed = base64.b64decode(token.encode("ascii") + b"=" * (-len(token) % 4), altchars=b"-_", validate=True)
        unpacker = zlib.decompressobj(_RAW, zdict=_FAMILIAR)
        return decoder.decode(unpacker.decompress(seal.open(sealed, purpose), _MOST_BYTES))
    except (binascii.Error, UnicodeError, SealBroken, zlib.error, msgspec.MsgspecError):
        return None
