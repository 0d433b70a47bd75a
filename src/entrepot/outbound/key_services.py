"""Key services elsewhere that speak as KMS does (AWS KMS API reference: DescribeKey, GetPublicKey, GenerateDataKey,
Decrypt, Sign): one signed request each, whose answer is believed only where it is about the key that was asked for.
"""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeVar
from urllib.parse import urlsplit

import msgspec

from entrepot.outbound.client import Sender
from entrepot.outbound.faults import AnswerUnusable, OutboundFault, Unavailable
from entrepot.outbound.signing import Keys, signed

MOST_RAW: Final = 4096  # bytes of a message that a service hashes itself
DATA_KEY_BYTES: Final = 32
_MOST_ANSWER: Final = 64 * 1024
_LONGEST_BLOB: Final = 6144  # of a ciphertext, as KMS bounds it
_USAGE: Final = "ENCRYPT_DECRYPT"  # of a key that was made without another
_KIND: Final = "application/x-amz-json-1.1"
_CODE: Final = re.compile(r"(?:[^#:]{0,256}#)?([A-Za-z][A-Za-z0-9.]{0,63})")
_ARN: Final = re.compile(r"arn:aws[a-z-]{0,16}:kms:[a-z0-9-]{1,32}:[0-9]{12}:key/[A-Za-z0-9-]{1,64}")
_WORD: Final = re.compile(r"[A-Za-z0-9_]{1,40}")
_BUSY: Final = frozenset({"ThrottlingException", "Throttling", "LimitExceededException", "RequestLimitExceeded"})
_T = TypeVar("_T")


class KeyServiceRefused(OutboundFault):
    """What a key service answered instead of doing it: KMS's code."""

    def __init__(self, host: str, code: str) -> None:
        super().__init__(f"{host} answers with {code}")
        self.code = code


class KeyServiceFailing(KeyServiceRefused, Unavailable):
    """It cannot do it now."""


@dataclass(frozen=True, slots=True)
class Described:
    """A key as its service shows it."""

    arn: str
    spec: str
    usage: str
    state: str


@dataclass(frozen=True, slots=True)
class DataKey:
    """A data key, and what its service makes it of again."""

    blob: bytes
    text: bytes = field(repr=False)


class _Metadata(msgspec.Struct):
    Arn: str
    KeyState: str
    KeySpec: str | None = None
    CustomerMasterKeySpec: str | None = None  # its older name
    KeyUsage: str | None = None


class _Description(msgspec.Struct):
    KeyMetadata: _Metadata


class _Public(msgspec.Struct):
    KeyId: str
    PublicKey: str


class _Made(msgspec.Struct):
    KeyId: str
    CiphertextBlob: str
    Plaintext: str


class _Opened(msgspec.Struct):
    KeyId: str
    Plaintext: str


class _Signed(msgspec.Struct):
    KeyId: str
    Signature: str


class _Refusal(msgspec.Struct):
    type: str = msgspec.field(default="", name="__type")


