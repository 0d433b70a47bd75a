"""Log files and digest files of trails: their names, their contents, what a digest file's signature is of. Pure.

CloudTrail user guide: "CloudTrail log file name format", "CloudTrail digest file structure", "Custom implementations of
CloudTrail log file integrity validation".
"""

import gzip
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from entrepot.db.trail_records import Chain, DigestHead, LogFile

SIGNATURE, ALGORITHM = "signature", "signature-algorithm"  # words about a digest file
SHA256_WITH_RSA = "SHA256withRSA"
_SHA256 = "SHA-256"
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_UNIQUE = 16
_LOG = re.compile(r"[0-9]{12}_CloudTrail_[a-z0-9-]+_([0-9]{8}T[0-9]{4})Z_[A-Za-z0-9]{16}\.json\.gz")
_DIGEST = re.compile(r"[0-9]{12}_CloudTrail-Digest_.+_([0-9]{8}T[0-9]{6})Z\.json\.gz")


LOGS, DIGESTS = "CloudTrail", "CloudTrail-Digest"
_KEY = re.compile(r"(?:(.+)/)?AWSLogs/([0-9]{12})/(?:CloudTrail|CloudTrail-Digest)/([a-z0-9-]+)/.+")


@dataclass(frozen=True, slots=True)
class KeyParts:
    """What the folder of a file says."""

    prefix: str
    account: str
    region: str


def parts_of(key: str) -> KeyParts | None:
    """What a key says of its folder; None for another key."""
    found = _KEY.fullmatch(key)
    return None if found is None else KeyParts(found[1] or "", found[2], found[3])


def folder(prefix: str, account: str, kind: str, region: str = "") -> str:
    """The keys of an account's files of a kind (`CloudTrail`, `CloudTrail-Digest`) begin so."""
    below = f"{region}/" if region else ""
    return f"{prefix}/AWSLogs/{account}/{kind}/{below}" if prefix else f"AWSLogs/{account}/{kind}/{below}"


def log_key(prefix: str, account: str, region: str, at: datetime, of: str) -> str:
    """The key of the log file of a delivery, whose last part is made of what is delivered: the same each time."""
    number = int.from_bytes(hashlib.sha256(of.encode()).digest())
    unique = ""
    for _ in range(_UNIQUE):
        number, place = divmod(number, len(_ALPHABET))
        unique += _ALPHABET[place]
    name = f"{account}_CloudTrail_{region}_{at:%Y%m%dT%H%M}Z_{unique}.json.gz"
    return f"{folder(prefix, account, LOGS, region)}{at:%Y/%m/%d}/{name}"


def digest_key(prefix: str, chain: Chain, end: datetime) -> str:
    """The key of the digest file that ends then."""
    place = f"{chain.region}_{chain.name}_{chain.home_region}"
    name = f"{chain.account}_CloudTrail-Digest_{place}_{end:%Y%m%dT%H%M%S}Z.json.gz"
    return f"{folder(prefix, chain.account, DIGESTS, chain.region)}{end:%Y/%m/%d}/{name}"


def named_at(key: str) -> datetime | None:
    """The moment that the name of a log file or digest file says; None for another name."""
    name = key.rpartition("/")[2]
    for pattern, form in ((_LOG, "%Y%m%dT%H%M"), (_DIGEST, "%Y%m%dT%H%M%S")):
        if found := pattern.fullmatch(name):
            try:
                return datetime.strptime(found[1], form).replace(tzinfo=UTC)
            except ValueError:
                return None
    return None


def log_content(records: Sequence[bytes]) -> bytes:
    """A log file's content, of records as JSON."""
    return b'{"Records":[' + b",".join(records) + b"]}"


def compressed(content: bytes) -> bytes:
    """A content as it is stored: the same bytes each time."""
    return gzip.compress(content, 6, mtime=0)


def hash_of(content: bytes) -> str:
    """SHA-256 in hex, of what is compressed."""
    return hashlib.sha256(content).hexdigest()


@dataclass(frozen=True, slots=True)
class Digest:
    """A digest file as it is made: where it goes, what it says, what is to be signed."""

    bucket: str
    key: str
    content: bytes
    to_sign: bytes


def digest(chain: Chain, place: tuple[str, str], end: datetime, files: Sequence[LogFile], fingerprint: str) -> Digest:
    """The digest file of a chain that ends then and tells of these log files; `place` is a bucket and a prefix."""
    bucket, key = place[0], digest_key(place[1], chain, end)
    head = chain.head
    told = {
        "awsAccountId": chain.account,
        "digestStartTime": shown(chain.next_at),
        "digestEndTime": shown(end),
        "digestS3Bucket": bucket,
        "digestS3Object": key,
        "digestPublicKeyFingerprint": fingerprint,
        "digestSignatureAlgorithm": SHA256_WITH_RSA,
        "newestEventTime": shown(max(file.newest_at for file in files)) if files else None,
        "oldestEventTime": shown(min(file.oldest_at for file in files)) if files else None,
        "previousDigestS3Bucket": head.bucket if head else None,
        "previousDigestS3Object": head.key if head else None,
        "previousDigestHashValue": head.hash if head else None,
        "previousDigestHashAlgorithm": _SHA256 if head else None,
        "previousDigestSignature": head.signature if head else None,
        "logFiles": [
            {
                "s3Bucket": file.bucket,
                "s3Object": file.key,
                "hashValue": file.hash,
                "hashAlgorithm": _SHA256,
                "newestEventTime": shown(file.newest_at),
                "oldestEventTime": shown(file.oldest_at),
            }
            for file in files
        ],
    }
    content = msgspec.json.encode(told)
    return Digest(bucket, key, content, to_sign(shown(end), bucket, key, content, head.signature if head else None))


def to_sign(end: str, bucket: str, key: str, content: bytes, previous: str | None) -> bytes:
    """What a digest file's signature is of; the first of a chain has no signature before it."""
    return f"{end}\n{bucket}/{key}\n{hash_of(content)}\n{'null' if previous is None else previous}".encode()


class ToldFile(msgspec.Struct, frozen=True, rename="camel"):
    """A log file as a digest file tells of it."""

    s3_bucket: str
    s3_object: str
    hash_value: str


class ToldDigest(msgspec.Struct, frozen=True, rename="camel"):
    """What is read from a digest file when it is verified."""

    digest_start_time: datetime
    digest_end_time: datetime
    digest_s3_bucket: str = msgspec.field(name="digestS3Bucket")
    digest_s3_object: str = msgspec.field(name="digestS3Object")
    digest_public_key_fingerprint: str
    previous_digest_s3_bucket: str | None = msgspec.field(name="previousDigestS3Bucket")
    previous_digest_s3_object: str | None = msgspec.field(name="previousDigestS3Object")
    previous_digest_hash_value: str | None
    previous_digest_signature: str | None
    log_files: tuple[ToldFile, ...]

    @property
    def previous(self) -> DigestHead | None:
        """The digest file before, as this one tells of it; None for the first of a chain."""
        told = (self.previous_digest_s3_bucket, self.previous_digest_s3_object)
        proof = (self.previous_digest_hash_value, self.previous_digest_signature)
        if told[0] is None or told[1] is None or proof[0] is None or proof[1] is None:
            return None
        return DigestHead(told[0], told[1], proof[0], proof[1])


_TOLD = msgspec.json.Decoder(ToldDigest)


def read_digest(content: bytes) -> ToldDigest | None:
    """What a digest file says; None for anything else."""
    try:
        return _TOLD.decode(content)
    except msgspec.MsgspecError:
        return None


def shown(at: datetime) -> str:
    """A moment as CloudTrail writes it, to the second."""
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
