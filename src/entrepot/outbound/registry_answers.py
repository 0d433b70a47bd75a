"""What a registry's answers say beside their content: refusals, challenges, pages, how many more pulls are left
(OCI Distribution Specification 1.1; RFC 9110, 10.2.3; RFC 8288; Docker, "Pull usage and limits").
"""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from yarl import URL

from entrepot.outbound.exchange import parsed
from entrepot.outbound.faults import (
    AnswerUnusable,
    ContentMissing,
    CredentialsRefused,
    RegistryFailing,
    RegistryRefused,
    RequestsTooMany,
)

_CODE = re.compile(rb'"code"\s*:\s*"([A-Z_]{1,64})"')
_NEXT = re.compile(r'<([^<>]*)>\s*;\s*rel="?next"?')
_LIMIT = re.compile(r"(\d{1,9})(?:\s*;\s*w=(\d{1,9}))?")
_LONGEST_WAIT = 24 * 3600


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many pulls a registry says that it still answers, of how many in a window of seconds (0: it does not say)."""

    remaining: int
    limit: int
    window_seconds: int


def allowance(headers: Mapping[str, str]) -> Allowance | None:
    """What Docker Hub's headers and those like them say, None where there are none."""
    remaining = _LIMIT.match(headers.get("RateLimit-Remaining", ""))
    if remaining is None:
        return None
    limit = _LIMIT.match(headers.get("RateLimit-Limit", ""))
    return Allowance(int(remaining[1]), int(limit[1]) if limit else 0, int(remaining[2] or 0))


def challenge(headers: Mapping[str, str]) -> str:
    """All challenges of an answer, in one line as they may stand too."""
    return ", ".join(text for name, text in headers.items() if name.lower() == "www-authenticate")


def following(url: str, headers: Mapping[str, str]) -> str:
    """The URL of the next page, '' after the last: AnswerUnusable where it is at another host."""
    link = _NEXT.search(headers.get("Link", ""))
    if link is None:
        return ""
    here = parsed(url, encoded=True)
    there = here.join(parsed(link[1], encoded=True))
    if there.origin() != here.origin() or there == here:
        raise AnswerUnusable(f"{here.host} continues a list elsewhere")
    return str(there)


def begins_at(headers: Mapping[str, str]) -> tuple[int, int] | None:
    """Where a part of a blob begins, and how long all of it is, by Content-Range; None where it does not say."""
    found = re.fullmatch(r"bytes (\d{1,18})-\d{1,18}/(\d{1,18})", headers.get("Content-Range", "").strip())
    return (int(found[1]), int(found[2])) if found else None


def refusal(host: str, status: int, body: bytes, headers: Mapping[str, str]) -> RegistryRefused:
    """The fault that a status is."""
    found = _CODE.search(body)
    code = found[1].decode() if found else ""
    if status in {401, 403}:
        return CredentialsRefused(host, status, code)
    if status == 404:
        return ContentMissing(host, status, code)
    if status == 429:
        return RequestsTooMany(host, status, code, _wait(headers.get("Retry-After", "")))
    return RegistryFailing(host, status, code) if status >= 500 else RegistryRefused(host, status, code)


def same_origin(url: str, other: str) -> bool:
    """Whether both are of one scheme, host and port."""
    return URL(url, encoded=True).origin() == URL(other, encoded=True).origin()


def _wait(text: str) -> int | None:
    """Seconds, given as such or as a date."""
    if text.strip().isdecimal():
        return min(int(text.strip()[:9]), _LONGEST_WAIT)
    try:
        left = parsedate_to_datetime(text).timestamp() - time.time()
    except (ValueError, OverflowError):
        return None
    return min(max(int(left), 0), _LONGEST_WAIT)