class KeyService:
    """The keys at an endpoint. Every method raises OutboundFault, KeyServiceRefused among them."""

    def __init__(self, sender: Sender, url: str, keys: Keys, clock: Callable[[], datetime]) -> None:
        self.url = url
        self._host = urlsplit(url).hostname or "nobody"
        self._sender = sender
        self._keys = keys
        self._clock = clock

    async def describe_key(self, named: str) -> Described:
        """The key of an ARN, which may be an alias's."""
        found = (await self._call("DescribeKey", named, {}, _Description)).KeyMetadata
        spec = found.KeySpec or found.CustomerMasterKeySpec or ""
        told = Described(found.Arn, spec, found.KeyUsage or _USAGE, found.KeyState)
        if not _ARN.fullmatch(told.arn) or told.arn.split(":")[:4] != named.split(":")[:4]:
            raise self._unusable("a key of another kind of ARN, or of another region")
        if not all(_WORD.fullmatch(each) for each in (told.spec, told.usage, told.state)):
            raise self._unusable("no description that can be read")
        return told

    async def get_public_key(self, arn: str) -> bytes:
        """The public half of a pair: SubjectPublicKeyInfo in DER."""
        found = await self._call("GetPublicKey", arn, {}, _Public)
        return self._bytes(arn, found.KeyId, found.PublicKey)

    async def generate_data_key(self, arn: str, context: Mapping[str, str]) -> DataKey:
        """A fresh data key of 256 bits."""
        given = {"KeySpec": "AES_256", "EncryptionContext": dict(context)}
        found = await self._call("GenerateDataKey", arn, given, _Made)
        blob = self._bytes(arn, found.KeyId, found.CiphertextBlob)
        return DataKey(blob, self._data_key(self._bytes(arn, found.KeyId, found.Plaintext)))

    async def decrypt_data_key(self, arn: str, blob: bytes, context: Mapping[str, str]) -> bytes:
        """A data key that `data_key` made."""
        given = {"CiphertextBlob": base64.b64encode(blob).decode(), "EncryptionContext": dict(context)}
        found = await self._call("Decrypt", arn, given, _Opened)
        return self._data_key(self._bytes(arn, found.KeyId, found.Plaintext))

    async def sign_message(self, arn: str, algorithm: str, message: bytes, *, raw: bool) -> bytes:
        """The signature of a message of at most `MOST_RAW` bytes, or of one whose digest this is."""
        text = base64.b64encode(message).decode()
        given = {"Message": text, "MessageType": "RAW" if raw else "DIGEST", "SigningAlgorithm": algorithm}
        found = await self._call("Sign", arn, given, _Signed)
        return self._bytes(arn, found.KeyId, found.Signature)

    async def _call(self, operation: str, arn: str, given: Mapping[str, object], answer: type[_T]) -> _T:
        body = msgspec.json.encode({"KeyId": arn, **given})
        url = f"{self.url.rstrip('/')}/"
        headers = signed(
            "POST",
            url,
            {"Content-Type": _KIND, "X-Amz-Target": f"TrentService.{operation}"},
            body,
            keys=self._keys,
            region=arn.split(":")[3],
            service="kms",
            now=self._clock(),
        )
        got = await self._sender.send("POST", url, most_bytes=_MOST_ANSWER, body=body, headers=headers)
        if got.status != 200:
            raise _refusal(self._host, got.status, got.body)
        try:
            return msgspec.json.decode(got.body, type=answer)
        except msgspec.MsgspecError:
            raise self._unusable(f"no answer to {operation}") from None

    def _bytes(self, arn: str, told: str, text: str) -> bytes:
        """The bytes of an answer that is about the key that was asked for."""
        if told not in {arn, arn.rpartition("/")[2]}:
            raise self._unusable("an answer about another key")
        try:
            found = base64.b64decode(text, validate=True)
        except (ValueError, binascii.Error):
            raise self._unusable("no bytes that can be read") from None
        if not 0 < len(found) <= _LONGEST_BLOB:
            raise self._unusable(f"{len(found)} bytes")
        return found

    def _data_key(self, text: bytes) -> bytes:
        if len(text) != DATA_KEY_BYTES:
            raise self._unusable(f"a data key of {len(text)} bytes")
        return text

    def _unusable(self, what: str) -> AnswerUnusable:
        return AnswerUnusable(f"{self._host} gives {what}")


def _refusal(host: str, status: int, body: bytes) -> KeyServiceRefused:
    """What an answer of another status says."""
    try:
        found = _CODE.match(msgspec.json.decode(body, type=_Refusal).type)
    except msgspec.MsgspecError:
        found = None
    code = found[1] if found else f"Status{status}"
    failing = status >= 500 or status == 429 or code in _BUSY or (found is None and status >= 300)
    return (KeyServiceFailing if failing else KeyServiceRefused)(host, code)
