"""What trails and their buckets may be called (CloudTrail user guide, "Naming requirements"; S3, "Bucket naming
rules").
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from entrepot.core.access import Caller
from entrepot.core.resources import Resource, Tags, no_tags
from entrepot.errors import BucketNameInvalid, BucketPrefixInvalid, TrailArnInvalid, TrailNameInvalid

SERVICE = "cloudtrail"
_SHORTEST, _LONGEST = 3, 128
_LONGEST_PREFIX = 200
_ARN = re.compile(r"arn:aws:cloudtrail:([a-z0-9-]{1,32}):([0-9]{12}):trail/([A-Za-z0-9._-]{3,128})")
_CHARACTERS = re.compile(r"[A-Za-z0-9._-]+")
_ADDRESS = re.compile(r"[0-9]+(?:\.[0-9]+){3}")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PREFIX = re.compile(r"[A-Za-z0-9!_.*'()/-]*")  # S3's safe characters
_LOGS = "AWSLogs"


@dataclass(frozen=True, slots=True)
class TrailName:
    """A trail as its ARN names it."""

    account: str
    region: str
    name: str

    @property
    def arn(self) -> str:
        """The ARN."""
        return f"arn:aws:cloudtrail:{self.region}:{self.account}:trail/{self.name}"

    def resource(self, tags: Callable[[], Tags] = no_tags) -> Resource:
        """What an action on it is authorised on; it need not exist."""
        return Resource(self.account, self.arn, SERVICE, tags=tags)


def parse(caller: Caller, named: str) -> TrailName:
    """A trail by its ARN, or its name in the caller's account and region: TrailArnInvalid, TrailNameInvalid."""
    if named.startswith("arn:"):
        return parse_arn(named)
    return TrailName(caller.principal.account, caller.region, checked(named))


def parse_arn(arn: str) -> TrailName:
    """A trail by its ARN: TrailArnInvalid."""
    found = _ARN.fullmatch(arn)
    if found is None:
        raise TrailArnInvalid(arn=arn[:256])
    return TrailName(found[2], found[1], found[3])


def checked(name: str) -> str:
    """The name: TrailNameInvalid for one that no trail can have."""
    fault = _fault(name)
    if fault:
        raise TrailNameInvalid(reason=fault)
    return name


def _fault(name: str) -> str:
    if len(name) < _SHORTEST:
        return (
            f"Trail name too short. Minimum allowed length: {_SHORTEST} characters. "
            f"Specified name length: {len(name)} characters."
        )
    if len(name) > _LONGEST:
        return (
            f"Trail name too long. Maximum allowed length: {_LONGEST} characters. "
            f"Specified name length: {len(name)} characters."
        )
    if not _CHARACTERS.fullmatch(name):
        return (
            "Trail name or ARN can only contain uppercase letters, lowercase letters, numbers, periods (.), "
            "hyphens (-), and underscores (_)."
        )
    if not name[0].isalnum():
        return "Trail name must starts with a letter or number."
    if not name[-1].isalnum():
        return "Trail name must ends with a letter or number."
    if re.search(r"[._-]{2}", name):
        return "Trail name cannot have adjacent periods, underscores or hyphens."
    return "Trail name must not be in IP address format." if _ADDRESS.fullmatch(name) else ""


def checked_bucket(name: str) -> str:
    """The bucket's name: BucketNameInvalid."""
    if not _BUCKET.fullmatch(name) or ".." in name or _ADDRESS.fullmatch(name):
        raise BucketNameInvalid(name=name[:64])
    return name


def checked_prefix(prefix: str) -> str:
    """The prefix without slashes around it: BucketPrefixInvalid.

    A prefix that looks like another account's part of a bucket would put files among that account's.
    """
    trimmed = prefix.strip("/")
    if len(trimmed) > _LONGEST_PREFIX:
        raise BucketPrefixInvalid(reason=f"it may have {_LONGEST_PREFIX} characters at most")
    if not _PREFIX.fullmatch(trimmed):
        raise BucketPrefixInvalid(reason="it may have letters, digits, / and any of ! _ . * ' ( ) - only")
    segments = trimmed.split("/") if trimmed else []
    if any(segment in {"", ".", "..", _LOGS} for segment in segments):
        raise BucketPrefixInvalid(reason=f"no part of it may be empty, '.', '..' or {_LOGS}")
    return trimmed
